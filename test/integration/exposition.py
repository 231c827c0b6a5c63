"""Pages of metrics as families, to compare what two exporters say of one server."""
import re

SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Page:
    """Samples by name and labels; type and help by family."""

    def __init__(self, text):
        self.samples, self.types, self.helps = {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                self.types[name] = kind
            elif line.startswith("# HELP "):
                parts = line.split(" ", 3)
                self.helps[parts[2]] = parts[3] if len(parts) > 3 else ""
            elif line and not line.startswith("#"):
                found = SAMPLE.match(line)
                assert found, f"not a sample: {line!r}"
                labels = tuple(sorted((k, v) for k, v in LABEL.findall(found[2] or "") if v != ""))
                self.samples[(found[1], labels)] = float(found[3])

    def value(self, name, **labels):
        """Of the only sample of the name that has these labels; None if there is none."""
        wanted = set(labels.items())
        values = [v for (n, ls), v in self.samples.items() if n == name and wanted <= set(ls)]
        assert len(values) <= 1, f"{name}{labels}: {len(values)} samples"
        return values[0] if values else None

    def series(self, ignore=()):
        return {(n, tuple(l for l in ls if l[0] not in ignore)) for n, ls in self.samples}


def assert_has_all_of(ours, theirs, left_out=r"^$", moving=r"^$", tolerance=0.05):
    """Every series, type and help that they have, we have; values are equal within what time moves."""
    out, move = re.compile(left_out), re.compile(moving)
    missing = sorted(k for k in theirs.samples if k not in ours.samples and not out.match(k[0]))
    assert not missing, f"{len(missing)} series are missing: {missing[:10]}"
    for name, kind in theirs.types.items():
        if name in ours.types and not out.match(name):
            assert ours.types[name] == kind, f"{name}: {ours.types[name]}, not {kind}"
            assert ours.helps.get(name) == theirs.helps.get(name), f"{name}: {ours.helps.get(name)!r}, not {theirs.helps.get(name)!r}"
    apart = []
    for key, value in theirs.samples.items():
        if out.match(key[0]) or move.match(key[0]):
            continue
        other = ours.samples[key]
        if value != other and not (value != value and other != other) and abs(value - other) > tolerance * max(abs(value), abs(other), 20):
            apart.append((key, value, other))
    assert not apart, f"{len(apart)} values differ (theirs, ours): {apart[:10]}"
