"""kill -9 at each step of a page's way: `tocsin-ruler alertmanager` dies at a named point (lib/base/fault_point.hpp) and is
started again. Every notification is delivered at least once, and twice only if the death was between the service's having
the request and the log's having the answer."""
import json
import os
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from support import free_port, http, wait_until

ROUNDS = 3
CONFIG = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 50ms
  group_interval: 200ms
  routes: [{{receiver: nobody, matchers: ['alertname="Filler"']}}]
receivers:
  - {{name: nobody}}
  - {{name: hook, webhook_configs: [{{url: '{url}/hook'}}]}}
"""
# The service has the request, the log has not its answer. Databases copy their logs back on threads of their own, at any
# moment, so also at that one.
WINDOW = {"request_sent", "answer_received", "log_entry_queued", "resolve_noted", "checkpoint"}


def points():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "../../lib/base/fault_point.hpp"), encoding="utf-8") as file:
        names = re.search(r"kFaultPointNames = \{(.*?)\};", file.read(), re.S).group(1)
    return re.findall(r'"(\w+)"', names)


class Life:
    """A process that dies at a point and is started again, and its client, which repeats what was not answered."""

    def __init__(self, work, name, sink, point=None, passing=1, config=CONFIG):
        self.work, self.name, self.deaths = work, name, 0
        self.address = f"127.0.0.1:{free_port()}"
        self.config = work.write(f"{name}.yml", config.format(url=sink.url))
        self.start(f"{point}:{passing}" if point else None)

    def start(self, fault):
        command = ["env"] + ([f"TOCSIN_FAULT_POINT={fault}"] if fault else [])
        self.program = self.work.start(self.name, command + [
            self.work.own("tocsin-ruler"), "alertmanager", f"--config.file={self.config}",
            f"--storage.path={self.work.path(self.name)}", f"--web.listen-address={self.address}"])
        wait_until(self.listens, f"{self.name} listens")

    def listens(self):
        # No request: its answer would pass a point.
        if self.program.process.poll() is not None:
            return True
        host, port = self.address.split(":")
        try:
            socket.create_connection((host, int(port)), timeout=2).close()
            return True
        except OSError:
            return False

    def revive(self):
        """After a death: the same without a fault."""
        if self.program.process.poll() is None:
            return
        assert self.program.process.returncode == -9, self.program.text()[-2000:]
        self.deaths += 1
        self.start(None)

    def until_answered(self, request):
        def answered():
            self.revive()
            try:
                status, text = request()
            except OSError:
                return False
            assert status == 200, (self.name, status, text)
            return text or True
        return wait_until(answered, f"{self.name}: an answer")

    def post(self, path, body):
        text = json.dumps(body)
        self.until_answered(lambda: http(f"http://{self.address}/api/v2/{path}", text,
                                         headers={"Content-Type": "application/json"}))

    def alert(self, name, resolved=False, **annotations):
        self.post("alerts", [{"labels": {"alertname": name}, "annotations": annotations, "startsAt": "2020-01-01T00:00:00Z",
                              "endsAt": "2021-01-01T00:00:00Z" if resolved else "2099-01-01T00:00:00Z"}])

    def silence(self, name):
        self.post("silences", {"matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
                               "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "createdBy": "me", "comment": "c"})

    def all_on_disk(self):
        def done():
            text = self.until_answered(lambda: http(f"http://{self.address}/metrics"))
            # The service may have told of a request whose answer the process has not taken yet: then a flush is under way.
            return re.search(r"^tocsin_state_queued 0$", text, re.M) and re.search(r'^tocsin_alerting_groups\{state="delivery"\} 0$', text, re.M)
        wait_until(done, f"{self.name}: all is on disk")


def told(sink, name):
    return [r["body"]["status"] for r in sink.got("/hook") if r["body"]["groupLabels"] == {"alertname": name}]


def play(work, point, passing):
    """Alerts one after the other, each fires and resolves; a silenced one beside each."""
    sink = work.sink()
    life = Life(work, f"{point}-{passing}", sink, point, passing)
    names = [f"A{i}" for i in range(ROUNDS)]
    for i, name in enumerate(names):
        life.silence(f"Quiet{i}")
        life.alert(f"Quiet{i}")
        if point == "checkpoint":
            life.post("alerts", [{"labels": {"alertname": "Filler", "n": f"{i}-{k}"}, "annotations": {"text": "x" * 6000}} for k in range(3000)])
        for status in ("firing", "resolved"):
            life.alert(name, status == "resolved")

            def arrived():
                life.revive()
                return status in told(sink, name)
            wait_until(arrived, f"{life.name}: {name} is told as {status}")
            life.all_on_disk()
    life.revive()
    if life.deaths == 0:
        return f"{life.name}: nothing died"
    twice = 0
    for name in names:
        statuses = told(sink, name)
        if statuses[0] != "firing" or statuses[-1] != "resolved" or sorted(statuses) != statuses:
            return f"{life.name}: {name} was told as {statuses}"
        twice += len(statuses) - 2
    if twice > (1 if point in WINDOW else 0):
        return f"{life.name}: {twice} notifications were told twice: {[told(sink, name) for name in names]}"
    for i in range(ROUNDS):
        if told(sink, f"Quiet{i}"):
            return f"{life.name}: a silenced alert was told"
    assert life.program.stop() == 0
    sink.close()
    return ""


def test_a_death_at_any_step_loses_nothing_and_repeats_only_what_is_documented(work):
    runs = [(point, passing) for point in points() for passing in (1, ROUNDS)]
    assert len(runs) == 32, runs
    with ThreadPoolExecutor(4) as pool:
        wrong = [text for text in pool.map(lambda run: play(work, *run), runs) if text]
    assert not wrong, "\n".join(wrong)


def test_a_page_that_no_log_knows_of_is_followed_by_its_resolve(work):
    answer = threading.Event()

    def respond(_path, _body):
        answer.wait(20)
        return 200, "text/plain", "ok"
    sink = work.sink(respond)
    life = Life(work, "unlogged", sink, "answer_received")
    life.alert("A")
    wait_until(lambda: told(sink, "A") == ["firing"], "the service has the page")
    life.alert("A", resolved=True)  # on disk, while the page is under way
    answer.set()
    wait_until(lambda: life.program.process.poll() is not None, "it dies between the answer and the log")
    life.revive()
    wait_until(lambda: "resolved" in told(sink, "A"), "the resolve")
    life.all_on_disk()
    assert told(sink, "A") == ["firing", "resolved"], told(sink, "A")


def test_a_fault_point_that_does_not_exist_stops_the_start(work):
    config = work.write("am.yml", "route: {receiver: r}\nreceivers: [{name: r}]\n")
    text = work.run("env", "TOCSIN_FAULT_POINT=nowhere", work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}",
                    f"--storage.path={work.path('data')}", status=1)
    assert "there is no fault point nowhere" in text, text
