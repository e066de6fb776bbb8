#!/usr/bin/env python3
"""Measures TLS, HTTP/2, gRPC and websockets beside nginx, HAProxy and Envoy, and writes its section of
docs/benchmarks.md."""

import argparse
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import contenders
import measure
from contenders import LOAD_CORE, Backend, Envoy
from page import write_section
from secure_contenders import (CALLS, CHAT, GRPC_PORT, WEB, WEBSOCKET_PORT, Certificate, Companion, SecureEnvoy,
                               SecureHAProxy, SecureNginx, SecurePortico)

CIPHER = "TLS_AES_128_GCM_SHA256"


class Part:
    """One kind of work. `run` makes it for some seconds and returns how much was done, and how much of it failed."""

    def __init__(self, title, unit, run, certificate="ecdsa"):
        self.title, self.unit, self.run, self.certificate = title, unit, run, certificate


def client(mode, host, threads, checks_resumption=None):
    def run(folder, contender, seconds):
        output = subprocess.run(
            ["taskset", "-c", LOAD_CORE, os.path.join(folder, "secure_client"), mode, str(contender.port), host,
             str(seconds), str(threads)], check=True, capture_output=True, text=True).stdout
        done, resumed, failed = (int(word) for word in output.split()[1:])
        if checks_resumption is not None and (resumed > done * 0.9) != checks_resumption:
            raise SystemExit(f"{contender.name}: {resumed} of {done} handshakes were resumed")
        return done, failed
    return run


def h2load(host, path, connections, streams, size, *extra):
    """`size` is that of every answer's body."""
    def run(folder, contender, seconds):
        output = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}",
             f"--tls13-ciphers={CIPHER}", "--groups=X25519", f"--connect-to=127.0.0.1:{contender.port}",
             *(word.format(folder=folder) for word in extra), f"https://{host}{path}"],
            check=True, capture_output=True, text=True).stdout
        succeeded, failed, errored, timeout = (int(count) for count in re.search(
            r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output).groups())
        protocol = "http/1.1" if "--h1" in extra else "h2"
        if f"Application protocol: {protocol}" not in output or CIPHER not in output or succeeded == 0:
            raise SystemExit(f"{contender.name}: not what was asked for:\n{output}")
        if int(re.search(r"\((\d+)\) data", output).group(1)) < succeeded * size:
            raise SystemExit(f"{contender.name}: some answers were not the backend's:\n{output}")
        return succeeded, failed + errored + timeout
    return run


PARTS = {
    "ecdsa": Part("full handshake and a request, ECDSA P-256", "connection", client("full", WEB, 16, False)),
    "rsa": Part("full handshake and a request, RSA 2048", "connection", client("full", WEB, 16, False), "rsa"),
    "resumed": Part("resumed handshake and a request", "connection", client("resumed", WEB, 16, True)),
    "https": Part("HTTPS keep-alive, 120 B", "request", h2load(WEB, "/small", 64, 1, 120, "--h1")),
    "https-large": Part("HTTPS keep-alive, 100 KiB", "request", h2load(WEB, "/large", 64, 1, 100 << 10, "--h1")),
    "http2-1": Part("HTTP/2, 120 B, 64 connections of 1 stream", "request", h2load(WEB, "/small", 64, 1, 120)),
    "http2-100": Part("HTTP/2, 120 B, 8 connections of 100 streams", "request", h2load(WEB, "/small", 8, 100, 120)),
    "grpc": Part("gRPC unary call, 16 connections of 10 streams", "call", h2load(
        CALLS, "/bench.Echo/Say", 16, 10, 21, "-d", "{folder}/message", "-H", "content-type: application/grpc",
        "-H", "te: trailers")),
    "websocket": Part("websocket message of 64 B and its echo, 64 connections", "echo", client("websocket", CHAT, 64)),
}
KINDS = [SecurePortico, SecureNginx, SecureHAProxy, SecureEnvoy]


