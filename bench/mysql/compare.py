#!/usr/bin/env python3
"""CPU of one scrape of MariaDB: tocsin-agent beside Debian's mysqld_exporter, on one server, in turns.

  python3 bench/mysql/compare.py --bin build/release/bin [--scrapes 200] [--all]

Both are asked over kept connections; CPU is utime + stime of /proc/PID/stat, the server's own beside it. --all: every
collector that both have, else the ones that are on by default."""
import argparse
import http.client
import json
import os
import statistics
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "test", "integration"))
import support  # noqa: E402
from mysql_server import MariaDb  # noqa: E402
from mysql_test import COLLECTORS, login, mysqld_exporter  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--scrapes", type=int, default=200)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--all", action="store_true")
args = parser.parse_args()
TICK = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) * TICK


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


work = support.Work(args.bin, "bench-mysql")
try:
    server = MariaDb(work)
    server.sql("CREATE DATABASE heartbeat", "CREATE TABLE heartbeat.heartbeat (ts DATETIME(6), server_id INT)",
               "CREATE DATABASE app", *[f"CREATE TABLE app.t{i} (a INT AUTO_INCREMENT PRIMARY KEY)" for i in range(10)])
    more = COLLECTORS if args.all else []
    section = {"targets": [login(server)], "collectors": {name: True for name in more}}
    config = work.write("agent.yml", json.dumps({"node": {"enabled": False}, "mysql": section}))
    agent, agent_address = work.agent(f"--config.file={config}")
    exporter, peer = mysqld_exporter(work, server, "mysqld_exporter", *[f"--collect.{name}" for name in more])
    subjects = {"tocsin-agent": (agent, agent_address, "/metrics/mysql"), "mysqld_exporter": (exporter, peer, "/metrics")}
    for program, address, path in subjects.values():
        scrape(address, path, 5)
    print(f"{args.scrapes} scrapes a round, load {os.getloadavg()[0]:.1f}")
    print(f"{'':18} {'CPU ms':>8} {'server':>8} {'p50 ms':>8} {'RSS MiB':>8} {'bytes':>8}")
    cost = {name: [] for name in subjects}
    for _ in range(args.rounds):
        for name, (program, address, path) in subjects.items():
            before, server_before = cpu_ms(program.pid), cpu_ms(server.server.pid)
            times, size = scrape(address, path, args.scrapes)
            cpu = (cpu_ms(program.pid) - before) / args.scrapes
            of_server = (cpu_ms(server.server.pid) - server_before) / args.scrapes
            cost[name].append(cpu)
            print(f"{name:18} {cpu:8.2f} {of_server:8.2f} {statistics.median(times) * 1000:8.2f} {resident_mib(program.pid):8.1f} {size:8}", flush=True)
    ratio = statistics.median(cost["tocsin-agent"]) / statistics.median(cost["mysqld_exporter"])
    print(f"agent / exporter: {ratio:.3f} of the CPU (median of {args.rounds} rounds)")
finally:
    work.close(keep=False)
