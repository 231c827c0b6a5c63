"""Pages in every format, scraped by Debian's Prometheus and by tocsin-ruler: the same verdicts, series, values and metadata."""
import glob
import json
import os
import re
import subprocess
import threading
from http.server import ThreadingHTTPServer

from support import Skip, get_json, http_server_base, need, query, wait_until

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

# Debian's Prometheus is 2.42, the behaviour to have is that of 3.14. Where the two differ, by page:
UTF8_NAMES = "names in quotes came with Prometheus 3"
NO_FALLBACK = "Prometheus 3 reads no page without a known Content-Type unless fallback_scrape_protocol says how"

EMPTY = "an empty page of OpenMetrics is an empty page to Prometheus 3"
EXEMPLARS = "Prometheus 3 takes exemplars on every sample"
COMMA = "Prometheus 3 takes a comma behind the last label"
LINE_END = "Prometheus 3 counts the row before it sees that the line does not end behind it"

# Pages of our own, in `name: (content type, page)`; None is no content type at all.
OWN = {
    "own/text_utf8": (TEXT, '{"my.metric",a="b"} 1\n', UTF8_NAMES),
    "own/openmetrics_utf8": (OPENMETRICS, '{"my.metric",a="b"} 1\n# EOF\n', UTF8_NAMES),
    "own/no_content_type": (None, "a 1\n", NO_FALLBACK),
    "own/unknown_content_type": ("application/json", "a 1\n", NO_FALLBACK),
    "own/exemplars": (OPENMETRICS, '# TYPE a counter\na_total{x="y"} 1 # {trace_id="abc"} 0.5\na_created{x="y"} 5\n# EOF\n', ""),
    "own/text_1.0.0": ("text/plain; version=1.0.0; escaping=allow-utf-8", "a 1\n", ""),
    "own/openmetrics_0.0.1": ("application/openmetrics-text; version=0.0.1", "a 1\n# EOF\n", ""),
    "own/openmetrics_as_text": (TEXT, "a 1\n# EOF\n", ""),
    "own/text_as_openmetrics": (OPENMETRICS, "a 1\n", ""),
    "own/empty_text": (TEXT, "", ""),
    "own/empty_openmetrics": (OPENMETRICS, "", EMPTY),
    "own/duplicate": (OPENMETRICS, "a 1\na 2\n# EOF\n", ""),
    "own/no_newline": (TEXT, "a 1", ""),
    "own/no_newline_openmetrics": (OPENMETRICS, "a 1\n# EOF", ""),
    "own/half_a_line": (OPENMETRICS, "a 1\nb 2", ""),
    "own/histogram": (TEXT, '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n', ""),
}
# Pages of the corpora on which 2.42 and 3.14 differ, each with the reason.
DIFFERENT = {f"exposition/openmetrics/{name}/metrics": reason for name, reason in {
    "bad_exemplars_on_unallowed_metric_types_1": EXEMPLARS,
    "bad_exemplars_on_unallowed_metric_types_2": EXEMPLARS,
    "bad_exemplars_on_unallowed_samples_0": EXEMPLARS,
    "bad_exemplars_on_unallowed_samples_3": EXEMPLARS,
    "bad_missing_or_extra_commas_2": COMMA,
    "bad_no_eof": EMPTY,
    "bad_timestamp_6": LINE_END,
    "bad_value_3": LINE_END,
}.items()}


def corpus_pages(folder):
    """name: (content type, encoding, bytes)"""
    pages = {}

    def add(pattern, kind, encoding=""):
        for path in sorted(glob.glob(os.path.join(folder, pattern))):
            with open(path, "rb") as page:
                pages[os.path.relpath(path, folder)] = (kind, encoding, page.read())

    add("exposition/textparse/*.prom.txt", TEXT)
    add("exposition/textparse/*.om.txt", OPENMETRICS)
    add("exposition/expfmt/testdata/text", TEXT)
    add("exposition/expfmt/testdata/text.gz", TEXT, "gzip")
    add("exposition/expfmt/testdata/json2*", "application/json")
    add("exposition/expfmt/fuzz/*", TEXT)
    add("exposition/openmetrics/*/metrics", OPENMETRICS)
    add("clients/*.text", TEXT)
    add("clients/*.openmetrics", OPENMETRICS)
    add("exporters/reference/*.prom", TEXT)
    return pages


