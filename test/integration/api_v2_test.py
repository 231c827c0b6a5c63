"""API v2 beside its published schema and Debian's Alertmanager: statuses, bodies, errors, parameters; where it is served."""
import http.client
import json
import os
import re
import socket
import subprocess

from openapi import Document
from support import Skip, free_port, get_json, http as call, need, wait_until

CONFIG = """
route:
  receiver: root
  group_by: [alertname]
  group_wait: 30s
  routes:
    - {receiver: pager, matchers: [severity="critical"], continue: true}
    - {receiver: dba, matchers: ['team=~"db|dba"']}
    - {receiver: night, matchers: [k=n], mute_time_intervals: [always]}
inhibit_rules: [{source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [alertname]}]
receivers: [{name: root}, {name: pager}, {name: dba}, {name: night}]
time_intervals: [{name: always, time_intervals: [{years: ['1990:2990']}]}]
"""
START, END = "2026-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
ALERTS = json.dumps([
    {"labels": {"alertname": "A", "severity": "critical", "i": "1"}, "annotations": {"s": "x <&> \u00e9"}, "startsAt": START, "endsAt": END,
     "generatorURL": "http://g/x?a=b&c=<d>"},
    {"labels": {"alertname": "A", "severity": "warning", "team": "db"}, "startsAt": START, "endsAt": END},
    {"labels": {"alertname": "B", "k": "n"}, "startsAt": START, "endsAt": END},
    {"labels": {"alertname": "C"}, "startsAt": START, "endsAt": END}])
UNKNOWN = "11111111-1111-1111-1111-111111111111"
KEEP = object()


def silence(**changes):
    body = {"matchers": [{"name": "alertname", "value": "C", "isRegex": False}], "startsAt": START, "endsAt": END,
            "createdBy": "me", "comment": "c"}
    body.update(changes)
    return json.dumps({name: value for name, value in body.items() if value is not KEEP})


def matcher(**fields):
    return silence(matchers=[fields])


def schema():
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    return Document(os.path.join(corpora, "alertmanager/openapi.yaml"))


def start_ours(work, *flags):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", CONFIG)
    work.start("ours", [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}", f"--storage.path={work.path('data')}",
                        f"--web.listen-address={address}", *flags], f"http://{address}/-/ready")
    return address


