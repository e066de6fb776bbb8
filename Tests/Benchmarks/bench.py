#!/usr/bin/env python3
"""Measures Portico beside nginx, HAProxy and Envoy on this machine, and writes docs/benchmarks.md."""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import contenders
import measure
from contenders import Backend, Envoy, HAProxy, Nginx, Portico
from page import write_beginning

class Scenario:
    """One row of work in the table of requests."""

    def __init__(self, title, path="/small", hosts=1, logs=False, closes=False, rate=None):
        self.title = title
        self.path = path
        self.hosts = hosts
        self.logs = logs
        self.closes = closes
        self.rate = rate


SCENARIOS = {
    "small": Scenario("120 B, keep-alive"),
    "medium": Scenario("10 KiB, keep-alive", path="/medium"),
    "large": Scenario("100 KiB, keep-alive", path="/large"),
    "rate": Scenario("120 B, 10,000 requests/s", rate=10_000),
    "close": Scenario("120 B, connection per request", closes=True),
    "hosts": Scenario("120 B, 10,000 hosts", hosts=10_000),
    "log": Scenario("120 B, 10,000 hosts, access log", hosts=10_000, logs=True),
}
REQUEST_HEADER = ["work", "proxy", "user µs", "system µs", "total µs", "× nginx", "requests/s", "p50 µs", "p99 µs",
                  "p99.9 µs", "system calls"]
