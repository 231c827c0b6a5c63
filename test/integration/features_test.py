"""--enable-feature: start timestamps of pages, labels of type and unit; and histograms of /federate, read by Debian's Prometheus."""
import time

import protobuf_test as pb
from support import get_json, http, query, wait_until

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def scrape_config(work, port, name="ruler.yml"):
    return work.write(name, f"""
global: {{scrape_interval: 500ms}}
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ['127.0.0.1:{port}'], labels: {{instance: t}}}}]
""")


def samples(base, selector):
    (series,) = query(base, f"{selector}[1h]")
    return [(float(t), value) for t, value in series["values"]]


def test_a_counter_begins_at_zero_where_its_page_says(work):
    started = round(time.time()) - 30
    text = (f'# TYPE jobs_seconds counter\n# UNIT jobs_seconds seconds\njobs_seconds_total{{q="a"}} 5\njobs_seconds_created{{q="a"}} {started}\n'
            '# TYPE level gauge\nlevel 3\n# EOF\n')
    sink = work.sink(lambda path, body: (200, OPENMETRICS, text))
    program, ruler = work.ruler(scrape_config(work, sink.port), None,
                                "--enable-feature=created-timestamp-zero-ingestion,type-and-unit-labels", "--enable-feature=nonsense")
    wait_until(lambda: len(query(ruler, "jobs_seconds_total")) == 1, "the counter is scraped")
    found = samples(ruler, "jobs_seconds_total")
    assert found[0] == (started, "0") and found[1][1] == "5", found
    assert [value for _, value in found].count("0") == 1, found
    assert not query(ruler, "jobs_seconds_created")
    (rate,) = query(ruler, "increase(jobs_seconds_total[1m])")
    assert float(rate["value"][1]) >= 5, rate
    (series,) = query(ruler, "level")
    assert series["metric"]["__type__"] == "gauge", series
    (series,) = query(ruler, '{__type__="counter", __unit__="seconds"}')
    assert series["metric"]["__name__"] == "jobs_seconds_total", series
    features = get_json(f"{ruler}/api/v1/features")["data"]["scrape"]
    assert features["start_timestamp_zero_ingestion"] and features["type_and_unit_labels"], features
    log = program.text()
    assert 'msg="Unknown option for --enable-feature" option=nonsense' in log, log[:2000]
    assert "option=created-timestamp-zero-ingestion" in log


def test_prometheus_reads_histograms_of_our_federate(work):
    target = pb.Target()
    try:
        _, ours = work.ruler(pb.config(work, "ours.yml", target.address, "    scrape_native_histograms: true\n"))
        wait_until(lambda: len(pb.values(ours, '{job="pb"}')) >= 16, "tocsin-ruler scrapes")
        config = work.write("peer.yml", f"""
global: {{scrape_interval: 500ms}}
scrape_configs:
  - job_name: federate
    honor_labels: true
    metrics_path: /federate
    params: {{'match[]': ['{{job="pb"}}']}}
    static_configs: [{{targets: ['{ours.removeprefix("http://")}']}}]
""")
        _, peer = work.prometheus(config, "peer", "--enable-feature=native-histograms")
        wait_until(lambda: len(pb.values(peer, '{job="pb",__name__=~"pb_.*"}')) >= 16, "Prometheus reads /federate")
        wanted = pb.values(ours, '{job="pb",__name__=~"pb_.*"}')
        got = pb.spelled(pb.values(peer, '{job="pb",__name__=~"pb_.*"}'))
        assert got == wanted, (sorted(set(got) ^ set(wanted)), [(k, got.get(k), wanted[k]) for k in wanted if got.get(k) != wanted[k]])
        assert isinstance(next(v for k, v in got.items() if ("__name__", "pb_native") in k), dict)
        # As text: the same floats, and no histograms.
        status, text = http(f"{ours}/federate?match[]=%7Bjob%3D%22pb%22%7D")
        assert status == 200 and "pb_native" not in text and "pb_classic_bucket" in text, text
    finally:
        target.close()
