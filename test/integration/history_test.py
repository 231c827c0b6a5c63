"""The history of alerts and notifications: a ruler records it, the API and tocsinctl search it."""
import json
import os
import re
import urllib.parse

from support import free_port, get_json, http, wait_until

CONFIG = """
route: {{receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 300ms, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/hook'}}]}}]
"""


def start(work, sink, *flags, name="alertmanager"):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", CONFIG.format(url=sink.url))
    program = work.start(name, [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}",
                                f"--storage.path={work.path('data')}", f"--web.listen-address={address}", *flags],
                         f"http://{address}/-/ready")
    return program, f"http://{address}"


def post(url, name, resolved=False, **annotations):
    body = [{"labels": {"alertname": name, "severity": "critical"}, "annotations": annotations,
             "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2021-01-01T00:00:00Z" if resolved else "2099-01-01T00:00:00Z"}]
    status, text = http(f"{url}/api/v2/alerts", json.dumps(body), headers={"Content-Type": "application/json"})
    assert status == 200, text


def history(url, **params):
    answer = get_json(f"{url}/api/v1/tocsin/history?" + urllib.parse.urlencode(params, doseq=True))
    assert answer["status"] == "success", answer
    return answer["data"]


def kinds(url, **params):
    return [event["kind"] for event in history(url, **params)["events"]]


def metric(url, name):
    return float(re.search(rf"^{name} (\S+)$", http(f"{url}/metrics")[1], re.M).group(1))


def test_what_happened_is_found_again(work):
    replies = [500]
    sink = work.sink(lambda _path, _body: (replies.pop() if replies else 200, "text/plain", "no"))
    program, url = start(work, sink)
    post(url, "DiskFull", summary="Disk of db-1 is full")
    wait_until(lambda: "notification_delivered" in kinds(url), "the page")
    assert kinds(url) == ["notification_delivered", "notification_attempted", "alert_firing"]
    post(url, "DiskFull", resolved=True)
    wait_until(lambda: kinds(url, kind="notification_delivered").__len__() == 2, "the resolve")
    told = history(url, outcome="delivered")["events"]
    assert [t["alerts"][0]["status"] for t in told] == ["resolved", "firing"]
    first = told[1]
    assert first["receiver"] == "hook" and first["integration"] == "webhook" and first["attempts"] == 2, first
    assert first["groupKey"] == '{}:{alertname="DiskFull"}' and first["firing"] == 1 and first["durationSeconds"] > 0, first
    attempt = history(url, outcome="attempted")["events"][0]
    assert "500" in attempt["error"], attempt
    ended = history(url, kind="alert_resolved")["events"][0]
    assert ended["durationSeconds"] == 366 * 86400 and ended["labels"]["severity"] == "critical", ended

    silence = {"matchers": [{"name": "alertname", "value": "Quiet", "isRegex": False, "isEqual": True}], "startsAt": "2020-01-01T00:00:00Z",
               "endsAt": "2099-01-01T00:00:00Z", "createdBy": "me", "comment": "disks are replaced"}
    status, answer = http(f"{url}/api/v2/silences", json.dumps(silence), headers={"Content-Type": "application/json"})
    assert status == 200, answer
    post(url, "Quiet")
    wait_until(lambda: kinds(url, kind="alert_suppressed"), "the silenced alert")
    suppressed = history(url, kind="alert_suppressed")["events"][0]
    assert suppressed["reason"] == "silence" and suppressed["by"] == json.loads(answer)["silenceID"], suppressed

    # Filters, pages, errors.
    assert kinds(url, text="DB-1") == ["alert_firing"]
    assert kinds(url, text="replaced") == ["silence_created"]
    assert kinds(url, **{"match[]": '{alertname="Quiet"}'}) == ["alert_suppressed", "alert_firing", "silence_created"]
    assert kinds(url, receiver="hook", kind="notification").__len__() == 3
    everything, cursor, pages = kinds(url), "", []
    while True:
        page = history(url, limit=2, cursor=cursor)
        pages += [event["kind"] for event in page["events"]]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert pages == everything
    assert kinds(url, end="2020-01-01T00:00:00Z") == []
    for wrong in ("kind=nothing", "outcome=maybe", "cursor=x", "limit=-1", "start=yesterday", "match[]={", "start=2&end=1"):
        status, text = http(f"{url}/api/v1/tocsin/history?{wrong}")
        assert status == 400 and json.loads(text)["errorType"] == "bad_data", (wrong, status, text)

    # The same by tocsinctl.
    ctl = [work.own("tocsinctl"), "alert", "history", "--url", url]
    table = work.run(*ctl, "DiskFull")
    assert "alert_resolved" in table and 'hook/webhook[0] {}:{alertname="DiskFull"}' in table and "Disk of db-1 is full" in table, table
    events = json.loads(work.run(*ctl, "-o", "json", "--kind", "silence", "--limit", "5"))
    assert [e["kind"] for e in events] == ["silence_created"], events
    assert "no kind of event" in work.run(*ctl, "--kind", "x", status=1)

    # After a crash it is still there but for the last second, and nothing begins anew.
    wait_until(lambda: metric(url, "tocsin_history_queued") == 0, "all is written")
    before = kinds(url)
    program.kill()
    _, url = start(work, sink)
    assert kinds(url)[-len(before):] == before
    assert set(kinds(url)[:-len(before)]) <= {"alert_suppressed"}  # what keeps an alert quiet is told again


def test_compat_and_its_own_key_turn_it_off(work):
    sink = work.sink()
    for flags, there in ((["--alertmanager.compat"], False), (["--no-alertmanager.history"], False),
                         (["--alertmanager.compat", "--alertmanager.history"], True)):
        program, url = start(work, sink, *flags)
        assert (http(f"{url}/api/v1/tocsin/history")[0] == 200) == there, flags
        assert os.path.exists(work.path("data/history.db")) == there
        assert program.stop() == 0


def test_a_damaged_history_and_one_that_cannot_be_written_stop_no_page(work):
    sink = work.sink()
    os.makedirs(work.path("data/history.db"))  # a folder in its place
    program, url = start(work, sink)
    post(url, "A")
    wait_until(lambda: sink.got("/hook"), "the page")
    wait_until(lambda: metric(url, "tocsin_history_failing") == 1, "it is told")
    assert "cannot be written" in http(f"{url}/-/ready")[1]
    assert http(f"{url}/api/v1/tocsin/history")[0] == 500
    os.rmdir(work.path("data/history.db"))
    wait_until(lambda: http(f"{url}/api/v1/tocsin/history")[0] == 200, "it works again")
    assert "alert_firing" in kinds(url)
    assert metric(url, "tocsin_history_failing") == 0
    assert program.stop() == 0

    with open(work.path("data/history.db"), "r+b") as file:
        file.write(b"no database")
    _, url = start(work, sink)
    post(url, "B")
    wait_until(lambda: len(sink.got("/hook")) == 2, "the next page")
    wait_until(lambda: metric(url, "tocsin_history_set_aside") == 1, "it is set aside")
    assert "history.db.corrupt-" in http(f"{url}/-/ready")[1]
    assert [name for name in os.listdir(work.path("data")) if name.startswith("history.db.corrupt-")]
    wait_until(lambda: "alert_firing" in kinds(url), "the new one is written")
