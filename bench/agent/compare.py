#!/usr/bin/env python3
"""A scrape of this host: tocsin-agent beside Debian's node exporter, in turn, each with its default collectors: CPU time,
plain and compressed as Prometheus asks for it, system calls, memory; and what 100 KB more on a page cost.

    cmake --preset release && cmake --build --preset release --target tocsin-agent
    bench/agent/compare.py [--scrapes N] [--runs N] [--bin FOLDER]
"""
import argparse
import http.client
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bin", default=f"{ROOT}/build/release/bin")
parser.add_argument("--scrapes", type=int, default=500)
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--traced", type=int, default=20, help="scrapes under strace")
parser.add_argument("--only", choices=("tocsin", "node_exporter"))
args = parser.parse_args()

# As Prometheus 2.42 of Debian does.
AS_PROMETHEUS = {"Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                           "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "Accept-Encoding": "gzip"}
PROGRAMS = {"tocsin": [f"{args.bin}/tocsin-agent"], "node_exporter": ["prometheus-node-exporter"]}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """Of all threads, to the nanosecond; neither program ends threads while it is measured."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Running:
    def __init__(self, name, *flags):
        self.port = free_port()
        self.process = subprocess.Popen([*PROGRAMS[name], f"--web.listen-address=127.0.0.1:{self.port}", *flags],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                self.scrape("/metrics")
                break
            except OSError:
                time.sleep(0.05)
        for _ in range(5):
            self.scrape("/metrics")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def scrape(self, path, headers=None):
        self.connection.request("GET", path, headers=headers or {})
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, answer.status
        return body

    def cpu_per_scrape(self, path, count, headers=None, prepare=lambda: None):
        before = cpu_seconds(self.process.pid)
        for _ in range(count):
            prepare()
            self.scrape(path, headers)
        return (cpu_seconds(self.process.pid) - before) / count

    def calls_per_scrape(self, count):
        """As `strace -c -f` counts them; what happens without a scrape is taken off."""
        def traced(scrapes):
            with tempfile.NamedTemporaryFile() as out:
                tracer = subprocess.Popen(["strace", "-c", "-f", "-o", out.name, "-p", str(self.process.pid)],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(0.5)
                for _ in range(scrapes):
                    self.scrape("/metrics")
                time.sleep(0.2)
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
                with open(out.name, encoding="utf-8") as text:
                    counts = {}
                    for line in text:
                        row = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
                        if row and row.group(2) != "total":
                            counts[row.group(2)] = int(row.group(1))
                    return counts
        idle, busy = traced(0), traced(count)
        return {call: (number - idle.get(call, 0)) / count for call, number in busy.items()}


def show(values, unit, digits=3):
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}] {unit}"


def measure(name):
    cpu, compressed, memory = [], [], []
    for _ in range(args.runs):
        with Running(name) as program:
            memory_before = resident(program.process.pid)
            cpu.append(program.cpu_per_scrape("/metrics", args.scrapes) * 1000)
            memory.append(resident(program.process.pid))
            page = program.scrape("/metrics")
            compressed.append(program.cpu_per_scrape("/metrics", args.scrapes, AS_PROMETHEUS) * 1000)
            small = program.scrape("/metrics", AS_PROMETHEUS)
    series = sum(1 for line in page.decode().splitlines() if line and not line.startswith("#"))
    print(f"{name}: {show(cpu, 'ms CPU a scrape')}, {series} series, {len(page) / 1000:.1f} KB; memory {memory_before:.1f} MiB"
          f" at the beginning, {show(memory, 'MiB', 1)} after {args.scrapes} scrapes", flush=True)
    print(f"{name}: {show(compressed, 'ms CPU a scrape')} as Prometheus asks for it (OpenMetrics, gzip), {len(small) / 1000:.1f} KB", flush=True)
    with Running(name) as program:
        calls = program.calls_per_scrape(args.traced)
    most = ", ".join(f"{call} {count:.0f}" for call, count in sorted(calls.items(), key=lambda item: -item[1])[:8])
    print(f"{name}: {sum(calls.values()):.0f} system calls a scrape: {most}", flush=True)
    path = shutil.which(PROGRAMS[name][0])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["strip", "-o", f"{folder}/stripped", path], check=True)
        print(f"{name}: {os.path.getsize(f'{folder}/stripped') / 1e6:.1f} MB stripped", flush=True)


def measure_page():
    """What 100 KB more on a page cost, beside the page without them: from a text file that stays as it is, and from one that is
    written anew before each scrape."""
    line = "job_items_processed_total{{job=\"nightly\",shard=\"{0:05d}\",zone=\"eu-west-1a\"}} {0}\n"
    for name in PROGRAMS:
        if args.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                with open(f"{folder}/job.prom", "w", encoding="ascii") as out:
                    out.write("# HELP job_items_processed_total Items.\n# TYPE job_items_processed_total counter\n")
                    out.writelines(line.format(i) for i in range(100_000 // len(line.format(10_000))))
                with open(f"{folder}/job.prom", encoding="ascii") as text:
                    lines = text.read()

                def write():
                    with open(f"{folder}/job.prom", "w", encoding="ascii") as out:
                        out.write(lines)

                time.sleep(3)  # so long it counts as one that may be written again without a later time
                costs, costs_anew = [], []
                for _ in range(args.runs):
                    with Running(name, f"--collector.textfile.directory={folder}") as program:
                        paths = "/metrics?collect[]=textfile", "/metrics?collect[]=uname"
                        with_page, without = (program.cpu_per_scrape(path, args.scrapes) * 1e6 for path in paths)
                        costs.append(with_page - without)
                        size = len(program.scrape(paths[0])) - len(program.scrape(paths[1]))
                for _ in range(args.runs):
                    with Running(name, f"--collector.textfile.directory={folder}") as program:
                        without = program.cpu_per_scrape(paths[1], args.scrapes, prepare=write) * 1e6
                        costs_anew.append(program.cpu_per_scrape(paths[0], args.scrapes, prepare=write) * 1e6 - without)
                print(f"{name}: {show(costs, 'us CPU', 0)} for {size / 1000:.0f} KB more on a page, from a text file that stays as it is; "
                      f"{show(costs_anew, 'us CPU', 0)} from one that is written anew for each scrape", flush=True)


print(f"load at the beginning: {os.getloadavg()[0]:.1f}")
for program_name in PROGRAMS:
    if args.only in (None, program_name):
        measure(program_name)
measure_page()
