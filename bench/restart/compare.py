#!/usr/bin/env python3
"""The start with many series, after a clean stop and after a kill -9; Debian's Prometheus beside it.

    cmake --preset release -DTOCSIN_BENCH=ON
    cmake --build --preset release --target restart_bench remote_write_load tocsin-ruler
    bench/restart/compare.py [--series N] [--samples N,N] [--server-samples N] [--runs N]

The store alone: restart_bench fills a folder (15 s apart) and closes it, or is killed; then it opens copies of that folder.
Servers: tocsin-ruler and Prometheus each take the same series by remote write, are stopped or killed, and are started on copies
of what they left: seconds until /-/ready says yes, and until a query is answered; CPU of the process until then; its memory.
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
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bin", default=f"{ROOT}/build/release/bin")
parser.add_argument("--series", type=int, default=1_000_000)
parser.add_argument("--samples", default="9,60")
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--server-samples", type=int, default=9, help="of each series, 0: no servers")
args = parser.parse_args()
BENCH = f"{args.bin}/restart_bench"


def words(text):
    """`a 1 b 2` as a dictionary."""
    parts = text.split()
    return {name: float(value) for name, value in zip(parts[::2], parts[1::2])}


def show(what, runs):
    print(what)
    for name in runs[0]:
        values = [run[name] for run in runs]
        print(f"  {name:16} {statistics.median(values):9.3f} [{min(values):.3f}-{max(values):.3f}]", flush=True)


def open_store(folder):
    """restart_bench dies when it has measured, so the folder is as another start would find it, but for a new segment."""
    done = subprocess.run([BENCH, "open", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return words(done.stdout)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def start_server(program, folder, config):
    port = free_port()
    return port, subprocess.Popen([program, f"--config.file={config}", f"--storage.tsdb.path={folder}",
                                   f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(port, path):
    while not answers(f"http://127.0.0.1:{port}{path}"):
        time.sleep(0.005)


def open_server(program, folder, config):
    begin = time.monotonic()
    port, server = start_server(program, folder, config)
    try:
        out = {}
        for name, path in (("ready", "/-/ready"), ("whole", "/api/v1/query?query=up&time=0")):
            wait_for(port, path)
            out[f"{name}_s"] = time.monotonic() - begin
            out[f"{name}_cpu_s"] = cpu_seconds(server.pid)
        out["peak_rss_mib"] = memory_mib(server.pid, "VmHWM")
        return out
    finally:
        server.kill()
        server.wait()


def fill_server(program, folder, config, clean):
    """MiB that it took in the end."""
    port, server = start_server(program, folder, config)
    try:
        wait_for(port, "/-/ready")
        subprocess.run([f"{args.bin}/remote_write_load", str(port), str(server.pid), str(args.series), str(args.server_samples), "1"],
                       stdout=subprocess.DEVNULL, check=True)
        return memory_mib(server.pid, "VmRSS")
    finally:
        if clean:
            server.terminate()
        else:
            server.kill()
        server.wait()


def copies(folder, work, measure):
    results = []
    for _ in range(args.runs):
        copy = f"{work}/copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        results.append(measure(copy))
    shutil.rmtree(copy)
    return results


def store(work, samples, how):
    folder = f"{work}/store"
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run([BENCH, "fill", folder, str(args.series), str(samples), how],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    running = words(done.stdout)["running_mib"]
    show(f"store: {args.series} series, {samples} samples each, {how} (running: {running:.0f} MiB)", copies(folder, work, open_store))


def server(work, program, how):
    config, folder, name = f"{work}/prometheus.yml", f"{work}/server", os.path.basename(program)
    shutil.rmtree(folder, ignore_errors=True)
    running = fill_server(program, folder, config, how == "clean")
    show(f"{name}: {args.series} series, {args.server_samples} samples each, {how} (running: {running:.0f} MiB)",
         copies(folder, work, lambda copy: open_server(program, copy, config)))


scratch = tempfile.mkdtemp(prefix="restart-")
try:
    with open(f"{scratch}/prometheus.yml", "w", encoding="ascii") as file:
        file.write("global: {scrape_interval: 1m}\n")
    for end in ("clean", "kill"):
        for count in map(int, args.samples.split(",")):
            store(scratch, count, end)
        for path in (f"{args.bin}/tocsin-ruler", "prometheus") if args.server_samples else ():
            server(scratch, path, end)
finally:
    shutil.rmtree(scratch, ignore_errors=True)
