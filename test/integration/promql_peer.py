"""Debian's Prometheus and tocsin-ruler on the same blocks, and a comparison of what they answer."""
import concurrent.futures
import json
import math
import os
import shutil
import urllib.parse

import support

KEEP = "--storage.tsdb.retention.time=10y"  # the samples' times are fixed: no day may delete them


def servers(work, openmetrics, *ruler_flags):
    """Both servers on the samples of a file; returns (Prometheus' URL, the ruler's)."""
    theirs, ours = work.path("prometheus"), os.path.join(work.path("ruler-data"), "tsdb")
    work.run(support.need("promtool"), "tsdb", "create-blocks-from", "openmetrics", openmetrics, theirs, seconds=300)
    shutil.copytree(theirs, ours)
    return servers_on_folders(work, *ruler_flags)


def servers_on_folders(work, *ruler_flags):
    """Both servers on what is in <folder>/prometheus and <folder>/ruler-data/tsdb."""
    config = work.write("empty.yml", "global: {}\n")
    _, prometheus = work.prometheus(config, "prometheus", KEEP)
    _, ruler = work.ruler(config, None, KEEP, *ruler_flags)
    return prometheus, ruler


def ask(base, path, **parameters):
    """(True, data) or (False, "errorType: error")."""
    status, text = support.http(f"{base}/api/v1/{path}", urllib.parse.urlencode(parameters),
                                headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=60)
    answer = json.loads(text)
    if answer["status"] == "success":
        return True, answer["data"]
    assert status != 200, answer
    return False, f"{answer['errorType']}: {answer['error']}"


def same_value(a, b, tolerance, floor):
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or abs(x - y) <= max(floor, tolerance * max(abs(x), abs(y))) < math.inf


def difference(theirs, ours, tolerance=1e-9, floor=0.0):
    """What differs between two answers in data, or None. The order of series does not count, nor values closer than floor."""
    if theirs["resultType"] != ours["resultType"]:
        return f"{theirs['resultType']} against {ours['resultType']}"
    if theirs["resultType"] in ("scalar", "string"):
        (t, v), (u, w) = theirs["result"], ours["result"]
        equal = t == u and (v == w or (theirs["resultType"] == "scalar" and same_value(v, w, tolerance, floor)))
        return None if equal else f"{theirs['result']} against {ours['result']}"
    a, b = ({json.dumps(s["metric"], sort_keys=True): s.get("values") or [s["value"]] for s in side["result"]} for side in (theirs, ours))
    if len(a) != len(theirs["result"]) or len(b) != len(ours["result"]):
        return "labels that occur twice"
    if a.keys() != b.keys():
        return f"only theirs {sorted(a.keys() - b.keys())[:2]}, only ours {sorted(b.keys() - a.keys())[:2]}"
    for labels, values in a.items():
        if [t for t, _ in values] != [t for t, _ in b[labels]]:
            return f"{labels}: points at other times"
        for (t, v), (_, w) in zip(values, b[labels]):
            if not same_value(v, w, tolerance, floor):
                return f"{labels} at {t}: {v} against {w}"
    return None


def ask_both(prometheus, ruler, cases):
    """[(Prometheus' answer, the ruler's)] to cases, dicts of parameters with `path`."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda case: (ask(prometheus, **case), ask(ruler, **case)), cases))


def compare(prometheus, ruler, cases, tolerance=1e-9, floor=0.0):
    """Asks both for each case, a dict of parameters with `path`. Returns a list of (what differs, or None; whether
    Prometheus answered; number of series), in the order of the cases."""
    def judge(good, theirs, well, ours):
        if good != well:
            return f"theirs {'answers' if good else theirs}, ours {'answers' if well else ours}", good, 0
        if not good:
            return None, False, 0
        count = len(theirs["result"]) if theirs["resultType"] in ("vector", "matrix") else 1
        return difference(theirs, ours, tolerance, floor), True, count

    return [judge(*theirs, *ours) for theirs, ours in ask_both(prometheus, ruler, cases)]
