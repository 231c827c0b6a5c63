"""tocsin-agent beside Debian's node exporter and Prometheus."""
import ctypes
import glob
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import same_pages
from support import ROOT, Skip, free_port, get_json, http, need, query, wait_until


def sample_lines(text):
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def test_prometheus_scrapes_the_agent(work):
    _, agent = work.agent()
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['{agent}']}}]
""")
    _, prometheus = work.prometheus(config)
    wait_until(lambda: query(prometheus, "up")[0]["value"][1] == "1", "agent is up in Prometheus")
    for name in ("node_load1", "node_memory_MemTotal_bytes", "node_cpu_seconds_total", "node_uname_info", "node_time_seconds",
                 "node_network_receive_bytes_total", "node_filesystem_size_bytes", "node_exporter_build_info"):
        assert query(prometheus, f"count({name})"), name
    answer = get_json(f"{prometheus}/api/v1/targets")["data"]["activeTargets"][0]
    assert answer["lastError"] == "", answer


def test_promtool_finds_no_fault_with_the_page(work):
    work.write("text/job.prom", "# HELP job_last_success_timestamp_seconds Last success.\n"
                                "# TYPE job_last_success_timestamp_seconds gauge\njob_last_success_timestamp_seconds 1\n")
    _, agent = work.agent(f"--collector.textfile.directory={work.path('text')}")
    page = http(f"http://{agent}/metrics")[1]
    assert "job_last_success_timestamp_seconds 1" in page
    # promtool checks the style of names too, and node_exporter's own names are not all in style: what it says of ours is
    # what it says of node_exporter's.
    ours = work.run(need("promtool"), "check", "metrics", stdin=page, status=None)
    known = [line for line in ours.splitlines() if line.strip() and not re.match(r"node_(memory|network|cpu|filesystem|entropy|netstat|sockstat)_", line)]
    assert not known, known
    assert "error while linting" not in ours and "parse" not in ours, ours


def collectors_of(options):
    return set(re.findall(r"--collector\.([a-z_0-9]+)[\s,]", options)) - {"deadline"}


# Labels and texts that newer ones than Debian's 1.5 have.
NEWER_LABELS = {"node_disk_info", "node_network_info", "node_nvme_info", "node_exporter_build_info"}
# Measured by each for itself.
OWN = ("go_", "process_", "promhttp_", "node_scrape_collector_duration_seconds")
# Gauges that change because somebody looks at them: processes and sockets that wait, files that are open, memory.
RESTLESS = ("node_procs_", "node_processes_", "node_sockstat_", "node_filefd_", "node_memory_", "node_slabinfo_", "node_zoneinfo_", "node_tcp_")


def series_of(family):
    """Without the label for errors, which is newer too."""
    return {(name, tuple(pair for pair in labels if pair[0] != "device_error")): value for (name, labels), value in family.series.items()}


def differing_series(before, ours, after):
    """Series of node_exporter that are not ours, or have a value that is not between its two."""
    different = {}
    for name, family in before.items():
        if name in NEWER_LABELS or name.startswith(OWN):
            continue
        mine, later = (series_of(page[name]) if name in page else {} for page in (ours, after))
        for key, value in series_of(family).items():
            if key not in mine:
                different[key] = (value, None)
            elif key in later and not math.isnan(value):
                low, high = sorted((value, later[key]))
                if family.kind == "gauge" and (low < high or name.startswith(RESTLESS)):  # it goes up and down meanwhile
                    low, high = low - abs(low) / 2, high + abs(high)
                if not low <= mine[key] <= high:
                    different[key] = (value, mine[key], later[key])
    return different


def test_every_series_of_node_exporter_is_there_with_its_value(work):
    """All collectors that both have, on this host: same types, helps and labels, values between those of two of its scrapes."""
    peer = f"127.0.0.1:{free_port()}"
    theirs = collectors_of(work.run(need("prometheus-node-exporter"), "--help"))
    # Without a system bus, and events of the processor, there is nothing to compare: dbus_test has the former.
    both = (theirs & collectors_of(work.run(work.own("tocsin-agent"), "--help"))) - {"systemd", "logind", "perf"}
    assert len(both) > 60, both
    flags = [f"--collector.{name}" for name in sorted(both)] + [
        "--collector.cpu.info", "--collector.stat.softirq", "--collector.netdev.address-info", "--collector.sysctl.include=kernel.pid_max",
        "--collector.sysctl.include=net.ipv4.tcp_rmem:min,default,max", "--collector.sysctl.include-info=kernel.core_pattern",
        r"--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"]
    work.start("node_exporter", [need("prometheus-node-exporter"), f"--web.listen-address={peer}", *flags], f"http://{peer}/")
    _, agent = work.agent(*flags)
    http(f"http://{agent}/metrics")
    wanted = "&".join(f"collect[]={name}" for name in sorted(both))
    remaining = None
    for _ in range(8):  # a value may change and change back while it is looked at
        before, ours, after = (same_pages.families(http(f"http://{address}/metrics?{wanted}", timeout=30)[1]) for address in (peer, agent, peer))
        different = differing_series(before, ours, after)
        remaining = different if remaining is None else {key: different[key] for key in remaining if key in different}
        if not remaining:
            break
    assert not remaining, f"{len(remaining)} series differ in each of eight scrapes: {list(remaining.items())[:10]}"
    assert sum(len(family.series) for family in before.values()) > 1000, "node_exporter has hardly any series"
    others = [(name, family.kind, ours[name].kind) for name, family in before.items()
              if name in ours and family.kind != ours[name].kind and not name.startswith(OWN)]
    assert not others, others
    helps = [(name, family.help, ours[name].help) for name, family in before.items()
             if name in ours and family.help != ours[name].help and not name.startswith((*OWN, "node_ksmd_"))]  # those are new in 1.10
    assert not helps, helps


# What node_exporter's end-to-end test is run with, but for what the fixtures cannot tell and its netlink collectors.
E2E_COLLECTORS = (
    "arp bcache bcachefs bonding btrfs buddyinfo cgroups conntrack cpu cpufreq cpu_vulnerabilities diskstats dmi drbd edac "
    "entropy fibrechannel filefd hwmon infiniband interrupts ipvs kernel_hung ksmd lnstat loadavg mdadm meminfo meminfo_numa "
    "mountstats netdev netstat nfs nfsd pcidevice pressure processes qdisc rapl schedstat slabinfo sockstat softirqs stat "
    "sysctl textfile thermal_zone udp_queues vmstat watchdog wifi xfrm xfs zfs zoneinfo").split()
E2E_FLAGS = [
    "--no-collector.filesystem", "--no-collector.uname", "--no-collector.selinux", "--no-collector.timex",
    "--collector.cpu.info", r"--collector.cpu.info.bugs-include=^(cpu_meltdown|spectre_.*|mds)$",
    r"--collector.cpu.info.flags-include=^(aes|avx.?|constant_tsc)$", "--collector.arp.device-exclude=nope",
    "--no-collector.arp.netlink", "--collector.bcache.priorityStats",
    "--collector.hwmon.chip-include=(applesmc|asus_nb_wmi|coretemp|hwmon4|ieee80211|nct6779)",
    "--collector.netclass.ignore-invalid-speed", "--collector.netclass.ignored-devices=(dmz|int)",
    "--collector.netdev.device-include=lo", "--collector.qdisc.device-include=(wlan0|eth0)",
    "--collector.qdisc.fixtures=collector/fixtures/qdisc/", "--collector.wifi.fixtures=collector/fixtures/wifi",
    "--collector.stat.softirq",
    "--collector.sysctl.include=fs.file-nr", "--collector.sysctl.include=fs.file-nr:total,current,max",
    "--collector.sysctl.include=kernel.threads-max", "--collector.sysctl.include-info=kernel.seccomp.actions_avail",
    "--collector.textfile.directory=collector/fixtures/textfile/two_metric_files/"]
# Of the machine, not of the fixtures; or of node_exporter itself.
E2E_MOVING = re.compile(r"go_|process_|promhttp_|node_exporter_build_info|node_scrape_collector|node_textfile_mtime_seconds|"
                        r"node_time_(zone|seconds)|node_network_(receive|transmit)_(bytes|packets)_total")


# All collectors of node_exporter 1.12 on Linux.
ALL_COLLECTORS = set(
    "arp bcache bcachefs bonding btrfs buddyinfo cgroups conntrack cpu cpu_vulnerabilities cpufreq diskstats dmi dmmultipath drbd "
    "drm edac entropy ethtool fibrechannel filefd filesystem hwmon infiniband interrupts ipvs kernel_hung ksmd lnstat loadavg "
    "logind mdadm meminfo meminfo_numa mountstats netclass netdev netstat network_route nfs nfsd ntp nvme nvmesubsystem os "
    "pcidevice perf powersupplyclass pressure processes qdisc rapl runit schedstat selinux slabinfo sockstat softirqs softnet "
    "stat supervisord swap sysctl systemd tapestats tcpstat textfile thermal_zone time timex udp_queues uname vmstat watchdog "
    "wifi xfrm xfs zfs zoneinfo".split())


def family_of(line):
    """Of a sample line; with the suffix of histograms and summaries."""
    return re.split(r"[{ ]", line, maxsplit=1)[0]


def fixture_agent(work):
    """An agent over node_exporter's fixtures; (its address, the collectors that are built, the folder of the fixtures)."""
    corpora, tools = os.environ.get("TOCSIN_CORPORA"), os.environ.get("TOCSIN_TOOLS")
    if not corpora or not tools:
        raise Skip("TOCSIN_CORPORA or TOCSIN_TOOLS is not set")
    node = os.path.join(corpora, "exporters/node")
    fixtures = work.path("collector/fixtures")
    shutil.copytree(os.path.join(node, "upstream/fixtures"), fixtures, symlinks=True)
    me = os.path.join(fixtures, "proc/self")  # a link to a process; copies of the corpora may have its target in a file
    if not os.path.islink(me):
        with open(me, encoding="utf-8") as text:
            target = text.read().strip()
        os.chmod(os.path.dirname(me), 0o755)
        os.remove(me)
        os.symlink(target, me)
    for archive in ("sys.ttar", "udev.ttar"):
        subprocess.run([sys.executable, os.path.join(tools, "unttar.py"), os.path.join(fixtures, archive), fixtures],
                       check=True, capture_output=True)
    options = work.run(work.own("tocsin-agent"), "--help")
    built = {name for name in re.findall(r"--collector\.(\w+)[\s,]", options) if f"Enable the {name} collector" in options}
    known = [flag for flag in E2E_FLAGS if flag.split("=")[0].replace("--no-", "--").split(".")[1] in built]
    _, agent = work.agent("--path.rootfs=collector/fixtures", "--path.procfs=collector/fixtures/proc",
                          "--path.sysfs=collector/fixtures/sys", "--path.udev.data=collector/fixtures/udev/data",
                          *[f"--collector.{name}" for name in E2E_COLLECTORS], *known)
    return agent, built, fixtures


