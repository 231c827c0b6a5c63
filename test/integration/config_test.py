"""Configuration files: tocsinctl's verdicts beside Prometheus', and reloads of a ruler that works."""
import glob
import os
import re
import signal
import subprocess
import time

from support import Skip, get_json, http, need, query, wait_until

# Bad only within a discovery that is not built: the rest of the file is judged.
UNBUILT = ("azure_", "ec2_", "eureka_", "hetzner_", "ionos_", "lightsail_", "marathon_", "oci_", "openstack_", "outscale_",
           "ovhcloud_", "puppetdb_", "scaleway_", "stackit_", "uyuni_")
# Bad, although their names or the table do not say so.
OTHER_BAD = {
    "config_with_deprecated_am_api_config.yml": "expected Alertmanager api version to be one of [v2] but got v1",
    "otlp_allow_utf8.incompatible.yml": 'OTLP translation strategy "NoUTF8EscapingWithSuffixes" is not allowed when UTF8 is disabled',
    "otlp_no_translation.incompatible.yml": 'OTLP translation strategy "NoTranslation" is not allowed when UTF8 is disabled',
}


def corpus():
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    return os.path.join(corpora, "prometheus-config")


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_check_config_gives_prometheus_verdict_on_its_own_files(work):
    folder, ctl = corpus(), work.own("tocsinctl")
    with open(os.path.join(folder, "expected-errors.tsv"), encoding="utf-8") as table:
        words = dict(line.rstrip("\n").split("\t", 1) for line in table if "\t" in line and not line.startswith("#"))
    wrong, judged = [], 0
    for path in sorted(glob.glob(os.path.join(folder, "testdata/*.yml"))):
        name = os.path.basename(path)
        status, text = run(folder, ctl, "check", "config", f"testdata/{name}")
        bad = ".bad." in name or name in OTHER_BAD
        wanted = OTHER_BAD.get(name) or words.get(name, "")
        if bad and name.startswith(UNBUILT):
            if status != 0 and "job_name is empty" not in text:
                wrong.append(f"{name}: refused beside its discovery: {text}")
            continue
        judged += 1
        if (status != 0) != bad:
            wrong.append(f"{name}: status {status}: {text}")
        elif bad and wanted not in text:
            wrong.append(f"{name}: Prometheus: {wanted}; ours: {text}")
        elif bad and not re.search(r"at \S+:\d+:\d+", text) and "does not point to an existing file" not in text:
            wrong.append(f"{name}: no place: {text}")
    assert not wrong, "\n".join(wrong)
    assert judged > 120, judged
    for path in glob.glob(os.path.join(folder, "examples/prometheus*.yml")):
        status, text = run(folder, ctl, "check", "config", path)
        assert status == 0, text


def test_check_config_takes_the_options_of_promtool(work):
    ctl = work.own("tocsinctl")
    good = work.write("good.yml", "rule_files: [r.yml]\nscrape_configs: [{job_name: a, scrape_interval: 10m}]\n")
    work.write("r.yml", "groups: [{name: g, rules: [{record: a, expr: b}, {record: a, expr: c}]}]\n")
    bad = work.write("bad.yml", "scrape_configs:\n  - job: a\n")
    text = work.run(ctl, "check", "config", good)
    assert "SUCCESS: 1 rule files found" in text and "SUCCESS: 2 rules found" in text, text
    text = work.run(ctl, "check", "config", good, bad, status=1)
    assert f"FAILED: parsing YAML file {bad}: yaml: unmarshal errors:\n  line 2: field job not found in type" in text, text
    assert f"at {bad}:2:5" in text and f"SUCCESS: {good} is valid" in text, text
    work.run(ctl, "check", "config", "--lint-fatal", good, status=3)
    work.run(ctl, "check", "config", "--lint-fatal", "--lint=none", good)
    assert "too long scrape interval" in work.run(ctl, "check", "config", "--lint-fatal", "--lint=too-long-scrape-interval", good, status=3)
    work.write("r.yml", "groups: [{name: g, rules: [{record: a, expr: '('}]}]\n")
    work.run(ctl, "check", "config", good, status=1)
    work.run(ctl, "check", "config", "--syntax-only", good)
    assert "field rule_files is not allowed in agent mode" in work.run(ctl, "check", "config", "--agent", good, status=1)
    work.run(ctl, "check", "config", work.path("none.yml"), status=1)
    variable = work.write("env.yml", "scrape_configs:\n  - job_name: ${TOCSIN_TEST_NONE}\n")
    work.run(ctl, "check", "config", variable)
    assert f"at {variable}:2:15" in work.run(ctl, "check", "config", "--expand-env", variable, status=1)


