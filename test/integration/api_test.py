"""Prometheus' HTTP API: recorded answers, its OpenAPI document, its 2.42 beside us, and the calls of its clients."""
import json
import os
import socket
import threading
import time
import urllib.parse
import urllib.request

from json_shape import differences, violations
from support import Skip, free_port, get_json, http, need, query, wait_until

RULES = """
groups:
  - name: probe
    interval: 1s
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: AlwaysFiring
        expr: vector(1)
        labels: {severity: warning}
        annotations: {summary: 'always {{ $value }}'}
  - name: second
    interval: 1s
    rules:
      - record: one
        expr: vector(1)
"""


def corpus(*parts):
    folder = os.environ.get("TOCSIN_CORPORA")
    if not folder:
        raise Skip("TOCSIN_CORPORA is not set")
    return os.path.join(folder, "http-api", *parts)


def page(path, body):
    """A target with every type, an exemplar and hard labels."""
    return 200, "application/openmetrics-text; version=1.0.0", """# TYPE app_orders counter
# HELP app_orders Orders <taken>.
app_orders_total{path="/a \\"q\\"\\\\ \\n",status="200"} 3 # {trace_id="abc"} 1
# TYPE app_load gauge
# HELP app_load Load.
app_load 0.5
# TYPE app_seconds histogram
# HELP app_seconds Spread.
app_seconds_bucket{le="0.1"} 1
app_seconds_bucket{le="+Inf"} 2
app_seconds_sum 0.4
app_seconds_count 2
# EOF
"""


def start(work, peer="", *flags):
    """A ruler with rules, alerts, targets that are up, down and dropped, and an Alertmanager."""
    work.write("rules.yml", RULES)
    target, alertmanager = work.sink(page), work.sink()
    address = f"127.0.0.1:{free_port()}"
    config = work.write("prom.yml", f"""
global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: {{cluster: probe}}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.url[7:]}']}}]}}]
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ['{target.url[7:]}', '127.0.0.1:1', 'dropped:80']}}]
    relabel_configs:
      - {{source_labels: [__address__], regex: 'dropped:.*', action: drop}}
      - {{target_label: site, replacement: x}}
  - job_name: self
    static_configs: [{{targets: ['{address}']}}]
{peer}""")
    _, ruler = work.ruler(config, None, *flags, address=address)
    wait_until(lambda: len(query(ruler, "job:up:sum")) >= 2 and query(ruler, "app_load"), "rules and targets have run")
    wait_until(lambda: get_json(f"{ruler}/api/v1/alerts")["data"]["alerts"], "the alert fires")
    return ruler


