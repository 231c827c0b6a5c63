#!/usr/bin/env python3
"""CPU of one scrape of PostgreSQL: tocsin-agent beside Debian's postgres_exporter, on one server, in turns.

  python3 bench/postgres/compare.py --bin build/release/bin [--scrapes 200] [--compatibility 0.11]

Both are asked over kept connections; CPU is utime + stime of /proc/PID/stat, the server's own (all its processes) beside it."""
import argparse
import http.client
import os
import statistics
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "test", "integration"))
import support  # noqa: E402
from postgres_server import Postgres  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--scrapes", type=int, default=200)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--compatibility", default="0.11")
args = parser.parse_args()
TICK = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(pids, ended=False):
    """With `ended`, also that of children that have ended."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15] if ended else fields[11:13]))
        except FileNotFoundError:
            pass
    return total * TICK


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def scrape(address, path, count):
    """(seconds of each, bytes of the last)."""
    connection = http.client.HTTPConnection(address)
    times, size = [], 0
    for _ in range(count):
        started = time.perf_counter()
        connection.request("GET", path)
        size = len(connection.getresponse().read())
        times.append(time.perf_counter() - started)
    connection.close()
    return times, size


work = support.Work(os.path.abspath(args.bin), "bench-postgres")
try:
    server = Postgres(work)
    server.sql("CREATE DATABASE app", *[f"CREATE TABLE t{i} (a int PRIMARY KEY)" for i in range(10)])
    config = work.write("agent.yml", f"node: {{enabled: false}}\npostgres:\n  compatibility: '{args.compatibility}'\n  targets: [{{dsn: '{server.dsn()}'}}]\n")
    agent, agent_address = work.agent(f"--config.file={config}")
    peer = f"127.0.0.1:{support.free_port()}"
    os.environ["DATA_SOURCE_NAME"] = server.dsn()
    exporter = work.start("postgres_exporter", [support.need("prometheus-postgres-exporter"), f"--web.listen-address={peer}"], f"http://{peer}/")
    subjects = {"tocsin-agent": (agent, agent_address, "/metrics/postgres"), "postgres_exporter": (exporter, peer, "/metrics")}
    for program, address, path in subjects.values():
        scrape(address, path, 5)
    print(f"{args.scrapes} scrapes a round, load {os.getloadavg()[0]:.1f}")
    print(f"{'':18} {'CPU ms':>8} {'server':>8} {'p50 ms':>8} {'RSS MiB':>8} {'bytes':>8}")
    cost = {name: [] for name in subjects}
    for _ in range(args.rounds):
        for name, (program, address, path) in subjects.items():
            before, server_before = cpu_ms([program.pid]), cpu_ms(server.pids(), ended=True)
            times, size = scrape(address, path, args.scrapes)
            cpu = (cpu_ms([program.pid]) - before) / args.scrapes
            of_server = (cpu_ms(server.pids(), ended=True) - server_before) / args.scrapes
            cost[name].append(cpu)
            print(f"{name:18} {cpu:8.2f} {of_server:8.2f} {statistics.median(times) * 1000:8.2f} {resident_mib(program.pid):8.1f} {size:8}", flush=True)
    ratio = statistics.median(cost["tocsin-agent"]) / statistics.median(cost["postgres_exporter"])
    print(f"agent / exporter: {ratio:.3f} of the CPU (median of {args.rounds} rounds)")
finally:
    work.close(keep=False)
