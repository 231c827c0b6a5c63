"""Queries over HTTP: long answers in pieces, clients that go away, the line of queries, and scrapes beside a flood of them."""
import gzip
import http.client
import json
import os
import re
import signal
import socket
import threading
import time
import urllib.parse

from support import get_json, http as ask, query, wait_until

# Fits a line through a day's 86,400 values at each of 10,800 steps, six times: many seconds of CPU, without any data.
HEAVY = "/api/v1/query_range?" + urllib.parse.urlencode(
    {"query": " + ".join(f"predict_linear(vector(time() % 7)[1d:1s], {i})" for i in range(6)),
     "start": 1000000, "end": 1010800, "step": 1})
NOTHING = "global: {scrape_interval: 1s}\n"


def metric(base, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", ask(f"{base}/metrics")[1], re.M)
    return float(found.group(1)) if found else None


def send(base, target):
    """A request on a connection of its own, whose answer nobody reads."""
    host, port = base.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), 10)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def fetch(connection, target, headers):
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_long_answers_come_in_pieces_and_are_those_of_prometheus(work):
    config = work.write("ruler.yml", NOTHING)
    _, ours = work.ruler(config)
    _, theirs = work.prometheus(config)
    expression = ' or '.join(f'label_replace(vector(time() / {i}), "i", "{i}", "", "")' for i in (1, 3, 7))
    for name, params in {
        "range": {"query": expression, "start": 1000000, "end": 1011000, "step": 1},
        "limit": {"query": expression, "start": 1000000, "end": 1011001, "step": 1},
        "short": {"query": expression, "start": 1000000, "end": 1000010, "step": 5},
    }.items():
        target = "/api/v1/query_range?" + urllib.parse.urlencode(params)
        status, wanted = ask(theirs + target)
        connection = http.client.HTTPConnection(ours.removeprefix("http://"), timeout=30)
        # One connection for all: what follows an answer in pieces is still understood.
        for headers in ({}, {"Accept-Encoding": "gzip"}, {}):
            answer, body = fetch(connection, target, headers)
            assert answer.status == status, (name, answer.status, body[:300])
            assert (answer.getheader("Transfer-Encoding") == "chunked") == (name == "range"), (name, answer.getheaders())
            packed = answer.getheader("Content-Encoding") == "gzip"
            assert packed == (bool(headers) and name == "range"), (name, answer.getheaders())
            assert json.loads(gzip.decompress(body) if packed else body) == json.loads(wanted), name
        connection.close()


def test_a_client_that_goes_away_ends_its_query(work):
    _, ruler = work.ruler(work.write("ruler.yml", NOTHING))
    connections = [send(ruler, HEAVY) for _ in range(3)]
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 3, "three queries run")
    for connection in connections:
        connection.close()
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 0, "the queries have ended", 10)
    assert metric(ruler, "tocsin_api_queries_canceled_total") == 3


def test_a_query_whose_time_is_over_in_line_ends_with_an_error(work):
    _, ruler = work.ruler(work.write("ruler.yml", NOTHING), None, "--query.max-concurrency=1")
    assert metric(ruler, "prometheus_engine_queries_concurrent_max") == 1
    running = send(ruler, HEAVY)
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 1, "the long query runs")
    wanted = {"status": "error", "errorType": "bad_data", "error": 'invalid parameter "query": context deadline exceeded'}
    for target in ("query?query=1", "query_range?query=1&start=1&end=2&step=1"):
        status, text = ask(f"{ruler}/api/v1/{target}&timeout=300ms")
        assert (status, json.loads(text)) == (400, wanted)
    status, text = ask(f"{ruler}/api/v1/query?query=1%2B&timeout=300ms")
    assert status == 400 and "parse error: unexpected end of input" in text, text  # without a place
    status, text = ask(f"{ruler}/-/healthy")
    assert status == 200, text
    running.close()
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 0, "the long query has ended", 10)
    assert query(ruler, "1")[1] == "1"


