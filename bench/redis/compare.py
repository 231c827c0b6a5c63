#!/usr/bin/env python3
"""CPU of one scrape of Redis: tocsin-agent beside Debian's redis_exporter, on one server, in turns.

  python3 bench/redis/compare.py --bin build/release/bin [--scrapes 200] [--keys]

CPU is utime + stime of /proc/PID/stat, the server's own beside it. The agent also asks LATENCY HISTOGRAM, which redis_exporter
1.45 does not; --plain leaves that out. --keys: check_keys finds 100 of 10,000 keys, count_keys counts all."""
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
from redis_test import fill, redis, talk  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--scrapes", type=int, default=200)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--plain", action="store_true")
parser.add_argument("--keys", action="store_true")
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


work = support.Work(os.path.abspath(args.bin), "bench-redis")
try:
    server, port = redis(work)
    fill(port)
    section = {"targets": [f"redis://127.0.0.1:{port}"], "exclude_latency_histogram_metrics": args.plain}
    flags = []
    if args.keys:
        talk(port, "EVAL", "for i = 1, 9900 do redis.call('SET', 'k' .. i, i) end for i = 1, 100 do redis.call('SET', 'user:' .. i, i) end", "0")
        section |= {"check_keys": "user:*", "count_keys": "*"}
        flags = ["-check-keys=user:*", "-count-keys=*"]
    config = work.write("agent.yml", json.dumps({"node": {"enabled": False}, "redis": section}))
    agent, agent_address = work.agent(f"--config.file={config}")
    peer = f"127.0.0.1:{support.free_port()}"
    exporter = work.start("redis_exporter", [support.need("prometheus-redis-exporter"), f"-redis.addr=redis://127.0.0.1:{port}",
                                             f"-web.listen-address={peer}", *flags], f"http://{peer}/health")
    subjects = {"tocsin-agent": (agent, agent_address, "/metrics/redis"), "redis_exporter": (exporter, peer, "/metrics")}
    for program, address, path in subjects.values():
        scrape(address, path, 5)
    print(f"{args.scrapes} scrapes a round, load {os.getloadavg()[0]:.1f}")
    print(f"{'':18} {'CPU ms':>8} {'server':>8} {'p50 ms':>8} {'RSS MiB':>8} {'bytes':>8}")
    cost = {name: [] for name in subjects}
    for _ in range(args.rounds):
        for name, (program, address, path) in subjects.items():
            before, server_before = cpu_ms(program.pid), cpu_ms(server.pid)
            times, size = scrape(address, path, args.scrapes)
            cpu = (cpu_ms(program.pid) - before) / args.scrapes
            of_server = (cpu_ms(server.pid) - server_before) / args.scrapes
            cost[name].append(cpu)
            print(f"{name:18} {cpu:8.2f} {of_server:8.2f} {statistics.median(times) * 1000:8.2f} {resident_mib(program.pid):8.1f} {size:8}", flush=True)
    ratio = statistics.median(cost["tocsin-agent"]) / statistics.median(cost["redis_exporter"])
    print(f"agent / exporter: {ratio:.3f} of the CPU (median of {args.rounds} rounds)")
finally:
    work.close(keep=False)
