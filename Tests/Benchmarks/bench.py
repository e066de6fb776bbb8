#!/usr/bin/env python3
"""Measures Portico beside nginx, HAProxy and Envoy on this machine, and writes docs/benchmarks.md."""

import argparse
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

SCENARIOS = [
    # title, path, hosts, logs, one connection per request
    ("120 B, keep-alive", "/small", 1, False, False),
    ("10 KiB, keep-alive", "/medium", 1, False, False),
    ("100 KiB, keep-alive", "/large", 1, False, False),
    ("120 B, connection per request", "/small", 1, False, True),
    ("120 B, 10,000 hosts", "/small", 10_000, False, False),
    ("120 B, 10,000 hosts, access log", "/small", 10_000, True, False),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


def median_of(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def request_table(folder, kinds, options):
    """All scenarios; in each the contenders take turns, so that a slow minute of the machine hits them alike."""
    rows = []
    for title, path, hosts, logs, closes in SCENARIOS:
        running = []
        try:
            for kind in kinds:
                contender = kind(tempfile.mkdtemp(dir=folder), hosts, logs)
                running.append(contender)
                contender.begin()
            runs = {contender.name: [] for contender in running}
            for _ in range(options.rounds):
                for contender in running:
                    runs[contender.name].append(
                        measure.throughput(folder, contender, path, options.seconds, closes))
            calls = {}
            if not logs:
                calls = {c.name: measure.system_calls(folder, c, path, closes) for c in running}
            reference = median_of(runs["nginx"])["total"] if "nginx" in runs else float("nan")
            for contender in running:
                median = median_of(runs[contender.name])
                say(f"{title}: {contender.name}: {median['total']:.1f} µs, {median['rate']:.0f}/s, "
                    f"{median['failures']:.0f} failures")
                rows.append([
                    title, contender.name, f"{median['user']:.1f}", f"{median['system']:.1f}",
                    f"{median['total']:.1f}", f"{median['total'] / reference:.2f}", f"{median['rate']:,.0f}",
                    f"{median['p50']:.0f}", f"{median['p99']:.0f}", f"{median['p999']:.0f}",
                    f"{calls[contender.name]:.1f}" if contender.name in calls else ""])
        finally:
            for contender in running:
                contender.stop()
    return table(["work", "proxy", "user µs", "system µs", "total µs", "× nginx", "requests/s", "p50 µs", "p99 µs",
                  "p99.9 µs", "system calls"], rows)


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
adds, and forwards to one nginx with fixed bodies over kept-alive connections. Each has one worker, pinned to core 0;
the load (wrk, {connections} connections) and the backend share core 1. CPU time is that of all processes of the proxy, from
`/proc/PID/stat`. The contenders take turns; each figure is the median of {rounds} runs of {seconds} s. System calls were
counted in runs of their own. Memory is the proportional set size of all processes of the proxy. nginx has the buffers
that ingress-nginx gives it (4 of 4 KiB, no temporary files), which costs it many calls on large bodies.

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--idle", type=int, default=9_000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out, by name")
    parser.add_argument("--only", choices=["requests", "memory", "changes"], help="print one part, write nothing")
    options = parser.parse_args()
    kinds = [kind for kind in (Portico, Nginx, HAProxy, Envoy) if kind.name not in options.without]
    if Envoy in kinds and not Envoy.binary():
        say("Envoy cannot be had here and is left out")
        kinds.remove(Envoy)
    folder = tempfile.mkdtemp(prefix="portico-bench-")
    backend = Backend(folder, 1, False)
    try:
        backend.begin()
        parts = {
            "requests": lambda: request_table(folder, kinds, options),
            "memory": lambda: memory_table(folder, kinds, options),
            "changes": lambda: change_table(folder, options),
        }
        if options.only:
            print(parts[options.only]())
            return
        texts = {name: part() for name, part in parts.items()}
        document = DOCUMENT.format(connections=measure.CONNECTIONS, rounds=options.rounds, seconds=options.seconds,
                                   machine=machine(), **texts)
        with open(os.path.join(contenders.REPOSITORY, "docs", "benchmarks.md"), "w") as file:
            file.write(document.rstrip("\n") + "\n")
        print(document)
    finally:
        backend.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
