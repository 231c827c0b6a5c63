#!/usr/bin/env python3
"""From the end of the scrape that shows a bad value to the webhook: tocsin-ruler with groups evaluated on_scrape and at
their interval, and Debian's Prometheus with Alertmanager. Scrapes and evaluations every second, group_wait 0.

Both ends are stamped by one process, which is all targets and the webhook: the scrape ends when its answer is handed to
the kernel, the page has come when the webhook's request has been read. Each trial is an alert and a group of its own, set
at a random time; targets have trials side by side, each at its own phase.

    cmake --preset release && cmake --build --preset release --target tocsin-ruler
    bench/on_scrape/latency.py [--trials N] [--peer-trials N] [--targets N] [--only NAME]
"""
import argparse
import asyncio
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bin", default=f"{ROOT}/build/release/bin")
parser.add_argument("--trials", type=int, default=1000)
parser.add_argument("--peer-trials", type=int, default=200)
parser.add_argument("--targets", type=int, default=20)
parser.add_argument("--series", type=int, default=200, help="of each target, besides the one that goes bad")
parser.add_argument("--only", choices=("on_scrape", "interval", "prometheus"))
args = parser.parse_args()

RULES = "groups: [{name: latency, rules: [{alert: Bad, expr: bench_bad == 1, labels: {severity: page}}]}]\n"
PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: bench
    static_configs: [{{targets: [{targets}]}}]
"""
ALERTING = "alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]}}\n"
ALERTMANAGER = """
route: {{receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1h, repeat_interval: 4h}}
receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{port}/', send_resolved: false}}]}}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    """All trials: when a target showed each, and when its page came."""

    def __init__(self):
        self.latencies = []
        self.shown = {}      # trial -> end of the scrape
        self.arrived = {}    # trial -> event
        self.last = 0
        self.twice = 0


class Target(asyncio.Protocol):
    def __init__(self, bench, state):
        self.bench, self.state, self.data = bench, state, b""

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            self.data = self.data.split(b"\r\n\r\n", 1)[1]
            trial = self.state["trial"]
            page = self.state["page"] + (f'bench_bad{{trial="{trial}"}} 1\n'.encode() if trial else b"")
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))
            if trial:
                self.bench.shown.setdefault(trial, time.monotonic())


class Hook(asyncio.Protocol):
    def __init__(self, bench):
        self.bench, self.data = bench, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        now = time.monotonic()
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, rest = self.data.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
            if len(rest) < length:
                return
            body, self.data = rest[:length], rest[length:]
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            for trial in {int(n) for n in re.findall(rb'"trial":"(\d+)"', body)}:
                if trial not in self.bench.arrived:
                    self.bench.twice += 1
                    continue
                self.bench.latencies.append(now - self.bench.shown[trial])
                self.bench.arrived.pop(trial).set()


async def trials_of(bench, state, count):
    for _ in range(count):
        await asyncio.sleep(random.uniform(1.3, 2.8))
        bench.last += 1
        trial, event = bench.last, asyncio.Event()
        bench.arrived[trial] = event
        state["trial"] = trial
        await asyncio.wait_for(event.wait(), 30)
        state["trial"] = 0


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def wait_ready(port):
    while True:
        try:
            await asyncio.to_thread(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close())
            return
        except (urllib.error.URLError, OSError):
            await asyncio.sleep(0.1)


async def measure(name, trials):
    bench, loop = Bench(), asyncio.get_running_loop()
    filler = "".join(f'bench_filler{{n="{i}"}} {i}\n' for i in range(args.series)).encode()
    states, servers, targets = [], [], []
    for _ in range(args.targets):
        state, port = {"trial": 0, "page": filler}, free_port()
        servers.append(await loop.create_server(lambda state=state: Target(bench, state), "127.0.0.1", port))
        states.append(state)
        targets.append(f"'127.0.0.1:{port}'")
    hook, web, am = free_port(), free_port(), free_port()
    servers.append(await loop.create_server(lambda: Hook(bench), "127.0.0.1", hook))
    folder = tempfile.mkdtemp()
    files = {"rules.yml": RULES, "alertmanager.yml": ALERTMANAGER.format(port=hook),
             "prometheus.yml": PROMETHEUS.format(targets=", ".join(targets)) + (ALERTING.format(port=am) if name == "prometheus" else "")}
    for file, text in files.items():
        with open(f"{folder}/{file}", "w", encoding="utf-8") as out:
            out.write(text)
    if name == "prometheus":
        commands = [["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{web}"],
                    ["prometheus-alertmanager", "--cluster.listen-address=", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/am",
                     f"--web.listen-address=127.0.0.1:{am}"]]
    else:
        commands = [[f"{args.bin}/tocsin-ruler", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                     f"--alertmanager.config.file={folder}/alertmanager.yml", f"--web.listen-address=127.0.0.1:{web}", f"--rules.evaluation={name}"]]
    with open(f"{folder}/log", "wb") as log:
        processes = [subprocess.Popen(command, stdout=log, stderr=log) for command in commands]
    try:
        await wait_ready(web)
        if name == "prometheus":
            await wait_ready(am)
        await asyncio.sleep(5)
        before, began = sum(cpu_seconds(p.pid) for p in processes), time.monotonic()
        each = -(-trials // args.targets)
        await asyncio.gather(*(trials_of(bench, state, each) for state in states))
        took = time.monotonic() - began
        cpu = sum(cpu_seconds(p.pid) for p in processes) - before
        found = sorted(bench.latencies)
        at = lambda q: found[min(len(found) - 1, int(len(found) * q))] * 1000
        print(f"{name}: n {len(found)}, ms p50 {at(0.5):.1f}, p90 {at(0.9):.1f}, p99 {at(0.99):.1f}, p99.9 {at(0.999):.1f}, max {found[-1] * 1000:.1f}, "
              f"min {found[0] * 1000:.1f}; pages told twice {bench.twice}; CPU {100 * cpu / took:.1f} % of a core; load {os.getloadavg()[0]:.1f}", flush=True)
    except BaseException:
        with open(f"{folder}/log", encoding="utf-8", errors="replace") as log:
            print(log.read()[-3000:])
        raise
    finally:
        for process in processes:
            process.kill()
            process.wait()
        for server in servers:
            server.close()
        shutil.rmtree(folder)


async def main():
    for name, trials in (("on_scrape", args.trials), ("interval", args.peer_trials), ("prometheus", args.peer_trials)):
        if args.only in (None, name):
            await measure(name, trials)


asyncio.run(main())
