"""Measures cluster mode: start, memory, latency of endpoint changes, CPU per change. Writes a section of docs/benchmarks.md.

    python3 -B Tests/Benchmarks/cluster.py [--ingresses 10000] [--endpoints 5] [--release DIR] [--write]

The API server is the one of the tests as a process, over TLS on loopback. A change of endpoints is timed from the order to
the API server to the first response that came from the new endpoint, through a worker.
"""

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from page import REPOSITORY, write_section


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Backend(threading.Thread):
    """Answers every request on kept-alive connections with its name."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        while connection.recv(65536):
            connection.sendall(self.answer)


class APIServer:
    def __init__(self, release, folder, ingresses, endpoints, probe):
        self.kubeconfig = os.path.join(folder, "kubeconfig")
        command = [os.path.join(release, "portico-test-apiserver"), "--kubeconfig", self.kubeconfig,
                   "--ingresses", str(ingresses), "--endpoints", str(endpoints), "--probe-port", str(probe)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def order(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        return {"changes": int(words[1]), "lists": int(words[3])}


def memory_mib(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def await_ready(port, process):
    while True:
        assert process.poll() is None, "the control plane ended"
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.005)


class Probe:
    """One kept-alive connection to the proxy, which closes it after every thousandth request."""

    def __init__(self, port):
        self.port = port
        self.connect()

    def connect(self):
        self.connection = socket.create_connection(("127.0.0.1", self.port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def name(self):
        try:
            self.connection.sendall(b"GET / HTTP/1.1\r\nHost: probe.test\r\n\r\n")
            answer = self.connection.recv(65536)
        except OSError:
            answer = b""
        if not answer:
            self.connect()
        return answer.rsplit(b"\r\n\r\n", 1)[-1].decode()

    def await_name(self, wanted):
        end = time.monotonic() + 30
        while self.name() != wanted:
            assert time.monotonic() < end, f"{wanted} never answered"


def latencies(server, probe, backends, flips):
    found = []
    for turn in range(flips):
        name, backend = backends[turn % 2]
        start = time.monotonic()
        server.order(f"flip probe {backend.port}")
        probe.await_name(name)
        found.append((time.monotonic() - start) * 1000)
        time.sleep(0.02)
    return found


def measure(options):
    backends = [("two", Backend("two")), ("one", Backend("one"))]
    with tempfile.TemporaryDirectory() as folder:
        server = APIServer(options.release, folder, options.ingresses, options.endpoints, backends[1][1].port)
        metrics, http_port = free_port(), free_port()
        link = os.path.join(folder, "control.sock")
        log = open(os.path.join(folder, "log"), "w")
        begin = time.monotonic()
        control = subprocess.Popen(
            [os.path.join(options.release, "portico-control"), "--kubeconfig", server.kubeconfig, "--control-socket",
             link, "--metrics", f"127.0.0.1:{metrics}", "--data-dir", os.path.join(folder, "data")] + options.flag,
            stdout=log, stderr=log)
        await_ready(metrics, control)
        result = {"start": time.monotonic() - begin}
        proxy = subprocess.Popen(
            [os.path.join(options.proxy, "portico-proxy"), "--control-socket", link, "--http", f"127.0.0.1:{http_port}",
             "--workers", "1"], stdout=log, stderr=log)
        try:
            while True:
                try:
                    probe = Probe(http_port)
                    probe.await_name("one")
                    break
                except OSError:
                    time.sleep(0.05)
            time.sleep(3)
            result["memory"] = memory_mib(control)
            lists = server.order("stats")["lists"]
            result["rates"] = [rate_of(server, control, probe, backends, rate, options.flips) for rate in (1, 100, 1000)]
            result["relists"] = server.order("stats")["lists"] - lists
            result["memory_after"] = memory_mib(control)
        finally:
            for process in (proxy, control, server.process):
                process.terminate()
                process.wait()
    return result


def rate_of(server, control, probe, backends, rate, flips):
    before, cpu, begin = server.order(f"churn {rate}")["changes"], cpu_seconds(control), time.monotonic()
    found = sorted(latencies(server, probe, backends, flips))
    # At low rates the flips are over before much else has happened.
    time.sleep(max(0, 5 - (time.monotonic() - begin)))
    seconds, changes = time.monotonic() - begin, server.order("stats")["changes"] - before + flips
    used = cpu_seconds(control) - cpu
    server.order("churn 0")
    return {"rate": rate, "found": changes / seconds, "p50": statistics.median(found),
            "p99": found[max(0, int(len(found) * 0.99) - 1)], "cpu": used / changes * 1e6}


def section(options, result):
    lines = [
        "## A cluster", "",
        f"Written by `python3 -B Tests/Benchmarks/cluster.py --write`: {options.ingresses:,} Ingresses with a service of",
        f"{options.endpoints} endpoints each, from an API server over TLS. A change of endpoints is timed from the order to the API",
        "server to the first response from the new endpoint, through a worker.", "",
        f"Start to the first full snapshot: {result['start']:.2f} s. Resident memory then: {result['memory']:.0f} MiB; after all",
        f"changes: {result['memory_after']:.0f} MiB. Lists while nothing failed: {result['relists']}.", "",
        "| endpoint changes/s | p50 ms | p99 ms | control plane, CPU ms per 1,000 changes |", "|---:|---:|---:|---:|",
    ]
    lines += [f"| {r['found']:.0f} | {r['p50']:.1f} | {r['p99']:.1f} | {r['cpu'] :.0f} |" for r in result["rates"]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingresses", type=int, default=10_000)
    parser.add_argument("--endpoints", type=int, default=5)
    parser.add_argument("--flips", type=int, default=100)
    parser.add_argument("--release", default=os.path.join(REPOSITORY, ".build/release"))
    parser.add_argument("--proxy", default=None)
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    options.proxy = options.proxy or options.release
    text = section(options, measure(options))
    print(text)
    if options.write:
        write_section(text)


main()
