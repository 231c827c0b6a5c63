"""The head of a ruler, cut into blocks and compacted: what Debian's promtool and Prometheus read of them, deletion, snapshots,
a restart, kill -9."""
import os
import shutil
import urllib.parse

import remote_wire as wire
from blocks_test import dumped, is_histogram, same_dumps
from support import get_json, http, need, query, wait_until

START = 1_700_006_400  # seconds, at the beginning of a minute
STEP = 15
FLAGS = ["--web.enable-remote-write-receiver", "--web.enable-admin-api", "--storage.tsdb.retention.time=100y",
         "--storage.tsdb.min-block-duration=1m", "--storage.tsdb.max-block-duration=9m",
         "--storage.tsdb.block-reload-interval=1s"]
SERIES = [{"__name__": name, "instance": f"host-{i}:9100", "job": "node"} for name in ("total", "level") for i in range(10)]


def value_of(series, slot):
    if series["__name__"] == "total":
        return float(slot * 7 + len(series["instance"]))
    return (slot * 37 + int(series["instance"][5]) * 11) % 101 / 8


def send(ruler, minutes):
    """Samples of all series in the minutes, a request for each minute."""
    for minute in minutes:
        slots = range(minute * 60 // STEP, (minute + 1) * 60 // STEP)
        times = [(slot, (START + slot * STEP) * 1000) for slot in slots]
        body = b"".join(wire.series_1(one, [(value_of(one, slot), t) for slot, t in times]) for one in SERIES)
        body += wire.series_1({"__name__": "latency", "job": "node"},
                              histograms=[wire.histogram(t, slot, float(slot), positive=(((0, 1),), (slot,))) for slot, t in times])
        assert wire.write(ruler, body)[0] == 204


def blocks_of(ruler):
    return get_json(f"{ruler}/api/v1/status/tsdb/blocks")["data"]["blocks"]


def settled(ruler, until):
    """The blocks, once they reach up to the minute and a whole round of upkeep has changed nothing. A round that has
    nothing to do reloads once, one that has more often and changes the blocks."""
    def count(name):
        found = [line for line in http(f"{ruler}/metrics")[1].splitlines() if line.startswith(name + " ")]
        assert len(found) == 1, (name, found)
        return float(found[0].split()[1])

    def reached():
        compactions, reloads, blocks = count("prometheus_tsdb_compactions_total"), count("prometheus_tsdb_reloads_total"), blocks_of(ruler)
        if not blocks or max(block["maxTime"] for block in blocks) < (START + until * 60) * 1000:
            return None
        wait_until(lambda: count("prometheus_tsdb_reloads_total") >= reloads + 3, "three rounds of upkeep")
        quiet = count("prometheus_tsdb_compactions_total") == compactions and count("prometheus_tsdb_reloads_total") == reloads + 3
        return blocks if quiet and blocks_of(ruler) == blocks else None

    return wait_until(reached, f"blocks up to minute {until}", 60)


def copy_of(work, folder, name):
    """A copy of a data directory for a peer, which may change it. promtool 2.42 wants a folder `wal`."""
    copy = work.path(name)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("lock"))
    os.makedirs(os.path.join(copy, "wal"), exist_ok=True)
    return copy


def expected_dump(first, last, leave_out=lambda series: False):
    """Lines of a dump of the slots first <= slot < last."""
    lines = []
    for one in SERIES:
        if leave_out(one):
            continue
        labels = "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(one.items())) + "}"
        lines += [f"{labels} {value_of(one, slot):g} {(START + slot * STEP) * 1000}" for slot in range(first, last)]
    return sorted(lines)


def floats(lines):
    return [line for line in lines if not is_histogram(line)]


QUERIES = ["total[20m]", "level[7m]", "latency[20m]", "sum by (__name__) ({__name__=~'total|level'})", "rate(total[5m])",
           "avg_over_time(level[11m])", "max_over_time(total[3m])"]


def answers(server, minute):
    out = []
    for text in QUERIES:
        result = query(server, text, START + minute * 60 - 1)
        assert result, text
        out.append(sorted(result, key=lambda one: sorted(one["metric"].items())))
    return out