def test_queries_that_did_not_finish_are_told_at_the_next_start(work):
    said = "These queries didn't finish in prometheus' last run:"
    config = work.write("ruler.yml", NOTHING)
    program, ruler = work.ruler(config)
    assert said not in program.text()
    assert query(ruler, "1")[1] == "1"
    running = [send(ruler, HEAVY) for _ in range(2)]
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 2, "two queries run")
    file = work.path("ruler-data/tsdb/queries.active")

    def entries():
        with open(file, "rb") as active:
            return [entry for entry in active.read().split(b"\0") if entry not in (b"", b",", b"[")]

    wait_until(lambda: len(entries()) == 2, "both are in the file")
    program.kill()
    begun = len(program.text())
    program, ruler = work.ruler(config)
    text = program.text()[begun:]
    told = [line for line in text.splitlines() if said in line]
    assert len(told) == 1 and told[0].count("predict_linear") == 12 and told[0].count("timestamp_sec") == 2, text
    assert entries() == [] and query(ruler, "1")[1] == "1"
    for connection in running:
        connection.close()

    # Stopped in order, nothing is left; a file that is something else is replaced.
    assert program.stop() == 0
    assert entries() == []
    with open(file, "w", encoding="utf-8") as foreign:
        foreign.write("[something else, " * 1000)
    begun = len(program.text())
    program, ruler = work.ruler(config)
    assert said not in program.text()[begun:] and query(ruler, "1")[1] == "1"
    assert entries() == []

    # What Prometheus left is told, too; it reads ours.
    address = work.prometheus(config)[1]
    theirs = work.programs[-1]
    running = send(address, HEAVY + "&timeout=60s")
    wait_until(lambda: metric(address, "prometheus_engine_queries") == 1, "a query runs in Prometheus")
    theirs.kill()
    running.close()
    assert program.stop() == 0
    os.replace(work.path("prometheus/queries.active"), file)
    begun = len(program.text())
    program, ruler = work.ruler(config)
    told = [line for line in program.text()[begun:].splitlines() if said in line]
    assert len(told) == 1 and told[0].count("timestamp_sec") == 1, told
    running = send(ruler, HEAVY)
    wait_until(lambda: len(entries()) == 1, "the query is in the file")
    program.kill()
    running.close()
    os.replace(file, work.path("prometheus/queries.active"))
    begun = len(theirs.text())
    work.prometheus(config)
    told = [line for line in theirs.text()[begun:].splitlines() if said in line]
    assert len(told) == 1 and told[0].count("timestamp_sec") == 1, told


def test_without_places_no_query_has_its_turn_but_rules_do(work):
    rules = work.write("rules.yml", "groups: [{name: g, interval: 100ms, rules: [{record: one, expr: vector(1)}]}]\n")
    _, ruler = work.ruler(work.write("ruler.yml", f"rule_files: [{rules}]\n"), None, "--query.max-concurrency=0")
    status, text = ask(f"{ruler}/api/v1/query?query=1&timeout=300ms")
    assert (status, json.loads(text)["error"]) == (400, 'invalid parameter "query": context deadline exceeded')
    wait_until(lambda: metric(ruler, "prometheus_engine_query_samples_total") is not None and
               metric(ruler, 'prometheus_engine_query_duration_seconds_count{slice="inner_eval"}') > 2, "rules are evaluated")


def test_counts_of_flags_are_numbers_that_are_not_below_zero(work):
    config = work.write("ruler.yml", NOTHING)
    for flag in ("--query.max-samples", "--query.max-concurrency", "--web.max-connections", "--storage.tsdb.series-limit"):
        for value in ("-5", "many", "1e300"):
            text = work.run(work.own("tocsin-ruler"), f"--config.file={config}", f"{flag}={value}", status=None)
            assert f'{flag}: not a count: "{value}"' in text, text
    _, ruler = work.ruler(config, None, "--query.max-samples=2e1", "--query.max-concurrency=3")
    assert metric(ruler, "prometheus_engine_queries_concurrent_max") == 3
    for count, expected in ((20, 200), (21, 422)):
        status, text = ask(f"{ruler}/api/v1/query_range?query=time()&start=1&end={count}&step=1")
        assert status == expected, (count, text)


def starts(base, name):
    """Of the scrapes or rule groups that began so far: how many, and how many of them within 100 ms of their slot, and 10 ms."""
    text = ask(f"{base}/metrics")[1]
    return [float(re.search(rf"^{name}_{which} (\S+)$", text, re.M).group(1))
            for which in ("count", 'bucket{le="0.1"}', 'bucket{le="0.01"}')]