def ask(base, path, params=(), method="GET"):
    """(status, the fields that matter, text)."""
    form = urllib.parse.urlencode(list(params))
    url, data = f"{base}{path}", None
    if method == "GET":
        url += f"?{form}" if form else ""
    else:
        data = form.encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, fields(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, fields(error.headers), error.read().decode()


def fields(headers):
    """Those that a client may act on. DELETE /series went with Prometheus 3."""
    found = {name: headers[name] for name in ("Content-Type", "X-Content-Type-Options", "Allow") if name in headers}
    if "Allow" in found:
        found["Allow"] = found["Allow"].replace("DELETE, ", "")
    return found


# What 3.14 has that 2.42 had not, by its source.
SINCE_242 = {
    "runtimeinfo": {".data.GOMEMLIMIT", ".data.hostname", ".data.serverTime"},
    "targets": {".data.droppedTargetCounts", ".data.droppedTargets[].scrapePool"},
    "rules": {".data.groups[].rules[].labels"},
    "stats": {".data.stats.samples.samplesRead"},
}
RECORDED = {
    "query": "/api/v1/query?query=up", "query_err": "/api/v1/query?query=sum(",
    "query_noparam": "/api/v1/query", "query_scalar": "/api/v1/query?query=1",
    "query_string": "/api/v1/query?query=%22x%22", "stats": "/api/v1/query?query=up&stats=true",
    "range": "/api/v1/query_range?query=up&start={ago}&end={now}&step=1",
    "range_badstep": "/api/v1/query_range?query=up&start=1&end=2&step=0",
    "range_toomany": "/api/v1/query_range?query=up&start=0&end=1000000&step=1",
    "labels": "/api/v1/labels", "labelbad": "/api/v1/label/a-b/values", "series_nomatch": "/api/v1/series",
    "meta": "/api/v1/metadata?limit=2", "tmeta": "/api/v1/targets/metadata", "targets": "/api/v1/targets",
    "scrape_pools": "/api/v1/scrape_pools", "rules": "/api/v1/rules", "alerts": "/api/v1/alerts",
    "ams": "/api/v1/alertmanagers", "exemplars": "/api/v1/query_exemplars?query=app_orders_total",
    "fmt": "/api/v1/format_query?query=sum(up)by(job)", "config": "/api/v1/status/config",
    "flags": "/api/v1/status/flags", "runtimeinfo": "/api/v1/status/runtimeinfo",
    "buildinfo": "/api/v1/status/buildinfo", "tsdb": "/api/v1/status/tsdb", "walreplay": "/api/v1/status/walreplay",
    "notfound": "/api/v1/nosuch",
}
# 3.x takes any UTF-8 name for a label: a-b is one, with no values here.
NOW_VALID = {"labelbad"}


def test_answers_look_like_those_recorded_from_prometheus(work):
    folder = corpus("answers-2.42")
    ruler = start(work)
    recorded = {name.removesuffix(".headers") for name in os.listdir(folder) if name.endswith(".headers")}
    assert recorded == set(RECORDED), recorded ^ set(RECORDED)
    problems = []
    for name, target in RECORDED.items():
        now = time.time()
        status, got_fields, text = ask(ruler, target.format(now=f"{now:.0f}", ago=f"{now - 5:.0f}"))
        with open(os.path.join(folder, f"{name}.headers"), encoding="utf-8") as lines:
            head = lines.read().splitlines()
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as golden:
            wanted = golden.read()
        if name in NOW_VALID:
            assert (status, json.loads(text)) == (200, {"status": "success", "data": []}), text
            continue
        wanted_fields = fields(dict(line.split(": ", 1) for line in head[1:] if ": " in line))
        if (status, got_fields) != (int(head[0].split()[1]), wanted_fields):
            problems.append(f"{name}: {status} {got_fields}, recorded {head[0]} {wanted_fields}")
        elif status >= 400:
            if text != reworded(wanted):
                problems.append(f"{name}: {text!r}, recorded {wanted!r}")
        elif name == "fmt":
            assert json.loads(text) == json.loads(wanted)
        elif name in ("flags", "meta"):
            values = [json.loads(side)["data"].values() for side in (wanted, text)]
            kinds = [{json.dumps(differences(list(values[0])[0], one)) for one in side} for side in values]
            if kinds != [{"[]"}, {"[]"}]:
                problems.append(f"{name}: {kinds}")
        else:
            found = differences(json.loads(wanted), json.loads(text), SINCE_242.get(name, frozenset()))
            problems += [f"{name}: {line}" for line in sorted(set(found))]
    assert not problems, "\n".join(problems)


# Values for parameters that an answer of 200 wants.
GOOD = {"query": "up", "start": "{ago}", "end": "{now}", "time": "{now}", "step": "1", "match[]": "up", "limit": "5",
        "timeout": "5s", "lookback_delta": "1m", "stats": "true", "name": "job", "limit_per_metric": "2",
        "metric": "app_load", "scrapePool": "app", "state": "any", "match_target": '{job="app"}',
        "labels": '{"__address__": "a:1"}', "type": "alert", "rule_name[]": "AlwaysFiring", "rule_group[]": "probe",
        "file[]": "", "exclude_alerts": "false", "group_limit": "1", "metric_name_pattern": "tocsin_.*"}
# Closed, not built, or not JSON: docs/differences.md.
CLOSED = {"/read", "/write", "/otlp/v1/metrics", "/notifications/live", "/search/metric_names", "/search/label_names",
          "/search/label_values", "/admin/tsdb/delete_series", "/admin/tsdb/clean_tombstones", "/admin/tsdb/snapshot"}


def test_answers_fit_the_openapi_document_of_prometheus(work):
    try:
        import yaml
    except ImportError:
        raise Skip("python3-yaml is not installed") from None
    with open(corpus("openapi_3.2.yaml"), encoding="utf-8") as text:
        spec = yaml.safe_load(text)
    ruler = start(work)
    problems, checked = [], 0
    for path, item in spec["paths"].items():
        if path in CLOSED:
            continue
        for method in {"get", "post"} & set(item):
            operation = item[method]
            names = [(p["name"], p.get("required", False)) for p in operation.get("parameters", [])]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                body = spec["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
                names += [(name, name in body.get("required", [])) for name in body.get("properties", {})]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            values = dict(GOOD)
            if path == "/rules":
                values["file[]"] = get_json(f"{ruler}/api/v1/rules")["data"]["groups"][0]["file"]
            now = time.time()
            values = {k: v.replace("{now}", f"{now:.3f}").replace("{ago}", f"{now - 5:.3f}") for k, v in values.items()}
            required = [(name, values[name]) for name, needed in names if needed and name != "name"]
            optional = [(name, values[name]) for name, needed in names if not needed and name in values]
            url = "/api/v1" + path.replace("{name}", values["name"])
            for params in [required, *[required + [one] for one in optional], required + optional]:
                params = [p for p in params if not (path == "/rules" and p[0] == "group_next_token")]
                status, _, text = ask(ruler, url, params, method.upper())
                checked += 1
                if status != 200:
                    problems.append(f"{method} {path} {params}: {status} {text[:200]}")
                    continue
                problems += [f"{method} {path} {params}: {line}" for line in violations(schema, json.loads(text), spec)[:3]]
            wrong = operation["responses"]["default"]["content"]["application/json"]["schema"]
            if required:
                status, _, text = ask(ruler, url, [], method.upper())
                checked += 1
                # Nothing to read, or a parameter is missing: an error of the document's shape.
                if status < 400 or violations(wrong, json.loads(text), spec):
                    problems.append(f"{method} {path} without parameters: {status} {text[:200]}")
    assert checked > 100, checked
    assert not problems, f"{len(problems)} of {checked}:\n" + "\n".join(problems[:40])


def normal(text):
    """A comparable answer: no order where there is none, no statistics of the process."""
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    if isinstance(answer, dict) and isinstance(answer.get("data"), dict):
        data = answer["data"]
        data.pop("stats", None)
        if data.get("resultType") in ("vector", "matrix"):
            data["result"].sort(key=lambda one: json.dumps(one["metric"], sort_keys=True))
    return answer


def requests_of(end):
    """Requests with right and wrong parameters, GET and POST."""
    times = [f"{end:.3f}", f"{end - 1:.3f}", "", "x", "2020-01-01T00:00:00Z", "-1", "0"]
    expressions = ["app_load", "sum(app_load) by (job)", "1", "'x'", "app_load[3s]", "rate(app_orders_total[5s])", "nosuch",
                   "", "(", "sum(", "app_load{", "app_load and 1", "topk(1, app_load)", "app_load offset 1s", "foo bar",
                   'app_load{a="b"', "rate(app_load)", "time()", "-app_load", "app_load > bool 0", "count({job='app'})"]
    for expression in expressions:
        yield "GET", "/api/v1/query", [("query", expression), ("time", f"{end:.3f}")]
        yield "POST", "/api/v1/query", [("query", expression), ("time", f"{end:.3f}")]
        yield "GET", "/api/v1/query_range", [("query", expression), ("start", f"{end - 4:.3f}"), ("end", f"{end:.3f}"), ("step", "1")]
        yield "GET", "/api/v1/format_query", [("query", expression)]
    for at in times:
        yield "GET", "/api/v1/query", [("query", "1"), ("time", at or f"{end:.0f}")]
        yield "GET", "/api/v1/series", [("match[]", "app_load"), ("start", at), ("end", f"{end:.3f}")]
        yield "GET", "/api/v1/labels", [("match[]", "{job='app'}"), ("start", at)]
        yield "GET", "/api/v1/query_exemplars", [("query", "nosuch"), ("start", at)]
        for other in times:
            yield "GET", "/api/v1/query_range", [("query", "1"), ("start", at), ("end", other), ("step", "1000000")]
    for step in ("", "0", "-1", "x", "1m", "0.5", "1e30", "NaN", "1x", "5s"):
        yield "GET", "/api/v1/query_range", [("query", "app_load"), ("start", f"{end - 4:.3f}"), ("end", f"{end:.3f}"), ("step", step)]
    for timeout in ("", "x", "1m", "2", "1e30"):
        yield "GET", "/api/v1/query", [("query", "1"), ("time", f"{end:.0f}"), ("timeout", timeout)]
    for selector in ("app_load", "{job='app'}", "{}", "{a=~'.*'}", "", "app_load[5m]", "sum(app_load)", "{", "app_load offset 5m",
                     "nosuch", '{__name__=~"app_.+"}'):
        yield "GET", "/api/v1/series", [("match[]", selector)]
        yield "POST", "/api/v1/series", [("match[]", selector), ("match[]", "app_load")]
        yield "GET", "/api/v1/labels", [("match[]", selector)]
        yield "GET", "/api/v1/label/job/values", [("match[]", selector)]
    for extra in ([("nosuch", "1")], [("query", "2")], [("match[]", "app_load"), ("match[]", "app_load")]):
        yield "GET", "/api/v1/query", [("query", "1"), ("time", f"{end:.0f}"), *extra]
        yield "GET", "/api/v1/labels", [("match[]", "{job='app'}"), *extra]
    for path in ("/api/v1/nosuch", "/api/v1/", "/api/v1/label//values", "/api/v1/series/x", "/api/v1/label/job/nosuch"):
        yield "GET", path, []
    for typ in ("", "alert", "record", "ALERT", "x"):
        yield "GET", "/api/v1/rules", [("type", typ)]
    for limit in ("", "0", "1", "-1", "x", "1.5"):
        yield "GET", "/api/v1/metadata", [("limit", limit), ("metric", "nosuch")]
        yield "GET", "/api/v1/targets/metadata", [("limit", limit), ("metric", "nosuch")]
        yield "GET", "/api/v1/targets/metadata", [("match_target", "{job='nosuch'}"), ("limit", limit)]
    for selector in ("{", "x{", "sum(x)"):
        yield "GET", "/api/v1/targets/metadata", [("match_target", selector)]
        yield "GET", "/federate", [("match[]", selector)]
    for query in ("query=1", "query=%zz", "query=1&query=2", "query=1&time=%d" % end, "query=nosuch&limit=0&limit=x"):
        yield "POST", f"/api/v1/query?{query}", [("query", "2"), ("time", f"{end:.0f}")]
        yield "GET", f"/api/v1/labels?{query}&match[]=nosuch", []
    for method, path in (("GET", "/api/v1/admin/tsdb/snapshot"), ("POST", "/api/v1/targets"), ("DELETE", "/api/v1/query"),
                         ("PUT", "/api/v1/series"), ("POST", "/federate"), ("POST", "/api/v1/rules")):
        yield method, path, []
    yield "GET", "/api/v1/alertmanagers", []
    yield "POST", "/api/v1/admin/tsdb/snapshot", []
    yield "POST", "/api/v1/admin/tsdb/delete_series", []
    yield "POST", "/api/v1/admin/tsdb/clean_tombstones", []


def same_error(theirs, ours):
    """2.42's parser writes `1:4: parse error:` as 3.14's, but knows other tokens, and words some errors otherwise."""
    return ours.get("status") == theirs.get("status") == "error" and ours["errorType"] == theirs["errorType"]


# What 2.42 says otherwise than 3.14 does.
REWORDED = [("Invalid time value for", "invalid time value for"), ('\\"query\\": 1:1: parse error: no expr', '\\"query\\": unknown position: parse error: no expr'),
            ('"error":"invalid expression type', '"error":"invalid parameter \\"query\\": invalid expression type'),
            ('"error":"1:1: parse error: no expr', '"error":"unknown position: parse error: no expr')]


def reworded(text):
    for old, new in REWORDED:
        text = text.replace(old, new)
    return text


# A step of NaN is an arbitrary duration in Go: not the same in two releases.
def undefined(params):
    return ("step", "NaN") in params


def test_the_same_questions_have_the_answers_of_prometheus(work):
    target = work.sink(lambda path, body: (200, "text/plain; version=0.0.4", "# TYPE app_load gauge\napp_load 0.5\n"
                                           "# TYPE app_orders_total counter\napp_orders_total{path=\"/\"} 3\n"))
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ['{target.url[7:]}']}}]
""")
    _, prometheus = work.prometheus(config)
    _, ruler = work.ruler(config)
    both = (prometheus, ruler)
    wait_until(lambda: all(len(query(base, "app_load[9s]")[0]["values"]) >= 8 for base in both), "both have scraped")
    end = time.time() - 0.5
    newest = [("query", "timestamp(app_load)")]
    wait_until(lambda: all(float(json.loads(ask(base, "/api/v1/query", newest)[2])["data"]["result"][0]["value"][1]) > end
                           for base in both), "both have samples beyond the end")
    unequal, count, only_kind = [], 0, 0
    for method, path, params in requests_of(end):
        count += 1
        theirs, ours = (ask(base, path, params, method) for base in both)
        if undefined(params):
            continue
        a, b = normal(reworded(theirs[2])), normal(ours[2])
        if theirs[:2] == ours[:2] and comparable(a) == comparable(b):
            continue
        if theirs[:2] == ours[:2] and isinstance(a, dict) and isinstance(b, dict) and same_error(a, b) and "parse error" in a["error"]:
            only_kind += 1
            continue
        unequal.append(f"{method} {path} {params}\n   Prometheus: {theirs[0]} {theirs[1]} {theirs[2][:300]}\n"
                       f"   Tocsin:     {ours[0]} {ours[1]} {ours[2][:300]}")
    assert count > 200, count
    print(f"      {count} requests, {only_kind} syntax errors in other words than 2.42's")
    assert not unequal, f"{len(unequal)} of {count} differ:\n" + "\n".join(unequal[:40])


def comparable(answer):
    """Without the times of scrapes, which are each server's own: a range keeps the values."""
    if not isinstance(answer, dict):
        return answer
    data = answer.get("data")
    if isinstance(data, dict) and data.get("resultType") == "matrix":
        for series in data["result"]:
            series["values"] = sorted({value for _, value in series["values"]})
    return answer


