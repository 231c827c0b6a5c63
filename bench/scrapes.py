"""What one scrape costs, ours beside an exporter's: CPU of both and of the server that they ask, in turns.

Asked over kept connections; CPU is utime + stime of /proc/PID/stat, in ticks of 10 ms, so some hundred scrapes are a
figure. A subject is (program, "host:port", path); `server_pids` gives the server's processes of now.
"""
import http.client
import os
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "test", "integration"))
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def add_arguments(parser, scrapes=200, rounds=3):
    parser.add_argument("--bin", required=True, help="folder of the release binaries")
    parser.add_argument("--scrapes", type=int, default=scrapes)
    parser.add_argument("--rounds", type=int, default=rounds)


def cpu_ms(pids, ended=False):
    """With `ended`, also that of children that have ended."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15] if ended else fields[11:13]))
        except FileNotFoundError:
            pass
    return total * TICK_MS


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


def compare(subjects, server_pids, args, ended=False):
    """Prints a row a subject and round, and the ratio of the first subject's CPU to the second's."""
    for _, address, path in subjects.values():
        scrape(address, path, 5)
    print(f"{args.scrapes} scrapes a round, load {os.getloadavg()[0]:.1f}")
    print(f"{'':18} {'CPU ms':>8} {'server':>8} {'p50 ms':>8} {'RSS MiB':>8} {'bytes':>8}")
    cost = {name: [] for name in subjects}
    for _ in range(args.rounds):
        for name, (program, address, path) in subjects.items():
            before, server_before = cpu_ms([program.pid]), cpu_ms(server_pids(), ended)
            times, size = scrape(address, path, args.scrapes)
            cpu = (cpu_ms([program.pid]) - before) / args.scrapes
            of_server = (cpu_ms(server_pids(), ended) - server_before) / args.scrapes
            cost[name].append(cpu)
            print(f"{name:18} {cpu:8.2f} {of_server:8.2f} {statistics.median(times) * 1000:8.2f} {resident_mib(program.pid):8.1f} {size:8}", flush=True)
    ours, theirs = (statistics.median(values) for values in cost.values())
    print(f"agent / exporter: {ours / theirs:.3f} of the CPU (median of {args.rounds} rounds)")
