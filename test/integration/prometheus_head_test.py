"""The head of a Prometheus with completed chunks, late samples, histograms and deletions: what we make of it, whole and
damaged, is what a start of Debian's Prometheus on a copy makes of it, sample by sample."""
import os
import shutil
import time
import urllib.parse

import remote_wire as wire
from prometheus_folder_test import digest
from support import http, query, wait_until

FLAGS = ("--web.enable-remote-write-receiver", "--web.enable-admin-api", "--enable-feature=native-histograms")
STEP = 10_000
HISTOGRAMS = (("__name__", "took_seconds"),)
SERIES = [{"__name__": "requests_total", "code": str(code), "path": "/ü"} for code in (200, 404, 500)]


def histogram_at(t, number):
    return wire.histogram(t, 7 * number, sum=3.5 * number, schema=2, zero=(0.001, number), positive=(((-2, 2), (3, 1)), (number, number, 0)),
                          negative=(((0, 1),), (number,)))


def push(base, labels, samples=(), histograms=()):
    status, body, _ = wire.write(base, wire.series_1(labels, samples, histograms))
    assert status in (200, 204), (status, body)


def push_history(base, start, first, last):
    """Samples `first` to `last` of all series, which stay together: floats, few and many, and histograms."""
    for number in range(first, last, 10):
        times = [(start + at * STEP, at) for at in range(number, min(number + 10, last))]
        for i, labels in enumerate(SERIES):
            push(base, labels, [(at * (i + 1) + 0.25, t) for t, at in times])
        push(base, {"__name__": "slow"}, [(at, t) for t, at in times if at % 5 == 0])
        push(base, {"__name__": "took_seconds"}, histograms=[histogram_at(t, at + 1) for t, at in times])


def push_late(base, start, shift, count):
    """Between those in order, from the newest to the oldest."""
    for labels in SERIES[:2]:
        push(base, labels, [(-at, start + at * STEP + shift) for at in range(count)][::-1])
    push(base, {"__name__": "late_alone"}, [(at, start + at * STEP + shift) for at in range(0, count, 3)][::-1])


def config(work, window="4h"):
    return work.write("head.yml", f"storage: {{tsdb: {{out_of_order_time_window: {window}}}}}\n")


def delete(base, selector, start, end):
    params = urllib.parse.urlencode({"match[]": selector, "start": start / 1000, "end": end / 1000})
    status, text = http(f"{base}/api/v1/admin/tsdb/delete_series?{params}", "", "POST")
    assert status == 204, (status, text)


def make_head(work, *flags):
    """The folder of a Prometheus that was stopped once, so that its chunks are in their files, and killed later."""
    start = int(time.time() - 90 * 60) // 7200 * 7200 * 1000
    program, base = work.prometheus(config(work), "made", *FLAGS, *flags)
    push_history(base, start, 0, 300)
    push_late(base, start, 3000, 100)
    program.stop()
    program, base = work.prometheus(config(work), "made", *FLAGS, *flags)
    push_history(base, start, 300, 420)
    push_late(base, start, 7000, 120)
    delete(base, 'requests_total{code="404"}', start + 250 * STEP, start + 320 * STEP)
    wait_until(lambda: query(base, "late_alone", (start + 100 * STEP) / 1000), "late samples")
    program.kill()
    return work.path("made"), start


def all_samples(base, start):
    """Of the time that was written; nobody scrapes anything. The remote read of 2.42 has no histograms."""
    found = wire.read_samples(base, start - 1, start + 1000 * STEP, [("__name__", "=~", ".+")])
    return {labels: samples for labels, samples in found.items() if labels != HISTOGRAMS}


def histogram_count(base, start):
    found = query(base, "count_over_time(took_seconds[3h])", (start + 1000 * STEP) / 1000)
    return int(found[0]["value"][1]) if found else 0