def rounded(value):
    """Numbers of an answer: the last bits may differ between two ways to sum."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    try:
        return f"{float(value):.12g}"
    except ValueError:
        return value


def admin(ruler, path, **params):
    status, text = http(f"{ruler}/api/v1/admin/tsdb/{path}?" + urllib.parse.urlencode(params), method="POST")
    assert status == 204, (status, text)


def start(work, address=None):
    return work.ruler(work.write("rules.yml", "global: {}\n"), None, *FLAGS, address=address)


def test_promtool_and_prometheus_read_the_blocks_of_a_running_ruler(work):
    _, ruler = start(work)
    send(ruler, range(30))
    blocks = settled(ruler, 28)
    assert any(block["maxTime"] - block["minTime"] > 120_000 for block in blocks), blocks
    end = max(block["maxTime"] for block in blocks) // 1000 - START  # seconds
    data = copy_of(work, work.path("ruler-data/tsdb"), "copy")
    promtool, ctl = need("promtool"), work.own("tocsinctl")
    assert same_dumps(work, data, 1000) == expected_dump(0, end // STEP)
    listed = [line.split()[0] for line in work.run(promtool, "tsdb", "list", data).splitlines()[1:]]
    assert sorted(listed) == sorted(block["ulid"] for block in blocks)
    assert "Series: 21" in work.run(promtool, "tsdb", "analyze", data)
    assert "FAILED" not in work.run(ctl, "tsdb", "verify", data)
    _, peer = work.prometheus(work.write("prometheus.yml", "global: {}\n"), "copy", "--storage.tsdb.retention.time=100y")
    minute = end // 60
    assert rounded(answers(peer, minute)) == rounded(answers(ruler, minute))


def test_samples_are_deleted_from_blocks_and_a_snapshot_is_a_data_directory(work):
    _, ruler = start(work)
    send(ruler, range(20))
    settled(ruler, 18)
    gone = {"__name__": "level", "instance": "host-3:9100", "job": "node"}
    admin(ruler, "delete_series", **{"match[]": 'level{instance="host-3:9100"}'})
    assert query(ruler, 'level{instance="host-3:9100"}[1h]', START + 1800) == []
    assert sum(block["stats"].get("numTombstones", 0) for block in blocks_of(ruler)) > 0
    admin(ruler, "clean_tombstones")
    assert sum(block["stats"].get("numTombstones", 0) for block in blocks_of(ruler)) == 0

    ctl, tsdb = work.own("tocsinctl"), work.path("ruler-data/tsdb")
    whole = os.path.join(tsdb, work.run(ctl, "tsdb", "snapshot", "--url", ruler).strip())
    without_head = os.path.join(tsdb, work.run(ctl, "tsdb", "snapshot", "--url", ruler, "--skip-head").strip())
    send(ruler, range(20, 30))  # a snapshot has nothing of what comes later
    settled(ruler, 28)
    lines = same_dumps(work, copy_of(work, whole, "whole"), 1000)
    assert lines == expected_dump(0, 20 * 60 // STEP, lambda series: series == gone)
    assert "FAILED" not in work.run(ctl, "tsdb", "verify", whole)
    fewer = same_dumps(work, copy_of(work, without_head, "without_head"), 1000)
    assert set(fewer) < set(lines)
    _, peer = work.prometheus(work.write("prometheus.yml", "global: {}\n"), "whole", "--storage.tsdb.retention.time=100y")
    assert rounded(answers(peer, 20)) == rounded(answers(ruler, 20))


def test_tocsinctl_says_why_no_snapshot_was_made(work):
    ctl = work.own("tocsinctl")
    _, closed = work.ruler(work.write("rules.yml", "global: {}\n"))
    assert work.run(ctl, "tsdb", "snapshot", "--url", closed, status=1) == "no snapshot was made: admin APIs disabled\n"
    wrong = work.sink(lambda path, body: (200, "text/html", "<html>")).url
    said = work.run(ctl, "tsdb", "snapshot", "--url", wrong + "/", status=1)
    assert said == "no snapshot was made: the server answered 200 with no Prometheus answer: <html>\n", said


def half_made(work):
    return {name for name in os.listdir(work.path("ruler-data/tsdb")) if ".tmp" in name}


def test_a_ruler_that_is_killed_while_it_cuts_has_all_samples(work):
    program, ruler = start(work)
    address = ruler.removeprefix("http://")
    for at in range(0, 40, 8):
        send(ruler, range(at, at + 8))
        if at > 8:
            wait_until(lambda until=at: max((b["maxTime"] for b in blocks_of(ruler)), default=0) > (START + (until - 6) * 60) * 1000,
                       "a cut has begun")
        before = answers(ruler, at + 8)
        if at == 16:
            assert program.stop() == 0
        else:
            program.kill()
        left = half_made(work)
        program, ruler = start(work, address)
        assert not left & half_made(work), "a start removes what the dead left"
        assert answers(ruler, at + 8) == before
    settled(ruler, 38)
    assert answers(ruler, 40) == before
    data = work.path("ruler-data/tsdb")
    wait_until(lambda: not half_made(work), "no half made block")  # a cut or compaction may be at work
    end = max(block["maxTime"] for block in blocks_of(ruler)) // 1000 - START
    assert floats(dumped(work.own("tocsinctl"), work, copy_of(work, data, "copy"))) == expected_dump(0, end // STEP)
