#!/usr/bin/env python3
"""The twelve queries on 71.28 M samples, beside Debian's Prometheus and VictoriaMetrics, over HTTP in one run: CPU time,
time by the clock, peak memory of each query.

    cmake --preset release -DTOCSIN_BENCH=ON
    cmake --build --preset release --target tocsin-ruler tocsinctl promql_data
    bench/promql/peers.py [--data FOLDER] [--servers tocsin,prometheus,victoria] [--only REGEX] [--runs N] [--skip PHASES]

--data keeps the imported samples: what is missing of FOLDER/tocsin, FOLDER/prometheus, FOLDER/victoria and FOLDER/range is
made (three minutes), what is there is used again. Without it everything lies in a temporary folder. Blocks of somebody
else serve as well: link them into FOLDER and write "START END", the seconds of the first and the last question, into
FOLDER/range. Servers run on hard links of the blocks, so several runs may share a FOLDER. While working on one query:

    bench/promql/peers.py --data FOLDER --servers tocsin --only '^range_6h_15s_p99$' --skip answers,memory

Phases, each of which --skip leaves out:
answers  Prometheus' and ours are compared value by value, to 1e-9. VictoriaMetrics takes the sample before the window as
         its first and does not extrapolate, which is what `anchored` says: its answers are compared to ours for the same
         query with that modifier. (Samples lie off the edges of windows, which 2.42 closes on the left as well.)
speed    --runs runs of each query and server after a warm-up (if a run takes more than 50 ms of CPU, as many as fit
         into --seconds, at least 10), in five turns from server to server. CPU is that of all threads of the process
         (/proc/PID/task/*/schedstat) over a turn, divided by its runs: median [min-max] of the turns. The clock is the
         client's, from before the request to the last byte.
memory   A server is started for each query. When it is idle, VmHWM is set back (/proc/PID/clear_refs), the query is
         asked once, then 20 times more. Anonymous memory, page by page (smaps_rollup): when idle, after the first, after
         the 20. Where it went down meanwhile the peak tells: VmHWM less what the process has mapped of files (RssFile and
         RssShmem; they only grow during a query, so the peak is at least that). The kernel counts these in
         portions of each core, so below half a megabyte more they say nothing, and the pages count. Mapped files, the blocks
         among them, are told apart: they are the page cache's, which the kernel takes back when it needs memory.
"""
import argparse
import contextlib
import glob
import http.client
import json
import math
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RATE = "sum by (service)(rate(http_requests_total[5m]))"
P99 = "histogram_quantile(0.99, sum by (le,service)(rate(http_request_duration_seconds_bucket[5m])))"
REGEX = 'sum by (service)(rate(http_requests_total{service=~"svc-[0-2].",code=~"5..",instance!~"10.0.0.4.*"}[5m]))'
RATIO = 'sum by (service)(rate(http_requests_total{{code=~"5.."}}[{0}])) / sum by (service)(rate(http_requests_total[{0}]))'
HOUR, DAY = 3600, 86400
QUERIES = {  # name: (expression, seconds before the end at which it starts, step)
    "rate5m_by_service": (RATE, None, None),
    "p99_5m_by_service": (P99, None, None),
    "topk10_rate5m": ("topk(10, rate(http_requests_total[5m]))", None, None),
    "regex_matcher": (REGEX, None, None),
    "one_series_instant": ('http_requests_total{service="svc-07",code="200",instance="10.0.0.1:8080"}', None, None),
    "err_ratio_1h": (RATIO.format("1h"), None, None),
    "err_ratio_1d": (RATIO.format("1d"), None, None),
    "err_ratio_30d": (RATIO.format("30d"), None, None),
    "range_6h_15s_rate5m": (RATE, 6 * HOUR, 15),
    "range_6h_15s_p99": (P99, 6 * HOUR, 15),
    "range_6h_15s_one_service": ('sum by (code)(rate(http_requests_total{service="svc-07"}[5m]))', 6 * HOUR, 15),
    "range_30d_1h_rate1h": ("sum by (service)(rate(http_requests_total[1h]))", 30 * DAY - HOUR, HOUR),
}
TURNS = 5
REPEATED = 20

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bin", default=f"{ROOT}/build/release/bin")
parser.add_argument("--data", help="folder that keeps the imported samples")
parser.add_argument("--servers", default="tocsin,prometheus,victoria")
parser.add_argument("--only", default="", help="queries whose name the expression is found in")
parser.add_argument("--runs", type=int, default=1000)
parser.add_argument("--seconds", type=float, default=15, help="for the runs of a query that takes more than 50 ms")
parser.add_argument("--skip", default="", help="of answers,speed,memory")
args = parser.parse_args()
PROGRAMS = {"tocsin": f"{args.bin}/tocsin-ruler", "prometheus": "prometheus", "victoria": "victoria-metrics"}


