"""The expressions of rule files, read without a YAML library: our own files keep to `expr: text` and `expr: |` blocks."""


def rules(files):
    """Each rule as a dict of its scalar keys record, alert and expr."""
    found = []
    for path in files:
        with open(path, encoding="utf-8") as text:
            lines = text.read().splitlines()
        at = 0
        while at < len(lines):
            line = lines[at].strip()
            for key in ("record", "alert"):
                if line.startswith(f"- {key}: "):
                    found.append({key: line.split(": ", 1)[1]})
            if line.startswith("expr: "):
                value = line[6:]
                if value in ("|", ">", "|-", ">-"):
                    indent = len(lines[at]) - len(lines[at].lstrip())
                    block = []
                    while at + 1 < len(lines) and (not lines[at + 1].strip() or len(lines[at + 1]) - len(lines[at + 1].lstrip()) > indent):
                        at += 1
                        block.append(lines[at].strip())
                    value = " ".join(block)
                found[-1]["expr"] = value
            at += 1
    return found


def expressions(files):
    return [rule["expr"] for rule in rules(files)]


def records(files):
    """What each recording rule's name stands for."""
    return {rule["record"]: rule["expr"] for rule in rules(files) if "record" in rule}
