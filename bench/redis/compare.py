#!/usr/bin/env python3
"""CPU of one scrape of Redis: tocsin-agent beside Debian's redis_exporter, on one server, in turns.

  python3 bench/redis/compare.py --bin build/release/bin [--scrapes 200] [--keys]

The agent also asks LATENCY HISTOGRAM, which redis_exporter 1.45 does not; --plain leaves that out. --keys: check_keys finds
100 of 10,000 keys, count_keys counts all. How it measures: bench/scrapes.py."""
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import scrapes  # noqa: E402
import support  # noqa: E402
from redis_test import fill, redis, talk  # noqa: E402

parser = argparse.ArgumentParser()
scrapes.add_arguments(parser)
parser.add_argument("--plain", action="store_true")
parser.add_argument("--keys", action="store_true")
args = parser.parse_args()

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
    scrapes.compare({"tocsin-agent": (agent, agent_address, "/metrics/redis"), "redis_exporter": (exporter, peer, "/metrics")},
                    lambda: [server.pid], args)
finally:
    work.close(keep=False)
