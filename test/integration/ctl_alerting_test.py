"""`tocsinctl alert|silence|routes` beside amtool: the same words on the same server."""
import json

from support import free_port, need, wait_until

CONFIG = """
route:
  receiver: root
  group_by: [alertname]
  routes:
    - {receiver: pager, matchers: [severity="critical"], continue: true}
    - receiver: dba
      matchers: [team=~"db|dba", severity!="x"]
      routes:
        - {matchers: ['sub="y"']}
        - {receiver: pager, match: {old: "1"}}
receivers: [{name: root}, {name: pager}, {name: dba}]
"""


def start(work):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", CONFIG)
    work.start("alertmanager", [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}", f"--storage.path={work.path('data')}",
                                f"--web.listen-address={address}"], f"http://{address}/-/ready")
    return f"http://{address}", config


def test_alerts_and_silences_read_as_with_amtool(work):
    url, _ = start(work)
    ours, amtool = work.own("tocsinctl"), need("amtool")

    def ctl(*words, **more):
        return work.run(ours, *words, f"--alertmanager.url={url}", **more)

    def same(*words):
        text, theirs = ctl(*words), work.run(amtool, "--no-version-check", f"--alertmanager.url={url}", *words)
        if "json" in words:
            def normal(entries):  # amtool 0.25 knows neither mutedBy nor annotations of silences
                known = entries.replace('"mutedBy":[],', "").replace('"annotations":{},"comment"', '"comment"')
                return sorted(json.dumps(entry, sort_keys=True) for entry in json.loads(known))
            assert normal(text) == normal(theirs), (words, text, theirs)
        else:
            assert text == theirs, (words, text, theirs)
        return text

    ctl("alert", "add", "Foo", "severity=critical", "instance=a", "--annotation=summary=hello w", "--generator-url=http://g",
        "--start=2026-01-01T00:00:00Z", "--end=2090-01-01T00:00:00Z")
    ctl("alert", "add", "alertname=Bar", "severity=warning", "--start=2026-01-02T00:00:00Z", "--end=2090-01-01T00:00:00Z")
    wait_until(lambda: "Bar" in ctl("alert", "query"), "both are there")
    assert "hello w  active" in same("alert", "query")
    same("alert", "query", "Foo")
    same("alert")
    same("alert", "query", "-o", "extended", "severity=~crit.*")
    assert json.loads(same("alert", "query", "-o", "json", "--receiver=pager"))[0]["labels"]["alertname"] == "Foo"
    assert "not NAME=VALUE: b" in ctl("alert", "add", "A", "b", status=1)

    first = ctl("silence", "add", "alertname=Foo", "--duration=2h", "--comment=maint", "--author=me").strip()
    second = ctl("silence", "add", "-a", "you", "-c", "c", "severity=~warn.*", "team!=x").strip()
    assert len(first) == len(second) == 36
    assert 'severity=~"warn.*" team!="x"' in same("silence", "query")
    same("silence")
    for words in (["--created-by=me"], ["alertname=Foo"], ["-q"], ["-o", "extended"], ["--within=90m"], ["--expired", "--within=1h"],
                  ["-o", "json"]):
        same("silence", "query", *words)
    wait_until(lambda: "suppressed" in same("alert", "query", "--silenced"), "the alerts are silenced")
    text = ctl("silence", "update", "--duration=4h", "--comment=upd", first)
    assert first in text and "upd" in text, text
    ctl("silence", "expire", second)
    assert second in same("silence", "query", "--expired")
    assert "needs a comment" in ctl("silence", "add", "a=b", status=1)
    assert "404 Not Found" in ctl("silence", "expire", "11111111-1111-1111-1111-111111111111", status=1)

    saved = work.write("silences.json", ctl("silence", "export"))
    assert [s["id"] for s in json.load(open(saved, encoding="utf-8"))] == [first]
    assert ctl("silence", "import", saved).strip() == first
    strange = json.loads(ctl("silence", "export"))
    strange[0]["id"] = "22222222-2222-2222-2222-222222222222"
    saved = work.write("strange.json", json.dumps(strange))
    assert "404" in ctl("silence", "import", saved, status=1)
    assert len(ctl("silence", "import", "--force", saved).strip()) == 36


