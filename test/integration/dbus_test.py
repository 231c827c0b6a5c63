"""The collectors that ask over D-Bus, on a real bus with stand-ins for systemd and logind, beside Debian's node exporter."""
import os

import same_pages
from support import ROOT, free_port, http, need, python_with, wait_until

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""
WANTED = "collect[]=systemd&collect[]=logind"
FLAGS = ["--collector.systemd", "--collector.logind", "--collector.systemd.enable-task-metrics", "--collector.systemd.enable-restarts-metrics",
         "--collector.systemd.enable-start-time-metrics"]


class Bus:
    def __init__(self, work):
        self.work, self.python = work, python_with("dbus", "gi")
        self.path = work.path("bus")
        self.address = f"unix:path={self.path}"
        self.config = work.write("bus.conf", CONFIG.format(path=self.path))
        self.started = 0
        self.start()

    def start(self):
        self.started += 1
        if os.path.exists(self.path):
            os.remove(self.path)
        self.daemon = self.work.start(f"bus{self.started}", [need("dbus-daemon"), "--nofork", f"--config-file={self.config}"])
        wait_until(lambda: os.path.exists(self.path), "the bus listens")
        self.start_services()

    def start_services(self):
        self.started += 1
        script = os.path.join(ROOT, "test/integration/dbus_services.py")
        self.services = self.work.start(f"services{self.started}", [self.python, script, self.address])
        wait_until(lambda: "ready" in self.services.text(), "systemd and logind are on the bus")

    def exporter(self, name, program, *flags):
        """Its address; it is told where the bus is as its library wants it."""
        address = f"127.0.0.1:{free_port()}"
        self.work.start(name, [need("env"), f"DBUS_SYSTEM_BUS_ADDRESS={self.address}", program, f"--web.listen-address={address}",
                               *FLAGS, *flags], f"http://{address}/")
        return address


def page_of(address):
    status, page = http(f"http://{address}/metrics?{WANTED}")
    assert status == 200, page
    return page


def succeeded(page, collector):
    return f'node_scrape_collector_success{{collector="{collector}"}} 1\n' in page


def test_systemd_and_logind_are_told_of_as_by_node_exporter(work):
    bus = Bus(work)
    theirs = page_of(bus.exporter("node_exporter", need("prometheus-node-exporter")))
    ours = page_of(bus.exporter("agent", work.own("tocsin-agent")))
    for collector in ("systemd", "logind"):
        assert succeeded(theirs, collector) and succeeded(ours, collector), collector
    for series in ('node_systemd_unit_state{name="web.service",state="active",type="notify"} 1', 'node_systemd_units{state="failed"} 1',
                   'node_systemd_timer_last_trigger_seconds{name="daily.timer"} 1.700000001e+09',
                   'node_systemd_socket_accepted_connections_total{name="web.socket"} 11', 'node_systemd_system_running 1',
                   'node_logind_sessions{class="user",remote="true",seat="",type="tty"} 2',
                   'node_logind_sessions{class="other",remote="false",seat="",type="other"} 1'):
        assert series + "\n" in ours, series
    ignored = ("go_", "process_", "promhttp_", "node_exporter_build_info", "node_scrape_collector_duration_seconds")
    same_pages.check_same(theirs, ours, moves=lambda name: False, ignored=lambda name: name.startswith(ignored))


def test_units_are_chosen_by_the_flags(work):
    bus = Bus(work)
    flags = ["--collector.systemd.unit-include=.*\\.(service|mount)", "--collector.systemd.unit-exclude=broken.*"]
    pages = [page_of(bus.exporter("node_exporter", need("prometheus-node-exporter"), *flags)),
             page_of(bus.exporter("agent", work.own("tocsin-agent"), *flags))]
    lines = [[line for line in page.splitlines() if line.startswith("node_systemd_unit_state")] for page in pages]
    assert lines[0] == lines[1] and len(lines[0]) == 15, lines


def test_services_and_the_bus_may_go_and_come_back(work):
    bus = Bus(work)
    agent = bus.exporter("agent", work.own("tocsin-agent"))
    assert succeeded(page_of(agent), "systemd")
    bus.services.kill()
    wait_until(lambda: not succeeded(page_of(agent), "systemd"), "systemd is gone from the bus")
    assert not succeeded(page_of(agent), "logind")
    bus.start_services()
    wait_until(lambda: succeeded(page_of(agent), "systemd") and succeeded(page_of(agent), "logind"), "both are there again")
    bus.services.kill()
    bus.daemon.kill()
    wait_until(lambda: not succeeded(page_of(agent), "systemd"), "the bus is gone")
    assert 'node_scrape_collector_success{collector="cpu"} 1' in http(f"http://{agent}/metrics")[1]
    bus.start()
    wait_until(lambda: succeeded(page_of(agent), "systemd") and succeeded(page_of(agent), "logind"), "another bus is found")
