"""Reads expositions with the reference parsers of prometheus_client and says what it read.

Takes one job as a JSON line on standard input and answers one reading as a JSON line on standard
output, until the input ends. The shape of both is that of judge-go.
"""

import base64
import json
import math
import struct
import sys

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser


def bits(value):
    """A double without loss; every NaN is the same."""
    number = float(value)
    return "NaN" if math.isnan(number) else struct.pack(">d", number).hex()


def sample(found):
    reading = {
        "labels": [["__name__", found.name], *([k, v] for k, v in found.labels.items())],
        "value": bits(found.value),
    }
    if found.timestamp is not None:
        reading["timestamp"] = round(float(found.timestamp) * 1000)
    if found.exemplar is not None:
        reading["exemplar"] = str(found.exemplar)
    return reading


def read(job):
    # Strict: bytes that are not UTF-8 are refused, and a byte order mark is not skipped.
    body = base64.b64decode(job["bodyBase64"]).decode("utf-8", errors="strict")
    openmetrics = job["contentType"].startswith("application/openmetrics-text")
    parser = openmetrics_parser if openmetrics else text_parser
    families = list(parser.text_string_to_metric_families(body))
    return {
        "samples": [sample(s) for family in families for s in family.samples],
        "families": [
            {"name": f.name, "type": f.type, "help": f.documentation, "unit": f.unit}
            for f in families
        ],
    }


def judge(line):
    try:
        return read(json.loads(line))
    except Exception as error:  # Whatever a parser raises is its verdict.
        message = f"{type(error).__name__}: {error}"
        return {"samples": [], "families": [], "error": message}


def main():
    for line in sys.stdin:
        print(json.dumps(judge(line)), flush=True)


if __name__ == "__main__":
    main()
