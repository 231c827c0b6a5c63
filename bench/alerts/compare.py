#!/usr/bin/env python3
"""10,000 alerts into tocsin-ruler and into Debian's Alertmanager, in turn, until a webhook has had all of them: CPU
seconds and memory, with each alert its own group, and in 100 groups.

    cmake --preset release && cmake --build --preset release --target tocsin-ruler
    bench/alerts/compare.py [--alerts N] [--runs N] [--flags=...]
"""
import argparse
import asyncio
import http.client
import json
import multiprocessing
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
parser.add_argument("--alerts", type=int, default=10_000)
parser.add_argument("--batch", type=int, default=100)
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--only", choices=("tocsin", "alertmanager"))
parser.add_argument("--flags", default="", help="further flags of tocsin-ruler, with blanks between them")
args = parser.parse_args()

CONFIG = """
route: {{receiver: hook, group_by: {group_by}, group_wait: 1s, group_interval: 5s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{port}/hook', send_resolved: false}}]}}]
"""
SHAPES = {"each its own group": "['...']", "100 groups": "[alertname, service]"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sink(port, alerts, requests, last):
    """A webhook in a process of its own that counts what it is told."""
    async def client(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
                body = await reader.readexactly(length)
                alerts.value += body.count(b'"fingerprint"')
                requests.value += 1
                last.value = time.time()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve():
        server = await asyncio.start_server(client, "127.0.0.1", port, backlog=4096)
        await server.serve_forever()
    asyncio.run(serve())


def cpu_seconds(pid):
    """Of all threads, to the nanosecond; neither program ends threads while it is measured."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def memory_mb(pid, what):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def bodies():
    for begin in range(0, args.alerts, args.batch):
        yield json.dumps([{
            "labels": {"alertname": f"HighErrorRate{i % 20}", "service": f"svc-{i % 50:02d}", "severity": ["page", "ticket"][i % 2],
                       "instance": f"10.0.{i // 250}.{i % 250}:8080", "n": str(i)},
            "annotations": {"summary": f"error rate of svc-{i % 50:02d} is high",
                            "description": "The error rate has been above 5% for 10 minutes. " * 2,
                            "runbook_url": "https://runbooks.example/high-error-rate"},
            "generatorURL": "http://prometheus/graph?g0.expr=up"} for i in range(begin, min(args.alerts, begin + args.batch))])


def loop_lag(port):
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
    lags = [float(line.split()[1]) for line in page.splitlines() if line.startswith("tocsin_loop_lag_seconds ")]
    return lags[0] * 1000 if lags else float("nan")


def measure(name, shape):
    folder = tempfile.mkdtemp()
    port, sink_port = free_port(), free_port()
    with open(f"{folder}/am.yml", "w", encoding="utf-8") as file:
        file.write(CONFIG.format(group_by=SHAPES[shape], port=sink_port))
    counters = [multiprocessing.Value("q", 0), multiprocessing.Value("q", 0), multiprocessing.Value("d", 0)]
    receiver = multiprocessing.Process(target=sink, args=(sink_port, *counters), daemon=True)
    receiver.start()
    program = [f"{args.bin}/tocsin-ruler", "alertmanager", *args.flags.split()] if name == "tocsin" else ["prometheus-alertmanager", "--cluster.listen-address="]
    with open(f"{folder}/log", "wb") as log:
        server = subprocess.Popen([*program, f"--config.file={folder}/am.yml", f"--storage.path={folder}/data",
                                   f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        time.sleep(1)
        if name == "tocsin":
            loop_lag(port)  # what was before is not of the measurement
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        texts = list(bodies())
        before, began = cpu_seconds(server.pid), time.time()
        for text in texts:
            connection.request("POST", "/api/v2/alerts", text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
        while counters[0].value < args.alerts:
            assert time.time() < began + 120, f"{counters[0].value} of {args.alerts} alerts"
            time.sleep(0.05)
        out = {"cpu": cpu_seconds(server.pid) - before, "rss": memory_mb(server.pid, "VmRSS"), "peak": memory_mb(server.pid, "VmHWM"),
               "posts": counters[1].value, "seconds": counters[2].value - began}
        out["lag"] = loop_lag(port) if name == "tocsin" else float("nan")
        return out
    finally:
        server.kill()
        server.wait()
        receiver.kill()
        receiver.join()
        shutil.rmtree(folder)


def show(values, digits=2):
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


print(f"load at the beginning: {os.getloadavg()[0]:.1f}")
for shape in SHAPES:
    results = {}
    for _ in range(args.runs):
        for name in ("tocsin", "alertmanager"):
            if args.only in (None, name):
                results.setdefault(name, []).append(measure(name, shape))
    for name, runs in results.items():
        print(f"{shape}, {name}: CPU s {show([r['cpu'] for r in runs], 3)}, MB at the end {show([r['rss'] for r in runs])}, peak "
              f"{show([r['peak'] for r in runs])}, webhooks {runs[0]['posts']}, s until the last {show([r['seconds'] for r in runs])}, "
              f"longest lag of the loop ms {show([r['lag'] for r in runs])}", flush=True)
print(f"load at the end: {os.getloadavg()[0]:.1f}")
