#!/usr/bin/env python3
"""summary.py RESULTS [--broken=WHAT ...]: reads RESULTS/*.xml (JUnit), names what failed and what was skipped with its
reason, and ends with one line `N passed, M failed, K skipped`. Exit status 1 if anything failed or nothing ran."""
import glob
import os
import re
import sys
import xml.etree.ElementTree as ET

results = sys.argv[1]
failed = [arg.removeprefix("--broken=") for arg in sys.argv[2:] if arg.startswith("--broken=")]
passed, skipped = 0, []
for path in sorted(glob.glob(os.path.join(results, "*.xml"))):
    try:
        cases = list(ET.parse(path).getroot().iter("testcase"))
    except ET.ParseError as error:
        failed.append(f"{path} cannot be read: {error}")
        continue
    for case in cases:
        name = case.get("name")
        output = case.findtext("system-out") or ""
        reason = re.search(r"[^\n]*(?:is not set|not installed)[^\n]*", output)
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            failed.append(name)
        elif skip is not None or case.get("status") in ("notrun", "disabled"):
            why = reason.group(0).strip() if reason else (skip.get("message") if skip is not None else "") or "not run"
            skipped.append(f"{name}: {why}")
        else:
            passed += 1
for name in failed:
    print(f"FAILED  {name}")
for name in skipped:
    print(f"SKIPPED {name}")
print(f"{passed} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
sys.exit(1 if failed or passed == 0 else 0)