def test_pages_over_the_fixtures_of_node_exporter(work):
    """node_exporter's own end-to-end fixtures: every expected line of each collector that is built is there, to the letter."""
    agent, built, fixtures = fixture_agent(work)
    page = set(sample_lines(http(f"http://{agent}/metrics")[1]))
    collector_of = {}
    with open(os.path.join(os.environ["TOCSIN_CORPORA"], "exporters/node/metrics_by_collector_e2e.tsv"), encoding="utf-8") as lines:
        for line in lines:
            collector, family = line.split("\t")[:2]
            collector_of[family] = collector.rstrip("*")
    with open(os.path.join(fixtures, "e2e-output.txt"), encoding="utf-8") as lines:
        expected = sample_lines(lines.read())
    wanted, not_built = [], set()
    for line in expected:
        family = family_of(line)
        collector = collector_of.get(family) or collector_of.get(re.sub(r"_(bucket|sum|count)$", "", family))
        if line.startswith("node_scrape_collector_success"):
            assert line in page, line
        if E2E_MOVING.match(line) or collector == "(self)":
            continue
        if collector in built:  # netdev's only device is lo: this machine's is as idle as theirs
            wanted.append(line)
        else:
            not_built.add(collector or family)
    not_built |= ALL_COLLECTORS - built
    print(f"collectors of node_exporter that are not built: {' '.join(sorted(not_built)) or 'none'}")
    assert not_built <= {"ntp", "runit", "supervisord"}, "docs/differences.md says which are not built, and why"
    assert len(wanted) > 700, len(wanted)
    missing = [line for line in wanted if line not in page]
    assert not missing, f"{len(missing)} of {len(wanted)} lines are missing: {missing[:10]}"
    mine, known_lines = {family_of(line) for line in wanted}, set(expected)
    foreign = [line for line in page if family_of(line) in mine and line not in known_lines and not E2E_MOVING.match(line)]
    assert not foreign, f"lines that node_exporter does not have: {foreign[:10]}"