def test_the_calls_of_grafana_and_of_the_web_ui_are_answered(work):
    ruler = start(work)
    now = time.time()
    span = [("start", f"{now - 60:.3f}"), ("end", f"{now:.3f}")]
    limit = [("limit", "40000")]
    calls = [
        ("POST", "query", [("query", "1+1"), ("time", f"{now:.3f}")]), ("GET", "status/buildinfo", []),
        ("POST", "query_range", [("query", "up"), *span, ("step", "15"), ("timeout", "60s")]),
        ("POST", "query_exemplars", [("query", "app_orders_total"), *span]), ("POST", "labels", [*span, *limit]),
        ("POST", "series", [("match[]", "up"), *span, *limit]), ("GET", "metadata", limit), ("GET", "rules", []),
        ("GET", "label/__name__/values", [*span, *limit]), ("GET", "label/job/values", [("match[]", "up"), *span, *limit]),
        ("GET", "scrape_pools", []), ("GET", "targets", [("state", "active"), ("scrapePool", "app")]),
        ("GET", "targets", [("state", "dropped")]), ("GET", "status/runtimeinfo", []), ("GET", "status/tsdb", []),
        ("GET", "status/flags", []), ("GET", "status/config", []), ("GET", "alertmanagers", []), ("GET", "features", []),
        ("GET", "notifications", []), ("GET", "parse_query", [("query", "sum(rate(app_orders_total[5m])) by (job)")]),
        ("GET", "scrape_pools/config", [("scrapePool", "app")]), ("GET", "status/walreplay", []),
        ("GET", "targets/relabel_steps", [("scrapePool", "app"), ("labels", '{"__address__": "dropped:1"}')]),
        ("GET", "rules", [("type", "alert"), ("group_limit", "1"), ("exclude_alerts", "true")]),
    ]
    for method, path, params in calls:
        status, got_fields, text = ask(ruler, f"/api/v1/{path}", params, method)
        assert (status, got_fields) == (200, {"Content-Type": "application/json"}), (path, status, text[:300])
        assert json.loads(text)["status"] == "success", text[:300]
    assert "features" not in get_json(f"{ruler}/api/v1/status/buildinfo")["data"]  # else Grafana takes us for a Mimir
    dropped = get_json(f"{ruler}/api/v1/targets?state=dropped")["data"]
    assert dropped["droppedTargetCounts"] == {"app": 1, "self": 0} and dropped["activeTargets"] == []
    steps = get_json(f"{ruler}/api/v1/targets/relabel_steps?" + urllib.parse.urlencode(
        {"scrapePool": "app", "labels": '{"__address__": "a:1"}'}))["data"]["steps"]
    assert [(s["keep"], s["output"].get("site")) for s in steps] == [(True, None), (True, "x")], steps
    exemplars = get_json(f"{ruler}/api/v1/query_exemplars?query=app_orders_total")["data"]
    assert exemplars[0]["exemplars"][0]["labels"] == {"trace_id": "abc"}, exemplars
    facts = get_json(f"{ruler}/api/v1/metadata?metric=app_load")["data"]
    assert facts == {"app_load": [{"type": "gauge", "help": "Load.", "unit": ""}]}, facts
    text = http(f"{ruler}/federate?" + urllib.parse.urlencode({"match[]": "app_load"}))[1].splitlines()
    assert text[0] == "# TYPE app_load untyped" and 'cluster="probe"' in text[1] and 'site="x"' in text[1], text