def test_check_config_reads_what_the_file_names(work):
    ctl = work.own("tocsinctl")
    config = work.write("p.yml", """
scrape_config_files: [jobs/*.yml]
scrape_configs:
  - job_name: files
    file_sd_configs: [{files: [targets.json, none.yml]}]
    authorization: {credentials_file: secret}
""")
    work.write("jobs/a.yml", "scrape_configs: [{job_name: a}]\n")
    work.write("targets.json", '[{"targets": ["a:1"]}]')
    text = work.run(ctl, "check", "config", config)
    assert 'none.yml" for file_sd in scrape job "files" does not exist' in text, text
    assert "WARNING: authorization credentials or bearer token file" in text, text
    work.write("targets.json", '[{"target": ["a:1"]}]')
    assert "checking SD file" in work.run(ctl, "check", "config", config, status=1)
    work.write("targets.json", "[]")
    work.write("jobs/a.yml", "scrape_configs: [{job_name: files}]\n")
    text = work.run(ctl, "check", "config", config, status=1)
    assert 'found multiple scrape configs with job name "files", first found in main config file' in text, text
    assert "jobs/a.yml:1:29" in text, text


# Verdicts of Prometheus 3.14 that Debian's 2.42 cannot give: keys, values and rules that came later.
NEWER = re.compile(r"not found in type|unknown scrape protocol")
CHANGED_SINCE = {
    "config_with_deprecated_am_api_config.yml",  # API v1 is gone
    "labelname.bad.yml",                         # names may be any UTF-8
    "remote_write_queue_max_shards_zero.bad.yml", "remote_write_queue_min_shards_zero.bad.yml",
    "remote_write_queue_min_shards_greater_than_max.bad.yml", "empty_scrape_config_action.bad.yml",
}


def test_debians_promtool_agrees_where_it_can_judge(work):
    folder, promtool, ctl = corpus(), need("promtool"), work.own("tocsinctl")
    compared, differ = 0, []
    for path in sorted(glob.glob(os.path.join(folder, "testdata/*.yml"))):
        name = os.path.basename(path)
        status, theirs = run(folder, promtool, "check", "config", "--syntax-only", f"testdata/{name}")
        if (status != 0 and NEWER.search(theirs)) or name in CHANGED_SINCE or name.startswith(UNBUILT):
            continue
        ours_status, ours = run(folder, ctl, "check", "config", "--syntax-only", f"testdata/{name}")
        compared += 1
        if (status == 0) != (ours_status == 0):
            differ.append(f"{name}: promtool {status}: {theirs}\nours {ours_status}: {ours}")
    assert not differ, "\n".join(differ)
    assert compared > 45, compared


