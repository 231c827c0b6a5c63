"""What is shipped in rules/: tested, and with something to read for whoever is woken."""
import glob
import os
import re

import yaml

from support import ROOT, need

RULES = os.path.join(ROOT, "rules")


def test_shipped_rules_pass_their_unit_tests_here_and_with_promtool(work):
    files = sorted(glob.glob(f"{RULES}/test/*.yml"))
    assert [os.path.basename(f)[:-4] for f in files] == sorted(os.path.basename(f).split(".")[0] for f in glob.glob(f"{RULES}/*.rules.yml"))
    text = work.run(work.own("tocsinctl"), "test", "rules", *files)
    assert text.count("SUCCESS") == len(files) and "WARNING" not in text, text
    assert "FAILED" not in work.run(need("promtool"), "test", "rules", *files)


def test_each_shipped_alert_is_tested_and_has_a_runbook(work):
    headings = {}
    for book in glob.glob(f"{ROOT}/docs/runbooks/*.md"):
        with open(book, encoding="utf-8") as file:
            headings[os.path.basename(book)] = {line[3:].strip().lower() for line in file if line.startswith("## ")}
    seen = 0
    for path in sorted(glob.glob(f"{RULES}/*.rules.yml")):
        with open(path, encoding="utf-8") as file:
            rules = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"] if "alert" in rule]
        with open(path.replace(".rules.yml", ".yml").replace("/rules/", "/rules/test/"), encoding="utf-8") as file:
            tests = file.read()
        for rule in rules:
            where = f"{path}: {rule['alert']}"
            folder, _, place = rule["annotations"]["runbook_url"].rpartition("/")
            book, _, anchor = place.partition("#")
            assert folder == "docs/runbooks" and anchor in headings[book], where
            assert rule["annotations"]["summary"] and rule["labels"]["severity"] in ("critical", "warning", "info"), where
            assert re.search(rf'"{rule["alert"]}"|alertname: {rule["alert"]}\n', tests), f"{where}: not in its unit tests"
            seen += 1
    assert seen > 140, seen