def lines_of(page):
    """But for what moves, what the agent says of itself, and remarks."""
    own = ("node_textfile_mtime_seconds", "node_scrape_collector", "node_exporter_build_info", "tocsin_", "promhttp_", "process_")
    foreign = re.compile(rf"(# (HELP|TYPE) )?({'|'.join(own)})|# (?!HELP|TYPE)")
    return {line for line in page.splitlines() if line and not foreign.match(line)}


def test_other_expected_pages_of_node_exporter(work):
    """Its tables of text files, of labels of IPVS and of names of PCI devices: the same lines with the same flags."""
    _, _, fixtures = fixture_agent(work)
    cases = []
    for path in glob.glob(f"{fixtures}/textfile/*.out"):
        name = os.path.basename(path)[:-4]
        folders = ["*_extra_dimension"] if name.startswith("glob") else [name]
        cases.append((path, ["--collector.textfile", *[f"--collector.textfile.directory=fixtures/textfile/{folder}" for folder in folders]]))
    for name, labels in (("", None), ("_lbs_none", ""), ("_lbs_local_port", "local_port"), ("_lbs_local_address_local_port", "local_address,local_port")):
        flags = [] if labels is None else [f"--collector.ipvs.backend-labels={labels}"]
        cases.append((f"{fixtures}/ip_vs_result{name}.txt", ["--collector.ipvs", *flags]))
    cases.append((f"{fixtures}/pcidevice-names-output.txt", ["--collector.pcidevice", "--collector.pcidevice.names",
                                                             f"--collector.pcidevice.idsfile={fixtures}/pci.ids"]))
    assert len(cases) > 18, cases
    os.symlink(fixtures, work.path("fixtures"))
    different = []
    for number, (path, flags) in enumerate(cases):
        program, agent = work.agent("--collector.disable-defaults", "--path.procfs=fixtures/proc", "--path.sysfs=fixtures/sys", *flags,
                                    name=f"agent{number}")
        ours = lines_of(http(f"http://{agent}/metrics")[1])
        program.stop()
        with open(path, encoding="utf-8") as text:
            theirs = lines_of(text.read())
        if ours != theirs:
            different.append((os.path.basename(path), sorted(theirs - ours)[:3], sorted(ours - theirs)[:3]))
    assert not different, different


