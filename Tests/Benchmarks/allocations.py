#!/usr/bin/env python3
"""Checks the allocation budget: in the steady state a worker allocates nothing for a request.

Reports to the control plane and the writing of logs allocate a little every second; the budget leaves room for them."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import contenders
from contenders import Portico, host_name

REQUESTS = 5_000
WARM_UP = 1_000
# Per request, on average: what the reports of a few seconds come to.
BUDGET = 0.1

SCENARIOS = {
    "GET, 120 bytes": b"GET /small HTTP/1.1\r\nHost: %s\r\n\r\n",
    "GET, 10 KiB": b"GET /medium HTTP/1.1\r\nHost: %s\r\n\r\n",
    "GET, chunked response": b"GET /chunked HTTP/1.1\r\nHost: %s\r\nUser-Agent: budget\r\nAccept: */*\r\n\r\n",
    "POST, 2 KiB": b"POST /small HTTP/1.1\r\nHost: %s\r\nContent-Length: 2048\r\n\r\n" + b"x" * 2048,
    "GET, no route": b"GET /small HTTP/1.1\r\nHost: nobody.test\r\n\r\n",
}


class Backend(threading.Thread):
    """Answers by the path, over kept-alive connections."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", contenders.BACKEND_PORT), backlog=100)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        self.answers = {
            b"/small": head + b"Content-Length: 120\r\n\r\n" + b"x" * 120,
            b"/medium": head + b"Content-Length: 10240\r\n\r\n" + b"x" * 10240,
            b"/chunked": head + b"Transfer-Encoding: chunked\r\n\r\n" + (b"100\r\n" + b"x" * 256 + b"\r\n") * 4
            + b"0\r\n\r\n",
        }

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        while True:
            head, mark, rest = data.partition(b"\r\n\r\n")
            length = 2048 if head.startswith(b"POST") else 0
            if mark and len(rest) >= length:
                data = rest[length:]
                connection.sendall(self.answers[head.split(b" ")[1]])
                continue
            more = connection.recv(65536)
            if not more:
                return
            data += more


class Counted(Portico):
    """The proxy with a counting allocator under it; the control plane is the one that the tests use."""

    def run(self, command, core=contenders.PROXY_CORE):
        if command[0].endswith("portico-proxy"):
            self.prefix = os.path.join(self.folder, "allocations")
            variables = [f"LD_PRELOAD={self.library}", f"PORTICO_ALLOCATIONS={self.prefix}"]
            return super().run(["env"] + variables + command, core)
        return super().run([command[0].replace("/release/", "/debug/")] + command[1:], core)

    def count(self):
        worker = self.pids()[-1]
        with open(f"{self.prefix}.{worker}", "rb") as file:
            return struct.unpack("Q", file.read(8))[0]


def exchange(connection, request, times):
    """Sends a request again and again; each answer is taken whole before the next."""
    for _ in range(times):
        connection.sendall(request)
        data = b""
        while True:
            data += connection.recv(65536)
            head, mark, body = data.partition(b"\r\n\r\n")
            if not mark:
                continue
            lower = head.lower()
            if b"chunked" in lower:
                if body.endswith(b"0\r\n\r\n"):
                    break
            elif len(body) >= int(lower.split(b"content-length:")[1].split(b"\r\n")[0]):
                break


def measure(contender):
    failures = 0
    for name, request in SCENARIOS.items():
        if b"%s" in request:
            request = request.replace(b"%s", host_name(0).encode())
        connection = socket.create_connection(("127.0.0.1", contender.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        exchange(connection, request, WARM_UP)
        before = contender.count()
        exchange(connection, request, REQUESTS)
        each = (contender.count() - before) / REQUESTS
        connection.close()
        failures += each > BUDGET
        log = "with access log" if contender.logs else "without access log"
        print(f"{'ok  ' if each <= BUDGET else 'OVER'} {each:6.3f} allocations per request: {name}, {log}")
    return failures


def main():
    folder = tempfile.mkdtemp(prefix="portico-allocations-")
    library = os.path.join(folder, "count.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "count_allocations.c")
    subprocess.run([os.environ.get("CC", "clang"), "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    Counted.library = library
    Backend().start()
    failures = 0
    try:
        for logs in (False, True):
            contender = Counted(folder, 1, logs)
            try:
                contender.begin()
                failures += measure(contender)
            finally:
                contender.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
