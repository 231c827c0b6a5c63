"""Alerts on their way between rules and Alertmanagers: ours to real ones, real senders to ours."""
import json

from support import free_port, get_json, http, need, wait_until

# The password is "alice-pass".
WEB = """
tls_server_config: {{cert_file: '{cert}', key_file: '{key}'}}
basic_auth_users: {{alice: {hash}}}
"""
HASH = "$2y$10$abcdefghijklmnopqrstuudEoaKVop2fapafJbxjXYxm6KFggRwzy"
ROUTES = """
route: {{receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]
"""


def certificate(work):
    key, cert = work.path("key.pem"), work.path("cert.pem")
    work.run(need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
             cert, "-subj", "/CN=alertmanager.test", "-addext", "subjectAltName=DNS:alertmanager.test", "-days", "2")
    return key, cert


def tls_alertmanager(work, name, hook, web_config):
    """Debian's Alertmanager behind TLS and a password; returns host:port."""
    address = f"127.0.0.1:{free_port()}"
    config = work.write(f"{name}.yml", ROUTES.format(url=hook))
    program = work.start(name, [need("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={work.path(name)}",
                                f"--web.listen-address={address}", f"--web.config.file={web_config}", "--web.route-prefix=/am",
                                "--cluster.listen-address="])
    wait_until(lambda: "TLS is enabled" in program.text(), f"{name} listens")
    return address


def metric(base, name, url):
    page = http(base + "/metrics")[1]
    found = [line for line in page.splitlines() if line.startswith(f'{name}{{alertmanager="{url}"')]
    return float(found[0].rsplit(" ", 1)[1]) if found else None


def test_alertmanagers_behind_tls_and_a_password_come_and_go_with_file_sd(work):
    key, cert = certificate(work)
    web_config = work.write("web.yml", WEB.format(cert=cert, key=key, hash=HASH))
    sink = work.sink()
    one = tls_alertmanager(work, "one", sink.url + "/one", web_config)
    two = tls_alertmanager(work, "two", sink.url + "/two", web_config)
    targets = work.write("targets.json", json.dumps([{"targets": [one]}, {"targets": ["127.0.0.1:1"], "labels": {"keep": "no"}}]))
    rules = work.write("rules.yml", """
groups:
  - name: g
    rules:
      - {alert: Everywhere, expr: vector(1), labels: {severity: page, drop: me}}
      - {alert: Nowhere, expr: vector(1), labels: {severity: none}}
""")
    password = work.write("password", "wrong")
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{site: lab}}}}
rule_files: ['{rules}']
alerting:
  alert_relabel_configs:
    - {{action: labeldrop, regex: drop}}
    - {{source_labels: [severity], regex: none, action: drop}}
  alertmanagers:
    - scheme: https
      path_prefix: /am/
      timeout: 5s
      basic_auth: {{username: alice, password_file: '{password}'}}
      tls_config: {{ca_file: '{cert}', server_name: alertmanager.test}}
      file_sd_configs: [{{files: ['{targets}'], refresh_interval: 1s}}]
      relabel_configs: [{{source_labels: [keep], regex: 'no', action: drop}}]
""")
    _, base = work.ruler(config, None, "--rules.alert.resend-delay=1s")
    url_one, url_two = f"https://{one}/am/api/v2/alerts", f"https://{two}/am/api/v2/alerts"

    wait_until(lambda: (metric(base, "prometheus_notifications_errors_total", url_one) or 0) > 0, "a wrong password is an error")
    assert not sink.got("/one")
    work.write("password", "alice-pass")
    page = wait_until(lambda: sink.got("/one") and sink.got("/one")[0]["body"], "the first Alertmanager pages")
    assert page["commonLabels"] == {"alertname": "Everywhere", "severity": "page", "site": "lab"}, page
    assert metric(base, "prometheus_notifications_sent_total", url_one) > 0
    assert metric(base, "prometheus_notifications_latency_seconds_count", url_one) > 0
    known = get_json(base + "/api/v1/alertmanagers")["data"]
    assert known == {"activeAlertmanagers": [{"url": url_one}],
                     "droppedAlertmanagers": [{"url": "https://127.0.0.1:1/am/api/v2/alerts"}]}, known

    work.write("targets.json", json.dumps([{"targets": [two]}]))
    wait_until(lambda: sink.got("/two"), "the second Alertmanager, found while it runs, pages")
    known = get_json(base + "/api/v1/alertmanagers")["data"]
    assert known == {"activeAlertmanagers": [{"url": url_two}], "droppedAlertmanagers": []}, known
    assert metric(base, "prometheus_notifications_sent_total", url_one) is None
    assert not any(r["body"]["groupLabels"] == {"alertname": "Nowhere"} for r in sink.got()), sink.got()


def test_a_resolved_alert_reaches_a_debian_alertmanager(work):
    sink = work.sink()
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", ROUTES.format(url=sink.url + "/hook"))
    work.start("prometheus-alertmanager", [need("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={work.path('am')}",
                                           f"--web.listen-address={address}", "--cluster.listen-address="], f"http://{address}/-/ready")
    rules = work.write("rules.yml", "groups: [{name: g, rules: [{alert: Once, expr: vector(1), annotations: {summary: s}}]}]\n")
    ours = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}
""")
    _, base = work.ruler(ours, None, "--web.enable-lifecycle")
    wait_until(lambda: sink.got("/hook"), "the alert fires")
    work.write("rules.yml", "groups: [{name: g, rules: [{alert: Once, expr: vector(1) < 0, annotations: {summary: s}}]}]\n")
    assert http(base + "/-/reload", method="POST")[0] == 200
    page = wait_until(lambda: [r["body"] for r in sink.got("/hook") if r["body"]["status"] == "resolved"], "its end is told")[0]
    assert page["alerts"][0]["annotations"] == {"summary": "s"}, page
    assert page["alerts"][0]["endsAt"] > page["alerts"][0]["startsAt"], page


def test_vmalert_sends_to_our_routing(work):
    sink = work.sink()
    quiet = work.write("prometheus.yml", "global: {scrape_interval: 1s}\n")
    routes = work.write("alertmanager.yml", ROUTES.format(url=sink.url + "/hook"))
    _, base = work.ruler(quiet, routes)
    rules = work.write("rules.yml", """
groups:
  - name: g
    rules:
      - {alert: FromVmalert, expr: vector(7), labels: {severity: page}, annotations: {summary: "value {{ $value }}"}}
""")
    # The ruler is both: what vmalert asks, and where its alerts go.
    work.start("vmalert", [need("vmalert"), f"-rule={rules}", f"-datasource.url={base}", f"-notifier.url={base}",
                           "-evaluationInterval=1s", f"-httpListenAddr=127.0.0.1:{free_port()}"])
    page = wait_until(lambda: sink.got("/hook") and sink.got("/hook")[0]["body"], "an alert of vmalert is routed")
    assert page["commonLabels"]["alertname"] == "FromVmalert" and page["commonLabels"]["severity"] == "page", page
    assert page["commonAnnotations"] == {"summary": "value 7"}, page
    assert "FromVmalert" in http(base + "/api/v2/alerts")[1]