def test_filters_health_and_bad_requests(work):
    _, agent = work.agent("--no-collector.loadavg")
    base = f"http://{agent}"
    assert http(f"{base}/-/healthy")[0] == 200 and http(f"{base}/-/ready")[0] == 200
    assert "/metrics" in http(f"{base}/")[1]
    assert "node_load1 " not in http(f"{base}/metrics")[1]
    only = http(f"{base}/metrics?collect[]=meminfo")[1]
    assert "node_memory_MemTotal_bytes" in only and "node_cpu_seconds_total" not in only
    without = http(f"{base}/metrics?exclude[]=meminfo")[1]
    assert "node_memory_MemTotal_bytes" not in without and "node_cpu_seconds_total" in without
    assert http(f"{base}/metrics?collect[]=nonsense")[0] == 400
    assert http(f"{base}/metrics?collect[]=loadavg")[0] == 400
    assert http(f"{base}/metrics?collect[]=cpu&exclude[]=cpu")[0] == 400
    assert http(f"{base}/nowhere")[0] == 404
    assert http(f"{base}/metrics", body="x", method="POST")[0] == 405


def test_a_port_in_use_and_wrong_flags_are_clear_errors(work):
    _, agent = work.agent()
    second = work.run(work.own("tocsin-agent"), f"--web.listen-address={agent}", status=1)
    assert "address already in use" in second and agent in second, second
    assert "--nonsense" in work.run(work.own("tocsin-agent"), "--nonsense", status=1)
    wrong = work.run(work.own("tocsin-agent"), "--collector.netdev.device-exclude=(", status=1)
    assert "--collector.netdev.device-exclude" in wrong and "missing closing )" in wrong, wrong


