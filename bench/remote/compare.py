#!/usr/bin/env python3
"""Remote writes into tocsin-ruler and into Debian's Prometheus, in turn: CPU seconds for a million samples of each.

    cmake --preset release -DTOCSIN_BENCH=ON
    cmake --build --preset release --target tocsin-ruler remote_write_load
    bench/remote/compare.py [--series N] [--rounds N] [--runs N]
"""
import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bin", default=f"{ROOT}/build/release/bin")
parser.add_argument("--load", help="remote_write_load, if it is not in --bin")
parser.add_argument("--series", type=int, default=100_000)
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--runs", type=int, default=3)
args = parser.parse_args()
SERVERS = {"tocsin-ruler": (f"{args.bin}/tocsin-ruler", (1, 2)), "prometheus": ("prometheus", (1,))}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def run(program, version):
    """(CPU s per million samples of new series, of known ones, resident MB)"""
    folder, port = tempfile.mkdtemp(prefix="remote-write-"), free_port()
    with open(f"{folder}/prometheus.yml", "w", encoding="ascii") as config:
        config.write("global: {scrape_interval: 1m}\n")
    server = subprocess.Popen([program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                               f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        line = subprocess.run([args.load or f"{args.bin}/remote_write_load", str(port), str(server.pid), str(args.series),
                               str(args.rounds), str(version)], check=True, capture_output=True, text=True).stdout
        words = line.split()
        return float(words[words.index("new_cpu_s/M") + 1]), float(words[words.index("known_cpu_s/M") + 1]), memory_mb(server.pid)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


results = {}
for _ in range(args.runs):
    for name, (path, versions) in SERVERS.items():
        for version in versions:
            results.setdefault((name, version), []).append(run(path, version))
for (name, version), runs in results.items():
    columns = [f"{statistics.median(c):.3f} [{min(c):.3f}-{max(c):.3f}]" for c in zip(*runs)]
    print(f"{name} {version}.0: new series {columns[0]} s/M, known series {columns[1]} s/M, resident {columns[2]} MB")