def verify(contender):
    """Every contender answers what is measured as it should, or nothing is measured."""
    def curl(*words):
        return subprocess.run(
            ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{http_version} %{size_download}", "--max-time", "5",
             "--connect-to", f"::127.0.0.1:{contender.port}", *words], capture_output=True, text=True).stdout

    assert curl("--http1.1", f"https://{WEB}/small") == "200 1.1 120", contender.name
    assert curl("--http2", f"https://{WEB}/small") == "200 2 120", contender.name
    trailers = subprocess.run(
        ["nghttp", "-v", "-d", "/dev/null", "-H", f":authority: {CALLS}", "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"https://127.0.0.1:{contender.port}/bench.Echo/Say"], capture_output=True, text=True).stdout
    assert "grpc-status: 0" in trailers, f"{contender.name}: {trailers}"


def row(part, contender, runs, reference):
    total = statistics.median(run["total"] for run in runs)
    rate = statistics.median(run["rate"] for run in runs)
    bench.say(f"{part.title}: {contender.name}: {total:.1f} µs, {rate:,.0f}/s, {runs[-1]['failed']} failed")
    return [part.title, contender.name,
            *(f"{statistics.median(run[key] for run in runs):.1f}" for key in ("user", "system")), f"{total:.1f}",
            f"{total / reference:.2f}" if reference else "1.00", f"{1e6 / total:,.0f}", f"{rate:,.0f}",
            f"{sum(run['failed'] for run in runs)}"]


def run_once(folder, part, contender, seconds):
    pids = contender.pids()
    part.run(folder, contender, 1)
    before, began = measure.cpu_ticks(pids), time.time()
    done, failed = part.run(folder, contender, seconds)
    after, ended = measure.cpu_ticks(pids), time.time()
    user, system = ((after[i] - before[i]) * 1e6 / measure.TICKS / max(1, done) for i in (0, 1))
    return {"user": user, "system": system, "total": user + system, "failed": failed, "rate": done / (ended - began)}


def part_rows(folder, name, options, certificates, kinds):
    part = PARTS[name]
    running = []
    try:
        for kind in kinds:
            contender = kind(tempfile.mkdtemp(dir=folder), certificates[part.certificate])
            running.append(contender)
            contender.begin()
            verify(contender)
        runs = {contender: [] for contender in running}
        for _ in range(options.rounds):
            for contender in running:
                runs[contender].append(run_once(folder, part, contender, options.seconds))
        reference = next((statistics.median(run["total"] for run in runs[c]) for c in running if c.name == "nginx"), 0)
        return [row(part, contender, runs[contender], reference) for contender in running]
    finally:
        for contender in running:
            contender.stop()


# A client's preface, empty SETTINGS, and a GET of /small on stream 1.
def http2_request():
    name = WEB.encode()
    block = b"\x82\x87\x04\x06/small\x01" + bytes([len(name)]) + name
    frame = len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + frame


def idle(contender, count, protocol):
    """Bytes of resident memory per connection that has served a request and waits for the next."""
    context = ssl.create_default_context(cafile=contender.certificate.chain)
    context.set_alpn_protocols([protocol])
    request = http2_request() if protocol == "h2" else f"GET /small HTTP/1.1\r\nHost: {WEB}\r\n\r\n".encode()
    before = measure.resident_kib(contender.pids())
    opened = []
    try:
        for _ in range(count):
            connection = context.wrap_socket(
                socket.create_connection(("127.0.0.1", contender.port), 5), server_hostname=WEB)
            connection.sendall(request)
            received = b""
            while b"x" * 120 not in received:
                received += connection.recv(4096)
            if protocol == "h2":
                connection.sendall(b"\0\0\0\x04\x01\0\0\0\0")
            opened.append(connection)
        time.sleep(0.5)
        return (measure.resident_kib(contender.pids()) - before) * 1024 / count
    finally:
        for connection in opened:
            connection.close()


def memory_rows(folder, options, certificates, kinds):
    rows = []
    for kind in kinds:
        figures = []
        for protocol in ("http/1.1", "h2"):
            contender = kind(tempfile.mkdtemp(dir=folder), certificates["ecdsa"])
            try:
                contender.begin()
                # What the first connections cost once is no connection's own.
                idle(contender, 50, protocol)
                figures.append(f"{idle(contender, options.idle, protocol):,.0f}")
            finally:
                contender.stop()
        rows.append([kind.name, *figures])
        bench.say(f"memory: {rows[-1]}")
    return rows


SECTION = """## TLS, HTTP/2, gRPC and websockets

Written by `Tests/Benchmarks/secure.py`. All contenders have the same certificate, offer the same protocols, and agree with
the load on {cipher} and X25519; each answer is checked before anything is measured. Handshakes and websocket messages are made
by `secure_client.c` (16 and 64 blocking threads), requests by h2load. One worker on core 0, load and backends on core 1, medians
of {rounds} runs of {seconds} s, contenders in turns. The websocket backend echoes; the gRPC backend is nghttpd with a trailer.
nginx has the `ssl_buffer_size` of ingress-nginx, 4 KiB.

{requests}
Resident memory of a connection that has served a request and is idle, from the growth by {idle:,} of them:

{memory}"""
HEADER = ["work", "proxy", "user µs", "system µs", "total µs", "× nginx", "per CPU second", "per second", "failed"]


def write_results(options):
    rows = []
    for name in PARTS:
        if os.path.exists(bench.saved("secure-" + name)):
            rows += bench.load("secure-" + name)
    if not rows or not os.path.exists(bench.saved("secure-memory")):
        return bench.say("not written: some part was never measured")
    text = SECTION.format(
        cipher=CIPHER, rounds=options.rounds, seconds=options.seconds, idle=options.idle,
        requests=bench.table(HEADER, rows), memory=bench.table(
            ["proxy", "TLS and HTTP/1.1, bytes", "TLS and HTTP/2, bytes"], bench.load("secure-memory")))
    write_section(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=2_000)
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out, by name")
    parser.add_argument("--only", nargs="*", choices=[*PARTS, "memory"], default=[*PARTS, "memory"],
                        help="parts to measure; the others are taken as they were measured last")
    options = parser.parse_args()
    # Whoever stops the run does not leave its processes behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    kinds = [kind for kind in KINDS if kind.name not in options.without]
    if SecureEnvoy in kinds and not Envoy.binary():
        bench.say("Envoy cannot be had here and is left out")
        kinds.remove(SecureEnvoy)
    folder = tempfile.mkdtemp(prefix="portico-bench-")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "secure_client.c")
    subprocess.run([os.environ.get("CC", "clang"), "-O2", "-o", f"{folder}/secure_client", source, "-lssl", "-lcrypto",
                    "-lpthread"], check=True)
    os.makedirs(f"{folder}/calls/bench.Echo")
    with open(f"{folder}/calls/bench.Echo/Say", "wb") as file:
        file.write(b"\0\0\0\0\x10" + b"m" * 16)
    shutil.copy(f"{folder}/calls/bench.Echo/Say", f"{folder}/message")
    certificates = {kind: Certificate(folder, kind) for kind in ("ecdsa", "rsa")}
    backends = [
        Backend(folder, 1, False),
        Companion("calls", folder, ["nghttpd", "--no-tls", "-d", f"{folder}/calls", "--trailer=grpc-status: 0",
                                    "--max-concurrent-streams=1000", str(GRPC_PORT)], GRPC_PORT),
        Companion("chat", folder, [f"{folder}/secure_client", "echo", str(WEBSOCKET_PORT)], WEBSOCKET_PORT),
    ]
    try:
        for backend in backends:
            backend.begin()
        for name in options.only:
            if name == "memory":
                bench.save("secure-memory", memory_rows(folder, options, certificates, kinds))
            else:
                bench.save("secure-" + name, part_rows(folder, name, options, certificates, kinds))
        write_results(options)
    finally:
        for backend in backends:
            backend.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