# ---- the samples

def part(number, text_format, path):
    with open(path, "wb") as out:
        subprocess.run([f"{args.bin}/promql_data", "part", str(number), text_format], stdout=out, check=True)


def import_blocks(command, parts, folder, work):
    """Part by part, for a part is 600 MB of text."""
    for number in range(parts):
        part(number, "openmetrics", f"{work}/part.om")
        subprocess.run([*command, "openmetrics", "--quiet", "--max-block-duration=54h", f"{work}/part.om", folder],
                       check=True, stdout=subprocess.DEVNULL)
    os.remove(f"{work}/part.om")


def import_victoria(parts, folder, work):
    with Server("victoria", folder, work) as server:
        for number in range(parts):
            part(number, "prometheus", f"{work}/part.prom")
            with open(f"{work}/part.prom", "rb") as body:
                size = {"Content-Length": str(os.path.getsize(body.name))}
                server.request("POST", "/api/v1/import/prometheus", body, size)
        server.request("GET", "/internal/force_merge")  # ending while it merges is a panic that loses samples
        time.sleep(1)
        while sum(server.metric("vm_active_force_merges") + server.metric("vm_active_merges")) > 0:
            time.sleep(0.2)
    os.remove(f"{work}/part.prom")


def data_info():
    """First and last second asked about, parts, samples."""
    done = subprocess.run([f"{args.bin}/promql_data", "info"], capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def prepare(data, work):
    """Makes what is missing; returns the last second asked about."""
    path = f"{data}/range"
    if not os.path.exists(path):
        start, end, *_ = data_info()
        with open(path, "w", encoding="ascii") as out:
            out.write(f"{start} {end}\n")
    with open(path, encoding="ascii") as lines:
        end = int(lines.read().split()[1])
    for name in SERVERS:
        folder = f"{data}/{name}"
        if os.path.isdir(folder):
            continue
        _, _, parts, samples = data_info()
        print(f"importing into {name}", file=sys.stderr)
        making = f"{work}/making"
        if name == "tocsin":
            import_blocks([f"{args.bin}/tocsinctl", "tsdb", "create-blocks-from"], parts, making, work)
        elif name == "prometheus":
            import_blocks(["promtool", "tsdb", "create-blocks-from"], parts, making, work)
        else:
            import_victoria(parts, making, work)
            with Server("victoria", making, work) as server:
                if (found := sum(server.metric("vm_rows", "storage/"))) != samples:
                    raise RuntimeError(f"VictoriaMetrics has {found:.0f} samples of {samples}")
        os.rename(making, folder)
    return end


# ---- the servers

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server on a folder; it stops and its data stay."""

    def __init__(self, name, data, work, *flags):
        self.name, self.port = name, free_port()
        config = f"{work}/empty.yml"
        with open(config, "w", encoding="ascii") as out:
            out.write("{}\n" if name == "victoria" else "global: {}\n")
        if name == "victoria":
            command = [f"-promscrape.config={config}", f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{self.port}",
                       "-retentionPeriod=100y", "-search.latencyOffset=0s", "-loggerLevel=ERROR"]
        else:  # longer blocks would be made of the 54 h at once
            command = [f"--config.file={config}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=100y",
                       "--storage.tsdb.max-block-duration=54h", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"]
        self.log = open(f"{work}/{name}.log", "ab")
        self.process = subprocess.Popen([PROGRAMS[name], *command, *flags], stdout=self.log, stderr=self.log)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        status = self.process.wait(60)
        self.log.close()
        if status != 0:
            raise RuntimeError(f"{self.name} ended with status {status}")

    def wait_until_ready(self):
        path = "/health" if self.name == "victoria" else "/-/ready"
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                self.request("GET", path)
                return
            except (OSError, http.client.HTTPException, RuntimeError):
                self.connection.close()
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} does not start: {self.log.name}")

    def wait_until_idle(self):
        for _ in range(50):
            before = self.cpu_ms()
            time.sleep(0.3)
            if self.cpu_ms() - before < 2:
                return

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{self.name}: {path}: {answer.status} {text[:300]}")
        return text

    def metric(self, name, label=""):
        """The values of a metric of its own, of the series whose text has `label`."""
        lines = (line.rsplit(" ", 1) for line in self.request("GET", "/metrics").decode().splitlines())
        return [float(value) for series, value in lines if series.split("{")[0] == name and label in series]

    def cpu_ms(self):
        total = 0
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/schedstat"):
            with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as line:
                total += int(line.read().split()[0])
        return total / 1e6

    def memory(self):
        """MB: of anonymous memory now, of mapped files now, of anonymous memory at most since reset_peak()."""
        kib = {}
        for path in ("status", "smaps_rollup"):
            with open(f"/proc/{self.process.pid}/{path}", encoding="ascii") as lines:
                kib.update({line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmHWM", "Rss", "Anonymous"))})
        anonymous, mapped, high = (kib[name] * 1024 / 1e6 for name in ("Anonymous", "RssFile", "VmHWM"))
        mapped += kib["RssShmem"] * 1024 / 1e6
        return anonymous, mapped, high - mapped if high - mapped > anonymous + 0.5 else anonymous

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as out:
            out.write("5")


def is_block(folder):
    return os.path.exists(f"{folder}/meta.json")


@contextlib.contextmanager
def serving(name, data, work, *flags):
    """A server on a copy of its data: hard links of blocks, which nobody changes, copies of the rest."""
    run = tempfile.mkdtemp(prefix=f"{name}-", dir=work)
    copy = f"{run}/data"
    try:
        source = os.path.realpath(f"{data}/{name}")
        os.mkdir(copy)
        for entry in os.listdir(source):
            path = f"{source}/{entry}"
            if name != "victoria":
                if is_block(path):
                    shutil.copytree(path, f"{copy}/{entry}", copy_function=link_or_copy)
            elif os.path.isdir(path):
                shutil.copytree(path, f"{copy}/{entry}", symlinks=True)
            else:
                shutil.copy2(path, copy)
        with Server(name, copy, run, *flags) as server:
            yield server
    finally:
        shutil.rmtree(run, ignore_errors=True)


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def version(name):
    done = subprocess.run([PROGRAMS[name], "-version" if name == "victoria" else "--version"], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    if said:
        return said[0]
    package = {"victoria": "victoria-metrics"}.get(name, name)  # Debian's says nothing of itself
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return f"{package} {done.stdout or 'of an unknown version'} (the package's)"


# ---- questions and answers

def path_of(name, end, expression=None):
    known, before, step = QUERIES[name]
    parameters = {"query": expression or known, "nocache": "1"}
    parameters.update({"time": end} if step is None else {"start": end - before, "end": end, "step": step})
    return f"/api/v1/query{'' if step is None else '_range'}?{urllib.parse.urlencode(parameters)}"


def ask(server, name, end, expression=None):
    """{labels: {time: value}}"""
    result = json.loads(server.request("GET", path_of(name, end, expression)))["data"]["result"]
    return {json.dumps({k: v for k, v in one["metric"].items() if k != "__name__" or QUERIES[name][0].startswith("http_")}, sort_keys=True):
            {float(t): float(v) for t, v in one.get("values") or [one["value"]]} for one in result}


def worst_difference(a, b, skip_first=False):
    """The greatest relative difference of two answers, infinity if they have other series or points."""
    if a.keys() != b.keys() or not a:
        return math.inf
    worst = 0.0
    for labels, ours in a.items():
        theirs = b[labels]
        times = sorted(ours.keys() | theirs.keys())[1 if skip_first else 0:]
        for t in times:
            x, y = ours.get(t, math.inf), theirs.get(t, -math.inf)
            if not (x == y or (math.isnan(x) and math.isnan(y))):
                worst = max(worst, abs(x - y) / max(abs(x), abs(y)) if math.isfinite(x) and math.isfinite(y) else math.inf)
    return worst


def anchored(expression):
    return re.sub(r"\[(\w+)\]", r"[\1] anchored", expression)


def compare_answers(data, work, end):
    """True if all agree. VictoriaMetrics' first point of 30 d is passed over: there is no sample before that window."""
    good = True
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(serving(name, data, work, *(["--enable-feature=promql-extended-range-selectors"] if name == "tocsin" else [])))
                   for name in SERVERS}
        for name in NAMES:
            expression = QUERIES[name][0]
            for peer in SERVERS[1:]:
                ours = ask(running["tocsin"], name, end, anchored(expression) if peer == "victoria" else None)
                worst = worst_difference(ours, ask(running[peer], name, end), peer == "victoria" and name == "range_30d_1h_rate1h")
                good = good and worst <= 1e-9
                print(f"{'agree' if worst <= 1e-9 else 'DIFFER'}: {name}, {peer}: {len(ours)} series, at most by {worst:.1e}", file=sys.stderr)
    return good


