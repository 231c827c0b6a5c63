"""Alerts that are evaluated when a scrape brings what they read: a real ruler, from the page to the webhook."""
from support import http, need, query, wait_until

RULES = """
groups:
  - name: quick
    interval: 20s
{keys}
    rules:
      - {{record: instance:bad:max, expr: max by (trial) (bad)}}
      - {{alert: Bad, expr: instance:bad:max == 1, labels: {{severity: page}}, annotations: {{summary: 'trial {{{{ $labels.trial }}}}'}}}}
"""
ROUTES = """
route: {{receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/hook'}}]}}]
"""


def metric(base, name):
    lines = [line for line in http(base + "/metrics")[1].splitlines() if line.startswith(name + "{")]
    return float(lines[0].rsplit(" ", 1)[1]) if lines else 0


def ruler(work, target, keys="", top="", *flags):
    rules = work.write("rules.yml", RULES.format(keys=keys))
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s, evaluation_interval: 20s{top}}}
rule_files: ['{rules}']
scrape_configs: [{{job_name: j, static_configs: [{{targets: ['127.0.0.1:{target.port}']}}]}}]
""")
    _, base = work.ruler(config, work.write("alertmanager.yml", ROUTES.format(url=work.hook.url)), *flags)
    return base


def target_of(work):
    """A target whose page shows the trial that is bad now."""
    state = {"trial": 0}
    target = work.sink(lambda path, body: (200, "text/plain; version=0.0.4", f'bad{{trial="{state["trial"]}"}} {int(state["trial"] > 0)}\n'))
    work.hook = work.sink()
    return target, state


def pages(work, status, trial):
    return [r["body"] for r in work.hook.got("/hook") if r["body"]["status"] == status and r["body"]["groupLabels"].get("trial") == str(trial)]


def is_told_between_slots(work, base, state):
    """Tries until a page came without a slot of the group meanwhile: nothing but the scrape can have brought it."""
    iterations = "prometheus_rule_group_iterations_total"
    wait_until(lambda: metric(base, iterations) > 0, "the first slot", 60)
    for trial in range(1, 6):
        before = metric(base, iterations)
        state["trial"] = trial
        wait_until(lambda: pages(work, "firing", trial), f"page of trial {trial}", 60)
        if metric(base, iterations) == before:
            return trial
    return 0


def test_a_scrape_is_followed_by_the_page_and_by_the_end_of_it(work):
    target, state = target_of(work)
    base = ruler(work, target, keys="    evaluation: on_scrape")
    trial = is_told_between_slots(work, base, state)
    assert trial, "five times a slot came first"
    alert = pages(work, "firing", trial)[0]["alerts"][0]
    assert alert["annotations"] == {"summary": f"trial {trial}"}, alert
    # A recording rule before the alert wrote at the time of the evaluation.
    assert query(base, f'instance:bad:max{{trial="{trial}"}}')[0]["value"][1] == "1"
    state["trial"] = 0
    wait_until(lambda: pages(work, "resolved", trial), "the end")
    assert len(pages(work, "firing", trial)) == 1
    assert metric(base, "prometheus_rule_group_iterations_missed_total") == 0
    assert metric(base, "prometheus_rule_evaluation_failures_total") == 0
    assert metric(base, "tocsin_rules_scrape_evaluations_total") > 0


def test_the_configuration_or_a_flag_switches_it_on_for_all(work):
    target, state = target_of(work)
    base = ruler(work, target, "", ", evaluation: interval", "--rules.evaluation=on_scrape", "--web.enable-lifecycle")
    wait_until(lambda: metric(base, "prometheus_rule_group_iterations_total") > 1, "two slots", 90)
    assert metric(base, "tocsin_rules_scrape_triggers_total") == 0, "global says interval"
    config = work.path("prometheus.yml")
    with open(config, encoding="utf-8") as file:
        text = file.read()
    work.write("prometheus.yml", text.replace(", evaluation: interval", ""))
    assert http(base + "/-/reload", "")[0] == 200
    assert is_told_between_slots(work, base, state), "the flag counts where global says nothing"


def test_the_checks_know_its_keys_and_prometheus_reads_files_without_them(work):
    keys = "    evaluation: on_scrape\n    evaluation_min_interval: 50ms"
    with_keys, without = work.write("keys.yml", RULES.format(keys=keys)), work.write("plain.yml", RULES.format(keys=""))
    config = work.write("prometheus.yml", f"global: {{evaluation: on_scrape, evaluation_min_interval: 50ms}}\nrule_files: ['{with_keys}']\n")
    ctl = work.own("tocsinctl")
    for command in (["check", "rules", with_keys], ["check", "rules", without], ["check", "config", config]):
        work.run(ctl, *command)
    promtool = need("promtool")
    work.run(promtool, "check", "rules", without)
    refused = work.run(promtool, "check", "rules", with_keys, status=1)
    assert "evaluation not found in type rulefmt.RuleGroup" in refused, refused