def test_samples_of_each_step_are_told_if_asked(work):
    config = work.write("ruler.yml", NOTHING)
    flag = "--enable-feature=promql-per-step-stats"
    _, ours = work.ruler(config, None, flag)
    _, theirs = work.prometheus(config, "prometheus", flag)
    asked = {"query": "sum_over_time(vector(1)[9700ms:1s])", "start": 1000, "end": 1010.5, "step": 2.5}
    for stats, has_steps in (("all", True), ("true", False), ("", False)):
        found, wanted = (get_json(f"{base}/api/v1/query_range?" + urllib.parse.urlencode(asked | {"stats": stats}))["data"]
                         for base in (ours, theirs))
        assert found["result"] == wanted["result"]
        samples = found.get("stats", {}).get("samples", {})
        name = "totalQueryableSamplesPerStep"
        assert samples.get(name) == wanted.get("stats", {}).get("samples", {}).get(name), (found, wanted)
        assert (name in samples) == ("samplesReadPerStep" in samples) == has_steps, samples
        if has_steps:
            assert [t for t, _ in samples["samplesReadPerStep"]] == [1000, 1002.5, 1005, 1007.5, 1010], samples
            assert sum(count for _, count in samples[name]) == samples["totalQueryableSamples"] > 40, samples


def gaps(base, selector, window, interval):
    """How far the distances between the samples of each series within a window are from the interval, in seconds."""
    out = []
    for series in query(base, f"{selector}[5m]"):
        times = [float(t) for t, _ in series["values"] if window[0] <= float(t) <= window[1]]
        out += [abs(b - a - interval) for a, b in zip(times, times[1:])]
    return sorted(out)