# ---- measuring

def one_run(server, path):
    before = time.perf_counter()
    server.request("GET", path)
    return (time.perf_counter() - before) * 1000


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_speed(data, work, end):
    """{(query, server): (CPU ms of each turn, ms by the clock of each run)}"""
    out = {}
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(serving(name, data, work)) for name in SERVERS}
        for name in NAMES:
            path = path_of(name, end)
            runs = {}
            for server in SERVERS:
                one_run(running[server], path)
                before = running[server].cpu_ms()
                for _ in range(3):
                    one_run(running[server], path)
                warm = (running[server].cpu_ms() - before) / 3
                runs[server] = args.runs if warm <= 50 else max(10, min(args.runs, int(args.seconds * 1000 / warm)))
                out[name, server] = ([], [])
            for _ in range(TURNS):
                for server in SERVERS:
                    count = math.ceil(runs[server] / TURNS)
                    before = running[server].cpu_ms()
                    clock = [one_run(running[server], path) for _ in range(count)]
                    out[name, server][0].append((running[server].cpu_ms() - before) / count)
                    out[name, server][1].extend(clock)
            print(f"{name}: " + ", ".join(f"{s} {statistics.median(out[name, s][0]):.2f} ms" for s in SERVERS), file=sys.stderr)
    return out


