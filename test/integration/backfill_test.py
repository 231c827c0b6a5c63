"""tocsinctl tsdb create-blocks-from openmetrics beside promtool: the same blocks, the same samples, no larger."""
import os
import random
import re
import subprocess

import support


def make_file(path, seed):
    """Counters, gauges, a histogram and a summary over five hours, series by series; some TYPEs, some label orders."""
    rng = random.Random(seed)
    lines = ["# HELP c Requests.", "# TYPE c counter"]
    start = 1_700_000_000
    for series in range(20):
        total = 0
        for i in range(0, 300):
            total += rng.randrange(100)
            lines.append(f'c_total{{job="api",instance="host-{series}"}} {total} {start + i * 60}')
    lines.append("# TYPE g gauge")
    for series in range(5):
        for i in range(0, 200):
            value = rng.choice([f"{rng.random():.6f}", "NaN", "+Inf", "-0", "1e3", "7"])
            lines.append(f'g{{a="{series}",b="x \\"y\\" \\\\ \\n"}} {value} {start + i * 77}.25')
    lines.append("# TYPE h histogram")
    for i in range(0, 100):
        for bound in ("0.1", "1", "+Inf"):
            lines.append(f'h_bucket{{le="{bound}"}} {i * 3} {start + i * 100}')
        lines.append(f"h_sum {i * 1.5} {start + i * 100}")
        lines.append(f"h_count {i * 3} {start + i * 100}")
    lines.append("# TYPE s summary")
    lines.extend(f's{{quantile="0.5"}} {i} {start + i * 100}' for i in range(0, 100))
    lines.append("# EOF")
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def dump(promtool, folder):
    os.makedirs(os.path.join(folder, "wal"), exist_ok=True)  # 2.42 does not open a folder without one
    done = run(promtool, "tsdb", "dump", folder)
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.splitlines())


def table(text):
    """The rows of the printed table, without ULIDs and sizes."""
    return [line.split()[1:7] for line in text.splitlines() if not line.startswith("BLOCK")]


def size(folder):
    """Bytes of what Prometheus reads."""
    total = 0
    for root, _, names in os.walk(folder):
        if re.search(r"[0-9A-Z]{26}", root):
            total += sum(os.path.getsize(os.path.join(root, n)) for n in names if n in ("index", "meta.json", "tombstones")
                         or re.fullmatch(r"\d{6}", n))
    return total


def test_blocks_are_those_of_promtool(work):
    promtool = support.need("promtool")
    for seed, options in ((1, []), (2, ["--max-block-duration=6h", "--label=cluster=old", "--label=job=all"])):
        source = work.path(f"in-{seed}.om")
        make_file(source, seed)
        ours, theirs = (work.path(f"{who}-{seed}") for who in ("ours", "theirs"))
        flags = [o for o in options if o.startswith("--max")]
        labels = [o for o in options if o.startswith("--label")]
        mine = run(work.own("tocsinctl"), "tsdb", "create-blocks-from", *flags, "openmetrics", *labels, source, ours)
        assert mine.returncode == 0, mine.stderr
        peer = run(promtool, "tsdb", "create-blocks-from", *flags, "openmetrics", *labels, source, theirs)
        if peer.returncode != 0 and labels:  # 2.42 has no --label
            peer = None
        else:
            assert peer.returncode == 0, peer.stderr
            assert table(mine.stdout) == table(peer.stdout), (mine.stdout, peer.stdout)
            # `le` and `quantile` are spelled as Prometheus 3 spells them.
            want = [re.sub(r'(le|quantile)="(\d+)"', r'\1="\2.0"', line) for line in dump(promtool, theirs)]
            assert dump(promtool, ours) == sorted(want)
            assert size(ours) <= size(theirs), (size(ours), size(theirs))
        if labels:
            assert all('cluster="old"' in line and 'job="all"' in line for line in dump(promtool, ours))


def test_what_is_wrong_has_a_place(work):
    source = work.path("bad.om")
    with open(source, "w", encoding="utf-8") as out:
        out.write("a 1 1\nb 2\n# EOF\n")
    done = run(work.own("tocsinctl"), "tsdb", "create-blocks-from", "openmetrics", source, work.path("out"))
    assert done.returncode == 1
    assert f"{source}:2:1: expected timestamp for series got none" in done.stderr, done.stderr
    assert os.listdir(work.path("out")) == []
