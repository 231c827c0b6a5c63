"""Pages of protobuf scraped by us and by Debian's Prometheus with native histograms: the same series, the same histograms."""
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import support

COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def signed(value):
    return (value << 1) ^ (value >> 63)


def real(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def message(field, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def metric(labels, *parts):
    return message(4, *(message(1, message(1, k), message(2, v)) for k, v in labels.items()), *parts)


def family(name, kind, *metrics):
    body = message(1, name) + message(2, "Help of " + name) + number(3, kind) + b"".join(metrics)
    return varint(len(body)) + body


def spans(field, *pairs):
    return b"".join(message(field, number(1, signed(offset)), number(2, length)) for offset, length in pairs)


def deltas(field, *values):
    return message(field, b"".join(varint(signed(v)) for v in values))


def page(n):
    """The n-th page: counts grow with it."""
    bucket = lambda bound, count: message(3, number(1, count), real(2, bound))  # noqa: E731
    classic = [number(1, 10 * n), real(2, 2.5), bucket(0.5, 4 * n), bucket(1, 7 * n), bucket(2.5, 9 * n)]
    native = [number(1, 8 * n), real(2, 4.5 * n), number(5, signed(3)), real(6, 0.001), number(7, 2 * n),
              spans(9, (-2, 1)), deltas(10, n), spans(12, (0, 2), (3, 1)), deltas(13, n, n, 0)]
    return b"".join([
        family("pb_requests_total", COUNTER, metric({"code": "200"}, message(3, real(1, 5.0 * n))),
               metric({"code": "500"}, message(3, real(1, n)))),
        family("pb_gauge", GAUGE, metric({}, message(2, real(1, -1.5)))),
        family("pb_untyped", UNTYPED, metric({"x": "caf\u00e9"}, message(5, real(1, 7)))),
        family("pb_summary", SUMMARY, metric({}, message(4, number(1, 3 * n), real(2, 1.5), message(3, real(1, 0.5), real(2, 1)),
                                                         message(3, real(1, 0.99), real(2, 9))))),
        family("pb_classic", HISTOGRAM, metric({"a": "1"}, message(7, *classic))),
        family("pb_native", HISTOGRAM, metric({"a": "1"}, message(7, *native)), metric({"a": "2"}, message(7, *native))),
    ])


class Target:
    """Serves one page as protobuf; remembers what it was asked for."""

    def __init__(self):
        self.accept = []
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                target.accept.append(self.headers.get("Accept", ""))
                data = page(3)
                self.send_response(200)
                self.send_header("Content-Type", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
                                                 "encoding=delimited")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def config(work, name, address, extra=""):
    return work.write(name, f"global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: pb\n{extra}"
                            f"    static_configs:\n      - targets: ['{address}']\n        labels: {{instance: t}}\n")


def values(url, query):
    """Value or histogram of each series of an instant query, by labels."""
    status, text = support.http(f"{url}/api/v1/query?query={support.urllib.parse.quote(query)}")
    assert status == 200, text
    out = {}
    for series in support.json.loads(text)["data"]["result"]:
        key = tuple(sorted(series["metric"].items()))
        out[key] = series["value"][1] if "value" in series else series["histogram"][1]
    return out


def spelled(result):
    """`le` and `quantile` as Prometheus 3 spells them."""
    out = {}
    for key, value in result.items():
        labels = {k: v + ".0" if k in ("le", "quantile") and v.isdigit() else v for k, v in key}
        out[tuple(sorted(labels.items()))] = value
    return out


def test_a_page_of_protobuf_gives_what_prometheus_makes_of_it(work):
    target = Target()
    try:
        _, peer = work.prometheus(config(work, "peer.yml", target.address), "prometheus", "--enable-feature=native-histograms")
        _, ours = work.ruler(config(work, "ours.yml", target.address, "    scrape_native_histograms: true\n"))
        query = '{__name__=~"pb_.*"}'
        support.wait_until(lambda: len(values(peer, query)) >= 16, "Prometheus scrapes")
        support.wait_until(lambda: len(values(ours, query)) >= 16, "tocsin-ruler scrapes")
        assert any(a.startswith("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6")
                   for a in target.accept), target.accept
        assert values(ours, query) == spelled(values(peer, query))
        assert any(isinstance(v, dict) for v in values(ours, "pb_native").values())
    finally:
        target.close()


def test_classic_histograms_are_converted(work):
    target = Target()
    try:
        _, ours = work.ruler(config(work, "ours.yml", target.address,
                                    "    convert_classic_histograms_to_nhcb: true\n    fallback_scrape_protocol: PrometheusProto\n"))
        support.wait_until(lambda: values(ours, "pb_classic"), "the histogram is there")
        (histogram,) = values(ours, "pb_classic").values()
        assert histogram["count"] == "30" and histogram["sum"] == "2.5", histogram
        assert [b[1:] for b in histogram["buckets"]] == [["-Inf", "0.5", "12"], ["0.5", "1", "9"], ["1", "2.5", "6"],
                                                         ["2.5", "+Inf", "3"]], histogram
        assert not values(ours, "pb_classic_bucket")
        assert values(ours, 'pb_native')  # without its native part: converted as well
    finally:
        target.close()
