"""The agent's page in every format, read by programs that are not ours, and by the strict check of our own."""
import gzip
import json
import os
import subprocess
import threading
import urllib.request
from http.server import ThreadingHTTPServer

from support import ROOT, free_port, get_json, http, http_server_base, need, node_modules, python_with, query, wait_until

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.5"
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"


def custom_exporter(work):
    address = f"127.0.0.1:{free_port()}"
    work.start("custom", [work.own("custom_exporter"), f"--web.listen-address={address}", "--log.level=debug"],
               f"http://{address}/-/ready")
    return address


def fetch(address, **headers):
    request = urllib.request.Request(f"http://{address}/metrics", headers={k.replace("_", "-"): v for k, v in headers.items()})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers, answer.read()


def test_the_strict_check_has_nothing_to_say_of_the_openmetrics_page(work):
    address = custom_exporter(work)
    headers, body = fetch(address, Accept=OPENMETRICS)
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", headers
    page = body.decode()
    assert "# TYPE exporter_starts counter\nexporter_starts_total{program=\"custom_exporter\"} 1\n" in page
    assert "# UNIT node_memory_MemTotal_bytes bytes\n" in page
    said = work.run(work.own("tocsinctl"), "check", "metrics", "--strict", stdin=page)
    assert "SUCCESS" in said, said


def test_the_custom_metrics_pass_promtool(work):
    address = custom_exporter(work)
    page = http(f"http://{address}/metrics")[1]
    ours = "".join(line + "\n" for line in page.splitlines() if "exporter_starts" in line or "folder_files" in line)
    assert 'folder_files{folder="/tmp"}' in ours
    assert not work.run(need("promtool"), "check", "metrics", stdin=ours).strip()


