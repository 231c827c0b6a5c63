"""Queries over HTTP: long answers in pieces, clients that go away, the line of queries, and scrapes beside a flood of them."""
import gzip
import http.client
import json
import re
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
    status, text = ask(f"{ruler}/api/v1/query?query=1&timeout=300ms")
    assert (status, json.loads(text)) == (422, {"status": "error", "errorType": "execution", "error": "context deadline exceeded"})
    status, text = ask(f"{ruler}/-/healthy")
    assert status == 200, text
    running.close()
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 0, "the long query has ended", 10)
    assert query(ruler, "1")[1] == "1"


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

    threads = [threading.Thread(target=flood) for _ in range(30)] + [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    windows, missed = [], []
    try:
        wait_until(lambda: metric(ruler, "prometheus_engine_queries") >= 29, "the flood has come")
        for _ in range(2):
            missed.append(metric(ruler, "prometheus_rule_group_iterations_missed_total") or 0)
            windows.append((time.time(), time.time() + 12))
            time.sleep(12)
            assert metric(ruler, "prometheus_engine_queries") >= 25, "the flood ended too early to tell anything"
        missed.append(metric(ruler, "prometheus_rule_group_iterations_missed_total") or 0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: metric(ruler, "prometheus_engine_queries") == 0, "the flood is over", 20)
    p99 = []
    for window in windows:
        scrapes, rules = gaps(ruler, "up", window, 0.5), gaps(ruler, "tick", window, 0.5)
        assert len(scrapes) > 200 and len(rules) > 200, (len(scrapes), len(rules))
        p99.append(max(scrapes[int(len(scrapes) * 0.99)], rules[int(len(rules) * 0.99)]))
        print(f"      {len(scrapes)} scrapes, {len(rules)} rules: p99 {p99[-1]:.3f} s, worst {scrapes[-1]:.3f} and {rules[-1]:.3f} s; "
              f"slowest /-/healthy {slowest:.3f} s", flush=True)
    # The goal, 100 ms, is for a machine of its own. Here other programs may run: what must not be is that rounds of 500 ms
    # are lost, which they are, all of them, where queries hold up the loop.
    assert min(p99) < 0.4, p99
    assert missed[-1] - missed[0] <= 2, missed
