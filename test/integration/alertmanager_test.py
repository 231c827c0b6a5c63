"""`tocsin-ruler alertmanager` in the place of an Alertmanager."""
import errno
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import urllib.parse
from random import Random

from support import Skip, free_port, get_json, http, need, wait_until

CONFIG = """
route: {{receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/hook'}}]}}]
"""


def start(work, sink, config=CONFIG):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", config.format(url=sink.url))
    program = work.start("alertmanager", [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}",
                                          f"--storage.path={work.path('data')}", f"--web.listen-address={address}",
                                          "--cluster.listen-address="], f"http://{address}/-/ready")
    return program, f"http://{address}"


def adapted_scenarios(work, folder):
    """A copy of the scenarios. One expects the texts that 0.25 wrote where 0.34 writes numbers (v34_pd_details says so)."""
    copy = work.path("scenarios")
    shutil.copytree(folder, copy)
    path = os.path.join(copy, "pd_group.yml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r'(num_\w+): "(\d)"', r"\1: \2", text))
    return copy


def test_scenarios_recorded_from_alertmanager_pass(work):
    corpora, tools = os.environ.get("TOCSIN_CORPORA"), os.environ.get("TOCSIN_TOOLS")
    if not corpora or not tools:
        raise Skip("TOCSIN_CORPORA or TOCSIN_TOOLS is not set")
    command = (f"{work.own('tocsin-ruler')} alertmanager --config.file={{config}} --storage.path={{data}} "
               "--web.listen-address=127.0.0.1:{port} --web.external-url=http://am.example:9093 --alertmanager.compat")
    scenarios = adapted_scenarios(work, os.path.join(corpora, "alertmanager/scenarios"))
    names = sorted({name[:-4] for name in os.listdir(scenarios)})
    done = subprocess.run([sys.executable, os.path.join(tools, "am_replay.py"), "--scenarios", scenarios,
                           "--golden", os.path.join(corpora, "alertmanager/golden"), "--jobs", "6", "--slack", "0.6", "--cmd", command,
                           "--base-url", "http://127.0.0.1:{port}", "--only", *names], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    passed = sum(line.startswith("ok ") for line in done.stdout.splitlines())
    assert passed == len(names), done.stdout[-2000:]


def test_amtool_and_a_debian_prometheus_talk_to_it(work):
    sink = work.sink()
    _, url = start(work, sink)
    amtool = need("amtool")
    work.run(amtool, f"--alertmanager.url={url}", "alert", "add", "DiskFull", "severity=critical", "--annotation=summary=full")
    page = wait_until(lambda: sink.got("/hook") and sink.got("/hook")[0]["body"], "the webhook is called")
    assert page["commonLabels"] == {"alertname": "DiskFull", "severity": "critical"}, page
    assert "DiskFull" in work.run(amtool, f"--alertmanager.url={url}", "alert", "query")
    work.run(amtool, f"--alertmanager.url={url}", "silence", "add", "alertname=Other", "--comment=c", "--author=me")
    assert "Other" in work.run(amtool, f"--alertmanager.url={url}", "silence", "query")
    assert "hook" in work.run(amtool, f"--alertmanager.url={url}", "config", "routes", "show")

    rules = work.write("rules.yml", "groups: [{name: g, rules: [{alert: FromPrometheus, expr: vector(1)}]}]\n")
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{url[7:]}']}}]}}]}}
""")
    # Its first alerts come before it has found its Alertmanagers, and are dropped: let it send them again soon.
    work.prometheus(config, "prometheus", "--rules.alert.resend-delay=1s")
    wait_until(lambda: [r for r in sink.got("/hook") if r["body"]["groupLabels"] == {"alertname": "FromPrometheus"}],
               "an alert of Debian's Prometheus is routed")


def test_a_debian_alertmanager_gets_the_alerts_of_our_rules(work):
    sink = work.sink()
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", CONFIG.format(url=sink.url))
    work.start("prometheus-alertmanager", [need("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={work.path('am')}",
                                           f"--web.listen-address={address}", "--cluster.listen-address="], f"http://{address}/-/ready")
    rules = work.write("rules.yml", "groups: [{name: g, rules: [{alert: FromTocsin, expr: vector(1), annotations: {summary: s}}]}]\n")
    ours = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{site: lab}}}}
rule_files: ['{rules}']
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}
""")
    work.ruler(ours)
    page = wait_until(lambda: sink.got("/hook") and sink.got("/hook")[0]["body"], "Debian's Alertmanager pages")
    assert page["commonLabels"] == {"alertname": "FromTocsin", "site": "lab"}, page
    assert page["alerts"][0]["generatorURL"].endswith("/graph?g0.expr=vector%281%29&g0.tab=1"), page


def test_alerts_survive_kill_9(work):
    sink = work.sink()
    program, url = start(work, sink)
    alert = '[{"labels":{"alertname":"A"},"endsAt":"2099-01-01T00:00:00Z"}]'
    assert http(f"{url}/api/v2/alerts", alert, headers={"Content-Type": "application/json"})[0] == 200
    wait_until(lambda: sink.got("/hook"), "the page")
    program.kill()
    program, url = start(work, sink)
    alerts = get_json(f"{url}/api/v2/alerts")
    assert [a["labels"] for a in alerts] == [{"alertname": "A"}], alerts
    ended = '[{"labels":{"alertname":"A"},"endsAt":"2020-01-01T00:00:00Z","startsAt":"2019-01-01T00:00:00Z"}]'
    assert http(f"{url}/api/v2/alerts", ended, headers={"Content-Type": "application/json"})[0] == 200
    bodies = wait_until(lambda: len(sink.got("/hook")) >= 2 and [r["body"]["status"] for r in sink.got("/hook")], "the resolve")
    assert bodies == ["firing", "resolved"], bodies


def test_a_template_that_fails_is_replaced_by_a_plain_text(work):
    sink = work.sink()
    config = """
route: {{receiver: r, group_by: [alertname], group_wait: 100ms, group_interval: 1s}}
receivers:
  - name: r
    slack_configs: [{{api_url: '{url}/slack', channel: '#c', title: '{{{{ .Nothing }}}}', text: 'fine {{{{ .Status }}}}'}}]
    webhook_configs: [{{url: '{url}/hook', payload: {{text: '{{{{ template "nowhere" . }}}}'}}}}]
"""
    _, url = start(work, sink, config)
    post_alert(url, "A", instance="web-1")
    message = wait_until(lambda: sink.got("/slack") and sink.got("/slack")[0]["body"], "the page in Slack")
    attachment = message["attachments"][0]
    assert "[FIRING]" in attachment["title"] and "instance=web-1" in attachment["title"], message
    assert attachment["text"] == "fine firing" and message["channel"] == "#c", message
    text = wait_until(lambda: sink.got("/hook") and sink.got("/hook")[0]["body"]["text"], "the webhook")
    assert "alertname=A instance=web-1" in text, text
    assert metric(url, "tocsin_notifications_plain_texts_total") >= 2


def test_kill_9_at_any_moment_loses_no_page_and_no_resolve(work):
    sink = work.sink()
    config = CONFIG.replace("group_wait: 1s, group_interval: 1s", "group_wait: 100ms, group_interval: 200ms")
    random = Random(11)
    names = []

    def life(ends_at, fresh):
        """Posts alerts, one after the other, until the process is killed in the middle of it."""
        program, url = start(work, sink, config)
        killer = threading.Timer(random.uniform(0.02, 0.5), program.kill)
        killer.start()
        try:
            for name in fresh:
                body = json.dumps([{"labels": {"alertname": name}, "startsAt": "2020-01-01T00:00:00Z", "endsAt": ends_at}])
                if http(f"{url}/api/v2/alerts", body, headers={"Content-Type": "application/json"})[0] == 200:
                    names.append(name)
        except OSError:
            pass  # it is dead
        killer.join()

    for round in range(12):
        life("2099-01-01T00:00:00Z", (f"R{round}A{i}" for i in range(10_000)))
    taken, ended = list(names), set()
    assert len(taken) >= 50, len(taken)
    for _ in range(6):
        names.clear()
        life("2021-01-01T00:00:00Z", [name for name in taken if name not in ended])
        ended.update(names)
    program, url = start(work, sink, config)
    for name in taken:
        body = json.dumps([{"labels": {"alertname": name}, "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2021-01-01T00:00:00Z"}])
        assert http(f"{url}/api/v2/alerts", body, headers={"Content-Type": "application/json"})[0] == 200

    def story():
        told = {}
        for request in sink.got("/hook"):
            told.setdefault(request["body"]["groupLabels"]["alertname"], []).append(request["body"]["status"])
        return told

    def left():
        told = story()  # once for all names: there are thousands of requests
        return [name for name in taken if "resolved" not in told.get(name, [])]
    fewest = len(taken) + 1
    while fewest > 0:  # as long as it goes on, however slow the machine is
        fewest = wait_until(lambda: (now := len(left())) < fewest and [now], "another alert that was taken is told as resolved", 60)[0]
    told = story()
    twice = 0
    for name in taken:
        firing, resolved = told[name].count("firing"), told[name].count("resolved")
        assert firing >= 1 and resolved >= 1 and told[name][0] == "firing", (name, told[name])
        twice += firing + resolved - 2
    # A death repeats what was under way, and that is not much.
    assert twice <= len(taken) / 2, (twice, len(taken))


def test_hostile_bodies_get_an_error(work):
    sink = work.sink()
    _, url = start(work, sink)
    json_type = {"Content-Type": "application/json"}
    for body in ("", "{", "[1]", "[" * 100000, '[{"labels":{}}]', '[{"labels":{"a":"b"},"startsAt":"yesterday"}]', '[{"labels":{"":"b"}}]', "nul" * 10):
        status, text = http(f"{url}/api/v2/alerts", body, headers=json_type, method="POST")
        assert status in (400, 422), (body[:40], status, text[:200])
    assert http(f"{url}/api/v2/alerts", "x" * (64 << 20), headers=json_type, method="POST")[0] in (400, 413)
    assert http(f"{url}/api/v2/alerts?" + urllib.parse.urlencode({"filter": 'a=~"("'}))[0] == 400
    assert http(f"{url}/api/v2/silence/no-uuid")[0] in (404, 422)
    assert http(f"{url}/-/healthy")[0] == 200


def post_alert(url, name, **labels):
    body = json.dumps([{"labels": {"alertname": name, **labels}, "endsAt": "2099-01-01T00:00:00Z"}])
    status, text = http(f"{url}/api/v2/alerts", body, headers={"Content-Type": "application/json"})
    assert status == 200, (status, text)


def metric(url, name):
    return [float(line.split()[-1]) for line in http(f"{url}/metrics")[1].splitlines() if line.startswith(name + " ")][0]


def paged(sink, name):
    return [r for r in sink.got("/hook") if r["body"]["groupLabels"] == {"alertname": name}]


def test_a_damaged_state_is_set_aside_and_what_can_be_read_of_it_goes_on(work):
    sink = work.sink()
    program, url = start(work, sink)
    for i in range(200):
        post_alert(url, f"A{i}")
    wait_until(lambda: len(sink.got("/hook")) == 200, "200 pages")
    wait_until(lambda: metric(url, "tocsin_state_queued") == 0, "all is on disk")
    assert program.stop() == 0
    path = work.path("data/state.db")
    with open(path, "r+b") as file:  # a page in the middle of those with alerts
        whole = file.read()
        pages = [at for at in range(8192, len(whole), 8192) if b"alertname" in whole[at:at + 8192]]
        file.seek(pages[len(pages) // 2])
        file.write(b"\x5a" * 8192)
    program, url = start(work, sink)
    ready = http(f"{url}/-/ready")[1]
    aside = [name for name in os.listdir(work.path("data")) if name.startswith("state.db.corrupt-") and name[-1].isdigit()]
    assert len(aside) == 1 and aside[0] in ready, (aside, ready)
    assert "level=error" in program.text() and aside[0] in program.text()
    assert metric(url, "tocsin_state_set_aside") == 1
    rows = metric(url, "tocsin_state_salvaged_rows")
    assert 0 < rows < 400, rows
    post_alert(url, "Fresh")
    wait_until(lambda: paged(sink, "Fresh"), "paging goes on")


def test_a_ruler_tells_of_a_damaged_state_among_its_notifications(work):
    config = work.write("prometheus.yml", "global: {scrape_interval: 1s}\n")
    program, _ = work.ruler(config)
    assert program.stop() == 0
    with open(work.path("ruler-data/state/state.db"), "r+b") as file:
        file.write(b"no database")
    _, url = work.ruler(config)
    texts = wait_until(lambda: [n["text"] for n in get_json(f"{url}/api/v1/notifications")["data"]], "a notification")
    assert any("damaged" in text and "state.db.corrupt-" in text for text in texts), texts


def test_a_full_disk_stops_no_page_and_is_caught_up_with(work):
    sink = work.sink()
    program, url = start(work, sink)
    post_alert(url, "Before")
    wait_until(lambda: paged(sink, "Before"), "the page before")
    # Files cannot grow any more: the log is longer than the database's write-ahead log may become.
    _, hard = resource.prlimit(program.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (128 << 10, hard))
    big = "x" * 60_000
    for i in range(6):
        post_alert(url, f"Full{i}", text=big)
    wait_until(lambda: all(paged(sink, f"Full{i}") for i in range(6)), "pages from memory")
    assert metric(url, "tocsin_state_failing") == 1
    assert "cannot be written" in http(f"{url}/-/ready")[1]
    assert "cannot write the state" in program.text()
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (hard, hard))
    post_alert(url, "After")  # an answer waits for the disk, so this asks it at once
    wait_until(lambda: metric(url, "tocsin_state_failing") == 0 and metric(url, "tocsin_state_queued") == 0, "it has caught up", 60)
    wait_until(lambda: paged(sink, "After"), "the page after")
    wait_until(lambda: metric(url, "tocsin_state_queued") == 0, "its log is on disk")
    program.kill()
    program, url = start(work, sink)
    assert len(get_json(f"{url}/api/v2/alerts")) == 8
    wait_until(lambda: metric(url, "tocsin_alerting_flushes_total") >= 3 * 8, "three ticks of each group: nobody is paged again")
    assert len(sink.got("/hook")) == 8, [r["body"]["groupLabels"] for r in sink.got("/hook")]


def mount_small_disk(work, folder, size):
    """A file system of its own, so that it can be full; the mount ends with the test."""
    os.makedirs(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode != 0:
        raise Skip("a small disk takes the right to mount; the test before this one limits the size of files instead")

    def end():
        for program in work.programs:
            program.process.kill()
            program.process.wait(10)
        subprocess.run(["umount", folder], check=True)
    return end


def fill(path):
    with open(path, "wb", buffering=0) as filler:
        for piece in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    filler.write(b"x" * piece)
            except OSError as full:
                assert full.errno == errno.ENOSPC, full


def test_a_disk_without_room_stops_no_page_and_all_is_written_when_there_is_some(work):
    end = mount_small_disk(work, work.path("data"), "6m")
    try:
        sink = work.sink()
        program, url = start(work, sink)
        post_alert(url, "Before")
        wait_until(lambda: paged(sink, "Before"), "the page before")
        fill(work.path("data/filler"))
        names = [f"Full{i}" for i in range(12)]
        for name in names:
            post_alert(url, name, text="x" * 60_000)
        wait_until(lambda: all(paged(sink, name) for name in names), "pages from memory")
        wait_until(lambda: metric(url, "tocsin_state_failing") == 1 and metric(url, "tocsin_history_failing") == 1, "both say so")
        ready = http(f"{url}/-/ready")[1]
        assert "alerts are routed from memory" in ready and "history of alerts cannot be written" in ready, ready
        assert "full" in program.text() and "cannot write the state" in program.text()
        silence = {"matchers": [{"name": "a", "value": "b", "isRegex": False}], "startsAt": "2026-01-01T00:00:00Z",
                   "endsAt": "2090-01-01T00:00:00Z", "createdBy": "me", "comment": "c"}
        assert http(f"{url}/api/v2/silences", json.dumps(silence), headers={"Content-Type": "application/json"})[0] == 200
        os.remove(work.path("data/filler"))
        post_alert(url, "After")  # an answer waits for the disk, so this asks it at once
        wait_until(lambda: paged(sink, "After"), "the page after")
        for what in ("state", "history"):
            wait_until(lambda: metric(url, f"tocsin_{what}_failing") == 0 and metric(url, f"tocsin_{what}_queued") == 0, f"{what} has caught up", 90)
        assert http(f"{url}/-/ready")[1] == "OK"
        program.kill()
        program, url = start(work, sink)
        told = {"Before", "After", *names}
        assert {alert["labels"]["alertname"] for alert in get_json(f"{url}/api/v2/alerts")} == told
        assert len(get_json(f"{url}/api/v2/silences")) == 1
        wait_until(lambda: metric(url, "tocsin_alerting_flushes_total") >= 3 * len(told), "three ticks of each group: nobody is paged again")
        assert len(sink.got("/hook")) == len(told), [r["body"]["groupLabels"] for r in sink.got("/hook")]
        events = get_json(f"{url}/api/v1/tocsin/history?kind=notification_delivered&limit=1000")["data"]["events"]
        assert len(events) == len(told), events
    finally:
        end()


def test_a_fallback_is_told_when_a_receiver_does_not_answer(work):
    sink = work.sink()
    config = """
route: {{receiver: dead, group_by: [alertname], group_wait: 1s, group_interval: 30s, repeat_interval: 1h}}
receivers:
- {{name: dead, webhook_configs: [{{url: 'http://127.0.0.1:PORT/'}}], fallback: {{receiver: backup, after: 2s}}}}
- {{name: backup, webhook_configs: [{{url: '{url}/backup'}}]}}
""".replace("PORT", str(free_port()))
    _, url = start(work, sink, config)
    alert = [{"labels": {"alertname": "Deaf"}}]
    assert http(f"{url}/api/v2/alerts", json.dumps(alert), headers={"Content-Type": "application/json"})[0] == 200
    page = wait_until(lambda: sink.got("/backup") and sink.got("/backup")[0]["body"], "the fallback is told")
    assert page["receiver"] == "backup" and page["routeLabels"] == {"fallback_for": "dead"}, page
    assert "tocsin_alerting_fallbacks_total 1" in http(f"{url}/metrics")[1]


def test_templates_that_take_long_to_try_hold_up_nobody(work):
    sink = work.sink()
    # 3^14 turns for the example's three alerts, in each of 40 texts: each runs into the limit of steps.
    slow = "".join("{{ range $.Alerts }}" for _ in range(14)) + "x" + "{{ end }}" * 14
    texts = "".join(f"    field{i}: '{slow}{i}'\n" for i in range(40))
    _, url = start(work, sink)
    hostile = f"route: {{receiver: r}}\nreceivers:\n- name: r\n  pagerduty_configs:\n  - routing_key: k\n    details:\n{texts}".replace("    field", "      field")
    work.write("alertmanager.yml", hostile)
    ended, answers = threading.Event(), []

    def reload():
        answers.append(http(f"{url}/-/reload", "", timeout=120))
        ended.set()

    reloader = threading.Thread(target=reload)
    reloader.start()
    meanwhile = 0
    while not ended.is_set():
        assert http(f"{url}/-/healthy")[0] == 200
        meanwhile += not ended.is_set()
    reloader.join()
    # The loop would have answered once before the reload and then not until its end.
    assert answers[0][0] == 200 and meanwhile > 20, (answers, meanwhile)
    assert "more than" in work.programs[0].text() and "steps" in work.programs[0].text()
    assert "routing_key: <secret>" in get_json(f"{url}/api/v2/status")["config"]["original"]