def test_a_hanging_file_system_does_not_take_the_page_with_it(work):
    """A FIFO in place of a textfile blocks whoever opens it: the page comes, without waiting for it."""
    os.makedirs(work.path("text"))
    os.mkfifo(work.path("text/stuck.prom"))
    _, agent = work.agent(f"--collector.textfile.directory={work.path('text')}", "--collector.deadline=1s")
    status, page = http(f"http://{agent}/metrics", timeout=5)
    assert status == 200 and "node_load1 " in page and "node_memory_MemTotal_bytes" in page
    assert 'node_scrape_collector_success{collector="textfile"} 0' in page
    # The others go on, and at once.
    for _ in range(3):
        page = http(f"http://{agent}/metrics?exclude[]=textfile", timeout=5)[1]
        assert 'node_scrape_collector_success{collector="cpu"} 1' in page


def test_servers_of_agent_yml_are_served_beside_the_node_and_on_addresses_of_their_own(work):
    """A server that is down holds up nobody, is told of on every path, and its password on none."""
    redis, own = free_port(), free_port()
    config = work.write("agent.yml", f"""
redis:
  listen: 127.0.0.1:{own}
  targets: [{{address: 'redis://127.0.0.1:{redis}', password: hunter2}}]
""")
    assert "SUCCESS: node" in work.run(work.own("tocsinctl"), "check", "agent", config)
    agent, address = work.agent(f"--config.file={config}")
    page = http(f"http://{address}/metrics")[1]
    assert "redis_up 0" in page and "node_load1 " in page and "node_exporter_build_info" in page, page[:2000]
    assert f'tocsin_collector_success{{collector="redis",target="127.0.0.1:{redis}"}} 0' in page.replace("redis://", ""), page[-3000:]
    for url in (f"http://{address}/metrics/redis", f"http://{address}/redis/metrics", f"http://127.0.0.1:{own}/metrics",
                f"http://{address}/metrics?collect[]=redis"):
        part = http(url)[1]
        assert "redis_up 0" in part and "node_load1 " not in part, url
    assert "tocsin_" not in http(f"http://127.0.0.1:{own}/metrics")[1]
    assert "redis_up 0" in http(f"http://127.0.0.1:{own}/scrape?target=redis://127.0.0.1:{redis}")[1]
    assert "redis_up 0" not in http(f"http://{address}/metrics?exclude[]=redis")[1]
    for path in ("/", "/redis", "/health/detailed", "/metrics"):
        assert "hunter2" not in http(f"http://{address}{path}")[1], path
    assert "hunter2" not in agent.text()
    assert agent.stop() == 0


