"""Blocks that we write, read by Debian's promtool and Prometheus; blocks that promtool writes, read by us: the same samples."""
import json
import os
import random
import re

from support import get_json, need, query

START = 1_700_006_400  # of the sample block, seconds


def make_block(work, *flags):
    """A data directory with the sample block; (directory, path of the block)."""
    folder = work.path("data")
    os.makedirs(os.path.join(folder, "wal"), exist_ok=True)  # promtool 2.42 wants one
    return folder, work.run(work.own("tocsin_make_block"), folder, *flags).strip()


def imported(work, text):
    """A data directory that promtool made of a page of OpenMetrics."""
    folder = work.path("imported")
    os.makedirs(os.path.join(folder, "wal"), exist_ok=True)
    page = work.write("page.om", text)
    work.run(need("promtool"), "tsdb", "create-blocks-from", "openmetrics", page, folder)
    return folder


def dumped(program, work, folder, *flags):
    """Lines of a dump; the sort takes away the order of what has the same labels."""
    return sorted(work.run(program, "tsdb", "dump", *flags, folder, seconds=120).splitlines())


def page_of_openmetrics():
    """Six hours of counters and gauges, with texts and values of all kinds."""
    rng = random.Random(1)
    lines = ["# TYPE requests counter"]
    for instance in range(20):
        total = 0
        for step in range(720):
            total = 0 if rng.random() < 0.01 else total + rng.randrange(100)
            lines.append(f'requests_total{{instance="host-{instance}",path="/a?b=\\"c\\""}} {total} {START + step * 30}')
    lines.append("# TYPE temperature gauge")
    for instance in range(20):
        for step in range(720):
            value = rng.choice(["NaN", "+Inf", "-Inf", "0", "-0", "1e-300", f"{rng.uniform(-50, 50):.3f}", "21.5", "21.5"])
            lines.append(f'temperature{{instance="host-{instance}",ort="Küche ⏰"}} {value} {START + step * 30}.{rng.randrange(1000):03}')
    return "\n".join(lines) + "\n# EOF\n"


def is_histogram(line):
    return "} {count:" in line


def same_dumps(work, folder, least, *flags):
    """promtool's and our dump of a directory, which must be equal; of floats, which is what promtool 2.42 dumps."""
    theirs = dumped(need("promtool"), work, folder, *flags)
    ours = [line for line in dumped(work.own("tocsinctl"), work, folder, *flags) if not is_histogram(line)]
    assert len(theirs) >= least, f"{len(theirs)} lines of {folder}"
    different = [(a, b) for a, b in zip(theirs, ours) if a != b][:5]
    assert theirs == ours, f"{len(theirs)} and {len(ours)} lines: {different}"
    return theirs


def test_promtool_dumps_our_blocks_as_we_do(work):
    folder, block = make_block(work, "--segment-bytes", "4000")
    assert len(os.listdir(os.path.join(block, "chunks"))) > 3
    written = 3 * 3 * 480
    lines = same_dumps(work, folder, written - 30)
    assert len(lines) < written, "tombstones take samples away"
    same_dumps(work, folder, 100, "--min-time", str((START + 3600) * 1000), "--max-time", str((START + 4000) * 1000))
    same_dumps(work, folder, 900, "--match", '{__name__=~"sample_.*e.*",instance!="host-1:9100"}')


def test_promtool_lists_and_analyzes_our_blocks_as_we_do(work):
    folder, block = make_block(work)
    promtool, ours = need("promtool"), work.own("tocsinctl")
    rows = [work.run(program, "tsdb", "list", folder).splitlines() for program in (promtool, ours)]
    assert len(rows[0]) == 2 and rows[0][0] == rows[1][0], rows
    theirs, own = rows[0][1].split(), rows[1][1].split()
    assert theirs[:-1] == own[:-1], rows
    sidecar = os.path.getsize(os.path.join(block, "tocsin.summaries"))
    assert int(own[-1]) - int(theirs[-1]) == sidecar, f"the size is that of all files: {rows}"
    human = [work.run(program, "tsdb", "list", "-r", folder).splitlines()[1].split("  ")[:3] for program in (promtool, ours)]
    assert human[0] == human[1], human

    def analysis(program):
        """Without the order of lines, which is by chance where numbers are equal; 3.14 says Total Series for Series."""
        return sorted(work.run(program, "tsdb", "analyze", folder).replace("Total Series:", "Series:").splitlines())

    assert analysis(promtool) == analysis(ours)


def histogram_text(histogram):
    """A histogram of the API as a dump prints it."""
    text = f"{{count:{histogram['count']}, sum:{histogram['sum']}"
    for rule, lower, upper, count in histogram.get("buckets", []):  # rule 0 is (], 1 [), 3 []
        text += f", {'[' if rule in (1, 3) else '('}{lower},{upper}{']' if rule in (0, 3) else ')'}:{count}"
    return text + "}"


def numbers_of(text):
    """A text with its numbers as Python prints them."""
    return re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", lambda found: repr(float(found[0])), text)


def samples_of(lines):
    """Of a dump: samples by series, in order of time."""
    series = {}
    for line in lines:
        labels, value, t = re.fullmatch(r"(\{.*?\}) (\S+|\{.*\}) (\d+)", line).groups()
        series.setdefault(labels, []).append((int(t), value))
    return {labels: sorted(samples) for labels, samples in series.items()}


