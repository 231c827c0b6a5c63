"""The data directory of a Prometheus that died: its log is taken over, its files stay as they were, the answers are its own."""
import hashlib
import os
import shutil
import signal
import time

from support import query, wait_until

PAGE = """# TYPE requests_total counter
requests_total{{code="200",path="/ü"}} {count}
requests_total{{code="500",path="/"}} {errors}
# TYPE temperature gauge
temperature {level}
# TYPE took_seconds histogram
took_seconds_bucket{{le="0.1"}} {count}
took_seconds_bucket{{le="+Inf"}} {all}
took_seconds_sum {level}
took_seconds_count {all}
"""


def page(number):
    return PAGE.format(count=number * 3, errors=number // 4, all=number * 4, level=number % 7 - 2.5)


def target(work):
    """Its values move with each scrape, which are counted."""
    scrapes = [0]

    def answer(_path, _body):
        scrapes[0] += 1
        return 200, "text/plain; version=0.0.4", page(scrapes[0])

    return work.sink(answer), scrapes


def digest(folder):
    """Of every file of the folder, our own ones left out, and those that whoever starts makes anew: who runs, and queries under way."""
    all_files = {}
    for at, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one != "tocsin"]
        for name in names:
            if name not in ("lock", "queries.active"):
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    all_files[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return all_files


def active_queries(work):
    with open(work.path("ruler-data/tsdb/queries.active"), "rb") as file:
        return file.read()


def killed_prometheus(work):
    """The data directory of a Prometheus that scraped for some seconds and was killed."""
    sink, scrapes = target(work)
    config = work.write("scrape.yml", f"""
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ["127.0.0.1:{sink.port}"]}}]
""")
    prometheus, _ = work.prometheus(config, "killed")
    wait_until(lambda: scrapes[0] > 30, "thirty scrapes")
    prometheus.signal(signal.SIGKILL)
    prometheus.process.wait(10)
    return work.path("killed")


# Not rate(): 2.42 extrapolates to the beginning of a counter otherwise than 3.14, whose rules are ours.
QUERIES = ["{job='app'}[10m]", "changes(requests_total[10m])", "histogram_quantile(0.9, took_seconds_bucket)",
           "sum by (code) (sum_over_time(requests_total[10m]))", "count by (__name__) ({job='app'})"]


def same(ours, theirs):
    for text in QUERIES:
        assert ours[text] == theirs[text], f"{text}:\n{ours[text]}\nand theirs\n{theirs[text]}"


def test_the_log_of_a_killed_prometheus_is_taken_over(work):
    folder = killed_prometheus(work)
    shutil.copytree(folder, work.path("theirs"))
    shutil.copytree(folder, work.path("ruler-data/tsdb"))
    before = digest(work.path("ruler-data/tsdb"))
    nothing = work.write("nothing.yml", "scrape_configs: []\n")
    _, theirs = work.prometheus(nothing, "theirs")
    program, ours = work.ruler(nothing)
    now = time.time()

    def answers(server):
        return {text: sorted((repr(sorted(one["metric"].items())), one.get("values") or one["value"])
                             for one in query(server, text, now)) for text in QUERIES}

    wait_until(lambda: query(ours, "up", now), "the samples taken over")
    expected = answers(theirs)
    assert len(expected[QUERIES[0]]) == 12 and len(expected[QUERIES[0]][0][1]) > 25
    same(answers(ours), expected)
    assert digest(work.path("ruler-data/tsdb")) == before

    program.kill()  # taken over once: a second start has the same, and not twice
    _, again = work.ruler(nothing)
    wait_until(lambda: query(again, "up", now), "the samples after a second start")
    same(answers(again), expected)
    assert digest(work.path("ruler-data/tsdb")) == before

    # The file of queries under way is of Prometheus' form, and tells of none.
    wait_until(lambda: active_queries(work)[1:].strip(b"\0") == b"", "no query is under way")
    assert active_queries(work)[:1] == b"[" and len(active_queries(work)) % 1000 == 1