class Pages:
    """Serves page i at /i."""

    def __init__(self, pages):
        class Handler(http_server_base()):
            def do_GET(self):
                kind, encoding, page = pages[int(self.path[1:])]
                self.send_response(200)
                if kind:
                    self.send_header("Content-Type", kind)
                if encoding:
                    self.send_header("Content-Encoding", encoding)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A server that is killed hangs up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def number(text):
    try:
        return repr(float(text))
    except ValueError:
        return text


def stored(base, index):
    """What a server has of a page: labels without those of the target, le and quantile as numbers, and the value."""
    series = {}
    for sample in query(base, f'{{page="{index}"}}'):
        labels = dict(sample["metric"])
        for name in ("instance", "job", "page"):
            labels.pop(name)
        for name in ("le", "quantile"):
            if name in labels:
                labels[name] = number(labels[name])
        if labels["__name__"] != "scrape_duration_seconds":
            series[json.dumps(labels, sort_keys=True)] = sample["value"][1]
    return series


def metadata(base):
    """What a server knows of the families of each page."""
    told = {}
    for entry in get_json(f"{base}/api/v1/targets/metadata")["data"]:
        told.setdefault(int(entry["target"]["page"]), set()).add(
            (entry["metric"], entry["type"], entry["help"], entry["unit"]))
    return told