SECRET = "hunter2"
# Files that are wrong, each with a secret near the mistake.
WRONG_FILES = (
    "redis: {targets: [{address: 'redis://h:1', password: S, password_file: x}]}", "redis: {targets: [{address: 'redis://u:S@h:xx'}]}",
    "redis: {targets: [{address: 'redis://h:1', password: [S]}]}", "redis: {targets: [{address: 'redis://h:1', password: {S: 1}}]}",
    "postgres: {targets: [{dsn: 'postgres://u:S@h:1:2/x'}]}", "nginx: {targets: [{url: 'http://u:S@:x'}]}",
    "nginx: {targets: [{url: 'http://u:a/S@h:/status'}]}", "mysql: {targets: [{address: 'u:S@h:1', user: x}]}",
    "mysql: {targets: [{address: 'h:1', user: x, password: S, pasword: S}]}", "rabbitmq: {targets: [{amqp: 'amqp://u:S@h:xx'}]}",
    "rabbitmq: {targets: [{amqp: 'u:S@h:5672'}]}", "rabbitmq: {targets: [{management: 'http://u:S@h:99999'}]}",
    "elasticsearch: {targets: [{uri: 'http://u:S@[::1'}]}", "elasticsearch: {targets: [{uri: 'http://h', api_key: S, password: S}]}")
# Probes, each with a secret.
PROBES = ("/redis/scrape?target=redis://u:S@127.0.0.1:{port}", "/redis/scrape?target=redis://u:S@127.0.0.1:x",
          "/postgres/probe?target=postgres://u:S@127.0.0.1:{port}/x", "/postgres/probe?target=postgres://u:S@127.0.0.1:x/x",
          "/mysql/probe?target=u:S@127.0.0.1:{port}", "/elasticsearch/probe?target=http://u:S@127.0.0.1:{port}x")


def test_no_password_is_ever_printed(work):
    """Servers of all kinds that are down, with passwords wherever they may stand: in no page, log, error or answer."""
    port = free_port()
    work.write("secret", SECRET + "\n")
    good = """
redis:
  targets:
    - {address: 'redis://127.0.0.1:P', password: S}
    - {address: 'redis://localhost:P', password_file: secret}
    - {address: 'redis://user:S@127.0.0.2:P'}
mysql:
  targets: [{address: '127.0.0.1:P', user: u, password: S}, {address: '127.0.0.2:P', user: u, password_env: SECRET}]
postgres:
  targets: [{dsn: 'postgres://u:S@127.0.0.1:P/x'}, {dsn: 'host=127.0.0.2 port=P user=u password=S'}, {dsn: 'host=127.0.0.3 port=P password=S bogus=1'}]
nginx: {targets: [{url: 'http://u:S@127.0.0.1:P/status'}]}
rabbitmq: {targets: [{management: 'http://127.0.0.1:P', amqp: '127.0.0.1:P', username: u, password: S}]}
elasticsearch: {targets: [{uri: 'http://u:S@127.0.0.1:P'}]}
"""
    good = re.sub(r"\bS\b", SECRET, re.sub(r"\bP\b", str(port), good))
    config = work.write("agent.yml", good)
    address = f"127.0.0.1:{free_port()}"
    agent = work.start("agent", [need("env"), f"SECRET={SECRET}", work.own("tocsin-agent"), f"--web.listen-address={address}", f"--config.file={config}",
                                 "--log.level=debug", "--web.enable-lifecycle", f"--web.access-log={work.path('access.log')}"],
                       f"http://{address}/-/ready")
    seen = {"check": work.run(work.own("tocsinctl"), "check", "agent", config)}
    kinds = ("redis", "mysql", "postgres", "nginx", "rabbitmq", "elasticsearch")
    assert all(f"{kind} (" in seen["check"] for kind in kinds), seen
    paths = ["/", "/metrics", "/health", "/health/detailed", "/health/database", "/api/v1/monitoring/database/health"]
    paths += [path for kind in kinds for path in (f"/{kind}", f"/{kind}/metrics", f"/metrics/{kind}")]
    paths += [probe.replace("S@", SECRET + "@").format(port=port) for probe in PROBES]
    for path in paths:
        seen[path] = http(f"http://{address}{path}", timeout=30)[1]
    assert all(f'name":"{kind}"' in seen["/health/detailed"] for kind in kinds), seen["/health/detailed"]
    for text in WRONG_FILES:
        work.write("agent.yml", re.sub(r"\bS\b", SECRET, text))
        status, seen[text] = http(f"http://{address}/-/reload", body="", method="POST")
        assert status == 500 and f"{config}:1:" in seen[text], (text, seen[text])
        seen["check of " + text] = work.run(work.own("tocsinctl"), "check", "agent", config, status=1)
    assert agent.stop() == 0
    with open(work.path("access.log"), encoding="utf-8") as access:
        seen["access log"] = access.read()
    seen["log"] = agent.text()
    told = [f"{where}: {text[max(text.find(SECRET) - 200, 0):][:300]}" for where, text in seen.items() if SECRET in text]
    assert not told, told


