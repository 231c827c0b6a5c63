#!/usr/bin/env python3
"""Runs each fuzz_* program for some seconds from its seeds in test/data/fuzz/<name>; a crash leaves its input in build/fuzz.
The random numbers are the same each time, so that a failure is seen again; --seed 0 searches elsewhere, --seconds longer."""
import argparse
import glob
import os
import re
import subprocess
import sys
import time
from xml.sax.saxutils import escape

parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--junit", required=True)
parser.add_argument("--seconds", type=int, help="for every target; default 60 for the text format, 15 for the others")
parser.add_argument("--seed", type=int, default=1, help="of the random numbers; 0: by the time")
parser.add_argument("-R", dest="regex", default="")
args = parser.parse_args()
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
cases, bad = [], 0


def run(program):
    global bad
    name = os.path.basename(program).removeprefix("fuzz_")
    seconds = args.seconds or (60 if name == "expo_text" else 15)
    corpus = os.path.join(root, "build/fuzz", name)
    os.makedirs(corpus, exist_ok=True)
    seeds = os.path.join(root, "test/data/fuzz", name)
    command = [program, f"-max_total_time={seconds}", "-timeout=10", f"-seed={args.seed}", "-rss_limit_mb=4096", "-print_final_stats=1",
               f"-artifact_prefix={corpus}/crash-", corpus] + ([seeds] if os.path.isdir(seeds) else [])
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds + 120)
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