def test_routes_are_shown_and_tested_as_by_amtool(work):
    url, config = start(work)
    ours, amtool = work.own("tocsinctl"), need("amtool")

    def theirs(*words, status=0):
        text = work.run(amtool, "config", "routes", *words, f"--config.file={config}", status=status)
        return text.replace("Warning: --config.file flag overrides the --alertmanager.url.\n", "").replace("\n\n\n", "\n\n")

    for source in (f"--config.file={config}", f"--url={url}"):
        text = work.run(ours, "routes", "show", source)
        assert text.strip() == theirs("show").strip(), text
        assert '│       └── {old="1"}  receiver: pager' not in text and "└── {old=\"1\"}  receiver: pager" in text, text
        for labels in (["severity=critical", "team=db"], ["team=dba", "sub=y"], ["severity=critical", "team=db", "old=1"], ["a=b"], []):
            text = work.run(ours, "routes", "test", source, *labels)
            assert text.strip() == theirs("test", *labels).strip(), (labels, text)
            text = work.run(ours, "routes", "test", "--tree", source, *labels)
            assert [line for line in text.splitlines() if line] == [line for line in theirs("test", "--tree", *labels).splitlines() if line], text
    assert "pager,dba" in work.run(ours, "routes", "test", f"--config.file={config}", "--verify.receivers=pager,dba", "severity=critical", "team=db")
    assert "did not match" in work.run(ours, "routes", "test", f"--config.file={config}", "--verify.receivers=root", "team=db", status=1)
    assert "alertmanager.yml:" in work.run(ours, "routes", "show", f"--config.file={work.write('bad/alertmanager.yml', 'route: {x: 1}')}", status=1)


def test_a_test_message_goes_to_each_integration_and_says_what_came_of_it(work):
    sink = work.sink(lambda path, body: (400, "text/plain", "no such channel") if path == "/bad" else (200, "text/plain", "ok"))
    config = work.write("alertmanager.yml", f"""
route: {{receiver: both}}
receivers:
  - name: both
    webhook_configs: [{{url: '{sink.url}/one'}}, {{url: '{sink.url}/bad', send_resolved: false}}]
    slack_configs: [{{api_url: '{sink.url}/slack', channel: '#c'}}]
  - {{name: nobody}}
""")
    ours = work.own("tocsinctl")
    text = work.run(ours, "notify", "test", f"--config.file={config}", "--receiver=both", "--summary=only a test", "--resolve", status=1)
    assert "webhook[0]: delivered" in text and "webhook[0] resolved: delivered" in text and "slack[0]: delivered" in text, text
    assert "webhook[1]: FAILED (would not work later either)" in text and "400" in text and "no such channel" in text, text
    firing, resolved = [request["body"] for request in sink.got("/one")]
    assert (firing["status"], resolved["status"]) == ("firing", "resolved")
    assert firing["commonLabels"] == {"alertname": "TocsinTest", "severity": "info", "test": "true"}, firing
    assert firing["commonAnnotations"] == {"summary": "only a test"}, firing
    assert len(sink.got("/bad")) == 1
    text = work.run(ours, "notify", "test", f"--config.file={config}", "--receiver=none", status=1)
    assert "there is no receiver none; there are both, nobody" in text, text
    assert "has no integration" in work.run(ours, "notify", "test", f"--config.file={config}", "--receiver=nobody", status=1)


def test_templates_are_rendered_as_by_amtool(work):
    ours, amtool = work.own("tocsinctl"), need("amtool")
    templates = work.write("x.tmpl", '{{ define "x" }}{{ range .Alerts }}{{ .Labels.alertname }} <{{ .Annotations.summary }}>;{{ end }}{{ end }}')
    data = work.write("data.json", json.dumps({
        "receiver": "r", "status": "firing", "externalURL": "http://am", "groupLabels": {"alertname": "A"}, "commonLabels": {"alertname": "A", "of": "the file"},
        "commonAnnotations": {"c": "d"}, "routeLabels": {"team": "x"}, "notification_reason": "because", "alerts": [{"status": "firing", "labels": {"alertname": "A", "n": "1"}, "annotations": {"summary": "a & b"},
                                             "startsAt": "2026-01-02T03:04:05Z", "generatorURL": "http://g"}]}))
    for kind in ("text", "html"):
        for text in ('{{ template "x" . }}', '{{ .Alerts.Firing | len }} {{ .ExternalURL }} {{ (index .Alerts 0).StartsAt }}',
                     '{{ .GroupLabels.SortedPairs.Values | join " " | toUpper }} {{ .Status }}',
                     '{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}{{ .CommonAnnotations.c }}'):
            words = ["template", "render", f"--template.glob={templates}", f"--template.data={data}", f"--template.type={kind}",
                     f"--template.text={text}"]
            assert work.run(ours, *words) == work.run(amtool, *words), words
    younger = "--template.text={{ .RouteLabels.team }} {{ .NotificationReason }}"  # than Debian's amtool
    assert work.run(ours, "template", "render", f"--template.data={data}", younger).strip() == "x because"
    assert "TocsinTest" in work.run(ours, "template", "render", "--template.text={{ .GroupLabels.alertname }}")
    assert 'function "nope" not defined' in work.run(ours, "template", "render", "--template.text={{ nope }}", status=1)
