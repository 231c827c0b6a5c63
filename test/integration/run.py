#!/usr/bin/env python3
"""Runs the functions named test_* of *_test.py in this folder: real programs, free ports, temporary folders.

A test takes a Work (support.py), in which it starts programs; all of them are stopped after it. It fails by an exception,
and is skipped, with its reason, by support.Skip."""
import argparse
import glob
import importlib.util
import os
import re
import sys
import time
import traceback
from xml.sax.saxutils import escape, quoteattr

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import support  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True, help="folder of tocsin-agent, tocsin-ruler, tocsinctl")
parser.add_argument("--junit")
parser.add_argument("--keep", action="store_true", help="keep the work folders of tests that passed, too")
parser.add_argument("-R", dest="regex", default="")
args = parser.parse_args()

cases, failures = [], 0
for path in sorted(glob.glob(os.path.join(here, "*_test.py"))):
    module_name = os.path.basename(path)[:-3]
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for function_name, function in vars(module).copy().items():
        name = f"integration/{module_name.removesuffix('_test')}: {function_name.removeprefix('test_').replace('_', ' ')}"
        if not function_name.startswith("test_") or not re.search(args.regex, name):
            continue
        started, outcome, detail = time.monotonic(), "passed", ""
        work = support.Work(os.path.abspath(args.bin), function_name)
        try:
            function(work)
        except support.Skip as reason:
            outcome, detail = "skipped", str(reason)
        except Exception:  # any exception is this test's failure, never the run's
            outcome, detail = "FAILED", traceback.format_exc() + work.last_words()
            failures += 1
        work.close(keep=args.keep or outcome == "FAILED")
        took = time.monotonic() - started
        print(f"   {name}: {outcome} ({took:.1f} s)" + (f" {detail}" if outcome == "skipped" else ""), flush=True)
        if outcome == "FAILED":
            print(detail, flush=True)
        body = {"passed": "", "skipped": f"<skipped message={quoteattr(detail)}/>",
                "FAILED": f"<failure message={quoteattr(detail.splitlines()[-1] if detail else '')}>{escape(detail)}</failure>"}
        cases.append(f"<testcase name={quoteattr(name)} time=\"{took:.1f}\">{body[outcome]}</testcase>")

if args.junit:
    with open(args.junit, "w", encoding="utf-8", errors="replace") as out:
        out.write("<testsuite>" + re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd]", "?", "".join(cases)) + "</testsuite>")
sys.exit(1 if failures else 0)
