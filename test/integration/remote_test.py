"""Remote write into tocsin-ruler and remote read out of it, with Debian's Prometheus and vmagent, and by hand."""
import json
import os
import socket
import struct
import threading
import time
import urllib.parse

import remote_wire as wire
from support import free_port, get_json, http, query, wait_until

RECEIVER = "--web.enable-remote-write-receiver"
PAGE = """# HELP requests Requests so far.
# TYPE requests counter
requests_total{code="200"} %d # {trace_id="t%d"} 0.5
requests_total{code="5\\"0\\n0"} 3
# TYPE temperature gauge
temperature{place="höhe"} -12.25
odd NaN
odd{x="inf"} +Inf
# EOF
"""


def empty(work, name="ruler.yml", **global_config):
    return work.write(name, "global: " + json.dumps({"scrape_interval": "1s", **global_config}) + "\n")


def receiver(work, *flags):
    return work.ruler(empty(work), None, RECEIVER, *flags)


def rss_mb(program):
    with open(f"/proc/{program.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def series_count(base):
    return len(get_json(f"{base}/api/v1/series?" + urllib.parse.urlencode({"match[]": '{__name__=~".+"}'}))["data"])


def target(work):
    """A page of OpenMetrics whose counter grows with each scrape."""
    count = [0]

    def page(path, body):
        count[0] += 1
        return (503 if sink.broken else 200), "application/openmetrics-text; version=1.0.0", PAGE % (count[0], count[0])
    sink = work.sink(page)
    sink.broken = False
    return sink


def range_values(base, selector, at):
    """{labels: raw samples} of a range selector."""
    return {json.dumps(s["metric"], sort_keys=True): s["values"] for s in query(base, selector, at)}


def in_order(result):
    return sorted(result, key=lambda sample: json.dumps(sample["metric"], sort_keys=True))


def test_prometheus_writes_to_us_and_reads_it_back(work):
    _, ruler = receiver(work)
    sink = target(work)
    config = work.write("writer.yml", f"""
global: {{scrape_interval: 500ms, external_labels: {{cluster: c1}}}}
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ['127.0.0.1:{sink.port}']}}]
remote_write:
  - url: {ruler}/api/v1/write
    send_exemplars: true
    queue_config: {{batch_send_deadline: 200ms, max_shards: 4}}
""")
    _, writer = work.prometheus(config, "writer", "--enable-feature=exemplar-storage")
    wait_until(lambda: int(query(ruler, 'count_over_time(requests_total{code="200"}[5m])')[0]["value"][1]) > 8, "samples arrive", 60)
    # What both have of a time that is over, sample by sample.
    at = time.time()
    wait_until(lambda: query(ruler, "timestamp(requests_total) > %.3f" % at), "everything until then has arrived", 30)
    ours = range_values(ruler, '{job="app"}[5m]', at)
    theirs = {json.dumps(dict(json.loads(key), cluster="c1"), sort_keys=True): values
              for key, values in range_values(writer, '{job="app"}[5m]', at).items()}
    assert len(theirs) == 10, sorted(theirs)
    assert ours == theirs, (sorted(set(ours) ^ set(theirs)), [k for k in ours if ours[k] != theirs.get(k)])
    found = get_json(f"{ruler}/api/v1/query_exemplars?" + urllib.parse.urlencode(
        {"query": "requests_total", "start": at - 300, "end": at}))["data"]
    assert found and found[0]["seriesLabels"]["code"] == "200", found
    assert [e["labels"]["trace_id"] for e in found[0]["exemplars"]][:2] == ["t1", "t2"], found
    failed = [line for line in http(f"{writer}/metrics")[1].splitlines()
              if line.startswith("prometheus_remote_storage_") and "_failed_total" in line and not line.endswith(" 0")]
    assert not failed, failed

    # A Prometheus without samples of its own asks us.
    reader_config = work.write("reader.yml", f"remote_read: [{{url: '{ruler}/api/v1/read', read_recent: true}}]\n")
    _, reader = work.prometheus(reader_config, "reader")
    assert range_values(reader, '{job="app"}[5m]', at) == ours
    for expression in ('sum by (code) (requests_total)', 'max_over_time(requests_total[10s])', 'temperature{place=~"h.*"}', 'count({cluster="c1"}) by (__name__)',
                       'odd != odd', 'absent(nothing)', 'max_over_time({__name__=~"temp.*"}[1m])'):
        theirs, ours_now = in_order(query(reader, expression, at)), in_order(query(ruler, expression, at))
        assert theirs == ours_now, (expression, theirs, ours_now)
    assert query(reader, 'requests_total{cluster="c1"}', at) and not query(reader, 'requests_total{cluster="c2"}', at)
    # It asked for chunks; samples say the same.
    start, end = int((at - 300) * 1000), int(at * 1000)
    samples = wire.read_samples(ruler, start, end, [("job", "=", "app")])
    assert len(samples) == 10
    for labels, values in samples.items():
        expected = ours[json.dumps(dict(labels), sort_keys=True)]
        assert [t for t, _ in values] == [round(float(t) * 1000) for t, _ in expected]
        for (_, bits), (_, value) in zip(values, expected):
            read = struct.unpack("<d", bytes.fromhex(bits))[0]
            assert read == float(value) or (read != read and value == "NaN")
    chunks = wire.read_chunks(ruler, start, end, [("job", "=", "app")])
    assert [labels for labels, _ in chunks] == sorted(labels for labels, _ in chunks)
    assert sum(struct.unpack(">H", data[:2])[0] for _, cs in chunks for _, _, _, data in cs) == sum(len(v) for v in samples.values())
    # The sender says that it has ended: its series are stale here too.
    sink.broken = True
    wait_until(lambda: not query(ruler, "requests_total") and query(ruler, "up == 0"), "stale markers arrive", 30)


def test_external_labels_of_ours_are_added_for_readers(work):
    _, ruler = work.ruler(empty(work, external_labels={"replica": "one"}), None, RECEIVER)
    now = int(time.time() * 1000)
    assert wire.write(ruler, wire.series_1({"__name__": "a"}, [(1.0, now)]))[0] == 204
    key = (("__name__", "a"), ("replica", "one"))
    assert list(wire.read_samples(ruler, now, now, [("replica", "=", "one")])) == [key]
    assert wire.read_samples(ruler, now, now, [("replica", "=", "two")]) == {}
    # The reader adds its own external labels to what it asks for; with the same ones it finds everything.
    for replica, found in (("one", 1), ("two", 0)):
        config = work.write(f"{replica}.yml", f"global: {{external_labels: {{replica: {replica}}}}}\n"
                                              f"remote_read: [{{url: '{ruler}/api/v1/read', read_recent: true}}]\n")
        _, reader = work.prometheus(config, f"reader-{replica}")
        assert len(query(reader, "a", now / 1000)) == found, replica


def test_vmagent_writes_to_us(work):
    _, ruler = receiver(work)
    sink = target(work)
    config = work.write("vmagent.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: app
    static_configs: [{{targets: ['127.0.0.1:{sink.port}']}}]
""")
    work.vmagent(config, "vmagent", f"-remoteWrite.url={ruler}/api/v1/write", "-remoteWrite.flushInterval=200ms")
    wait_until(lambda: float(query(ruler, 'requests_total{code="200",job="app"}')[0]["value"][1]) > 3, "samples arrive", 60)
    assert query(ruler, 'temperature{place="höhe"}')[0]["value"][1] == "-12.25"
    assert query(ruler, 'requests_total{code="5\\"0\\n0"}')


def test_all_kinds_of_samples_by_version_2(work):
    _, ruler = receiver(work)
    now = int(time.time() * 1000)
    h = wire.histogram
    kinds = {
        "integer": h(now, 22, 18.4, 1, (0.001, 2), (((0, 2), (1, 1)), (5, -1, 4)), (((-1, 1),), (7 - 4,)), start=now - 5000),
        "float": h(now, 10.5, 3.25, -2, (0.5, 1.5), (((3, 1),), (4.0,)), (((0, 2),), (2.0, 3.0)), hint=2),
        "gauge": h(now, 3, -1.0, 8, (0.0, 0), (((-7, 3),), (1, 0, 0)), hint=3),
        "custom": h(now, 6, 12.5, -53, positive=(((0, 2), (1, 1)), (1, 1, 1)), bounds=(0.1, 1.0, 10.0)),
        "custom_float": h(now, 2.5, 1.0, -53, positive=(((1, 1),), (2.5,)), bounds=(0.5,)),
        "stale": h(now, 0, struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]),
    }
    request = wire.Request2()
    for name, message in kinds.items():
        request.add({"__name__": name, "job": "x"}, histograms=[message], kind=3, help="Help of it.", unit="seconds")
    request.add({"__name__": "counter_total"}, [(1.0, now - 1000, now - 9000), (2.0, now, now - 9000)], kind=1,
                exemplars=[({"trace_id": "abc"}, 0.5, now)])
    status, body, headers = wire.write(ruler, request.bytes(), wire.VERSION_2)
    assert status == 204, body
    written = [headers[f"X-Prometheus-Remote-Write-{kind}-Written"] for kind in ("Samples", "Histograms", "Exemplars")]
    assert written == ["2", str(len(kinds)), "1"], written
    samples = wire.read_samples(ruler, now - 5000, now, [("job", "=", "x")])
    assert len(samples) == len(kinds)
    for labels, values in samples.items():
        name = dict(labels)["__name__"]
        expected = wire.parse_histogram(kinds[name])
        t, got = values[0]
        # Whether the counter was reset is judged by the reader of the first sample of a chunk, unless it is a gauge.
        if expected.get("hint") != 3:
            expected.pop("hint", None)
            got.pop("hint", None)
        if name == "stale":
            assert struct.pack("<d", got["sum"]) == struct.pack("<Q", 0x7FF0000000000002)
            continue
        assert t == now and got == {k: v for k, v in expected.items() if k != "t"}, (name, got, expected)
    encodings = {dict(labels)["__name__"]: [chunk[2] for chunk in chunks]
                 for labels, chunks in wire.read_chunks(ruler, now - 5000, now, [("job", "=", "x")])}
    assert encodings == {"integer": [2], "float": [3], "gauge": [2], "custom": [2], "custom_float": [3], "stale": [2]}, encodings
    assert query(ruler, "counter_total", now / 1000)[0]["value"][1] == "2"
    # The newest ones again change nothing and are no error; only the older sample of the counter is behind the times now.
    status, body, _ = wire.write(ruler, request.bytes(), wire.VERSION_2)
    assert (status, body) == (400, b'out of order sample for series {__name__="counter_total"}\n'), (status, body)


def test_what_is_refused_is_told_and_the_rest_is_there(work):
    _, ruler = receiver(work)
    now = int(time.time() * 1000)
    good = wire.Request2().add({"__name__": "a"}, [(1.0, now, 0)]).bytes()
    assert wire.write(ruler, good, wire.VERSION_2)[0] == 204
    request = wire.Request2()
    request.add({"__name__": "a"}, [(5.0, now - 10, 0), (6.0, now, 0), (7.0, now + 10, 0), (8.0, now + 3600_000, 0)])
    request.add({"job": "no name"}, [(1.0, now, 0)])
    request.add({"__name__": "h"}, histograms=[wire.histogram(now, 5, positive=(((0, 3),), (1,)))])
    request.add({"__name__": "b"}, [(1.0, now, 0)])
    status, body, headers = wire.write(ruler, request.bytes(), wire.VERSION_2)
    assert status == 400 and headers["X-Prometheus-Remote-Write-Samples-Written"] == "2", (status, body, headers)
    told = body.decode().splitlines()
    assert told[0] == 'out of order sample for series {__name__="a"}', told
    assert told[1].startswith(f"duplicate sample for timestamp {now}"), told
    assert told[2] == 'out of bounds: timestamp is too far in the future for series {__name__="a"}', told
    assert told[3] == 'invalid metric name or labels, got {job="no name"}', told
    assert told[4].startswith("positive side: spans need 3 buckets, have 1 buckets") and len(told) == 5, told
    assert [v for _, v in query(ruler, "a[1m]", now / 1000 + 1)[0]["values"]] == ["1", "7"]
    assert query(ruler, "b", now / 1000)
    # 1.0: the first error, and the rest as well.
    body = wire.series_1({"__name__": "a"}, [(1.0, now)]) + wire.series_1({"__name__": "c"}, [(1.0, now)])
    status, told, _ = wire.write(ruler, wire.series_1({"__name__": "a"}, [(9.0, now - 10)]) + body)
    assert (status, told) == (400, b"out of order sample\n"), (status, told)
    assert query(ruler, "c", now / 1000)


def test_a_receiver_that_is_off_says_so(work):
    _, ruler = work.ruler(empty(work))
    assert wire.write(ruler, b"")[:2] == (404, b"remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n")
    config = work.write("two.yml", "global: {scrape_interval: 1s}\n")
    _, only_2 = work.ruler(config, None, RECEIVER, "--web.remote-write-receiver.accepted-protobuf-messages=io.prometheus.write.v2.Request",
                           name="only-2")
    assert wire.write(only_2, b"", wire.VERSION_2)[0] == 204
    assert wire.write(only_2, b"")[0] == 415
    assert wire.write(only_2, b"", "application/json")[0] == 415
    assert wire.write(only_2, b"", wire.VERSION_2, "gzip")[0] == 415


def hostile_bodies(now):
    """(name, body, content type, expected status) of requests of which nothing may be seen."""
    good = wire.series_1({"__name__": "seen_by_nobody"}, [(1.0, now)])
    tiny = wire.series_1({"__name__": "tiny"})
    long_symbol = wire.Request2()
    long_symbol.ref("x" * 200_000)
    again = b"".join(wire.text(5, wire.packed(1, [1, 1]) + wire.text(2, wire.real(1, 1.0))) for _ in range(3000))
    fine = wire.VERSION_1
    yield "4 GiB claimed", b"\xff\xff\xff\xff\x0f" + b"x" * 100, fine, 400
    yield "32 MiB claimed by five bytes", wire.varint(32 << 20) + b"\x00", fine, 400
    yield "33 MiB of nothing", wire.snappy_repeat(bytes(60), (33 << 20) // 60), fine, 400
    yield "16 million empty series", wire.snappy_repeat(b"\x0a\x00" * 30, (32 << 20) // 60), fine, 400
    yield "16 million empty samples", wire.snappy_repeat(b"\x12\x00" * 25, 600_000, b"\x0a" + wire.varint(50 * 600_000)), fine, 400
    yield "16 million symbols", wire.snappy_repeat(b"\x22\x00" * 30, (32 << 20) // 60), wire.VERSION_2, 400
    yield "a symbol named again and again", wire.snappy(long_symbol.bytes() + again), wire.VERSION_2, 400
    yield "garbage", os.urandom(100_000), fine, 400
    yield "no snappy", good, fine, 400
    yield "truncated", wire.snappy(good + good[:-1]), fine, 400
    yield "cut within the block", wire.snappy(good)[:-5], fine, 400
    yield "a field of the wrong type", wire.snappy(good + wire.number(1, 5)), fine, 400
    yield "a group", wire.snappy(good + b"\x0b\x0c"), fine, 400
    yield "100 MB of tiny series", wire.snappy(tiny) * (100_000_000 // len(tiny)), fine, 413
    yield "a label of 1 MB", wire.snappy(wire.series_1({"__name__": "seen_by_nobody", "a": "x" * 1_000_000}, [(1.0, now)])), fine, 400
    yield "5,000 labels", wire.snappy(wire.series_1({"__name__": "seen_by_nobody", **{f"l{i}": "x" for i in range(5000)}}, [(1.0, now)])), fine, 400


def test_hostile_bodies_cost_little_and_leave_nothing(work):
    program, ruler = receiver(work)
    now = int(time.time() * 1000)
    assert wire.write(ruler, wire.series_1({"__name__": "good"}, [(1.0, now)]))[0] == 204
    slowest = 0.0
    stop = threading.Event()

    def keep_asking():
        nonlocal slowest
        while not stop.wait(0.05):
            begun = time.monotonic()
            assert http(f"{ruler}/-/healthy")[0] == 200
            slowest = max(slowest, time.monotonic() - begun)
    asking = threading.Thread(target=keep_asking)
    asking.start()
    # Senders that never come to an end.
    host, port = ruler[7:].split(":")
    slow = []
    for _ in range(20):
        connection = socket.create_connection((host, int(port)))
        connection.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n" + bytes(1000))
        slow.append(connection)
    try:
        for name, body, content, expected in hostile_bodies(now):
            try:
                status, told, _ = wire.post(f"{ruler}/api/v1/write", body, {"Content-Type": content, "Content-Encoding": "snappy"})
            except OSError:  # the answer came while the body was still on its way
                assert expected == 413, name
                continue
            assert status == expected, (name, status, told[:300])
            assert len(told) < 20_000, name
        assert wire.post(f"{ruler}/api/v1/read", wire.snappy(b"\x0a\xff\xff\xff\xff\x0f"), {})[0] == 400
        assert wire.write(ruler, wire.series_1({"__name__": "good"}, [(2.0, now + 1)]))[0] == 204
    finally:
        stop.set()
        asking.join()
        for connection in slow:
            connection.close()
    assert series_count(ruler) == 1
    assert rss_mb(program) < 400, rss_mb(program)
    assert slowest < 5, slowest


def test_what_was_acknowledged_survives_a_kill(work):
    address = f"127.0.0.1:{free_port()}"
    program, ruler = work.ruler(empty(work), None, RECEIVER, address=address)
    now = int(time.time() * 1000)
    for i in range(20):
        body = b"".join(wire.series_1({"__name__": "kept", "i": str(n)}, [(float(i), now + i)]) for n in range(50))
        assert wire.write(ruler, body)[0] == 204
    program.kill()
    _, ruler = work.ruler(empty(work), None, RECEIVER, address=address)
    samples = wire.read_samples(ruler, now, now + 100, [("__name__", "=", "kept")])
    assert len(samples) == 50 and all(len(values) == 20 for values in samples.values())