def measure_memory(data, work, end):
    """{(query, server): (anonymous when idle, peak of the first, peak of the repeated, mapped before, mapped after)}, MB"""
    out = {}
    for name in NAMES:
        path = path_of(name, end)
        for which in SERVERS:
            with serving(which, data, work) as server:
                server.request("GET", "/api/v1/query?query=1")  # threads and buffers of a connection
                server.wait_until_idle()
                idle, mapped_before, _ = server.memory()
                server.reset_peak()
                server.request("GET", path)
                _, mapped, first = server.memory()
                server.reset_peak()
                for _ in range(REPEATED):
                    server.request("GET", path)
                _, mapped_after, most = server.memory()
                out[name, which] = (idle, first, max(first, most), mapped_before, max(mapped, mapped_after))
        print(f"{name}: " + ", ".join(f"{s} {out[name, s][1] - out[name, s][0]:.1f} MB" for s in SERVERS), file=sys.stderr)
    return out


# ---- tables

def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def print_speed(results):
    print(f"CPU ms of a query, median [min-max] of {TURNS} turns; p50 / p95 ms by the clock; runs\n")
    rows = []
    for name in NAMES:
        row = [name]
        for server in SERVERS:
            cpu, clock = results[name, server]
            row.append(f"{statistics.median(cpu):.2f} [{min(cpu):.2f}-{max(cpu):.2f}]; {percentile(clock, .5):.2f} / {percentile(clock, .95):.2f}; {len(clock)}")
        if SERVERS[0] == "tocsin" and len(SERVERS) > 1:
            row.append(f"{statistics.median(results[name, 'tocsin'][0]) / min(statistics.median(results[name, s][0]) for s in SERVERS[1:]):.2f}")
        rows.append(row)
    table(["query", *SERVERS, *(["of the better peer"] if "tocsin" in SERVERS and len(SERVERS) > 1 else [])], rows)


