"""The agent's page in every format, read by programs that are not ours, and by the strict check of our own."""
import gzip
import subprocess
import urllib.request

from support import free_port, http, need, query, wait_until

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