def difference(a, b):
    keys = [key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
    return [f"{key}: Prometheus {a.get(key)}, ruler {b.get(key)}" for key in keys[:5]]


def compare(work, pages, reasons):
    names = list(pages)
    server = Pages([pages[name] for name in names])
    work.sinks.append(server)
    targets = "\n".join(
        f"    - {{targets: ['{server.address}'], labels: {{page: '{i}', __metrics_path__: '/{i}'}}}}" for i in range(len(names)))
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 3s, scrape_timeout: 3s}}
scrape_configs:
  - job_name: pages
    static_configs:
{targets}
""")
    _, ruler = work.ruler(config)
    _, prometheus = work.prometheus(config)

    def scraped(base):
        # Twice each, so that series_added is 0 where a page is good.
        done = query(base, "count(count_over_time(up[1m]) >= 2)")
        return done and int(done[0]["value"][1]) == len(names)

    for base in (prometheus, ruler):
        wait_until(lambda base=base: scraped(base), "every page is scraped twice", 90)
    wrong = []
    for i, name in enumerate(names):
        theirs, ours = stored(prometheus, i), stored(ruler, i)
        found = difference(theirs, ours)
        if name in reasons and not found:
            wrong.append(f"{name}: no difference, though {reasons[name]}")
        elif name not in reasons and found:
            wrong.append(f"{name}: " + "; ".join(found))
    their_metadata, our_metadata = metadata(prometheus), metadata(ruler)
    for i, name in enumerate(names):
        # A failed page tells Prometheus what stands before the error, and us nothing.
        if name in reasons or stored(ruler, i)['{"__name__": "up"}'] == "0":
            continue
        if their_metadata.get(i, set()) != our_metadata.get(i, set()):
            wrong.append(f"{name}: metadata {sorted(their_metadata.get(i, set()) ^ our_metadata.get(i, set()))[:4]}")
    errors = {t["labels"]["page"]: t["lastError"] for t in get_json(f"{ruler}/api/v1/targets")["data"]["activeTargets"]}
    for i, name in enumerate(names):
        up = stored(ruler, i)['{"__name__": "up"}']
        if (up == "1") == bool(errors[str(i)]):
            wrong.append(f"{name}: up is {up}, and the error {errors[str(i)]!r}")
    assert not wrong, "\n".join(wrong)
    return ruler, names


def test_pages_in_every_format_are_stored_as_prometheus_stores_them(work):
    pages = {name: (kind, "", page.encode()) for name, (kind, page, _) in OWN.items()}
    ruler, names = compare(work, pages, {name: reason for name, (_, _, reason) in OWN.items() if reason})
    # Where Debian's Prometheus is no peer: the behaviour of 3.14.
    at = {name: i for i, name in enumerate(names)}
    assert stored(ruler, at["own/text_utf8"])['{"__name__": "my.metric", "a": "b"}'] == "1"
    assert stored(ruler, at["own/openmetrics_utf8"])['{"__name__": "my.metric", "a": "b"}'] == "1"
    assert stored(ruler, at["own/no_content_type"])['{"__name__": "up"}'] == "0"
    buckets = query(ruler, 'h_bucket{le="1.0"}')
    assert len(buckets) == 1, "bounds are written as Prometheus 3 writes them"


def test_pages_of_the_corpora_are_stored_as_prometheus_stores_them(work):
    folder = os.environ.get("TOCSIN_CORPORA")
    if not folder:
        raise Skip("TOCSIN_CORPORA is not set")
    pages = corpus_pages(folder)
    assert len(pages) > 180, len(pages)
    compare(work, pages, DIFFERENT)


def lint(program, page):
    done = subprocess.run([program, "check", "metrics"], input=page, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode().splitlines()


# Rules that promlint got or changed after Debian's promtool 2.42: it looked for the names of all types in a name.
NEWER_LINT = re.compile(r" (metric not unique|use base unit .*|metric name should not include type .*)$")


def test_tocsinctl_lints_as_promtool_does(work):
    promtool, own = need("promtool"), work.own("tocsinctl")
    pages = {
        "good": b"# HELP a_total x\n# TYPE a_total counter\na_total 1\n",
        "names": b"# TYPE aB gauge\naB{cD=\"1\",le=\"1\"} 1\n# HELP b_ms x\n# TYPE b_ms counter\nb_ms 1\nx:y 1\n",
        "reserved": b"# TYPE a_sum gauge\na_sum 1\n# TYPE b_gauge gauge\nb_gauge{quantile=\"1\"} 1\n# TYPE c_total gauge\nc_total 1\n",
        "bad value": b"a 1\nb x\n",
        "bad end": b"a 1",
        "second help": b"# HELP a x\n# HELP a y\na 1\n",
        "bad label": b"a{b=c} 1\n",
    }
    folder = os.environ.get("TOCSIN_CORPORA")
    for path in sorted(glob.glob(f"{folder}/exporters/reference/*.prom") + glob.glob(f"{folder}/exposition/expfmt/fuzz/*")) if folder else []:
        with open(path, "rb") as page:
            pages[os.path.basename(path)] = page.read()
    wrong = []
    for name, page in pages.items():
        (their_status, theirs), (our_status, ours) = lint(promtool, page), lint(own, page)
        theirs = [line for line in theirs if not NEWER_LINT.search(line)]
        ours = [line for line in ours if not NEWER_LINT.search(line)]
        if their_status != our_status and (theirs or ours):
            wrong.append(f"{name}: status {their_status}, ours {our_status}; {theirs[:2]} {ours[:2]}")
        if theirs != ours:
            wrong.append(f"{name}: " + "; ".join(f"- {a}" for a in theirs if a not in ours)[:300] + "; ".join(
                f"+ {a}" for a in ours if a not in theirs)[:300])
    assert not wrong, "\n".join(wrong)


def test_tocsinctl_gives_the_verdict_of_the_openmetrics_specification(work):
    own = work.own("tocsinctl")
    good = work.write("good", "# TYPE a counter\na_total 1\n# EOF\n")
    bad = work.write("bad", "# TYPE a counter\na_total -1\n# EOF\n")
    assert "SUCCESS" in work.run(own, "check", "metrics", "--strict", good)
    text = work.run(own, "check", "metrics", "--strict", good, bad, status=1)
    assert f"{bad}:2:9: Counter: total must not be negative" in text, text
    assert "SUCCESS" in work.run(own, "check", "metrics", "--strict", "-", stdin="# EOF\n")
    folder = os.environ.get("TOCSIN_CORPORA")
    for case in sorted(glob.glob(f"{folder}/exposition/openmetrics/*")) if folder else []:
        with open(f"{case}/test.json", encoding="utf-8") as verdict:
            is_good = json.load(verdict)["shouldParse"]
        work.run(own, "check", "metrics", "--strict", f"{case}/metrics", status=0 if is_good else 1)
