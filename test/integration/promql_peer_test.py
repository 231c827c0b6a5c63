"""PromQL beside Debian's Prometheus 2.42: the same samples, the same answers, but where 3.x means something else."""
import gzip
import itertools
import json
import os
import random
import re
import shutil
import sys

import promql_peer
from support import Skip, need


def corpora():
    folder = os.environ.get("TOCSIN_CORPORA")
    if not folder:
        raise Skip("TOCSIN_CORPORA is not set")
    return folder


def test_expressions_of_public_dashboards_have_equal_answers(work):
    folder, tools = corpora(), os.environ.get("TOCSIN_TOOLS")
    if not tools:
        raise Skip("TOCSIN_TOOLS is not set")
    need("prometheus")
    source = work.path("synth.om")
    with gzip.open(f"{folder}/dashboards/synth.om.gz") as packed, open(source, "wb") as out:
        shutil.copyfileobj(packed, out)
    prometheus, ruler = promql_peer.servers(work, source)
    verdicts = work.path("verdicts.json")
    print(work.run(sys.executable, f"{tools}/check_exprs.py", prometheus, ruler, "--exprs", f"{folder}/dashboards/exprs.tsv",
                   "--out", verdicts, status=None, seconds=400).splitlines()[0])
    with open(verdicts, encoding="utf-8") as text:
        rows = json.load(text)
    assert len(rows) == 1474, len(rows)
    different = {id: detail for id, verdict, detail in rows if verdict == "differ"}
    assert not different, f"{len(different)} differ: {list(different.items())[:5]}"
    # The data are the right ones: what had an answer, none or an error when the file was made has so now.
    with open(f"{folder}/dashboards/exprs.tsv", encoding="utf-8") as lines:
        recorded = {int(line.split("\t")[0]): line.split("\t")[7] for line in lines.read().splitlines()[1:]}
    names = {"equal": "data", "equal, empty": "empty", "both fail": "error"}
    assert {id: names[verdict] for id, verdict, _ in rows} == recorded


VARIANTS = {
    "range": "1s 15s 1m 5m 15m 1h", "offset": "1m 5m 10m", "simpleAggrOp": "sum avg max min count stddev stdvar",
    "simpleTimeAggrOp": "sum avg max min count stddev stdvar absent last", "topBottomOp": "topk bottomk",
    "quantile": "-0.5 0.1 0.5 0.75 0.95 0.90 0.99 1 1.5", "arithBinOp": "+ - * / % ^", "compBinOp": "== != < > <= >=",
    "binOp": "+ - * / % ^ == != < > <= >=", "simpleMathFunc": "abs ceil floor exp sqrt ln log2 log10 round",
    "extrapolatedRateFunc": "delta rate increase", "clampFunc": "clamp_min clamp_max", "instantRateFunc": "idelta irate",
    "dateFunc": "day_of_month day_of_week days_in_month hour minute month year", "smoothingFactor": "0.1 0.5 0.8",
    "trendFactor": "0.1 0.5 0.8"}


def compliance_templates(path):
    """[(template, names of its variants, should it fail)] of a file in the one style that it is written in."""
    found = []
    with open(path, encoding="utf-8") as lines:
        for line in lines.read().splitlines()[1:]:
            if line.startswith("- query: "):
                found.append([line[9:], [], False])
            elif line.startswith("  - "):
                found[-1][1].append(line[4:])
            elif line.startswith("  should_fail: "):
                found[-1][2] = line.endswith("true")
            elif line.startswith("    "):
                found[-1][0] += " " + line.strip()
            else:
                assert line == "  variant_args:", line
    return [(text[1:-1].replace("''", "'") if text[0] == "'" else text, names, fails) for text, names, fails in found]


def compliance_queries(path):
    """[(query, should it fail)]"""
    queries = []
    for text, names, fails in compliance_templates(path):
        for values in itertools.product(*(VARIANTS[name].split() for name in names)):
            query = text
            for name, value in zip(names, values):
                query = query.replace("{{.%s}}" % name, value)
            queries.append((query, fails))
    return queries


