#!/usr/bin/env python3
"""One OpenMetrics file into our blocks, into promtool's, and into VictoriaMetrics, in turn: CPU seconds for a million
samples, peak memory, bytes on disk of each.

    cmake --preset release -DTOCSIN_BENCH=ON
    cmake --build --preset release --target backfill_bench
    bench/backfill/peers.py [--series N] [--samples N] [--order time|series] [--runs N] [--threads N]

Ours and promtool are programs that end: their CPU time is what the system says of them then. VictoriaMetrics is a server:
the CPU time from before the file is posted to /api/v1/import/prometheus (/proc/PID/task/*/schedstat) to its end, for it
writes to its files what it has in memory when it is told to end.
"""
import argparse
import glob
import http.client
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
parser.add_argument("--series", type=int, default=5_000)
parser.add_argument("--samples", type=int, default=1_000, help="of each series")
parser.add_argument("--order", choices=["time", "series"], default="time")
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--threads", type=int, default=2, help="of ours; the others take all cores")
args = parser.parse_args()


def folder_bytes(folder):
    return sum(os.path.getsize(path) for path in glob.glob(f"{folder}/**", recursive=True) if os.path.isfile(path))


def program(command, out):
    """(CPU seconds, peak MiB, bytes in `out`) of a program that imports and ends."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, folder_bytes(out)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def threads_cpu(pid):
    """Seconds on a core of all threads of a process."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as line:
            total += int(line.read().split()[0])
    return total / 1e9


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read().decode()


def wait_for(port):
    for _ in range(300):
        try:
            return get(port, "/health")
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("victoria-metrics does not start")


def imported_rows(port):
    lines = (line.rsplit(" ", 1) for line in get(port, "/metrics").splitlines())
    return sum(int(value) for name, value in lines if name == 'vm_rows_inserted_total{type="prometheus"}')


def victoria(file, out):
    port = free_port()
    server = subprocess.Popen(["victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={out}",
                               "-retentionPeriod=100y"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        before = threads_cpu(server.pid)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        with open(file, "rb") as body:
            connection.request("POST", "/api/v1/import/prometheus", body, {"Content-Length": str(os.path.getsize(file))})
        assert connection.getresponse().status == 204
        rows = imported_rows(port)
        assert rows == args.series * args.samples, f"{rows} samples were taken"
        peak = peak_mib(server.pid)
    except BaseException:
        server.kill()
        raise
    server.terminate()
    _, status, usage = os.wait4(server.pid, 0)
    server.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime - before, peak, folder_bytes(out)


def version(name):
    """As the package has it; Debian's victoria-metrics says nothing of itself."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    return f"{name} {done.stdout or 'of an unknown version'}"


def run_all(file, folder):
    out = f"{folder}/out"
    runs = {
        f"ours, {args.threads} threads": lambda: program([f"{args.bin}/backfill_bench", "import", file, out, str(args.threads)], out),
        "promtool": lambda: program(["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", file, out], out),
        "victoria-metrics": lambda: victoria(file, out),
    }
    results = {}
    for _ in range(args.runs):
        for name, run in runs.items():
            os.makedirs(out)
            results.setdefault(name, []).append(run())
            shutil.rmtree(out)
    return results


def print_results(results):
    millions = args.series * args.samples / 1e6
    print(f"{args.series} series of {args.samples} samples by {args.order}, {args.runs} runs, load {os.getloadavg()[0]:.1f}")
    print(version("prometheus") + " (promtool), " + version("victoria-metrics"))
    for name, runs in results.items():
        cpu = [seconds / millions for seconds, _, _ in runs]
        print(f"{name}: {statistics.median(cpu):.3f} [{min(cpu):.3f}-{max(cpu):.3f}] CPU s a million samples, "
              f"{max(mib for _, mib, _ in runs):.0f} MiB at most, {statistics.median(b for _, _, b in runs) / 1e6:.3f} MB")


work = tempfile.mkdtemp(prefix="backfill-")
try:
    page = f"{work}/page.om"
    subprocess.run([f"{args.bin}/backfill_bench", "make", str(args.series), str(args.samples), args.order, page], check=True)
    print_results(run_all(page, work))
finally:
    shutil.rmtree(work, ignore_errors=True)
