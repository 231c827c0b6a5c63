"""Pages of exposition text, taken apart to be compared."""
import re

SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Family:
    def __init__(self, kind, help_text):
        self.kind, self.help, self.series = kind, help_text, {}


def families(page):
    """name -> Family; its series by (suffix name, sorted labels)."""
    found, helps, current = {}, {}, None
    for line in page.splitlines():
        if line.startswith("# HELP "):
            _, _, name, text = (line.split(" ", 3) + [""])[:4]
            helps[name] = text
            if name in found:  # some write the type first
                found[name].help = text
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            current = found[name] = Family(kind, helps.get(name, ""))
        elif line and not line.startswith("#"):
            name, labels, value = SERIES.fullmatch(line).groups()
            assert current is not None, line
            current.series[(name, tuple(sorted(LABEL.findall(labels or ""))))] = float(value)
    return found


def read_page(text):
    """({family: {HELP, TYPE}}, {series: value}), all as they are written."""
    families, series = {}, {}
    for line in text.splitlines():
        comment = re.match(r"# (HELP|TYPE) (\S+) ?(.*)", line)
        if comment:
            families.setdefault(comment.group(2), {})[comment.group(1)] = comment.group(3)
            continue
        sample = re.match(r"([\w:]+)(\{.*\})? (\S+)$", line)
        if sample:
            series[sample.group(1) + (sample.group(2) or "")] = sample.group(3)
    return families, series


def value(page, name, **labels):
    """The value of one series, or None."""
    for family in families(page).values():
        for (series, pairs), number in family.series.items():
            if series == name and dict(pairs) == labels:
                return number
    return None


def spelled_out(names):
    """The names of "redis_{a,b}_total redis_up", braces as in a shell."""
    found = []
    for name in names.split():
        brace = re.search(r"\{([^{}]*)\}", name)
        if brace:
            found += spelled_out(" ".join(name[:brace.start()] + part + name[brace.end():] for part in brace.group(1).split(",")))
        else:
            found.append(name)
    return found


def check_has(page, names):
    """Each of the names has a series on the page: those that dashboards and alerts of the kind ask for."""
    there = {SERIES.fullmatch(line).group(1) for line in page.splitlines() if line and not line.startswith("#")}
    missing = [name for name in spelled_out(names) if name not in there]
    assert not missing, missing


def check_same(theirs, ours, moves, ignored=lambda name: name.startswith(("go_", "process_", "promhttp_")), other_types=(),
               other_series=lambda name: False):
    """Every family of theirs is in ours, with equal type, help and series; values are equal but for those that `moves`."""
    theirs, ours = families(theirs), families(ours)
    problems = []
    for name, family in theirs.items():
        if ignored(name) or not family.series:  # RabbitMQ names families that it has nothing of
            continue
        if name not in ours:
            problems.append(f"{name} is missing")
            continue
        mine = ours[name]
        if mine.kind != family.kind and name not in other_types:
            problems.append(f"{name}: {mine.kind}, theirs {family.kind}")
        if mine.help != family.help:
            problems.append(f"{name}: help {mine.help!r}, theirs {family.help!r}")
        if other_series(name):
            names = {tuple(key for key, _ in labels) for _, labels in family.series}
            if not names <= {tuple(key for key, _ in labels) for _, labels in mine.series}:
                problems.append(f"{name}: other labels")
            continue
        for key, number in family.series.items():
            if key not in mine.series:
                problems.append(f"{name}: {key} is missing; ours are {list(mine.series)[:3]}")
            elif mine.series[key] != number and not moves(name):
                problems.append(f"{name}{key[1]}: {mine.series[key]}, theirs {number}")
    assert not problems, "\n".join(problems)
    assert len(theirs) > 5, theirs