def test_prometheus_serves_our_blocks(work):
    folder, _ = make_block(work, "--segment-bytes", "9000")
    config = work.write("prometheus.yml", "global: {}\n")
    _, server = work.prometheus(config, os.path.basename(folder), "--storage.tsdb.retention.time=100y")
    end = START + 7200
    for metric, key in {"sample_counter": "values", "sample_gauge": "values", "sample_histogram": "histograms",
                        "sample_float_histogram": "histograms"}.items():
        dump = samples_of(dumped(work.own("tocsinctl"), work, folder, "--match", f'{{__name__="{metric}"}}'))
        answer = query(server, f"{metric}[2h]", end)
        assert len(answer) == len(dump) == 3
        found = [[(round(float(t) * 1000), value) for t, value in series[key]] for series in answer]
        expected = sorted(dump.values(), key=lambda samples: samples[0][0])
        found.sort(key=lambda samples: samples[0][0])
        assert [[t for t, _ in samples] for samples in found] == [[t for t, _ in samples] for samples in expected]
        for theirs, ours in zip(found, expected):
            for (t, a), (_, b) in zip(theirs, ours):
                if key == "values":
                    assert float(a) == float(b), (metric, t, a, b)
                else:
                    assert numbers_of(histogram_text(a)) == numbers_of(b), (metric, t, histogram_text(a), b)
    assert query(server, "count({__name__=~'sample_.*'})", end)[0]["value"][1] == "15"
    names = get_json(server + f"/api/v1/label/__name__/values?start={START}&end={end}")["data"]
    assert [name for name in names if name.startswith("sample_")] == [
        "sample_counter", "sample_float_histogram", "sample_gauge", "sample_histogram", "sample_special"]


def test_blocks_of_promtool_are_read_by_us_with_the_same_samples(work):
    folder = imported(work, page_of_openmetrics())
    same_dumps(work, folder, 20 * 720 * 2)
    same_dumps(work, folder, 720, "--match", '{instance=~"host-1.*"}', "--min-time", str((START + 3600) * 1000))
    promtool, ours = need("promtool"), work.own("tocsinctl")
    for flags in ([], ["-r"]):
        lists = [work.run(program, "tsdb", "list", *flags, folder) for program in (promtool, ours)]
        assert lists[0] == lists[1], lists
    assert "FAILED" not in work.run(ours, "tsdb", "verify", folder)


def test_verify_names_each_defect_and_its_place(work):
    folder, block = make_block(work)
    ours = work.own("tocsinctl")
    text = work.run(ours, "tsdb", "verify", folder)
    assert "SUCCESS: 15 series" in text, text
    with open(os.path.join(block, "chunks", "000001"), "r+b") as file:
        file.seek(200)
        file.write(b"\xff\xff\xff")
    text = work.run(ours, "tsdb", "verify", folder, status=1)
    assert "FAILED: 1 defect" in text, text
    with open(os.path.join(block, "index"), "r+b") as file:
        file.truncate(100)
    assert "FAILED: 1 defect" in work.run(ours, "tsdb", "verify", folder, status=1)
    work.run(ours, "tsdb", "list", folder, status=1)


def test_other_forms_of_a_dump(work):
    folder, _ = make_block(work, "--instances", "1", "--samples", "3", "--no-tombstones")
    ours = work.own("tocsinctl")
    lines = work.run(ours, "tsdb", "dump-openmetrics", folder).splitlines()
    assert lines[-1] == "# EOF" and len(lines) == 3 * 3 + 1, lines
    assert re.fullmatch(r'sample_counter\{emoji="⏰",instance="host-0:9100",job="node"\} \d+ 1700006400\.\d{3}', lines[0]), lines[0]
    series = work.run(ours, "tsdb", "dump", "--format=seriesjson", folder).splitlines()
    assert [json.loads(one)["__name__"] for one in series] == [
        "sample_counter", "sample_float_histogram", "sample_gauge", "sample_histogram", "sample_special"]


def bytes_of(block):
    """Of what every reader needs."""
    chunks = os.path.join(block, "chunks")
    segments = sum(os.path.getsize(os.path.join(chunks, name)) for name in os.listdir(chunks))
    return os.path.getsize(os.path.join(block, "index")) + segments


def test_our_blocks_are_no_larger_than_prometheus_with_the_same_data(work):
    folder = imported(work, page_of_openmetrics())
    copies = work.path("copies")
    os.makedirs(os.path.join(copies, "wal"))
    theirs = ours = 0
    for name in sorted(os.listdir(folder)):
        block = os.path.join(folder, name)
        if not os.path.exists(os.path.join(block, "meta.json")):
            continue
        theirs += bytes_of(block)
        ours += bytes_of(work.run(work.own("tocsin_make_block"), copies, "--copy", block).strip())
    print(f"      {ours} bytes of index and chunks, Prometheus {theirs}: {ours / theirs:.3f}")
    assert ours <= theirs
    promtool = need("promtool")
    assert dumped(promtool, work, copies) == dumped(promtool, work, folder)
