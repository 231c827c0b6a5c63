"""Debian's amtool against tocsin-ruler: the commands of a session recorded with Debian's Alertmanager say the same."""
import json
import os
import re
import shlex

from support import Skip, free_port, need

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UNKNOWN_SILENCE = "11111111-1111-1111-1111-111111111111"
TIME = re.compile(r"\b(20\d\d-\d\d-\d\d)[ T]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z)")
GIVEN_DAYS = ("2026-01-01", "2030-01-01")


def session():
    """[(words, output, status)] of the recorded session, silence ids as they were."""
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    folder = os.path.join(corpora, "alertmanager/amtool")
    with open(os.path.join(folder, "session.txt"), encoding="utf-8") as lines:
        parts = re.split(r"^\$ amtool ", lines.read(), flags=re.M)[1:]
    steps = []
    for part in parts:
        command, _, rest = part.partition("\n")
        output, _, status = rest.rpartition("rc=")
        # The recorder wrote words with blanks as they came: the only one is the annotation's.
        words = shlex.split(command.replace("--annotation=summary=hello w", "'--annotation=summary=hello w'").replace("*", "\\*"))
        steps.append((words, output, int(status)))
    return folder, steps


def normal(text, ids):
    """Without times but those that were given, ids by their order of appearance."""
    text = UUID.sub(lambda m: m[0] if m[0] == UNKNOWN_SILENCE else f"<id {ids.setdefault(m[0], len(ids))}>", text)
    return TIME.sub(lambda m: m[0] if m[1] in GIVEN_DAYS else "<time>", text)


def without_warnings(text):
    """Of another version, and of flags."""
    return re.sub(r"^Warning: .*\n", "", text, flags=re.M)


def lines_of(text):
    """Without the padding of columns, which depends on the width of ids and times."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def is_part(ours, theirs):
    """Everything of ours is in theirs, lists whole and in order."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(key in theirs and is_part(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(is_part, ours, theirs))
    return ours == theirs


# What 0.34 answers in another way than the recorded 0.25.
def adapted(words, expected):
    if words[:2] == ["silence", "expire"] and UNKNOWN_SILENCE in words:
        return ("amtool: error: response status code does not match any response statuses defined for this endpoint in the "
                "swagger spec (status 404): {}\n")
    return expected


def test_a_recorded_session_says_the_same_to_tocsin(work):
    import yaml  # python3-yaml, of deploy/packages.txt
    folder, steps = session()
    amtool = need("amtool")
    with open(os.path.join(folder, "am.yml"), encoding="utf-8") as text:
        config = work.write("am.yml", text.read())
    address = f"127.0.0.1:{free_port()}"
    work.start("alertmanager", [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}", f"--storage.path={work.path('data')}",
                                f"--web.listen-address={address}"], f"http://{address}/-/ready")
    recorded_ids, our_ids = {}, {}
    assert len(steps) >= 25, len(steps)
    for words, output, status in steps:
        expected = normal(without_warnings(adapted(words, output)), recorded_ids)
        if words[:2] == ["silence", "import"]:
            exported = work.run(amtool, f"--alertmanager.url=http://{address}", "silence", "query", "-o", "json")
            work.write("sil.json", exported)
        known = {place: name for name, place in our_ids.items()}
        ours = [UUID.sub(lambda m: m[0] if m[0] == UNKNOWN_SILENCE else known[recorded_ids[m[0]]], word) for word in words]
        got = work.run(amtool, f"--alertmanager.url=http://{address}", *ours, status=status)
        text = normal(without_warnings(got), our_ids)
        if words == ["config", "show"]:
            # Written from the file: Alertmanager shows the same with all defaults.
            assert is_part(yaml.safe_load(text), yaml.safe_load(expected)), text
        elif words[:2] == ["silence", "import"]:  # in the order in which amtool's threads end
            assert sorted(lines_of(text)) == sorted(lines_of(expected)), (text, expected)
        elif "json" in words:
            assert json.loads(text) == json.loads(expected), (words, text, expected)
        else:
            assert lines_of(text) == lines_of(expected), (words, text, expected)