def start_theirs(work):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", CONFIG)
    work.start("theirs", [need("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={work.path('theirs')}",
                          f"--web.listen-address={address}", "--cluster.listen-address="], f"http://{address}/-/ready")
    return address


def ask(address, method, path, body=None, headers=None):
    """(status, content type, text, headers)"""
    connection = http.client.HTTPConnection(address, timeout=10)
    fields = {"Content-Type": "application/json"} if body is not None else {}
    fields.update(headers or {})
    connection.request(method, path, body=body, headers=fields)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.getheader("Content-Type"), text, answer


# Parameters with values that are good, empty, strange and wrong.
FLAGS = ["false", "true", "", "TRUE", "0", "1", "yes", "maybe"]
MATCHERS = ["alertname%3DA", "alertname", "", "alertname%3D%22", "%7Balertname%3D%22A%22%7D", "severity%3D", "severity%21%3D",
            "severity%21%3D%22critical%22", "nope%3D~", "alertname%3D~%22A%7CB%22", "alertname%3D~%22(%22", "i%3D1"]
RECEIVERS = ["pager", "pag", ".*r", "(", ""]
VALUES = {"filter": MATCHERS, "receiver": RECEIVERS, "receiver_matchers": ["name%3Dpager", "name", "name%3D~%22.%2A%22"]}
BAD_ALERTS = ["", "{", "null", "{}", "[1]", "[null]", "[{}]", '[{"labels":null}]', '[{"labels":{}}]', '[{"labels":[]}]', '[{"labels":{"a":1}}]',
              '[{"labels":{"a":null}}]', '[{"labels":{"":"x"}}]', '[{"labels":{"a":"b"},"startsAt":"yesterday"}]',
              '[{"labels":{"a":"b"},"startsAt":5}]', '[{"labels":{"a":"b"},"generatorURL":5}]', '[{"labels":{"a":""}}]',
              '[{"labels":{"a":"b"},"startsAt":"2030-01-01T00:00:00Z","endsAt":"2020-01-01T00:00:00Z"}]',
              '[{"labels":{"a":"b"},"annotations":5}]', '"x"', "5", '[{"annotations":{"a":"b"}}]']
BAD_SILENCES = ["nonsense", "", "null", "{}", "[]", '"x"', silence(matchers=[]), silence(matchers=KEEP), silence(matchers=None),
                silence(matchers="x"), silence(matchers=[5]), silence(matchers=[None]), matcher(), matcher(name="a"), matcher(name="a", value="b"),
                matcher(name="a", value="", isRegex=False), matcher(name="a", value="(", isRegex=True), matcher(name="", value="x", isRegex=False),
                matcher(name="a", value="x", isRegex="no"), matcher(name="a", value=5, isRegex=False), matcher(name="a", value=".*", isRegex=True),
                silence(startsAt=KEEP), silence(endsAt=KEEP), silence(createdBy=KEEP), silence(comment=KEEP), silence(createdBy=None),
                silence(comment=5), silence(startsAt="x"), silence(startsAt=END, endsAt=START), silence(endsAt=START),
                silence(endsAt="2026-01-02T00:00:00Z"), silence(id=UNKNOWN), silence(id=5)]


def check_errors_of_the_schema(status, kind, text):
    """go-openapi's own refusals, which no schema declares: an object of code and message."""
    assert kind == "application/json", kind
    body = json.loads(text)
    assert set(body) == {"code", "message"} and isinstance(body["code"], int) and body["message"], text


def test_each_answer_of_each_operation_is_what_the_schema_declares(work):
    document, address = schema(), start_ours(work)
    operations = {(method, path): operation for method, path, operation in document.operations()}
    seen = {}

    def check(method, path, target, body=None):
        status, kind, text, _ = ask(address, method, "/api/v2" + target, body)
        seen.setdefault((method, path), set()).add(status)
        try:
            if status in (405, 422) or (status == 400 and text.startswith("{")):
                check_errors_of_the_schema(status, kind, text)
            else:
                document.check_answer(operations[method, path], status, kind, text)
        except AssertionError as wrong:
            raise AssertionError(f"{method} {target} {body}: {wrong}") from None
        return text

    check("POST", "/alerts", "/alerts", ALERTS)
    created = json.loads(check("POST", "/silences", "/silences", silence()))["silenceID"]
    check("POST", "/silences", "/silences", silence(id=created, comment="changed"))
    ended = json.loads(check("POST", "/silences", "/silences", silence(endsAt="2089-01-01T00:00:00Z")))["silenceID"]
    check("DELETE", "/silence/{silenceID}", f"/silence/{ended}")
    check("POST", "/silences", "/silences", silence(startsAt="2080-01-01T00:00:00Z"))
    for (method, path), operation in operations.items():
        if method != "GET" or "{" in path:
            continue
        check(method, path, path)
        for parameter in document.query_parameters(operation):
            values = FLAGS if parameter["type"] == "boolean" else VALUES[parameter["name"]]
            for value in values:
                check(method, path, f"{path}?{parameter['name']}={value}")
    for method in ("GET", "DELETE"):
        for name in (created, ended, UNKNOWN, "nope", UNKNOWN + "1"):
            check(method, "/silence/{silenceID}", f"/silence/{name}")
    for body in BAD_ALERTS:
        check("POST", "/alerts", "/alerts", body)
    for body in BAD_SILENCES:
        check("POST", "/silences", "/silences", body)
    assert set(seen) == set(operations), set(operations) - set(seen)
    # 500 is declared, too, for what cannot happen here.
    for operation, declared in operations.items():
        wanted = {int(status) for status in declared["responses"]} - {500}
        assert wanted <= seen[operation], (operation, wanted - seen[operation])

    # Every property that the schema knows is there.
    alert = next(a for a in get_json(f"http://{address}/api/v2/alerts?filter=i%3D1"))
    assert set(alert) == document.names({"$ref": "#/definitions/gettableAlert"}), alert
    group = get_json(f"http://{address}/api/v2/alerts/groups")[0]
    assert set(group) == document.names({"$ref": "#/definitions/alertGroup"}), group
    one = get_json(f"http://{address}/api/v2/silence/{created}")
    assert set(one) == document.names({"$ref": "#/definitions/gettableSilence"}), one
    assert set(get_json(f"http://{address}/api/v2/receivers")[0]) == document.names({"$ref": "#/definitions/receiver"})


def normal(text):
    """Without ids, times of change, and what 0.25 does not know; the order of keys does not count."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda m: m[0] if m[0] == UNKNOWN else "<id>", text)
    text = re.sub(r'"updatedAt":"[^"]*"', '"updatedAt":""', text)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(without_news(value), sort_keys=True)


def without_news(value):
    if isinstance(value, list):
        return [without_news(item) for item in value]
    if isinstance(value, dict):
        known = {name: without_news(item) for name, item in value.items() if name not in ("mutedBy", "routeLabels")}
        if "status" in known and "createdBy" in known and known.get("annotations") == {}:
            del known["annotations"]
        if set(known) == {"name", "labels"}:
            del known["labels"]
        return known
    return value


def requests():
    """(method, path, body, headers) that 0.25 and 0.34 answer alike, but for what adapted() says."""
    json_type = {"Content-Type": "application/json"}
    out = []
    for flag in ("active", "silenced", "inhibited", "unprocessed"):
        out += [("GET", f"{path}?{flag}={value}", None, {}) for path in ("/alerts", "/alerts/groups") for value in FLAGS
                if (path, flag) != ("/alerts/groups", "unprocessed")]
    # 0.25 words an expression in braces in another way.
    out += [("GET", f"{path}?filter={value}", None, {}) for path in ("/alerts", "/alerts/groups", "/silences")
            for value in MATCHERS if not value.startswith("%7B")]
    out += [("GET", f"{path}?receiver={value}", None, {}) for path in ("/alerts", "/alerts/groups") for value in RECEIVERS]
    out += [("GET", "/alerts?active=false&silenced=false", None, {}), ("GET", "/alerts?active=true&active=false", None, {}),
            ("GET", "/alerts?filter=alertname%3DA&filter=severity%3Dcritical", None, {}), ("GET", "/receivers", None, {}),
            ("GET", "/alerts?unknown=1", None, {}), ("GET", "/nope", None, {}), ("GET", "/alerts/x", None, {})]
    out += [("POST", "/alerts", body, json_type) for body in BAD_ALERTS if body != "[null]"]  # which 0.25 panics at
    out += [("POST", "/silences", body, json_type) for body in BAD_SILENCES if "null]" not in body]
    out += [("POST", "/alerts", "[]", {"Content-Type": kind}) for kind in ("text/plain", "application/json; charset=utf-8", "nonsense")]
    out += [("POST", path, "x", {"Content-Type": "text/plain"}) for path in ("/alerts", "/silences")]
    for name in (UNKNOWN, UNKNOWN.replace("-", ""), "nope", UNKNOWN + "1", UNKNOWN[:-1] + "Z"):
        out += [(method, f"/silence/{name}", None, {}) for method in ("GET", "DELETE")]
    out += [(method, path, None, {}) for method, path in (("PUT", "/alerts"), ("PATCH", "/silences"), ("POST", "/status"),
                                                         ("DELETE", "/receivers"), ("POST", f"/silence/{UNKNOWN}"))]
    return out


def comparable(status, kind, text):
    """What both say in their own words is reduced to what it is."""
    body = normal(text)
    if status == 400 and "parsing" in text and "failed, because" in text:  # Go's errors of JSON and of times
        body = body.partition("failed, because")[0]
    if status == 405:
        body = re.sub(r"\[[A-Z,]+\]", lambda m: str(sorted(m[0][1:-1].split(","))), body)
    if "error parsing regexp" in text:
        body = body.partition(": `")[0]
    for old, new in (("silence invalid", "invalid silence"), (" in set 0", ""), ("matcher set 0: ", "")):
        body = body.replace(old, new)
    return status, kind, body


def adapted(method, path, answer):
    """What 0.34 answers where the real 0.25 answers otherwise. Source: Alertmanager api/v2/api.go of both."""
    if method == "DELETE" and answer[0] == 500 and "silence not found" in answer[2]:
        return 404, None, ""
    if method == "POST" and "silence not found" in answer[2]:
        return 404, "application/json", answer[2]
    return answer


def test_the_answers_are_those_of_debians_alertmanager(work):
    ours, theirs = start_ours(work), start_theirs(work)
    alerts = json.dumps([alert for alert in json.loads(ALERTS) if "k" not in alert["labels"]])  # 0.25 does not tell of mute times
    for address in (ours, theirs):
        assert ask(address, "POST", "/api/v2/alerts", alerts)[0] == 200
        assert ask(address, "POST", "/api/v2/silences", silence(startsAt="2080-01-01T00:00:00Z"))[0] == 200
    compared = 0
    for method, path, body, headers in requests():
        expected = adapted(method, path, comparable(*ask(theirs, method, "/api/v2" + path, body, headers)[:3]))
        got = comparable(*ask(ours, method, "/api/v2" + path, body, headers)[:3])
        assert got == expected, (method, path, body, headers, got, expected)
        compared += 1
    assert compared > 150, compared
    for method, path in (("GET", "/-/healthy"), ("GET", "/-/ready"), ("POST", "/-/reload")):
        assert ask(ours, method, path)[0::2] == ask(theirs, method, path)[0::2], path
    # Not what is of the inside of the other program: gossip, the files of its state, its HTTP server and dispatcher.
    names = re.compile(r"^# TYPE (alertmanager_(?!cluster|nflog|silences_|peer|oversize|http|dispatcher_alert_processing|marked)\w+) (\w+)", re.M)
    known = dict(names.findall(ask(ours, "GET", "/metrics")[2]))
    missing = {name: kind for name, kind in names.findall(ask(theirs, "GET", "/metrics")[2]) if known.get(name) != kind}
    assert not missing, missing

    def config_hash(address):
        return re.search(r"^alertmanager_config_hash (\S+)", ask(address, "GET", "/metrics")[2], re.M)[1]
    assert float(config_hash(ours)) == float(config_hash(theirs))


ROUTED = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 30s
  labels: {{team: '{{{{ .GroupLabels.alertname }}}}-team', owner: 'of {{{{ routeLabels "team" }}}}', n: '{{{{ len .Alerts }}}}', bad: '{{{{ template "no" }}}}'}}
  routes: [{{matchers: [severity="critical"], labels: {{team: pagers}}}}]
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/hook'}}]}}]
"""


def test_a_ruler_is_an_alertmanager_below_a_prefix_and_on_an_address_of_its_own(work):
    sink = work.sink()
    own = f"127.0.0.1:{free_port()}"
    quiet = work.write("prometheus.yml", "global: {scrape_interval: 1s}\n")
    routes = work.write("alertmanager.yml", ROUTED.format(url=sink.url))
    program, base = start_ruler(work, quiet, routes, own)
    amtool = need("amtool")
    bases = [base, f"{base}/alertmanager", f"http://{own}"]
    for number, url in enumerate(bases):
        work.run(amtool, f"--alertmanager.url={url}", "alert", "add", f"A{number}", "severity=critical" if number else "severity=low",
                 "--end=2090-01-01T00:00:00Z")
        work.run(amtool, f"--alertmanager.url={url}", "silence", "add", f"alertname=S{number}", "-c", "c", "-a", "me")
    for url in bases:
        assert [a["labels"]["alertname"] for a in get_json(f"{url}/api/v2/alerts?receiver=hook")].count("A1") == 1
        assert len(get_json(f"{url}/api/v2/silences")) == 3
        listed = work.run(amtool, f"--alertmanager.url={url}", "alert", "query")
        assert "A0" in listed and "A2" in listed, listed
    for url in bases[1:]:
        assert call(f"{url}/-/healthy") == (200, "OK") and call(f"{url}/-/ready") == (200, "OK")
        assert call(f"{url}/api/v1/alerts")[0] == 410
        page = call(f"{url}/metrics")[1]
        for name in ("alertmanager_alerts{", "alertmanager_alerts_received_total{", "alertmanager_notifications_total{",
                     "alertmanager_notification_latency_seconds_bucket{", "alertmanager_config_hash ", "alertmanager_build_info{",
                     "alertmanager_silences{", "alertmanager_cluster_enabled 0", "process_start_time_seconds "):
            assert name in page, name

    # Route labels as the next notification would have them; one that cannot be rendered is left out.
    groups = {g["labels"]["alertname"]: g["routeLabels"] for g in get_json(f"http://{own}/api/v2/alerts/groups")}
    assert groups["A0"] == {"team": "A0-team", "owner": "of A0-team", "n": "1"}, groups
    assert groups["A1"] == {"team": "pagers", "owner": "of pagers", "n": "1"}, groups

    # /-/reload: always where an Alertmanager is expected, below the prefix only if the ruler lets itself be reloaded.
    assert call(f"{bases[1]}/-/reload", method="POST")[0] == 403
    work.write("alertmanager.yml", ROUTED.format(url=sink.url).replace("of {{ routeLabels", "with {{ routeLabels"))
    assert call(f"http://{own}/-/reload", method="POST") == (200, "")
    groups = {g["labels"]["alertname"]: g["routeLabels"] for g in get_json(f"http://{own}/api/v2/alerts/groups")}
    assert groups["A1"]["owner"] == "with pagers", groups
    work.write("alertmanager.yml", "route: {receiver: nobody}\n")
    status, text = call(f"http://{own}/-/reload", method="POST")
    assert status == 500 and "alertmanager.yml:1:" in text, text
    assert "alertmanager_config_last_reload_successful 0" in call(f"http://{own}/metrics")[1]
    assert program.stop() == 0


def start_ruler(work, config, routes, own):
    """A ruler below /tocsin of one address, and an Alertmanager at another."""
    address = f"127.0.0.1:{free_port()}"
    data = work.path("data")
    program = work.start("ruler", [work.own("tocsin-ruler"), f"--config.file={config}", f"--alertmanager.config.file={routes}",
                                   f"--storage.tsdb.path={data}", f"--web.listen-address={address}", "--web.route-prefix=/tocsin",
                                   f"--alertmanager.listen-address={own}"], f"http://{address}/tocsin/-/ready")
    return program, f"http://{address}/tocsin"


def test_debians_prometheus_and_vmalert_page_through_the_second_address(work):
    sink = work.sink()
    own = f"127.0.0.1:{free_port()}"
    quiet = work.write("quiet.yml", "global: {scrape_interval: 1s}\n")
    routes = work.write("alertmanager.yml", CONFIG_HOOK.format(url=sink.url))
    _, base = start_ruler(work, quiet, routes, own)
    rules = work.write("rules.yml", "groups: [{name: g, rules: [{alert: FromPrometheus, expr: vector(1)}]}]\n")
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{own}']}}]}}]}}
""")
    work.prometheus(config, "prometheus", "--rules.alert.resend-delay=1s")
    others = work.write("vmalert.yml", "groups: [{name: g, rules: [{alert: FromVmalert, expr: vector(1)}]}]\n")
    work.start("vmalert", [need("vmalert"), f"-rule={others}", f"-datasource.url={base}", f"-notifier.url=http://{own}",
                           f"-notifier.url={base}/alertmanager", "-evaluationInterval=1s", f"-httpListenAddr=127.0.0.1:{free_port()}"])
    for name in ("FromPrometheus", "FromVmalert"):
        wait_until(lambda: [r for r in sink.got("/hook") if r["body"]["groupLabels"]["alertname"] == name], name)


CONFIG_HOOK = """
route: {{receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/hook'}}]}}]
"""


def test_flags_of_the_gossip_are_accepted_and_say_what_serves_instead(work):
    flags = ["--cluster.listen-address=0.0.0.0:9094", "--cluster.advertise-address=10.0.0.1:9094", "--cluster.peer=a:9094", "--cluster.peer=b:9094",
             "--cluster.peer-name=me", "--cluster.peer-timeout=15s", "--cluster.peers-resolve-timeout=15s", "--cluster.gossip-interval=200ms",
             "--cluster.pushpull-interval=1m", "--cluster.tcp-timeout=10s", "--cluster.probe-timeout=500ms", "--cluster.probe-interval=1s",
             "--cluster.settle-timeout=1m", "--cluster.reconnect-interval=10s", "--cluster.reconnect-timeout=6h", "--cluster.tls-config=tls.yml",
             "--cluster.allow-insecure-public-advertise-address-discovery", "--cluster.label=x", "--data.maintenance-interval=15m",
             "--alerts.gc-interval=30m", "--dispatch.maintenance-interval=30s", "--dispatch.start-delay=0s", "--web.get-concurrency=5",
             "--silences.max-silences=-1", "--silences.max-silence-size-bytes=0", "--enable-feature=utf8-strict-mode"]
    address = start_ours(work, *flags)
    log = work.programs[0].text()
    for flag in flags:
        name = flag.split("=")[0]
        if name.startswith("--cluster"):
            assert f"{name} has no effect" in log, name
    assert "survive a restart" in log and "alerting.alertmanagers" in log
    # The feature has one.
    assert ask(address, "GET", "/api/v2/alerts?filter=a%3D%22b")[0] == 400
    assert ask(address, "GET", "/api/v2/alerts?filter=a%3Db%3Dc")[0] == 400
    assert "utf8" in work.run(work.own("tocsin-ruler"), "alertmanager", "--help")
    assert "unknown option 'nope'" in work.run(work.own("tocsin-ruler"), "alertmanager", "--enable-feature=nope", status=1)


def test_without_gossip_there_is_no_warning(work):
    address = start_ours(work, "--cluster.listen-address=")
    assert ask(address, "GET", "/api/v2/status")[0] == 200
    assert "has no effect" not in work.programs[0].text()


def test_limits_of_silences_hold(work):
    address = start_ours(work, "--silences.max-silences=1", "--silences.max-silence-size-bytes=400")
    assert ask(address, "POST", "/api/v2/silences", silence(comment="x" * 400))[0] == 400
    assert ask(address, "POST", "/api/v2/silences", silence())[0] == 200
    status, _, text, _ = ask(address, "POST", "/api/v2/silences", silence())
    assert (status, text) == (400, '"exceeded maximum number of silences: 1 (limit: 1)"'), text


def test_an_alertname_has_its_limit_and_each_change_of_a_silence_is_logged(work):
    address = start_ours(work, "--alerts.per-alertname-limit=2", "--log.silences")
    alerts = [{"labels": {"alertname": "Wild", "i": str(i)}, "endsAt": END} for i in range(5)] + [{"labels": {"alertname": "Tame"}}]
    assert ask(address, "POST", "/api/v2/alerts", json.dumps(alerts))[0] == 200
    assert sorted(a["labels"]["alertname"] for a in get_json(f"http://{address}/api/v2/alerts")) == ["Tame", "Wild", "Wild"]
    page = ask(address, "GET", "/metrics")[2]
    assert "\nalertmanager_alerts_limited_total 3\n" in page and "\nalertmanager_alerts_per_alert_limit 2\n" in page
    wild = {"matchers": [{"name": "alertname", "value": "W.*", "isRegex": True}]}
    identity = json.loads(ask(address, "POST", "/api/v2/silences", silence(**wild))[2])["silenceID"]
    began = get_json(f"http://{address}/api/v2/silence/{identity}")["startsAt"]
    assert ask(address, "POST", "/api/v2/silences", silence(**wild, id=identity, startsAt=began, comment="longer"))[0] == 200
    assert ask(address, "DELETE", f"/api/v2/silence/{identity}")[0] == 200
    log = work.programs[0].text()
    assert log.count("too many alerts of one name") == 1 and "alertname=Wild" in log
    lines = [line for line in log.splitlines() if "component=silences" in line]
    for line, what in zip(lines, ("create", "update", "expire"), strict=True):
        assert f'msg="{what} silence"' in line and f"Id={identity}" in line and '"alertname=~W.*"' in line and "CreatedBy=me" in line, line
    assert "EndsAt=2090-01-01T00:00:00Z" in lines[0] and "Comment=longer" in lines[1], lines


def test_a_request_that_takes_longer_than_the_timeout_is_answered(work):
    address = start_ours(work, "--web.timeout=5ms")
    body = json.dumps([{"labels": {"alertname": "A", "i": str(i), "text": "x" * 400}, "endsAt": END} for i in range(40_000)])
    status, _, text, _ = ask(address, "POST", "/api/v2/alerts", body)
    assert status == 503 and "too long" in text, (status, text)
    wait_until(lambda: ask(address, "GET", "/-/healthy")[0] == 200, "an answer in time")


def test_sockets_of_systemd_are_listened_on(work):
    """What systemd does: the socket is descriptor 3, LISTEN_PID says whose it is."""
    config = work.write("alertmanager.yml", CONFIG)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        os.set_inheritable(listener.fileno(), True)
        command = [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}", f"--storage.path={work.path('data')}",
                   "--web.systemd-socket"]
        shell = f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        program = subprocess.Popen(["bash", "-c", shell, "bash", *command], pass_fds=[listener.fileno()], cwd=work.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ask(address, "GET", "/-/ready")[0] == 200, "an answer on systemd's socket")
    finally:
        program.kill()
        program.wait(10)
    assert "no socket activation file descriptors found" in work.run(*command, status=1)