def test_agent_yml_is_read_again_on_a_signal_or_not_at_all(work):
    redis, own = free_port(), free_port()
    section = f"redis: {{targets: ['redis://127.0.0.1:{redis}']}}\n"
    config = work.write("agent.yml", section)
    agent, address = work.agent(f"--config.file={config}", "--web.enable-lifecycle")
    work.write("agent.yml", section + "redes: {}\n")
    agent.signal(signal.SIGHUP)
    page = wait_until(lambda: (lambda p: p if "tocsin_config_last_reload_successful 0" in p else None)(
        http(f"http://{address}/metrics")[1]), "the wrong file is refused")
    assert "redis_up 0" in page
    status, text = http(f"http://{address}/-/reload", method="POST", body="")
    assert status == 500 and "agent.yml:2:1: field redes not found" in text, text
    assert "agent.yml:2:1: field redes" in work.run(work.own("tocsinctl"), "check", "agent", config, status=1)
    work.write("agent.yml", f"node: {{collector.disable-defaults: true, collector.loadavg: true}}\n"
                            f"redis: {{listen: '127.0.0.1:{own}', targets: ['redis://127.0.0.1:{redis}']}}\n")
    agent.signal(signal.SIGHUP)
    wait_until(lambda: "redis_up 0" in http(f"http://127.0.0.1:{own}/metrics")[1], "the new address answers")
    page = http(f"http://{address}/metrics")[1]
    assert "node_load1 " in page and "node_memory_MemTotal_bytes" not in page
    assert "tocsin_config_last_reload_successful 1" in page


def test_health_endpoints(work):
    _, address = work.agent()
    health = get_json(f"http://{address}/health")
    assert set(health) == {"status", "checks", "timestamp"} and set(health["checks"]) == {"system"}, health
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", health["timestamp"]), health
    system = get_json(f"http://{address}/health/system")
    assert 0 <= system["cpu"]["usage"] <= 100 and system["cpu"]["threshold"] == 80, system
    assert 0 < system["memory"]["usage"] < 100 and system["memory"]["threshold"] == 85, system
    for path in ("live", "ready", "database"):
        assert get_json(f"http://{address}/health/{path}")["status"] == "healthy", path
    assert get_json(f"http://{address}/api/v1/monitoring/database/health")["databases"] == []
    config = work.write("agent.yml", f"redis: {{targets: ['redis://127.0.0.1:{free_port()}']}}\n")
    _, address = work.agent(f"--config.file={config}", name="down")
    status, text = http(f"http://{address}/health")
    assert status == 503 and '"redis":"unhealthy"' in text, text
    status, text = http(f"http://{address}/health/detailed")
    assert status == 503 and "connection refused" in text, text
    assert http(f"http://{address}/health/live")[0] == 200