PARTS = [*SCENARIOS, "memory", "changes"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def request_rows(scenario, folder, kinds, options):
    """The contenders take turns, so that a slow minute of the machine hits them alike."""
    running = []
    try:
        for kind in kinds:
            contender = kind(tempfile.mkdtemp(dir=folder), scenario.hosts, scenario.logs)
            running.append(contender)
            contender.begin()
        runs = {contender.name: [] for contender in running}
        for _ in range(options.rounds):
            for contender in running:
                runs[contender.name].append(measure.throughput(
                    folder, contender, scenario.path, options.seconds, scenario.closes, scenario.rate))
        calls = {}
        if not scenario.logs and not scenario.rate:
            calls = {c.name: measure.system_calls(folder, c, scenario.path, scenario.closes) for c in running}
        medians = {name: median_of(results) for name, results in runs.items()}
        reference = medians["nginx"]["total"] if "nginx" in medians else float("nan")
        return [request_row(scenario, name, median, reference, calls.get(name)) for name, median in medians.items()]
    finally:
        for contender in running:
            contender.stop()


def request_row(scenario, name, median, reference, calls):
    say(f"{scenario.title}: {name}: {median['total']:.1f} µs, {median['rate']:.0f}/s, {median['failures']:.0f} failures")
    latencies = ["" if median[key] != median[key] else f"{median[key]:.0f}" for key in ("p50", "p99", "p999")]
    return [scenario.title, name, *(f"{median[key]:.1f}" for key in ("user", "system", "total")),
            f"{median['total'] / reference:.2f}", f"{median['rate']:,.0f}", *latencies,
            "" if calls is None else f"{calls:.1f}"]


def memory_table(folder, kinds, options):
    rows = []
    for kind in kinds:
        figures = []
        for hosts in (1, 10_000):
            contender = kind(tempfile.mkdtemp(dir=folder), hosts, False)
            try:
                contender.begin()
                figures.append(f"{measure.resident_kib(contender.pids()) / 1024:.1f}")
                if hosts == 1:
                    # What the first connections cost once is no connection's own.
                    measure.idle_connections(contender, 200)
                    growth, count = measure.idle_connections(contender, options.idle)
                    idle = [f"{growth / 1024:.1f}", f"{growth * 1024 / count:.0f}"]
                elif isinstance(contender, Portico):
                    control = f"{measure.resident_kib(contender.control_pids()) / 1024:.1f}"
            finally:
                contender.stop()
        rows.append([kind.name, figures[0], *idle, figures[1]])
        say(f"memory: {rows[-1]}")
    text = table(["proxy", "at rest, MiB", f"growth with {options.idle:,} idle connections, MiB",
                  "bytes per idle connection", "with 10,000 hosts, MiB"], rows)
    return text + f"\nPortico's control plane with 10,000 Ingresses: {control} MiB.\n"


def change_table(folder, options):
    rows = []
    for kind, changes, loaded, seconds in ((Portico, options.changes, 1_000, 20), (Nginx, 10, 20, 20)):
        contender = kind(tempfile.mkdtemp(dir=folder), 10_000, False)
        try:
            contender.begin()
            times = measure.change_latency(contender, changes)
            failed, requests = measure.changes_under_load(folder, contender, loaded, seconds)
            rows.append([
                kind.name, f"{len(times)}", f"{measure.percentile(times, 0.5) * 1e3:.1f}",
                f"{measure.percentile(times, 0.99) * 1e3:.1f}", f"{failed} of {requests:,} in {loaded:,} changes"])
            say(f"changes: {rows[-1]}")
            if kind is Portico:
                restarts = measure.worker_restarts(contender, 10)
        finally:
            contender.stop()
    return table(["proxy", "changes", "p50 ms", "p99 ms", "failed requests under load"], rows) + (
        f"\nPortico's only worker killed with 10,000 hosts loaded: the next request is answered after "
        f"{measure.percentile(restarts, 0.5) * 1e3:.0f} ms (p50), {restarts[-1] * 1e3:.0f} ms at worst.\n")


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    versions = []
    for command in (["nginx", "-v"], ["haproxy", "-v"]):
        output = subprocess.run(command, capture_output=True, text=True)
        versions.append((output.stdout + output.stderr).splitlines()[0])
    envoy = Envoy.binary()
    if envoy:
        output = subprocess.run([envoy, "--version"], capture_output=True, text=True).stdout
        versions.append("Envoy " + re.search(r"/(\d[\d.]*)/", output).group(1))
    return (f"{model.group(1) if model else platform.processor()}, {os.cpu_count()} CPUs, Linux {platform.release()}; "
            + "; ".join(versions))


DOCUMENT = """# Benchmarks

Written by `make bench`. Every proxy does the same work: it routes by host, adds the forwarding headers that ingress-nginx
adds, and forwards to one backend with fixed bodies over kept-alive connections. Each has one worker, pinned to core 0;
the load (wrk, {connections} connections) and the backend share core 1. The backend answers from memory with two system calls,
so that with kept-alive connections and small bodies every proxy's core is the one that is busy: a proxy that waits for its
load sleeps and wakes more often, and pays for that. The row with a fixed rate shows all at the same partial load; a
connection per request costs the load more than any proxy, so there all get what the load can do.

CPU time is that of all processes of the proxy, from `/proc/PID/stat`. The contenders take turns; each figure is the
median of {rounds} runs of {seconds} s. System calls were counted in runs of their own. Memory is the proportional set size of all
processes of the proxy. nginx has the buffers that ingress-nginx gives it (4 of 4 KiB, no temporary files), which costs it
many calls on large bodies; all but Envoy, which has no such option, take connections when their first bytes have come.

Machine: {machine}.

## CPU per request, throughput, latency

{requests}
## Memory

{memory}
## Changes

10,000 Ingresses are loaded, each in a file of its own. A change renames one new file into place; the time ends when
the first request is served by the new route. nginx has the same hosts in one file and takes a change by `nginx -t` and
a reload.

{changes}"""


def saved(part):
    return os.path.join(contenders.REPOSITORY, ".build", "benchmarks", part + ".json")


def save(part, content):
    os.makedirs(os.path.dirname(saved(part)), exist_ok=True)
    contenders.write(saved(part), json.dumps(content))


def load(part):
    with open(saved(part)) as file:
        return json.load(file)


def write_document(options):
    """Of what is saved, if every part is there."""
    missing = [part for part in PARTS if not os.path.exists(saved(part))]
    if missing:
        return say("not written, because these were never measured: " + " ".join(missing))
    parts = {part: load(part) for part in PARTS}
    rows = [row for scenario in SCENARIOS for row in parts[scenario]]
    document = DOCUMENT.format(
        connections=measure.CONNECTIONS, rounds=options.rounds, seconds=options.seconds, machine=machine(),
        requests=table(REQUEST_HEADER, rows), memory=parts["memory"], changes=parts["changes"])
    write_beginning(document)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--idle", type=int, default=9_000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out, by name")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS,
                        help="parts to measure; the others are taken as they were measured last")
    options = parser.parse_args()
    kinds = [kind for kind in (Portico, Nginx, HAProxy, Envoy) if kind.name not in options.without]
    if Envoy in kinds and not Envoy.binary():
        say("Envoy cannot be had here and is left out")
        kinds.remove(Envoy)
    folder = tempfile.mkdtemp(prefix="portico-bench-")
    backend = Backend(folder, 1, False)
    try:
        backend.begin()
        for part in options.only:
            if part == "memory":
                save(part, memory_table(folder, kinds, options))
            elif part == "changes":
                save(part, change_table(folder, options))
            else:
                save(part, request_rows(SCENARIOS[part], folder, kinds, options))
        write_document(options)
    finally:
        backend.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