def check_histograms(base, start, count):
    """As many as theirs has, and each as it was written."""
    found = wire.read_samples(base, start - 1, start + 1000 * STEP, [("__name__", "=", "took_seconds")])
    samples = found.get(HISTOGRAMS, [])
    assert len(samples) == count, f"{len(samples)} histograms, and theirs has {count}"
    for t, value in samples:
        written = wire.parse_histogram(histogram_at(t, (t - start) // STEP + 1))
        written.pop("t")
        value.pop("hint", None)
        assert value == written, (t, value, written)


def head_digest(folder):
    """Of what Prometheus has beside its blocks; those are compacted."""
    return {path: hashed for path, hashed in digest(folder).items() if path.split("/")[0] in ("wal", "wbl", "chunks_head")}


def theirs_and_ours(work, folder, start, name, starts=1):
    """What both have after their start on a copy each. `starts`: theirs repairs at its first start, and reads then."""
    theirs, ours = work.path(f"{name}-theirs"), work.path(f"{name}-data/tsdb")
    shutil.copytree(folder, theirs)
    shutil.copytree(folder, ours)
    before = head_digest(ours)
    assert len(before) > 2, before.keys()
    for _ in range(starts):
        program, base = work.prometheus(config(work), f"{name}-theirs", *FLAGS)
        expected, histograms = all_samples(base, start), histogram_count(base, start)
        program.stop()
    nothing = work.write("nothing.yml", "scrape_configs: []\n")
    program, base = work.ruler(nothing, name=name)
    wait_until(lambda: all_samples(base, start), "samples")
    got = all_samples(base, start)
    check_histograms(base, start, histograms)
    program.kill()
    _, base = work.ruler(nothing, name=name)
    wait_until(lambda: all_samples(base, start), "samples after a second start")
    assert all_samples(base, start) == got, f"{name}: a second start has other samples"
    check_histograms(base, start, histograms)
    assert head_digest(ours) == before, f"{name}: their files changed"
    return expected, got


def same(expected, got):
    assert expected.keys() == got.keys(), (expected.keys(), got.keys())
    for labels, samples in expected.items():
        different = [(a, b) for a, b in zip(samples, got[labels]) if a != b][:3]
        assert samples == got[labels], f"{labels}: {len(samples)} and {len(got[labels])} samples: {different}"


def newest(samples, labels):
    return samples[tuple(sorted(labels.items()))][-1][0]


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x20]))


def used_bytes(path):
    """Without the zeros at its end."""
    with open(path, "rb") as file:
        return len(file.read().rstrip(b"\0"))


def copy_of(work, folder, name):
    copied = work.path(name)
    shutil.copytree(folder, copied)
    return copied


def test_the_head_of_a_killed_prometheus_is_the_one_of_its_own_start(work):
    folder, start = make_head(work)
    chunks = sorted(os.listdir(f"{folder}/chunks_head"))
    assert used_bytes(f"{folder}/chunks_head/{chunks[0]}") > 2000, "there are completed chunks"
    expected, got = theirs_and_ours(work, folder, start, "whole")
    assert len(expected) == 5 and max(len(samples) for samples in expected.values()) > 600
    same(expected, got)

    # The log is damaged: what is behind is in chunks. Theirs repairs it, and reads the late samples at the next start.
    damaged = copy_of(work, folder, "log")
    flip(f"{damaged}/wal/00000000", used_bytes(f"{damaged}/wal/00000000") * 2 // 5)
    expected, got = theirs_and_ours(work, damaged, start, "log-damaged", starts=2)
    assert newest(got, SERIES[0]) > newest(got, {"__name__": "slow"}) + 30 * STEP, "chunks have what the log lost"
    same(expected, got)

    # Chunks are damaged: what is behind is in the log.
    damaged = copy_of(work, folder, "chunks")
    flip(f"{damaged}/chunks_head/{chunks[0]}", used_bytes(f"{damaged}/chunks_head/{chunks[0]}") // 2)
    same(*theirs_and_ours(work, damaged, start, "chunks-damaged"))

    # The log of late samples is gone: completed chunks have most of them.
    damaged = copy_of(work, folder, "late")
    for name in os.listdir(f"{damaged}/wbl"):
        os.remove(f"{damaged}/wbl/{name}")
    expected, got = theirs_and_ours(work, damaged, start, "late-gone")
    alone = {labels: samples for labels, samples in got.items() if dict(labels)["__name__"] == "late_alone"}
    assert alone and len(next(iter(alone.values()))) >= 32
    same(expected, got)


def test_a_head_behind_blocks_is_taken_from_their_end_on(work):
    folder, start = make_head(work, "--storage.tsdb.min-block-duration=10m", "--storage.tsdb.max-block-duration=10m")
    blocks = [name for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}/meta.json")]
    assert len(blocks) >= 4, blocks
    same(*theirs_and_ours(work, folder, start, "behind-blocks"))