def test_notifications_come_as_they_happen(work):
    ruler = start(work)
    host, port = ruler[7:].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(b"GET /api/v1/notifications/live HTTP/1.1\r\nHost: x\r\n\r\n")
        seen = []

        def listen():
            while piece := stream.recv(4096):
                seen.append(piece.decode())

        threading.Thread(target=listen, daemon=True).start()
        wait_until(lambda: "text/event-stream" in "".join(seen), "the head of the stream")
        good = open(work.path("prom.yml"), encoding="utf-8").read()
        work.write("prom.yml", "global: {nosuch: 1}\n")
        program = next(p for p in work.programs if p.name == "ruler")
        program.signal(1)
        wait_until(lambda: '"text":"Configuration reload has failed."' in "".join(seen), "the failure is told")
        assert [n["active"] for n in get_json(f"{ruler}/api/v1/notifications")["data"]] == [True]
        work.write("prom.yml", good)
        program.signal(1)
        wait_until(lambda: '"active":false' in "".join(seen), "the end of it is told")
        assert get_json(f"{ruler}/api/v1/notifications")["data"] == []
        assert program.stop() == 0
        wait_until(lambda: "shutting down" in "".join(seen), "the end is told")


def test_tocsinctl_formats_promql_and_runs_scripts(work):
    ctl = work.own("tocsinctl")
    assert work.run(ctl, "promql", "format", "sum( up )by(job)") == "sum by (job) (up)\n"
    assert work.run(ctl, "promql", "format", "sum(", status=1) == "1:5: parse error: unclosed left parenthesis\n"
    good = work.write("good.test", "load 1m\n  m 1 2 3\n\neval instant at 2m m\n  m 3\n\neval range from 0 to 2m step 1m m\n  m 1 2 3\n")
    assert work.run(ctl, "test", "promql", good) == "2 passed, 0 failed\n"
    bad = work.write("bad.test", "load 1m\n  m 1 2 3\n\neval instant at 2m m\n  m 4\n")
    text = work.run(ctl, "test", "promql", good, bad, status=1)
    assert text == f'{bad}:4: m: {{__name__="m"}}: expected 4, got 3\n2 passed, 1 failed\n', text
    broken = work.write("broken.test", "laod 1m\n")
    text = work.run(ctl, "test", "promql", good, broken, status=2)
    assert text == f'{broken}:1: invalid command "laod 1m"\n2 passed, 0 failed\n', text
    missing = work.run(ctl, "test", "promql", work.path("nosuch.test"), status=2)
    assert "nosuch.test" in missing and missing.endswith("0 passed, 0 failed\n"), missing
