"""What hostile or careless queries do: an error of Prometheus' kind, soon, in bounded memory, and nobody else affected."""
import json
import random
import time
import urllib.parse

from support import http as ask, query, wait_until

SERIES = 20_000
LIMITS = ("--query.max-samples=2000000", "--query.timeout=5s")
TOO_MANY = "query processing would load too many samples into memory in query execution"


def doubled(times):
    """A label that doubles with each call."""
    text = "up"
    for _ in range(times):
        text = f'label_replace({text}, "x", "${{1}}${{1}}v", "x", "(.*)")'
    return text


def bombs():
    """(what, instant or range parameters, errors that are allowed)."""
    at, span = {"time": "2000"}, {"start": "0", "end": "10000", "step": "1"}
    parse, limit, late = ("bad_data", "parse error"), ("execution", TOO_MANY), ("timeout", "query timed out")
    yield "nesting", {"query": "(" * 300_000, **at}, [parse, ("bad_data", "")]
    yield "calls", {"query": "abs(" * 100_000 + "up" + ")" * 100_000, **at}, [("bad_data", "")]
    yield "signs", {"query": "-" * 500_000 + "1", **at}, [("bad_data", "")]
    yield "a huge literal", {"query": "1" * 900_000, **at}, [parse]
    yield "a huge exponent", {"query": "1e999999999999", **at}, [parse]
    yield "a huge duration", {"query": "up[99999999999999999y]", **at}, [parse, ("bad_data", "")]
    yield "a text beyond all", {"query": "'" + "x" * 2_000_000 + "'", **at}, [("bad_data", "")]
    yield "a regex that repeats", {"query": '{a=~"(((a{1000}){1000}){1000})"}', **at}, [("bad_data", "")]
    yield "many alternatives", {"query": '{a=~"' + "|".join(map(str, range(50_000))) + '"}', **at}, [None, ("bad_data", "")]
    yield "all series", {"query": '{__name__=~".*"}', **at}, [("bad_data", "")]
    yield "all series, said otherwise", {"query": '{__name__=~".+"}', **at}, [None]
    yield "all series for long", {"query": '{__name__=~".+"} @ end()', **span}, [limit]
    yield "all pairs", {"query": 'm * on() group_left m', **at}, [("execution", "")]
    yield "a billion steps", {"query": "sum_over_time(vector(1)[10y:1ms])", **at}, [limit]
    yield "subqueries of subqueries", {"query": "max_over_time(max_over_time(max_over_time(m[1h:1s])[1h:1s])[1h:1s])", **at}, [limit, late, None]
    yield "a subquery of all", {"query": 'count_over_time({__name__=~".+"}[1h:10ms])', **at}, [limit, late]
    yield "a label that doubles", {"query": doubled(60), **at}, [("execution", "")]
    yield "long labels of all", {"query": 'label_replace(m, "x", "' + "v" * 900_000 + '", "", "")', **at}, [limit]
    yield "count_values of all", {"query": 'count_values("v", m + time())', **span}, [limit, late, None]
    yield "topk of all", {"query": "topk(1e300, m)", **at}, [("execution", "overflows int64")]
    yield "a quantile of all", {"query": "quantile by (i) (0.5, m @ end())", **span}, [limit]


def memory(program):
    with open(f"/proc/{program.pid}/status", encoding="utf-8") as status:
        return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) >> 10


def test_bad_queries_end_at_a_limit_soon_and_in_little_memory(work):
    sink = work.sink(lambda path, body: (200, "text/plain", "".join(f'm{{i="{i}"}} {i}\n' for i in range(SERIES))))
    config = work.write("ruler.yml", f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ['127.0.0.1:{sink.port}']}}]
""")
    program, ruler = work.ruler(config, None, *LIMITS)
    several = "count(count_over_time(m[1m]) > 5)"
    wait_until(lambda: query(ruler, several) and int(query(ruler, several)[0]["value"][1]) == SERIES, "all series have samples", 60)
    before = memory(program)
    now = time.time()
    for what, params, allowed in bombs():
        if params.get("time"):
            params["time"] = f"{now:.3f}"
        else:
            params["start"], params["end"] = f"{now - 10_000:.3f}", f"{now:.3f}"
        path = "query" if "time" in params else "query_range"
        began = time.monotonic()
        status, text = ask(f"{ruler}/api/v1/{path}", urllib.parse.urlencode(params), timeout=60)
        took = time.monotonic() - began
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"status": "error", "errorType": f"HTTP {status}", "error": text}
        if answer["status"] == "success":
            assert None in allowed, (what, text[:300])
        else:
            wanted = [one for one in allowed if one is not None]
            assert any(answer["errorType"] == kind and words in answer["error"] for kind, words in wanted), (what, status, text[:300])
            assert status == {"bad_data": 400, "execution": 422, "timeout": 503}[answer["errorType"]], (what, status)
        assert took < 30, (what, took)  # several timeouts: the machine may be busy
    grown = memory(program) - before
    print(f"      resident at most {before} MiB before, {before + grown} MiB after", flush=True)
    # Two million samples of 16 bytes, what columns and JSON need beside them, and the sanitizers' shadows.
    assert grown < 800, grown
    assert query(ruler, "count(m)"), "the ruler answers still"


def test_any_bytes_as_a_query_are_an_answer_or_an_error_of_the_parser(work):
    _, ruler = work.ruler(work.write("ruler.yml", "global: {scrape_interval: 1s}\n"))
    rng = random.Random(7)
    pieces = [b"up", b"sum", b"(", b")", b"{", b"}", b"[", b"]", b"5m", b":", b"offset", b"@", b"-", b"+", b"by", b"on",
              b'"', b"'", b"`", b"\\", b"\x00", b"\xff", "é".encode(), b"1e", b"0x", b"_", b",", b"=~", b"inf", b"\n", b"#"]
    for i in range(400):
        if i % 2:
            text = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 80)))
        else:
            text = b" ".join(rng.choice(pieces) for _ in range(rng.randrange(1, 20)))
        status, answer = ask(f"{ruler}/api/v1/query", urllib.parse.urlencode({"query": text, "time": 1}))
        found = json.loads(answer)
        if status == 200:
            assert found["status"] == "success", (text, answer)
        elif status == 400:
            assert found["errorType"] == "bad_data" and 'invalid parameter "query": ' in found["error"], (text, answer)
        else:
            assert status == 422 and found["errorType"] == "execution", (text, status, answer)
