"""read_exposition.py text|openmetrics < PAGE: the page as JSON, read by Debian's python3-prometheus-client."""
import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text


def value(number):
    """NaN and the infinities are no JSON."""
    return None if number is None else str(float(number))


def main():
    read = {"text": text, "openmetrics": openmetrics}[sys.argv[1]]
    out = []
    for family in read(sys.stdin.buffer.read().decode()):
        samples = [{"name": s.name, "labels": s.labels, "value": value(s.value), "timestamp": value(s.timestamp),
                    "exemplar": s.exemplar and [s.exemplar.labels, s.exemplar.value, s.exemplar.timestamp and float(s.exemplar.timestamp)]}
                   for s in family.samples]
        out.append({"name": family.name, "type": family.type, "help": family.documentation, "unit": family.unit, "samples": samples})
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