def test_prometheus_reads_openmetrics_and_protobuf(work):
    """Debian's Prometheus asks for OpenMetrics, and for protobuf if native histograms are on."""
    address = custom_exporter(work)
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: custom, static_configs: [{{targets: ['{address}']}}]}}]
""")
    for name, flags in (("text", []), ("protobuf", ["--enable-feature=native-histograms"])):
        _, prometheus = work.prometheus(config, name, *flags)
        wait_until(lambda: query(prometheus, "up")[0]["value"][1] == "1", f"scraped by {name}")
        for series in ('exporter_starts_total{program="custom_exporter"} == 1', "node_memory_MemTotal_bytes",
                       'promhttp_metric_handler_requests_total{code="200"}', 'folder_files{folder="/tmp"}'):
            assert query(prometheus, series), (name, series)


def test_gzip_and_zstd_hold_the_page(work):
    address = custom_exporter(work)
    for coding, unpack in (("gzip", gzip.decompress),
                           ("zstd", lambda b: subprocess.run([need("zstd"), "-dc"], input=b, capture_output=True, check=True).stdout)):
        headers, body = fetch(address, Accept_Encoding=coding)
        assert headers["Content-Encoding"] == coding
        text = unpack(body).decode()
        assert 'exporter_starts_total{program="custom_exporter"} 1\n' in text and len(body) < len(text) / 2
    headers, _ = fetch(address, Accept_Encoding="zstd;q=0.1, gzip")
    assert headers["Content-Encoding"] == "gzip"


HERE = os.path.join(ROOT, "test/integration")


def full_page(work, accept=""):
    """(content type, body): a page with all that there is, as a scraper with this Accept header gets it."""
    done = subprocess.run([work.own("tocsin_exposition_page"), accept], capture_output=True, check=True)
    kind, _, body = done.stdout.partition(b"\n")
    return kind.decode(), body


def read_by_python(work, kind, body):
    command = [python_with("prometheus_client"), os.path.join(HERE, "read_exposition.py"), kind]
    return {family["name"]: family for family in json.loads(subprocess.run(command, input=body, capture_output=True, check=True).stdout)}


def read_by_npm(kind, body):
    modules = node_modules("parse-prometheus-text-format", "protobufjs", "fzstd")
    command = [need("node"), os.path.join(HERE, "read_exposition.js"), kind]
    done = subprocess.run(command, input=body, capture_output=True, check=True, env={**os.environ, "NODE_PATH": modules})
    return {family["name"]: family for family in json.loads(done.stdout)}


def samples(family):
    return {(s["name"], tuple(sorted(s["labels"].items()))): s for s in family["samples"]}


LABELS = (("code", "200"), ("path", 'a "b" \\ c\nd \u00e9'))
HELP = 'Requests, "all" of \\ them\nin two lines.'


def test_debians_python_client_reads_text_and_openmetrics(work):
    text = read_by_python(work, "text", full_page(work)[1])
    assert text["http_requests"]["help"] == HELP and text["http_requests"]["type"] == "counter"
    assert samples(text["http_requests"])[("http_requests_total", LABELS)]["value"] == "7.0"
    assert text["http_request_duration_seconds"]["type"] == "histogram" and text["size_bytes"]["type"] == "summary"
    assert samples(text["temp_celsius"])[("temp_celsius", ())]["timestamp"] == "1700000000.25"
    odd = {s["labels"]["is"]: s["value"] for s in text["odd"]["samples"]}
    assert odd == {"nan": "nan", "+inf": "inf", "-inf": "-inf", "tiny": "5e-324", "digits": "0.30000000000000004"}, odd
    for version in ("0.0.1", "1.0.0"):
        kind, body = full_page(work, f"application/openmetrics-text;version={version}")
        assert kind.startswith(f"application/openmetrics-text; version={version}"), kind
        strict = read_by_python(work, "openmetrics", body)
        requests = samples(strict["http_requests"])
        assert strict["http_requests"]["help"] == HELP
        assert requests[("http_requests_total", LABELS)]["exemplar"] == [{"trace_id": 'a"b'}, 1.0, 1700000001.25]
        assert requests[("http_requests_created", LABELS)]["value"] == "1700000000.5"
        times = strict["http_request_duration_seconds"]
        assert times["unit"] == "seconds" and strict["temp_celsius"]["unit"] == "celsius" and strict["size_bytes"]["unit"] == "bytes"
        bucket = samples(times)[("http_request_duration_seconds_bucket", (("handler", "x"), ("le", "1.0")))]
        assert bucket["value"] == "4.0" and bucket["exemplar"] == [{"trace_id": "x"}, 0.75, None]
        assert ("http_request_duration_seconds_created", (("handler", "x"),)) in samples(times)
        assert samples(strict["size_bytes"])[("size_bytes", (("quantile", "1.0"),))]["value"] == "20.0"
        assert strict["build"]["type"] == "info" and strict["whatever"]["type"] == "unknown"
        assert {s["labels"]["is"]: s["value"] for s in strict["odd"]["samples"]} == odd


def test_packages_of_npm_read_text_and_protobuf(work):
    page = full_page(work)[1]
    text = read_by_npm("text", page)
    assert text["http_requests_total"]["type"] == "COUNTER" and len(text["odd"]["metrics"]) == 5
    values = {metric["labels"]["code"]: metric["value"] for metric in text["http_requests_total"]["metrics"]}
    assert values == {"200": "7", "500": "1e+300"}, values
    histogram = text["http_request_duration_seconds"]["metrics"][0]
    assert histogram["buckets"] == {"0.5": "3", "1": "4", "+Inf": "5"}, histogram  # of one with labels, it reads no sum
    assert text["size_bytes"]["metrics"] == [{"quantiles": {"0.5": "10", "1": "20"}, "count": "9", "sum": "100"}], text["size_bytes"]
    kind, body = full_page(work, PROTOBUF)
    assert kind.startswith("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"), kind
    messages = read_by_npm("protobuf", body)
    assert set(messages) == set(text), set(messages) ^ set(text)
    for name, family in messages.items():
        assert family["type"] == text[name]["type"] and len(family["metric"]) == len(text[name]["metrics"]), name
    requests = messages["http_requests_total"]
    assert requests["help"] == HELP
    assert [(label["name"], label["value"]) for label in requests["metric"][0]["label"]] == list(LABELS)
    assert requests["metric"][0]["counter"] == {
        "value": 7, "startTimestamp": {"seconds": 1700000000, "nanos": 500000000},
        "exemplar": {"label": [{"name": "trace_id", "value": 'a"b'}], "value": 1, "timestamp": {"seconds": 1700000001, "nanos": 250000000}}}
    times = messages["http_request_duration_seconds"]
    assert times["unit"] == "seconds" and times["metric"][0]["histogram"]["sampleCount"] == 5
    assert times["metric"][0]["histogram"]["bucket"][1]["exemplar"]["value"] == 0.75
    assert messages["temp_celsius"]["metric"][0]["timestampMs"] == 1700000000250


def test_packages_of_npm_read_the_agents_page_in_each_coding(work):
    address = custom_exporter(work)
    plain = read_by_npm("text", fetch(address)[1])
    assert len(plain) > 100 and "folder_files" in plain
    for coding in ("gzip", "zstd"):
        headers, body = fetch(address, Accept_Encoding=coding)
        assert headers["Content-Encoding"] == coding
        assert set(read_by_npm(f"text+{coding}", body)) == set(plain), coding
    messages = read_by_npm("protobuf", fetch(address, Accept=PROTOBUF)[1])
    assert set(messages) == set(plain)
    strict = read_by_python(work, "openmetrics", fetch(address, Accept=OPENMETRICS)[1])
    assert len(strict) == len(plain)


def test_prometheus_keeps_the_exemplars_of_openmetrics_and_protobuf(work):
    """Debian's Prometheus scrapes the full page as it asks for it."""
    class Handler(http_server_base()):
        def do_GET(self):
            kind, body = full_page(work, self.headers.get("Accept", ""))
            kinds.add(kind.split(";")[0])
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    kinds = set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: full, static_configs: [{{targets: ['127.0.0.1:{server.server_address[1]}']}}]}}]
""")
    try:
        for name, features in (("openmetrics", "exemplar-storage"), ("protobuf", "exemplar-storage,native-histograms")):
            _, prometheus = work.prometheus(config, name, f"--enable-feature={features}")
            wait_until(lambda: query(prometheus, "up")[0]["value"][1] == "1", f"scraped by {name}")
            assert query(prometheus, 'odd{is="digits"}')[0]["value"][1] == "0.30000000000000004"
            found = get_json(f"{prometheus}/api/v1/query_exemplars?query=http_requests_total&start=1699999999&end=1700000100")["data"]
            labels = found[0]["exemplars"][0]["labels"]
            assert labels["trace_id"].replace('\\"', '"') == 'a"b', (name, found)  # 2.42 leaves escapes in exemplars of OpenMetrics
        assert kinds == {"application/openmetrics-text", "application/vnd.google.protobuf"}, kinds
    finally:
        server.shutdown()
        server.server_close()
