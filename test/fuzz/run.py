#!/usr/bin/env python3
"""Runs each fuzz_* program from its seeds in test/data/fuzz/<name>; a crash leaves its input in build/fuzz.
Without --seconds it is a gate: as many inputs as --runs says, the same ones each time, so that a failure is seen again.
With --seconds it is a search: from other random numbers each time, for as long as told."""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import time
from xml.sax.saxutils import escape

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--junit", required=True)
parser.add_argument("--runs", type=int, default=100_000, help="inputs for every target; ten times as many for the text format")
parser.add_argument("--seconds", type=int, help="search for so long instead")
parser.add_argument("-R", dest="regex", default="")
args = parser.parse_args()
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
cases, bad = [], 0
# Where addresses differ, so do the inputs that libFuzzer makes.
steady = ["setarch", "-R"]
if subprocess.run(steady + ["true"], capture_output=True).returncode != 0:
    print("   addresses cannot be fixed here: the inputs differ from run to run", flush=True)
    steady = []
LONGEST = 120  # seconds for the inputs of one target, on a slow machine


def run(program):
    global bad
    name = os.path.basename(program).removeprefix("fuzz_")
    if args.seconds:
        start, amount = [], ["-seed=0", f"-max_total_time={args.seconds}"]
    else:
        runs = args.runs * (10 if name == "expo_text" else 1)
        start, amount = steady, ["-seed=1", "-reload=0", f"-runs={runs}", f"-max_total_time={LONGEST}"]
    corpus = os.path.join(root, "build/fuzz", name)  # what a search finds; a gate starts from the seeds alone
    if not args.seconds:
        shutil.rmtree(corpus, ignore_errors=True)
    os.makedirs(corpus, exist_ok=True)
    seeds = os.path.join(root, "test/data/fuzz", name)
    command = start + [program] + amount + ["-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1",
               f"-artifact_prefix={corpus}/crash-", corpus] + ([seeds] if os.path.isdir(seeds) else [])
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=(args.seconds or LONGEST) + 120)
    took = time.monotonic() - started
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print(f"   fuzz/{name}: {'ok' if done.returncode == 0 else 'FAILED'}, {runs.group(1) if runs else '?'} inputs in {took:.0f} s", flush=True)
    failure = ""
    if done.returncode != 0:
        bad += 1
        tail = done.stderr[-4000:]
        print(tail)
        failure = f'<failure message="exit {done.returncode}">{escape(tail)}</failure>'
    cases.append(f'<testcase name="fuzz/{name}" time="{took:.1f}">{failure}</testcase>')


for path in sorted(glob.glob(os.path.join(args.bin, "fuzz_*"))):
    if re.search(args.regex, "fuzz/" + os.path.basename(path).removeprefix("fuzz_")):
        run(path)
with open(args.junit, "w", encoding="utf-8", errors="replace") as out:
    out.write("<testsuite>" + re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd]", "?", "".join(cases)) + "</testsuite>")
sys.exit(1 if bad else 0)