def demo_service(path, end):
    """80 minutes of the PromLabs demo service: three instances, scraped every 5 s at moments of their own."""
    rng, series = random.Random(5), {}

    def add(name, t, value, **labels):
        text = ",".join(f'{k}="{v}"' for k, v in labels.items())
        series.setdefault(f"{name}{{{text}}}", []).append((t, value))

    for port, moment in ((10000, 1.234), (10001, 2.7), (10002, 4.111)):
        of = {"instance": f"demo.promlabs.com:{port}", "job": "demo"}
        busy, seconds = dict.fromkeys(("idle", "system", "user"), 0.0), 0.0
        buckets = {}
        for i in range(960):
            t = end - 4800 + 5 * i + moment
            if port == 10001 and 300 < i < 420:
                continue  # it is down for ten minutes
            if rng.random() < 0.002:
                busy, buckets, seconds = dict.fromkeys(busy, 0.0), {}, 0.0  # and it restarts
            add("demo_num_cpus", t, 4, **of)
            add("demo_batch_last_success_timestamp_seconds", t, round(t - t % 300 - 17.5, 3), **of)
            for kind in ("buffers", "cached", "free", "used"):
                add("demo_memory_usage_bytes", t, rng.randrange(1 << 33), **of, type=kind)
            for mode in busy:
                busy[mode] += rng.random() * 5
                add("demo_cpu_usage_seconds_total", t, busy[mode], **of, mode=mode)
            for method, code in (("GET", "200"), ("POST", "200"), ("POST", "500")):
                key = {**of, "path": "/api/foo", "method": method, "status": code}
                for _ in range(rng.randrange(4)):
                    took = rng.expovariate(20)
                    seconds += took
                    for le in ("0.001", "0.01", "0.05", "0.1", "0.5", "1.5", "+Inf"):
                        buckets[method, code, le] = buckets.get((method, code, le), 0) + (took <= float(le))
                for le in ("0.001", "0.01", "0.05", "0.1", "0.5", "1.5", "+Inf"):
                    add("demo_api_request_duration_seconds_bucket", t, buckets.get((method, code, le), 0), **key, le=le)
                add("demo_api_request_duration_seconds_count", t, buckets.get((method, code, "+Inf"), 0), **key)
                add("demo_api_request_duration_seconds_sum", t, seconds, **key)
    with open(path, "w", encoding="utf-8") as out:
        for name, samples in series.items():
            out.writelines(f"{name} {value!r} {t:.3f}\n" for t, value in samples)
        out.write("# EOF\n")


# What 3.x means otherwise; docs/differences.md, "Prometheus 2.42 and 3.x", says how.
COMPLIANCE_OF_3X = {
    'label_replace(demo_num_cpus, "~invalid", "", "src", "(.*)")',  # any text names a label
    'label_join(demo_num_cpus, "~invalid", "-", "instance")'}


def test_compliance_queries_have_equal_answers(work):
    queries = compliance_queries(f"{corpora()}/promql/compliance-queries.yml")
    assert len(queries) == 428, len(queries)
    need("prometheus")
    end = 1_780_000_000 + 3  # no multiple of ten, so that no subquery has a step on its left edge
    demo_service(work.path("demo.om"), end)
    prometheus, ruler = promql_peer.servers(work, work.path("demo.om"))
    cases = [{"path": "query_range", "query": query, "start": end - 900, "end": end - 300, "step": 10} for query, _ in queries]
    cases += [{"path": "query", "query": query, "time": end - 450} for query, _ in queries]
    results = promql_peer.compare(prometheus, ruler, cases)
    different, wrong = {}, []
    for case, (query, fails), (what, answered, _) in zip(cases, queries * 2, results):
        if what:
            different[query] = what
        if answered == fails:
            wrong.append(query)
    assert not wrong, f"Debian's Prometheus itself does not comply: {wrong}"
    unexplained = {query: what for query, what in different.items() if query not in COMPLIANCE_OF_3X}
    assert not unexplained, f"{len(unexplained)} differ: {json.dumps(list(unexplained.items())[:10], indent=1)}"
    assert set(different) == set(COMPLIANCE_OF_3X), f"equal now: {set(COMPLIANCE_OF_3X) - set(different)}"
    assert sum(count > 0 for _, _, count in results) > 700, "too many answers are empty"


def is_comparable(expression):
    """False for what 3.x means otherwise; docs/differences.md, "Prometheus 2.42 and 3.x", says how."""
    elsewhere = re.sub(r"\[[^]]*\]|offset -?\w+", "", expression)
    if "first_over_time" in expression or re.search(r"\b\d+[smh]\b", elsewhere):
        return False  # a function or a literal that 2.42 does not know
    if "atan2" in expression or re.search(r"(timestamp|predict_linear)\(.* @", expression):
        return False
    if re.search(r"\b(rate|increase)\((?!(req_total|lat_bucket)[^[]*\[(\d\d\d+s|\d+m)\])", expression):
        return False  # what may lie near zero, or have been there within one of few samples
    # Ranges: steps of a subquery on the edge of another one, or of one that an @ pins to a whole second.
    subqueries = re.findall(r"\[\w+:\w*\]", expression)
    return len(subqueries) < 2 and not re.search(r"\[\w+:\w*\](?: offset -?\w+)? @ \d", expression)


def is_of_3x(prometheus, case, probes, what):
    """Differences that depend on the data: the spread of one element that is infinite or no number; two matches of which
    a comparison drops one. Of the latter 2.42 itself is the witness: it fails where the comparison says `bool`."""
    if re.search(r"std(dev|var) by", case["query"]) and what.endswith(": 0 against NaN"):
        return True
    if not what.startswith("theirs answers, ours execution: multiple matches for labels: "):
        return False
    text = what[len("theirs answers, ours "):]
    return any(promql_peer.ask(prometheus, **{**case, "query": probe}) == (False, text) for probe in probes)


