#!/usr/bin/env python3
"""CPU of one scrape of PostgreSQL: tocsin-agent beside Debian's postgres_exporter, on one server, in turns.

  python3 bench/postgres/compare.py --bin build/release/bin [--scrapes 200] [--compatibility 0.11]

The server's CPU is that of all its processes. How it measures: bench/scrapes.py."""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import scrapes  # noqa: E402
import support  # noqa: E402
from postgres_server import Postgres  # noqa: E402

parser = argparse.ArgumentParser()
scrapes.add_arguments(parser)
parser.add_argument("--compatibility", default="0.11")
args = parser.parse_args()

work = support.Work(os.path.abspath(args.bin), "bench-postgres")
try:
    server = Postgres(work)
    server.sql("CREATE DATABASE app", *[f"CREATE TABLE t{i} (a int PRIMARY KEY)" for i in range(10)])
    config = work.write("agent.yml", f"node: {{enabled: false}}\npostgres:\n  compatibility: '{args.compatibility}'\n  targets: [{{dsn: '{server.dsn()}'}}]\n")
    agent, agent_address = work.agent(f"--config.file={config}")
    peer = f"127.0.0.1:{support.free_port()}"
    os.environ["DATA_SOURCE_NAME"] = server.dsn()
    exporter = work.start("postgres_exporter", [support.need("prometheus-postgres-exporter"), f"--web.listen-address={peer}"], f"http://{peer}/")
    scrapes.compare({"tocsin-agent": (agent, agent_address, "/metrics/postgres"), "postgres_exporter": (exporter, peer, "/metrics")},
                    server.pids, args, ended=True)
finally:
    work.close(keep=False)
