"""tocsin-ruler beside Debian's Prometheus: the same targets, rules and questions."""
import glob
import json
import os
import re
import threading
import time
import urllib.request

import yaml_lite
from support import ROOT, free_port, get_json, http, need, query, wait_until


def targets_up(base, count):
    up = query(base, "up")
    return len(up) == count and all(sample["value"][1] == "1" for sample in up)


def test_the_ruler_scrapes_node_exporter_and_prometheus(work):
    peer = free_port()
    work.start("node_exporter", [need("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{peer}"],
               f"http://127.0.0.1:{peer}/")
    empty = work.write("empty.yml", "global: {scrape_interval: 1s}\n")
    _, prometheus = work.prometheus(empty)
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{peer}']}}]
  - job_name: prometheus
    static_configs: [{{targets: ['{prometheus[7:]}']}}]
""")
    _, ruler = work.ruler(config)
    wait_until(lambda: targets_up(ruler, 2), "both targets are up")
    assert int(query(ruler, "count({job='node'})")[0]["value"][1]) > 300
    for target in get_json(f"{ruler}/api/v1/targets")["data"]["activeTargets"]:
        assert target["health"] == "up" and target["lastError"] == "", target


def test_prometheus_scrapes_the_ruler_and_promtool_asks_it(work):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: self
    static_configs: [{{targets: ['{address}']}}]
""")
    _, ruler = work.ruler(config, address=address)
    _, prometheus = work.prometheus(config)
    wait_until(lambda: targets_up(prometheus, 1) and targets_up(ruler, 1), "the ruler is up, seen by both")
    promtool = need("promtool")
    assert 'up{instance="%s", job="self"} => 1' % address in work.run(promtool, "query", "instant", ruler, "up")
    now = time.time()
    answer = work.run(promtool, "query", "range", f"--start={now - 60:.0f}", f"--end={now:.0f}", "--step=1s", ruler, "up")
    assert 'up{instance="%s", job="self"} =>' % address in answer and "1 @[" in answer, answer
    assert "self" in work.run(promtool, "query", "labels", ruler, "job")
    assert "scrape_duration_seconds" in work.run(promtool, "query", "series", "--match={job=\"self\"}", ruler)
    lint = work.run(promtool, "check", "metrics", stdin=http(f"{ruler}/metrics")[1], status=None)
    # Seven names are Prometheus' own and not in promtool's style.
    own = re.compile("prometheus_engine_query_duration_histogram_seconds|prometheus_rule_(evaluation|group)_duration_histogram_seconds|prometheus_target_scrape_pools_total|"
                     "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total|"
                     "prometheus_target_(interval|sync)_length_histogram_seconds")
    assert not [line for line in lint.splitlines() if not own.match(line)], lint


def test_promtool_accepts_our_rules_and_quickstart_files(work):
    promtool = need("promtool")
    rules = sorted(glob.glob(f"{ROOT}/rules/*.rules.yml"))
    assert len(rules) >= 2
    assert "FAILED" not in work.run(promtool, "check", "rules", *rules)
    assert "SUCCESS" in work.run(promtool, "check", "config", f"{ROOT}/deploy/quickstart.d/prometheus.yml")
    assert "SUCCESS" in work.run(need("amtool"), "check-config", f"{ROOT}/deploy/quickstart.d/alertmanager.yml")
    ours = work.own("tocsinctl")
    work.run(ours, "check", "rules", *rules)
    work.run(ours, "check", "config", f"{ROOT}/deploy/quickstart.d/prometheus.yml")
    work.run(ours, "check", "alertmanager", f"{ROOT}/deploy/quickstart.d/alertmanager.yml")


class Frozen:
    """A target whose page is that of another, taken every two seconds, each sample with the time of the taking: whoever
    scrapes it twice a second has the very same samples as anybody else who does."""

    def __init__(self, work, source):
        self.page, self.source = "", source
        self.sink = work.sink(lambda path, body: (200, "text/plain; version=0.0.4", self.page))
        self.stopping = threading.Event()
        self.take()

    def start(self):
        """Until now the page stood still, so that nobody has a sample more for having come earlier."""
        threading.Thread(target=self.run, daemon=True).start()

    def take(self):
        stamp = int(time.time()) * 1000
        with urllib.request.urlopen(self.source, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        self.page = "\n".join(line if not line or line[0] == "#" else f"{line} {stamp}" for line in lines) + "\n"

    def run(self):
        while not self.stopping.wait(2):
            self.take()


def normal(result):
    """An instant vector as {labels: value}."""
    return {json.dumps(sample["metric"], sort_keys=True): sample["value"][1] for sample in result}


def same_number(a, b):
    if a == b:
        return True
    x, y = float(a), float(b)
    return abs(x - y) <= 1e-9 * max(abs(x), abs(y))


def test_expressions_of_the_shipped_rules_give_equal_answers(work):
    """The same samples in both: what each expression of rules/*.yml answers is equal."""
    _, agent = work.agent()
    address = f"127.0.0.1:{free_port()}"
    own = work.write("own.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{ROOT}/rules/*.rules.yml']
scrape_configs: [{{job_name: self, static_configs: [{{targets: ['{address}']}}]}}]
""")
    work.ruler(own, name="observed", address=address)
    pages = [Frozen(work, f"http://{agent}/metrics"), Frozen(work, f"http://{address}/metrics")]
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 500ms, evaluation_interval: 1h}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{pages[0].sink.port}']}}]
  - job_name: tocsin
    static_configs: [{{targets: ['127.0.0.1:{pages[1].sink.port}']}}]
""")
    _, ruler = work.ruler(config)
    _, prometheus = work.prometheus(config)
    wait_until(lambda: targets_up(ruler, 2) and targets_up(prometheus, 2), "both targets are up in both")
    for page in pages:
        page.start()
    time.sleep(20)
    for page in pages:
        page.stopping.set()
    time.sleep(2)
    at = int(time.time()) - 0.3  # between two samples: 2.42's windows are closed on the left
    files = [f"{ROOT}/rules/{name}.rules.yml" for name in ("node", "tocsin")]  # what the two pages tell of
    expressions = yaml_lite.expressions(files)
    assert len(expressions) > 25, len(expressions)
    # What alerts compare is shown too, where the alert itself has nothing to say now; recorded series stand for what
    # they record.
    recorded = yaml_lite.records(files)
    asked, with_data, different = 0, 0, []
    for expression in expressions:
        for _ in range(3):
            for name, source in recorded.items():
                expression = expression.replace(name, f"({source})")
        expression = re.sub(r"\)\{[^}]*\}", ")", expression)
        sides = [expression] + [part for part in re.split(r"(?:[<>]=?|[=!]=)(?= *[\d.]+)", expression)[:1] if part.count("(") == part.count(")")]
        for side in sides:
            ours, theirs = (query(base, side, at) for base in (ruler, prometheus))
            asked += 1
            with_data += bool(theirs)
            a, b = normal(theirs), normal(ours)
            if set(a) != set(b) or not all(same_number(a[key], b[key]) for key in a):
                different.append((side, theirs[:3], ours[:3]))
    assert not different, f"{len(different)} of {asked} differ, the first: {different[0]}"
    assert with_data > 12, f"only {with_data} of {asked} had an answer"
