#!/usr/bin/env python3
"""Asks a Prometheus about the blocks of summaries_bench: CPU time of its process, and answers compared to the bit.

usage: peer.py FOLDER --at SECONDS [--prometheus PROGRAM] [--runs N] [--only FUNCTION]
FOLDER is what summaries_bench made; its answers are FOLDER.answers. --at is the time that it printed."""
import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(base, query, at):
    url = f"{base}/api/v1/query?" + urllib.parse.urlencode({"query": query, "time": at})
    with urllib.request.urlopen(url, timeout=120) as answer:
        return json.load(answer)["data"]["result"]


def wait_until_ready(base):
    for _ in range(300):
        try:
            urllib.request.urlopen(base + "/-/ready", timeout=2).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("Prometheus did not get ready")


def bits(value):
    return struct.pack("<d", value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--prometheus", default="prometheus")
    parser.add_argument("--at", type=float, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", help="compare the answers of this function alone")
    args = parser.parse_args()

    expected = {}
    with open(args.folder.rstrip("/") + ".answers") as f:
        for line in f:
            function, instance, value = line.split()
            expected.setdefault(function, {})[instance] = float(value)

    work = tempfile.mkdtemp(prefix="summaries-peer-")
    data = os.path.join(work, "data")
    shutil.copytree(args.folder, data)
    config = os.path.join(work, "prometheus.yml")
    with open(config, "w") as f:
        f.write("global: {}\n")
    port = free_port()
    log = open(os.path.join(work, "log"), "w")
    process = subprocess.Popen([args.prometheus, f"--config.file={config}", f"--storage.tsdb.path={data}",
                                "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}"],
                               stdout=log, stderr=log)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(base)
        for function, values in expected.items():
            if args.only not in (None, function):
                continue
            result = ask(base, f"{function}(x_total[30d])", args.at)
            found = {one["metric"]["instance"]: float(one["value"][1]) for one in result}
            different = [i for i in values if i not in found or bits(found[i]) != bits(values[i])]
            worst = max((abs(found[i] - values[i]) / abs(values[i]) for i in different if i in found and values[i]),
                        default=0)
            print(f"{function}: {len(found)} series, {len(different)} differ, at most by {worst:.1e}")
        costs = []
        for _ in range(args.runs):
            before = cpu_seconds(process.pid)
            ask(base, "rate(x_total[30d])", args.at)
            costs.append((cpu_seconds(process.pid) - before) * 1000)
        costs.sort()
        print(f"rate(x_total[30d]): {statistics.median(costs):.0f} ms CPU [{costs[0]:.0f}-{costs[-1]:.0f}]")
    finally:
        process.terminate()
        process.wait(20)
        log.close()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
