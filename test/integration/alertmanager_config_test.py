"""`tocsinctl check alertmanager` beside Debian's `amtool check-config`: the same verdict on each file."""
import difflib
import glob
import os
import re

from alertmanager_config_cases import CASES, DIFFERENT
from support import Skip, free_port, get_json, need


def verdicts(text, failed):
    """{file: good} of a program that says "Checking FILE" and then what it found."""
    out = {}
    for part in re.split(r"^Checking ", text, flags=re.M)[1:]:
        name = part.splitlines()[0].strip().split("  ")[0].strip("'")
        out[os.path.basename(name)] = failed not in part
    return out


def amtools_verdicts(work, paths):
    """Without the files at which amtool 0.25 panics."""
    out, rest = {}, list(paths)
    while rest:
        text = work.run(need("amtool"), "check-config", *rest, status=None, seconds=120)
        found = verdicts(text, "FAILED")
        if "goroutine " in text:
            found.popitem()  # the last one that it began
        out.update(found)
        rest = rest[len(found) + 1:]
    return out


def test_amtools_verdict_on_files_with_one_mistake(work):
    os.makedirs(work.path("cases"))
    paths = []
    for number, text in enumerate(CASES):
        paths.append(work.write(f"cases/{number:03}.yml", text))
    theirs = amtools_verdicts(work, paths)
    said = work.run(work.own("tocsinctl"), "check", "alertmanager", *paths, status=1, seconds=120)
    ours = verdicts(said, "FAILED")
    assert len(ours) == len(CASES) and len(theirs) > len(CASES) - 5, (len(theirs), len(ours))
    used = set()
    for number, text in enumerate(CASES):
        name = f"{number:03}.yml"
        if name not in theirs:
            assert not ours[name], text
            continue
        known = [part for part in DIFFERENT if part in text]
        used.update(known)
        differ = theirs[name] != ours[name]
        assert differ == bool(known), (text, "amtool takes it" if theirs[name] else "amtool refuses it", said.partition(name)[2][:300])
    assert used == set(DIFFERENT), set(DIFFERENT) - used
    assert 100 < sum(ours.values()) < len(CASES) - 100, sum(ours.values())


def test_amtools_verdict_on_alertmanagers_own_files(work):
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    # Configurations of amtool, of the gossip's TLS and of the e-mail tests are no alertmanager.yml.
    other = ("/cluster/testdata/", "/cli/config/testdata/", "/notify/email/testdata/")
    files = [path for path in sorted(glob.glob(f"{corpora}/alertmanager/configs/**/*.yml", recursive=True))
             if not any(part in path for part in other)]
    assert len(files) > 35, files
    theirs = work.run(need("amtool"), "check-config", *files, status=None)
    compared = 0
    for path in files:
        text = theirs.partition(f"Checking '{path}'")[2].partition("\nChecking '")[0]
        newer = re.search(r"field \w+ not found in type", text) and "conf.bad" not in path
        if newer or "telegram-default-bot-token" in path:
            continue  # keys that 0.25 does not know
        ours = work.run(work.own("tocsinctl"), "check", "alertmanager", path, status=None)
        assert ("FAILED" in ours) == ("FAILED" in text), (path, text[:300], ours)
        compared += 1
    assert compared >= 20, compared


def test_a_template_that_cannot_run_is_an_error_of_the_check(work):
    ours = work.own("tocsinctl")
    work.write("good.tmpl", '{{ define "mine" }}{{ range .Alerts }}{{ .Labels.instance }} {{ end }}{{ end }}')
    good = """
templates: ['*.tmpl']
route: {receiver: r}
receivers: [{name: r, slack_configs: [{api_url: 'http://x/', text: TEXT}]}]
"""
    for text, mistake in (
            ('{{ template "mine" . }} {{ .CommonLabels.absent }}', ""),
            ("{{ .Status", "unclosed action"),
            ("{{ nope }}", 'function "nope" not defined'),
            ('{{ template "nowhere" . }}', 'template "nowhere" not defined'),
            ("{{ .Alerts.Nope }}", "can't evaluate field Nope"),
            ("{{ range .Alerts }}{{ .Lables }}{{ end }}", "can't evaluate field Lables"),
            ("{{ index .Alerts 99 }}", "index out of range")):
        path = work.write("alertmanager.yml", good.replace("TEXT", "'" + text.replace("'", "''") + "'"))
        said = work.run(ours, "check", "alertmanager", path, status=1 if mistake else 0)
        assert mistake in said and ("slack_configs text: template: " in said) == bool(mistake), (text, said)
        assert not mistake or re.search(r"alertmanager\.yml:\d+:\d+: ", said), said
    work.write("bad.tmpl", '{{ define "x" }}')
    said = work.run(ours, "check", "alertmanager", path, status=1)
    assert "bad.tmpl" in said and "unexpected EOF" in said, said