TARGET = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules/*.yml]
scrape_config_files: [jobs/*.yml]
scrape_configs:
  - job_name: target
    static_configs: [{{targets: ['{target}']}}]
"""
RULES = """
groups:
  - name: kept
    rules:
      - {record: tick, expr: time()}
      - {alert: Firing, expr: vector(1)}
      - {alert: Pending, expr: vector(2), for: 8s}
"""
ROUTES = """
route: {{receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/hook', send_resolved: true}}]}}]
"""


def start_with_target(work, *flags):
    target = work.sink(lambda path, body: (200, "text/plain; version=0.0.4", "m 1\n"))
    pager = work.sink()
    config = work.write("prometheus.yml", TARGET.format(target=target.url[7:]))
    work.write("rules/kept.yml", RULES)
    routes = work.write("alertmanager.yml", ROUTES.format(url=pager.url))
    program, url = work.ruler(config, routes, *flags)
    return program, url, pager, target


def alert(url, name):
    found = [a for a in get_json(f"{url}/api/v1/alerts")["data"]["alerts"] if a["labels"]["alertname"] == name]
    return found[0] if found else None


def loaded(url):
    """(whether the last reload was good, when the last good one was)"""
    text = http(f"{url}/metrics")[1]
    value = {name: float(v) for name, v in re.findall(r"^(prometheus_config_last_reload\w+) (\S+)$", text, re.M)}
    return value["prometheus_config_last_reload_successful"], value["prometheus_config_last_reload_success_timestamp_seconds"]


def gaps(url, series, seconds):
    """Distances between the samples of a series."""
    result = query(url, f"{series}[{seconds}s]")
    assert len(result) == 1, result
    times = [t for t, _ in result[0]["values"]]
    return [round(b - a, 3) for a, b in zip(times, times[1:])]


def test_a_reload_keeps_targets_groups_and_alerts_that_did_not_change(work):
    program, url, pager, target = start_with_target(work, "--web.enable-lifecycle")
    wait_until(lambda: any(r["body"]["groupLabels"] == {"alertname": "Firing"} for r in pager.got("/hook")), "the first page")
    pending = wait_until(lambda: alert(url, "Pending"), "the pending alert")
    assert pending["state"] == "pending", pending
    began = time.time()
    # New: a job, a rule file, external labels that no alert had. The rest stays.
    work.write("jobs/new.yml", f"scrape_configs: [{{job_name: new, static_configs: [{{targets: ['{target.url[7:]}']}}]}}]\n")
    work.write("rules/new.yml", "groups: [{name: new, rules: [{record: other, expr: time()}]}]\n")
    for round_ in range(3):
        program.signal(signal.SIGHUP)
        if round_ == 1:
            assert http(f"{url}/-/reload", method="POST")[0] == 200
        time.sleep(0.7)
    wait_until(lambda: query(url, 'up{job="new"}') and query(url, "other"), "the new job and the new group")
    wait_until(lambda: alert(url, "Pending")["state"] == "firing", "the pending alert fires in its time")
    wait_until(lambda: any(r["body"]["groupLabels"] == {"alertname": "Pending"} for r in pager.got("/hook")), "its page")
    assert alert(url, "Pending")["activeAt"] == pending["activeAt"]
    time.sleep(max(0.0, began + 12 - time.time()))
    pages = [r["body"]["groupLabels"]["alertname"] for r in pager.got("/hook")]
    assert sorted(pages) == ["Firing", "Pending"], pages
    # Neither scrapes nor evaluations missed a beat, nor came twice.
    for series in ('up{job="target"}', "tick"):
        distances = gaps(url, series, 10)
        assert len(distances) >= 8 and all(abs(d - 1) < 0.05 for d in distances), (series, distances)
    assert loaded(url)[0] == 1


def test_a_bad_file_of_the_set_refuses_the_whole_set(work):
    program, url, _, _ = start_with_target(work, "--web.enable-lifecycle")
    good, since = loaded(url)
    assert good == 1
    bad = {"rules/new.yml": "groups: [{name: g, rules: [{record: a, expr: '('}]}]\n",
           "jobs/new.yml": "scrape_configs: [{job_name: target}]\n",
           "prometheus.yml": "scrape_configs: [{job: x}]\n"}
    for name, text in bad.items():
        kept = open(work.path(name), encoding="utf-8").read() if os.path.exists(work.path(name)) else None
        work.write("rules/also.yml", "groups: [{name: also, rules: [{record: also, expr: time()}]}]\n")
        work.write(name, text)
        status, answer = http(f"{url}/-/reload", method="POST")
        assert status == 500 and "failed to reload config: " in answer and f"{name}:1:" in answer, (name, status, answer)
        assert loaded(url) == (0, since), name
        groups = [g["name"] for g in get_json(f"{url}/api/v1/rules")["data"]["groups"]]
        assert groups == ["kept"], (name, groups)
        os.remove(work.path("rules/also.yml"))
        work.write(name, kept) if kept is not None else os.remove(work.path(name))
    assert http(f"{url}/-/reload", method="POST")[0] == 200
    assert loaded(url)[0] == 1 and loaded(url)[1] > since
    assert "the former one stays" in program.text()


def test_files_that_change_are_reloaded_by_themselves(work):
    program, url, pager, target = start_with_target(work, "--config.auto-reload", "--config.auto-reload-interval=1s")
    wait_until(lambda: query(url, 'up{job="target"}'), "the target")
    time.sleep(2.5)
    assert "change detected" not in program.text()
    work.write("rules/new.yml", "groups: [{name: new, rules: [{record: by_rule_file, expr: time()}]}]\n")
    wait_until(lambda: query(url, "by_rule_file"), "a new rule file")
    work.write("jobs/new.yml", f"scrape_configs: [{{job_name: new, static_configs: [{{targets: ['{target.url[7:]}']}}]}}]\n")
    wait_until(lambda: query(url, 'up{job="new"}'), "a new file of scrape_config_files")
    os.remove(work.path("rules/new.yml"))
    wait_until(lambda: [g["name"] for g in get_json(f"{url}/api/v1/rules")["data"]["groups"]] == ["kept"], "a rule file that is gone")
    # What is wrong is said once, and tried again when the file changes.
    work.write("prometheus.yml", "a: [")
    wait_until(lambda: loaded(url)[0] == 0, "the broken file")
    time.sleep(2.5)
    assert program.text().count("the former one stays") == 1, program.text()
    assert query(url, 'up{job="target"}')
    work.write("prometheus.yml", TARGET.format(target=target.url[7:]))
    wait_until(lambda: loaded(url)[0] == 1, "the repaired file")
    other = work.sink()
    work.write("alertmanager.yml", ROUTES.format(url=other.url).replace("1h", "2h"))
    work.write("rules/more.yml", "groups: [{name: more, rules: [{alert: More, expr: vector(1)}]}]\n")
    wait_until(lambda: any(r["body"]["groupLabels"] == {"alertname": "More"} for r in other.got("/hook")), "the new receiver")


def test_variables_of_the_environment_are_expanded_when_asked_for(work):
    target = work.sink(lambda path, body: (200, "text/plain; version=0.0.4", "m 1\n"))
    config = work.write("prometheus.yml", """
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: ${JOB:-fallback}
    static_configs: [{targets: ["${TOCSIN_TEST_TARGET}"]}]
    relabel_configs: [{source_labels: [__address__], regex: '(.*):(.*)', replacement: '${2}', target_label: port}]
""")
    os.environ["TOCSIN_TEST_TARGET"] = target.url[7:]
    try:
        _, url = work.ruler(config, None, "--config.expand-env")
    finally:
        del os.environ["TOCSIN_TEST_TARGET"]
    up = wait_until(lambda: query(url, "up"), "the target")
    assert up[0]["metric"]["job"] == "fallback" and up[0]["metric"]["port"] == str(target.port), up
    shown = get_json(f"{url}/api/v1/status/config")["data"]["yaml"]
    assert "${TOCSIN_TEST_TARGET}" in shown and str(target.port) not in shown, shown
