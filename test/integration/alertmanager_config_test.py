"""`tocsinctl check alertmanager` beside Debian's `amtool check-config`: the same verdict on each file."""
import glob
import os
import re

from alertmanager_config_cases import CASES, DIFFERENT
from support import Skip, need


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