def test_random_expressions_have_equal_answers(work):
    """The generator of the engine's twin, on samples off the edges of all windows and counters far from zero.
    TOCSIN_PROMQL_SEEDS=100 in the environment for a long run."""
    need("prometheus")
    theirs, ours = work.path("prometheus"), os.path.join(work.path("ruler-data"), "tsdb")
    asked, with_data, different = 0, 0, []
    for seed in range(1, 1 + int(os.environ.get("TOCSIN_PROMQL_SEEDS", "8"))):
        for folder in (theirs, ours):
            shutil.rmtree(folder, ignore_errors=True)
        listed = work.run(work.own("tocsin_promql_cases"), theirs, seed, 300).splitlines()
        shutil.copytree(theirs, ours)
        prometheus, ruler = promql_peer.servers_on_folders(work)
        probes = {expression: rest for expression, *rest in (line.split("\t") for line in listed) if is_comparable(expression)}
        cases = [{"path": "query_range", "query": e, "start": 240.777, "end": 824.777, "step": 73} for e in probes]
        cases += [{"path": "query", "query": e, "time": 900.777} for e in probes]
        for case, (what, _, count) in zip(cases, promql_peer.compare(prometheus, ruler, cases, floor=1e-12)):
            asked, with_data = asked + 1, with_data + (count > 0)
            if what and not is_of_3x(prometheus, case, probes[case["query"]], what):
                different.append((seed, case["path"], case["query"], what))
        for program in work.programs[-2:]:
            program.stop()
    assert not different, f"{len(different)} of {asked} differ: {json.dumps(different[:10], indent=1)}"
    assert asked > 3000 and with_data > asked / 2, (asked, with_data)


TOKEN = re.compile(r"""\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_:][\w:]*|\d[\w.]*|[=!<>~]=?~?|.""", re.DOTALL)
TOKENS = """( ) { } [ ] , = =~ !~ != == by on group_left offset 5m - @ 1 "x" bool and sum rate start() 5 ignoring without or
    unless ^ % : # " ' ` \\ $ NaN inf 0x 1e atan2 le \u00e9 ; ~""".split()


def mutated(rng, query):
    """The query with one token, or two, taken away, doubled, changed, moved, or all behind it cut off."""
    tokens = TOKEN.findall(query)
    for _ in range(rng.choice((1, 1, 1, 2))):
        at = rng.randrange(len(tokens))
        kind = rng.randrange(6)
        if kind == 0:
            del tokens[at]
        elif kind == 1:
            tokens.insert(at, rng.choice(TOKENS))
        elif kind == 2:
            tokens[at] = rng.choice(TOKENS)
        elif kind == 3:
            del tokens[at + 1:]
        elif kind == 4:
            other = rng.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        else:
            tokens.insert(at, rng.choice(tokens))
        tokens = tokens or ["("]
    return "".join(tokens)


# Where the grammar has grown, 2.42 complains of what is right now, or of something else. By what it says, or we.
GROWN = (
    r"theirs.*(duration|in subquery or range)",  # durations are numbers and expressions
    r"theirs.*unexpected string .* in (label matching, expected identifier or|grouping opts, expected label)",  # quoted names
    r"theirs.*unexpected metric identifier .* in grouping opts, expected label",  # any text names a label
    r'ours.*function "(start|end|step|range)" is not enabled',
    r"ours.*(bad number or duration syntax|error parsing number)")  # 0x_1, 1_000, 1e is no number


def test_parse_errors_have_equal_texts_and_places(work):
    need("prometheus")
    with open(f"{corpora()}/dashboards/exprs.tsv", encoding="utf-8") as lines:
        expressions = [line.split("\t")[9] for line in lines.read().splitlines()[1:]]
    prometheus, ruler = promql_peer.servers_on_folders(work)
    rng = random.Random(11)
    queries = [mutated(rng, rng.choice(expressions)) for _ in range(2000)]
    cases = [{"path": "query", "query": query, "time": 1000} for query in queries]
    failing, grown, different = 0, 0, []
    for query, (theirs, ours) in zip(queries, promql_peer.ask_both(prometheus, ruler, cases)):
        if theirs[0] and ours[0]:
            continue
        failing += 1
        text, our_text = ("answers" if answer[0] else answer[1] for answer in (theirs, ours))
        text = text.replace('"<Item 57385>" ', "")  # 2.42 has no name for "@"
        text = re.sub(r"`\^\(\?:(.*)\)\$`", r"`\1`", text)  # and shows anchors that nobody wrote
        if text == our_text:
            continue
        what = f"theirs {text}, ours {our_text}"
        if any(re.search(pattern, what.replace("\n", " ")) for pattern in GROWN):
            grown += 1
        else:
            different.append((query, what))
    assert not different, f"{len(different)} of {failing} differ: {json.dumps(different[:10], indent=1)}"
    assert failing > 1500 and grown < failing / 10, (failing, grown)
