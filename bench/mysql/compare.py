#!/usr/bin/env python3
"""CPU of one scrape of MariaDB: tocsin-agent beside Debian's mysqld_exporter, on one server, in turns.

  python3 bench/mysql/compare.py --bin build/release/bin [--scrapes 200] [--all]

--all: every collector that both have, else the ones that are on by default. How it measures: bench/scrapes.py."""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import scrapes  # noqa: E402
import support  # noqa: E402
from mysql_server import MariaDb  # noqa: E402
from mysql_test import COLLECTORS, login, mysqld_exporter  # noqa: E402

parser = argparse.ArgumentParser()
scrapes.add_arguments(parser)
parser.add_argument("--all", action="store_true")
args = parser.parse_args()

work = support.Work(os.path.abspath(args.bin), "bench-mysql")
try:
    server = MariaDb(work)
    server.sql("CREATE DATABASE heartbeat", "CREATE TABLE heartbeat.heartbeat (ts DATETIME(6), server_id INT)",
               "CREATE DATABASE app", *[f"CREATE TABLE app.t{i} (a INT AUTO_INCREMENT PRIMARY KEY)" for i in range(10)])
    more = COLLECTORS if args.all else []
    section = {"targets": [login(server)], "collectors": {name: True for name in more}}
    config = work.write("agent.yml", json.dumps({"node": {"enabled": False}, "mysql": section}))
    agent, agent_address = work.agent(f"--config.file={config}")
    exporter, peer = mysqld_exporter(work, server, "mysqld_exporter", *[f"--collect.{name}" for name in more])
    scrapes.compare({"tocsin-agent": (agent, agent_address, "/metrics/mysql"), "mysqld_exporter": (exporter, peer, "/metrics")},
                    lambda: [server.server.pid], args)
finally:
    work.close(keep=False)