def print_memory(results):
    print(f"Anonymous MB above idle: peak of the first query; peak of {REPEATED} more. In brackets idle. Then mapped MB before and after; the last two ratios are of whole processes\n")
    rows = []
    for name in NAMES:
        row = [name]
        for server in SERVERS:
            idle, first, more, mapped, mapped_after = results[name, server]
            row.append(f"{first - idle:.2f}; {more - idle:.2f} ({idle:.1f}); {mapped:.0f}, {mapped_after:.0f}")
        if "tocsin" in SERVERS and "prometheus" in SERVERS:
            ours, theirs = results[name, "tocsin"], results[name, "prometheus"]
            row.append("; ".join(f"{(ours[i] - ours[0]) / (theirs[i] - theirs[0]):.2f}" if theirs[i] > theirs[0] else "-" for i in (1, 2)) +
                       "; " + " and ".join(f"{ours[i] / theirs[i]:.2f}" for i in (1, 2)))
        rows.append(row)
    table(["query", *SERVERS, *(["of Prometheus'"] if "tocsin" in SERVERS and "prometheus" in SERVERS else [])], rows)


def main():
    data = args.data or tempfile.mkdtemp(prefix="promql-data-")
    os.makedirs(data, exist_ok=True)
    work = tempfile.mkdtemp(prefix="run-", dir=data)
    good = True
    try:
        end = prepare(data, work)
        for server in SERVERS:
            print(f"* {server}: {version(server)}")
        print(f"* load {os.getloadavg()[0]:.1f} before\n", flush=True)
        if "answers" not in args.skip and len(SERVERS) > 1:
            good = compare_answers(data, work, end)
        if "speed" not in args.skip:
            print_speed(measure_speed(data, work, end))
        if "memory" not in args.skip:
            print_memory(measure_memory(data, work, end))
        print(f"* load {os.getloadavg()[0]:.1f} after")
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not args.data:
            shutil.rmtree(data, ignore_errors=True)
    return 0 if good else 1


SERVERS = [name for name in ("tocsin", "prometheus", "victoria") if name in args.servers.split(",")]
NAMES = [name for name in QUERIES if re.search(args.only, name)]
for absent in [name for name in SERVERS if not shutil.which(PROGRAMS[name])]:
    if absent != "victoria":
        sys.exit(f"{PROGRAMS[absent]} is not there")
    print("victoria-metrics is not installed: left out", file=sys.stderr)
    SERVERS.remove(absent)
sys.exit(main())
