"""From a metric of this host to Slack, PagerDuty and a webhook, and back; through kill -9."""
import hashlib
import json
import os
import signal
import time

from support import free_port, get_json, http, query, wait_until

RULES = """
groups:
  - name: host
    rules:
      - alert: QueueTooLong
        expr: job_queue_length > 100
        for: 1s
        labels: {severity: critical}
        annotations:
          summary: 'Queue {{ $labels.queue }} holds {{ $value | humanize }} jobs'
      - alert: TargetDown
        expr: up == 0
        labels: {severity: warning}
        annotations: {summary: '{{ $labels.job }} is down'}
      - record: job:queue_length:max
        expr: max by (job) (job_queue_length)
"""

ALERTMANAGER = """
global: {{slack_api_url: '{url}/slack'}}
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
receivers:
  - name: everybody
    slack_configs: [{{channel: '#ops', send_resolved: true}}]
    pagerduty_configs: [{{routing_key: 0123456789abcdef0123456789abcdef, url: '{url}/v2/enqueue'}}]
    webhook_configs: [{{url: '{url}/hook'}}]
"""


class Scene:
    """An agent with a textfile, a ruler with a rule on it, and an imposter for everybody who is paged."""

    def __init__(self, work, extra_targets=""):
        self.work = work
        self.sink = work.sink(lambda path, body: (202, "application/json", '{"status":"success"}') if "enqueue" in path
                              else (200, "text/plain", "ok"))
        self.queue(5)
        self.agent_program, self.agent = work.agent(f"--collector.textfile.directory={work.path('text')}")
        work.write("rules.yml", RULES)
        self.config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 500ms, evaluation_interval: 500ms, external_labels: {{site: lab}}}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['{self.agent}']}}]
{extra_targets}""")
        self.alertmanager = work.write("alertmanager.yml", ALERTMANAGER.format(url=self.sink.url))
        self.address = f"127.0.0.1:{free_port()}"
        self.start_ruler()

    def start_ruler(self):
        self.ruler, self.url = self.work.ruler(self.config, self.alertmanager, "--web.external-url=http://tocsin.example",
                                               address=self.address)

    def queue(self, length):
        self.work.write("text/queue.prom", f'# TYPE job_queue_length gauge\njob_queue_length{{queue="mail"}} {length}\n')

    def got(self, path, count):
        return wait_until(lambda: len(self.sink.got(path)) >= count and self.sink.got(path), f"{count} notifications on {path}")


def all_paths(scene, count):
    return {path: scene.got(path, count) for path in ("/slack", "/v2/enqueue", "/hook")}


def wait_until_logged(scene, entries):
    """The log of notifications is written some milliseconds after the answer; who dies before tells once more."""
    def is_logged():
        page = http(f"{scene.url}/metrics")[1].splitlines()
        return f"tocsin_alerting_log_entries {entries}" in page and "tocsin_state_queued 0" in page
    wait_until(is_logged, f"{entries} entries of the log are written")


LABELS = {"alertname": "QueueTooLong", "job": "node", "queue": "mail", "severity": "critical", "site": "lab"}


def check_payloads(scene, status, slack, pagerduty, webhook):
    """The three payloads, key by key."""
    firing = status == "firing"
    labels = {**LABELS, "instance": scene.agent}
    summary = "Queue mail holds 150 jobs"
    group_key = '{}:{alertname="QueueTooLong"}'
    title = "[FIRING:1]" if firing else "[RESOLVED]"
    subject = f"{title} QueueTooLong (" + " ".join(v for k, v in sorted(labels.items()) if k != "alertname") + ")"
    link = "http://tocsin.example/#/alerts?receiver=everybody"

    attachment = slack["attachments"][0]
    assert slack["channel"] == "#ops" and slack["username"] == "Alertmanager", slack
    assert attachment["title"] == subject and attachment["title_link"] == link, attachment
    assert attachment["fallback"] == f"{subject} | {link}" and attachment["color"] == ("danger" if firing else "good"), attachment

    assert pagerduty["event_action"] == ("trigger" if firing else "resolve"), pagerduty
    assert pagerduty["dedup_key"] == hashlib.sha256(group_key.encode()).hexdigest(), pagerduty
    assert pagerduty["routing_key"] == "0123456789abcdef0123456789abcdef"
    assert pagerduty["payload"]["summary"] == subject and pagerduty["payload"]["severity"] == "error", pagerduty
    assert pagerduty["client_url"] == link and pagerduty["client"] == "Alertmanager", pagerduty

    alert = webhook["alerts"][0]
    assert len(webhook["alerts"]) == 1 and webhook["status"] == alert["status"] == status, webhook
    assert webhook["version"] == "4" and webhook["groupKey"] == group_key and webhook["truncatedAlerts"] == 0, webhook
    assert webhook["receiver"] == "everybody" and webhook["externalURL"] == "http://tocsin.example", webhook
    assert webhook["groupLabels"] == {"alertname": "QueueTooLong"}, webhook
    assert webhook["commonLabels"] == alert["labels"] == labels, webhook
    assert webhook["commonAnnotations"] == alert["annotations"] == {"summary": summary}, webhook
    assert alert["generatorURL"].startswith("http://tocsin.example/graph?g0.expr=job_queue_length+%3E+100"), alert
    assert (alert["endsAt"] == "0001-01-01T00:00:00Z") == firing, alert
    assert len(alert["fingerprint"]) == 16, alert


def test_a_rule_on_this_host_pages_everybody_and_resolves(work):
    scene = Scene(work)
    wait_until(lambda: query(scene.url, "job:queue_length:max")[0]["value"][1] == "5", "the recording rule has a value")
    scene.queue(150)
    bodies = {path: requests[0]["body"] for path, requests in all_paths(scene, 1).items()}
    check_payloads(scene, "firing", bodies["/slack"], bodies["/v2/enqueue"], bodies["/hook"])
    alerts = get_json(f"{scene.url}/api/v1/alerts")["data"]["alerts"]
    assert [a["state"] for a in alerts] == ["firing"] and alerts[0]["value"] == "1.5e+02", alerts
    assert query(scene.url, 'ALERTS{alertstate="firing"}'), "ALERTS is written"
    scene.queue(7)
    bodies = {path: requests[1]["body"] for path, requests in all_paths(scene, 2).items()}
    check_payloads(scene, "resolved", bodies["/slack"], bodies["/v2/enqueue"], bodies["/hook"])
    for path in ("/slack", "/v2/enqueue", "/hook"):
        assert len(scene.sink.got(path)) == 2, scene.sink.got(path)


def test_a_stopped_target_pages(work):
    scene = Scene(work)
    wait_until(lambda: query(scene.url, "up")[0]["value"][1] == "1", "the agent is up")
    scene.agent_program.kill()
    page = scene.got("/hook", 1)[0]["body"]
    assert page["groupLabels"] == {"alertname": "TargetDown"} and page["commonAnnotations"] == {"summary": "node is down"}, page
    target = get_json(f"{scene.url}/api/v1/targets")["data"]["activeTargets"][0]
    assert target["health"] == "down" and "connection refused" in target["lastError"], target
    # Its series ended with the failed scrape: no stale value is left behind.
    assert query(scene.url, "job_queue_length") == []


def test_kill_9_while_firing_pages_nobody_twice_and_loses_nothing(work):
    scene = Scene(work)
    scene.queue(150)
    all_paths(scene, 1)
    wait_until_logged(scene, 3)
    before = query(scene.url, "count_over_time(job_queue_length[10m])")[0]["value"][1]
    at = time.time()
    scene.ruler.kill()
    time.sleep(1)
    scene.start_ruler()
    after = query(scene.url, "count_over_time(job_queue_length[10m])", at)
    assert after and int(after[0]["value"][1]) >= int(before), f"samples before {before}, after {after}"
    state = wait_until(lambda: get_json(f"{scene.url}/api/v1/alerts")["data"]["alerts"], "the alert is still known")
    assert [a["state"] for a in state] == ["firing"], state
    # Several group intervals and resends later nobody was paged again.
    wait_until(lambda: float(query(scene.url, "count_over_time(job_queue_length[6s])")[0]["value"][1]) >= 11, "6 s of scrapes")
    for path in ("/slack", "/v2/enqueue", "/hook"):
        assert len(scene.sink.got(path)) == 1, [r["body"] for r in scene.sink.got(path)]
    scene.queue(3)
    bodies = {path: requests[1]["body"] for path, requests in all_paths(scene, 2).items()}
    check_payloads(scene, "resolved", bodies["/slack"], bodies["/v2/enqueue"], bodies["/hook"])


def test_a_condition_that_ends_while_the_ruler_is_dead_is_resolved(work):
    scene = Scene(work)
    scene.queue(150)
    all_paths(scene, 1)
    wait_until_logged(scene, 3)
    scene.ruler.kill()
    scene.queue(1)
    scene.start_ruler()
    bodies = {path: requests[1]["body"] for path, requests in all_paths(scene, 2).items()}
    check_payloads(scene, "resolved", bodies["/slack"], bodies["/v2/enqueue"], bodies["/hook"])


def test_a_receiver_that_fails_is_asked_again_and_does_not_stop_its_siblings(work):
    scene = Scene(work)
    answers = [503, 503]
    real = scene.sink
    flaky = work.sink(lambda path, body: (answers.pop() if answers else 200, "text/plain", "ok"))
    work.write("alertmanager.yml", ALERTMANAGER.format(url=real.url).replace(f"'{real.url}/hook'", f"'{flaky.url}/hook'"))
    scene.ruler.signal(signal.SIGHUP)
    wait_until(lambda: flaky.url[7:] in get_json(f"{scene.url}/api/v2/status")["config"]["original"], "the new file is in force")
    scene.queue(150)
    scene.got("/slack", 1)
    got = wait_until(lambda: len(flaky.got()) >= 3 and flaky.got(), "the webhook was tried three times")
    assert got[0]["body"] == got[2]["body"]


def test_reload_keeps_what_did_not_change_and_a_bad_file_keeps_the_old(work):
    scene = Scene(work)
    scene.queue(150)
    scene.got("/hook", 1)
    for name, text, complaint in (
            ("prometheus.yml", "global: {scrape_interval: 500ms, nonsense: 1}\n", "nonsense"),
            ("rules.yml", "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: sum(\n", "parse error"),
            ("alertmanager.yml", "route: {receiver: nobody}\nreceivers: []\n", "nobody")):
        with open(work.path(name), encoding="utf-8") as old:
            good = old.read()
        work.write(name, text)
        seen = len(scene.ruler.text())
        scene.ruler.signal(signal.SIGHUP)
        line = wait_until(lambda: [t for t in scene.ruler.text()[seen:].splitlines() if "level=error" in t], f"an error about {name}")[0]
        assert complaint in line and name in line, line
        assert get_json(f"{scene.url}/api/v1/alerts")["data"]["alerts"][0]["state"] == "firing"
        success = "alertmanager_config_last_reload_successful" if name == "alertmanager.yml" else "prometheus_config_last_reload_successful"
        assert f"{success} 0" in http(f"{scene.url}/metrics")[1]
        work.write(name, good)
    scene.ruler.signal(signal.SIGHUP)
    wait_until(lambda: "prometheus_config_last_reload_successful 1" in http(f"{scene.url}/metrics")[1], "the good files load")
    active = get_json(f"{scene.url}/api/v1/alerts")["data"]["alerts"]
    assert len(active) == 1 and active[0]["state"] == "firing", active
    assert len(scene.sink.got("/hook")) == 1, "a reload pages nobody again"


def test_sigterm_ends_the_ruler_cleanly_and_a_second_one_is_refused(work):
    scene = Scene(work)
    text = work.run(work.own("tocsin-ruler"), f"--config.file={scene.config}", f"--storage.tsdb.path={work.path('ruler-data')}/tsdb",
                    f"--storage.path={work.path('ruler-data')}/state", f"--web.listen-address=127.0.0.1:{free_port()}", status=1)
    assert "lock" in text, text
    text = work.run(work.own("tocsin-ruler"), f"--config.file={scene.config}", f"--storage.tsdb.path={work.path('other')}/tsdb",
                    f"--web.listen-address={scene.address}", status=1)
    assert "address already in use" in text, text
    assert scene.ruler.stop() == 0
