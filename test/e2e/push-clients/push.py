"""Pushes to the Pushgateways of the arguments with the official client of Python."""

import sys

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    delete_from_gateway,
    push_to_gateway,
    pushadd_to_gateway,
)

every, some = CollectorRegistry(), CollectorRegistry()
runs = Counter("python_client_runs", "Runs.", registry=every)
some.register(runs)
runs.inc(3)
size = Gauge("python_client_size_bytes", "Size \\ of\nparts.", ["part"], registry=every)
size.labels('a"b\\c\nü').set(1e21)
size.labels("").set(-0.25)
wait = Histogram("python_client_wait_seconds", "Waits.", registry=every, buckets=[0.1, 1])
took = Summary("python_client_took_seconds", "Took.", registry=every)
for seconds in (0.05, 0.5, 5):
    wait.observe(seconds)
    took.observe(seconds)

HARD = {"path": "/var/tmp", "empty": "", "space": "a b"}
GONE = {"instance": "gone"}
urls = sys.argv[1:]
for url in urls:
    push_to_gateway(url, "python", every, compression="gzip")
runs.inc()
for url in urls:
    pushadd_to_gateway(url, "python", some)
    push_to_gateway(url, "python", some, HARD)
    push_to_gateway(url, "python", some, GONE)
    delete_from_gateway(url, "python", GONE)