# What 0.34 and 0.25 have in common, with texts that YAML has to quote and lines that it folds.
SHOWN = """
global: {slack_api_url: 'http://s/x', smtp_smarthost: 'mail.example:25', smtp_from: a@b.c, smtp_auth_password: hush, opsgenie_api_key: k,
  victorops_api_key: v, http_config: {basic_auth: {username: u, password: p}}}
route:
  receiver: 'team: a'
  group_by: [alertname, "job"]
  routes:
  - {match: {a: b, severity: "yes", job: "08", z: ""}, match_re: {c: 'd.*'}, matchers: ['{a="b",c=~"d|e"}', 'x!=""'], continue: true,
     receiver: "123", group_wait: 90s, active_time_intervals: ["on"], repeat_interval: 2w}
  - {receiver: "123", group_by: ['...'], group_interval: 1d, repeat_interval: 1h, mute_time_intervals: ['#x']}
inhibit_rules:
- {source_match: {a: b}, target_match_re: {a: c}, equal: [x, y]}
- {source_matchers: ["a=b"], target_matchers: ['c!~"d"']}
receivers:
- name: 'team: a'
  opsgenie_configs: [{details: {b: "2", a: "1"}, update_alerts: true, priority: P1, responders: [{name: n, type: team}]}]
  pushover_configs: [{token: t, user_key: u, retry: 1h30m, expire: 90s, html: true, sound: x}]
  victorops_configs: [{routing_key: r, custom_fields: {b: x, a: y}}]
  sns_configs: [{phone_number: "+4912", sigv4: {}, attributes: {k: v}}, {topic_arn: t, sigv4: {region: r, access_key: a, secret_key: s}}]
  telegram_configs: [{bot_token: t, chat_id: 5}]
  webex_configs: [{room_id: r, http_config: {authorization: {credentials: s}}}]
  wechat_configs: [{api_secret: s, corp_id: c}]
  discord_configs: [{webhook_url: 'http://d/x', http_config: {bearer_token: abc, follow_redirects: false}}]
  pagerduty_configs: [{routing_key: k, severity: critical, images: [{src: a, alt: b, href: c}], send_resolved: no,
    http_config: {oauth2: {client_id: a, client_secret: b, token_url: "http://t/", scopes: [x, y], endpoint_params: {z: "1", a: b}}}}]
- name: "123"
  email_configs:
  - to: a@b.c
    html: ""
    text: "a long text with many words that goes on and on and on until it is much longer than eighty characters wide, and then some more"
    headers: {X-A: 'it''s "quoted"', subject: "{{ range .Alerts }}{{ .Labels.alertname }} {{ end }} and so on and so forth until it is folded {{ .Status }}"}
    require_tls: false
    tls_config: {insecure_skip_verify: true}
  slack_configs:
  - channel: "#c"
    color: "- x"
    title: "line one\\nline two"
    text: "ends with a break\\n"
    pretext: " leading"
    footer: "trailing "
    fallback: "tab\\there"
    username: "\\u00fcn\\u00efcode \\u2603"
    icon_emoji: ":smile:"
    title_link: "a: b"
    callback_id: "true"
    image_url: "%x"
    thumb_url: "a #b"
    mrkdwn_in: [text, pretext]
    short_fields: true
    fields: [{title: "1", value: "null", short: false}]
    actions: [{type: button, text: a, name: n, confirm: {text: t, title: "2026-01-02"}}]
time_intervals:
- name: "on"
  time_intervals: [{}, {weekdays: [Saturday, 'monday:friday'], months: [may, 'june:december'], days_of_month: ['-1', '1:5'], years: ['2024']}]
mute_time_intervals:
- {name: '#x', time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}, {start_time: '01:05', end_time: '01:06'}], location: Europe/Berlin}]}
templates: ['a b', '/abs/*.tmpl', "x'y"]
"""


def test_the_configuration_is_shown_as_by_debians_alertmanager(work):
    config, shown = work.write("alertmanager.yml", SHOWN), []
    for name, command in (("theirs", [need("prometheus-alertmanager"), "--cluster.listen-address="]), ("ours", [work.own("tocsin-ruler"), "alertmanager"])):
        address = f"127.0.0.1:{free_port()}"
        work.start(name, [*command, f"--config.file={config}", f"--storage.path={work.path(name)}", f"--web.listen-address={address}"],
                   f"http://{address}/-/ready")
        shown.append(get_json(f"http://{address}/api/v2/status")["config"]["original"])
    theirs, ours = shown
    # Texts that are others in 0.34.
    for old, new in (("{{ template \"pagerduty.default.instances\" .Alerts.Firing }}", "{{ .Alerts.Firing | toJson }}"),
                     ("{{ template \"pagerduty.default.instances\" .Alerts.Resolved }}", "{{ .Alerts.Resolved | toJson }}")):
        theirs = theirs.replace(old, new)
    assert ours == theirs, "".join(difflib.unified_diff(theirs.splitlines(True), ours.splitlines(True), "theirs", "ours"))
    assert "hush" not in ours
    warnings = [line for line in work.programs[1].text().splitlines() if "repeat_interval is" in line]
    assert len(warnings) == 2 and "greater than the data retention" in warnings[0] and "less than group_interval" in warnings[1], warnings
    work.run(need("amtool"), "check-config", work.write("shown.yml", ours))