def test_a_flood_of_heavy_queries_leaves_scrapes_and_rules_on_time(work):
    sink = work.sink(lambda path, body: (200, "text/plain", "".join(f'm{{i="{i}"}} {i}\n' for i in range(200))))
    work.write("rules.yml", "groups: [{name: g, interval: 500ms, rules: [{record: tick, expr: sum by (instance) (m)}]}]\n")
    targets = ", ".join(f"'127.0.0.1:{sink.port}/{i}'" for i in range(10))
    config = work.write("ruler.yml", f"""
global: {{scrape_interval: 500ms}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: app
    static_configs: [{{targets: [{targets}]}}]
    relabel_configs:
      - {{source_labels: [__address__], regex: '(.*)/(.*)', target_label: instance, replacement: t$2}}
      - {{source_labels: [__address__], regex: '(.*)/(.*)', target_label: __address__, replacement: $1}}
""")
    _, ruler = work.ruler(config)
    wait_until(lambda: len(query(ruler, 'tick')) == 10, "ten targets and their rules")
    slowest = 0
    stop = threading.Event()

    def flood():
        while not stop.is_set():
            with send(ruler, HEAVY) as connection:
                connection.settimeout(0.2)
                while not stop.is_set():
                    try:
                        connection.recv(65536)
                        break  # the answer has come: ask again
                    except TimeoutError:
                        pass

    def look():
        nonlocal slowest
        while not stop.is_set():
            asked = time.monotonic()
            assert ask(f"{ruler}/-/healthy")[0] == 200
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.05)

    delays = ("tocsin_scrape_start_delay_seconds", "tocsin_rules_start_delay_seconds")
    threads = [threading.Thread(target=flood) for _ in range(30)] + [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    windows, missed, late, at_once = [], [], [], []
    try:
        wait_until(lambda: metric(ruler, "prometheus_engine_queries") >= 29, "the flood has come")
        # More than one window is for machines on which other programs run, too.
        while len(windows) < 4 and (not late or min(late) > 0.01):
            missed.append(metric(ruler, "prometheus_rule_group_iterations_missed_total") or 0)
            windows.append((time.time(), time.time() + 12))
            before = [starts(ruler, name) for name in delays]
            time.sleep(12)
            begun = [[now - then for now, then in zip(*both)] for both in zip([starts(ruler, name) for name in delays], before)]
            assert begun[0][0] > 200 and begun[1][0] > 20, begun
            late.append(max(1 - prompt / count for count, prompt, _ in begun))
            at_once.append([soon / count for count, _, soon in begun])
            assert metric(ruler, "prometheus_engine_queries") >= 25, "the flood ended too early to tell anything"
        missed.append(metric(ruler, "prometheus_rule_group_iterations_missed_total") or 0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 0, "the flood is over", 20)
    for window, share, (scrape_share, rule_share) in zip(windows, late, at_once):
        scrapes, rules = gaps(ruler, "up", window, 0.5), gaps(ruler, "tick", window, 0.5)
        assert len(scrapes) > 200 and len(rules) > 200, (len(scrapes), len(rules))
        print(f"      {len(scrapes)} scrapes, {len(rules)} rules: {share:.2%} of either began more than 100 ms late; within 10 ms "
              f"{scrape_share:.1%} and {rule_share:.1%}; between samples p99 "
              f"{scrapes[int(len(scrapes) * 0.99)]:.3f} and {rules[int(len(rules) * 0.99)]:.3f} s, worst {scrapes[-1]:.3f} and {rules[-1]:.3f} s; slowest /-/healthy {slowest:.3f} s", flush=True)
    assert min(late) <= 0.01, late
    assert missed[-1] - missed[0] <= 2, missed


def logged(path):
    """The lines of a query log, by their query."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as text:
        return {line["params"]["query"]: line for line in map(json.loads, text)}


def test_queries_are_logged_as_prometheus_does(work):
    rules = "groups: [{name: g, interval: 1s, rules: [{record: one, expr: vector(1) + 0}]}]\n"
    lines = {}
    for name in ("theirs", "ours"):
        work.write(f"{name}.rules.yml", rules)
        config = work.write(f"{name}.yml", f"global: {{query_log_file: {name}.log}}\nrule_files: [{name}.rules.yml]\n")
        program, base = work.prometheus(config) if name == "theirs" else work.ruler(config)
        assert ask(f"{base}/api/v1/query?query=time()&time=1000.5")[0] == 200
        assert ask(f"{base}/api/v1/query_range", b"query=vector(1)&start=1000&end=1100&step=2.5")[0] == 200
        assert ask(f"{base}/api/v1/query?query=vector(1)%20and%20label_replace(vector(1),%22%22,%22%22,%22%22,%22(%22)")[0] == 422
        asked = ("time()", "vector(1)", 'vector(1) and label_replace(vector(1),"","","","(")', "vector(1) + 0")
        wait_until(lambda: set(asked) <= set(logged(work.path(f"{name}.log"))), "the queries are logged")
        lines[name] = [logged(work.path(f"{name}.log"))[query] for query in asked]
    assert metric(base, "prometheus_engine_query_log_enabled") == 1
    assert metric(base, "prometheus_engine_query_log_failures_total") == 0
    for theirs, ours in zip(lines["theirs"], lines["ours"]):
        if "ruleGroup" in theirs:
            assert ours["ruleGroup"] == {"file": work.path("ours.rules.yml"), "name": "g"}, ours
            assert theirs["ruleGroup"].keys() == ours["ruleGroup"].keys()
            assert ours["params"]["start"] == ours["params"]["end"], ours
        else:
            at = {} if "error" in ours else {"start": theirs["params"]["start"], "end": theirs["params"]["end"]}
            assert ours["params"] == {**ours["params"], **at, "step": theirs["params"]["step"]}, (theirs, ours)
            assert ours["httpRequest"] == theirs["httpRequest"], (theirs, ours)
        assert ours["params"].keys() == theirs["params"].keys() and ("error" in ours) == ("error" in theirs)
        assert ours["stats"]["timings"].keys() == theirs["stats"]["timings"].keys()
        assert ours["stats"]["samples"].keys() - {"samplesRead"} == theirs["stats"]["samples"].keys()
        assert (ours["level"], ours["msg"], ours["spanID"]) == ("INFO", "promql query logged", "0" * 16)

    # A file that was moved away begins anew with a reload; one that cannot be opened fails it; without one all is silent.
    os.rename(work.path("ours.log"), work.path("ours.log.1"))
    program.signal(signal.SIGHUP)
    wait_until(lambda: "vector(1) + 0" in logged(work.path("ours.log")), "the log begins anew")
    work.write("ours.yml", "global: {query_log_file: nosuch/ours.log}\n")
    program.signal(signal.SIGHUP)
    wait_until(lambda: metric(base, "prometheus_config_last_reload_successful") == 0, "the reload has failed")
    assert metric(base, "prometheus_engine_query_log_enabled") == 1
    work.write("ours.yml", "global: {}\n")
    program.signal(signal.SIGHUP)
    wait_until(lambda: metric(base, "prometheus_engine_query_log_enabled") == 0, "the log is off")
    wait_until(lambda: metric(base, "prometheus_engine_queries") == 0, "the rules have gone")
    size = os.path.getsize(work.path("ours.log"))
    assert ask(f"{base}/api/v1/query?query=1")[0] == 200
    assert os.path.getsize(work.path("ours.log")) == size