def hung_mount(folder):
    """A file system that never answers: FUSE, whose server reads no request. Returns what ends it."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    if libc.mount(b"stuck", os.fsencode(folder), b"fuse.stuck", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount at {folder}: {os.strerror(ctypes.get_errno())}")

    def end():
        detach = 2
        libc.umount2(os.fsencode(folder), detach)
        os.close(device)  # what waits for it fails
    return end


def test_mounts_are_seen_when_they_come_change_and_go(work):
    if os.getuid() != 0:
        raise Skip("mounting takes root")
    folder = work.path("mounted")
    os.makedirs(folder)
    _, agent = work.agent()

    def mount(*options):
        return subprocess.run(["mount", *options, folder], capture_output=True, text=True, check=False)

    def numbers():
        _, page = http(f"http://{agent}/metrics")
        where = re.escape(f'{{device="ours",device_error="",fstype="tmpfs",mountpoint="{folder}"}} ')
        return [float(re.search(f"^node_filesystem_{name}{where}(.*)$", page, re.MULTILINE)[1])
                for name in ("readonly", "size_bytes")] if folder in page else None

    assert numbers() is None and numbers() is None
    if (mounted := mount("-t", "tmpfs", "-o", "size=1m", "ours")).returncode != 0:
        raise Skip(f"no right to mount: {mounted.stderr}")
    try:
        assert numbers() == [0, 1 << 20]
        for option, expected in (("ro", [1, 1 << 20]), ("rw", [0, 1 << 20]), ("size=2m", [0, 2 << 20])):
            assert mount("-o", f"remount,{option}").returncode == 0
            assert numbers() == expected and numbers() == expected, option
    finally:
        subprocess.run(["umount", folder], check=True)
    assert numbers() is None


def test_datagrams_that_wait_are_counted_as_the_kernel_counts_them(work):
    """udp_queues, also of kinds of which there was no socket before."""
    _, agent = work.agent()

    def waiting():
        text = http(f"http://{agent}/metrics?collect[]=udp_queues")[1]
        return {ip: float(value) for ip, value in re.findall(r'^node_udp_queues\{ip="(v\d)",queue="rx"\} (\S+)$', text, re.MULTILINE)}

    def kernels(name):
        with open(f"/proc/net/{name}", encoding="ascii") as table:
            return float(sum(int(line.split()[4].split(":")[1], 16) for line in table.readlines()[1:]))

    def is_the_same():
        return waiting() == {ip: kernels(name) for ip, name in (("v4", "udp"), ("v6", "udp6")) if os.path.exists(f"/proc/net/{name}")}

    wait_until(is_the_same, "both say the same", 10)
    addresses = "/proc/net/if_inet6"  # not there without IPv6, empty where it is switched off
    has_ipv6 = os.path.exists(addresses) and " lo\n" in open(addresses, encoding="ascii").read()
    for ip, family, host in (("v4", socket.AF_INET, "127.0.0.1"), ("v6", socket.AF_INET6, "::1")):
        if ip == "v6" and not has_ipv6:
            continue
        with socket.socket(family, socket.SOCK_DGRAM) as receiver, socket.socket(family, socket.SOCK_DGRAM) as sender:
            receiver.bind((host, 0))
            sender.sendto(b"x" * 1000, receiver.getsockname())
            wait_until(is_the_same, f"both say the same with a datagram of {ip}", 10)
            assert waiting()[ip] >= 1000, waiting()
    wait_until(is_the_same, "both say the same without them", 10)


def test_a_hung_mount_delays_nothing(work):
    if os.getuid() != 0 or not os.path.exists("/dev/fuse"):
        raise Skip("a mount that hangs takes root and /dev/fuse")
    stuck = work.path("stuck")
    os.makedirs(stuck)
    _, agent = work.agent()
    url = f"http://{agent}/metrics"

    def scrape():
        began = time.monotonic()
        status, page = http(url, timeout=20)
        assert status == 200
        return time.monotonic() - began, page

    scrape()
    usual = min(scrape()[0] for _ in range(5))
    end = hung_mount(stuck)
    try:
        error = f'node_filesystem_device_error{{device="stuck",device_error="mountpoint timeout",fstype="fuse.stuck",mountpoint="{stuck}"}} 1'
        first, page = scrape()
        assert error in page, [line for line in page.splitlines() if "stuck" in line]
        again = min(scrape()[0] for _ in range(5))
        print(f"a scrape takes {usual * 1000:.1f} ms; {first * 1000:.1f} ms when a mount begins to hang, then {again * 1000:.1f} ms")
        assert first < 1 and again < 0.5, (usual, first, again)
        _, page = scrape()
        assert error in page and 'node_filesystem_size_bytes{device=' in page
        for collector in ("filesystem", "cpu", "netdev", "time"):
            assert f'node_scrape_collector_success{{collector="{collector}"}} 1' in page, collector
        assert "tocsin_agent_collector_age_seconds{" not in page
    finally:
        end()
    wait_until(lambda: stuck not in scrape()[1], "the mount is gone")
