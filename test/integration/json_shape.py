"""What a JSON answer looks like: its keys and types, and whether it fits a schema of OpenAPI."""

# Objects under these keys hold names of the data, not of the protocol: only the types of their values count.
FREE = {"metric", "labels", "discoveredLabels", "annotations", "seriesLabels", "target", "droppedTargetCounts"}


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def differences(recorded, ours, extra=frozenset(), where="", free=False):
    """What `ours` lacks of `recorded`, has beside it (unless in `extra`: dotted paths), or types otherwise."""
    if kind(recorded) != kind(ours):
        return [f"{where or '.'}: {kind(recorded)} was recorded, {kind(ours)} came"]
    if isinstance(recorded, list):
        found = []
        for element in ours[:50] if recorded else []:
            # An element fits if it looks like any of the recorded ones: lists of rules hold two kinds.
            verdicts = [differences(other, element, extra, f"{where}[]") for other in recorded[:50]]
            best = min(verdicts, key=len)
            found += best
        return found
    if not isinstance(recorded, dict):
        return []
    if free:
        values = list(recorded.values())
        return [line for value in ours.values() if values for line in differences(values[0], value, extra, f"{where}.*")]
    found = [f"{where}.{key} is missing" for key in recorded if key not in ours and f"{where}.{key}?" not in extra]
    for key, value in ours.items():
        place = f"{where}.{key}"
        if key in recorded:
            found += differences(recorded[key], value, extra, place, key in FREE)
        elif place not in extra:
            found.append(f"{place} was not recorded")
    return found


def violations(schema, value, spec, where="$"):
    """Where the value does not fit the schema; the parts of JSON Schema that Prometheus' document uses."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return violations(spec["components"]["schemas"][name], value, spec, where)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            tried = [violations(option, value, spec, where) for option in schema[word]]
            return [] if any(not problems for problems in tried) else min(tried, key=len)
    found = []
    for part in schema.get("allOf", []):
        found += violations(part, value, spec, where)
    wanted = schema.get("type")
    if wanted is not None:
        allowed = wanted if isinstance(wanted, list) else [wanted]
        actual = kind(value)
        fits = actual in allowed or (actual == "number" and "integer" in allowed and float(value).is_integer())
        if not fits:
            return found + [f"{where}: {allowed} is wanted, {actual} came"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    if isinstance(value, list):
        items = schema.get("items")
        for element in value[:200] if isinstance(items, dict) else []:
            found += violations(items, element, spec, f"{where}[]")
        if len(value) > schema.get("maxItems", len(value)) or len(value) < schema.get("minItems", 0):
            found.append(f"{where}: {len(value)} elements")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{where}.{key} is required" for key in schema.get("required", []) if key not in value]
        rest = schema.get("additionalProperties", True)
        for key, member in value.items():
            if key in known:
                found += violations(known[key], member, spec, f"{where}.{key}")
            elif rest is False:
                found.append(f"{where}.{key} is not in the schema")
            elif isinstance(rest, dict):
                found += violations(rest, member, spec, f"{where}.{key}")
    return found
