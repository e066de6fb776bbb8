#!/usr/bin/env python3
"""Resident memory of portico-control with 10,000 Ingresses, each with a Service and 5 endpoints, in every state: after a
cold start, after changes, after a restart, and when every route of two workers has reported metrics."""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from contenders import RELEASE, host_name, write
from page import write_section

HOSTS = 10_000
ENDPOINTS_OF_EACH = 5
CONTROL_METRICS = 18191
PROXY_PORT = 18192
WORKERS = 2
BUDGET_MIB = 200


def write_host(folder, index, path="/"):
    # Nothing listens there, so the proxy's answers are quick refusals, which count as requests all the same.
    addresses = "\n".join(
        f"  - {{addresses: [\"127.{1 + index // 2500}.{index % 250}.{1 + number}\"], conditions: {{ready: true}}, "
        f"nodeName: node-{index % 50}}}" for number in range(ENDPOINTS_OF_EACH))
    write(os.path.join(folder, f"host-{index}.yaml"), f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web-{index}
  namespace: team-{index % 200}
  annotations: {{nginx.ingress.kubernetes.io/proxy-read-timeout: "{30 + index % 3}"}}
spec:
  ingressClassName: portico
  rules:
    - host: {host_name(index)}
      http:
        paths:
          - {{path: {path}, pathType: Prefix, backend: {{service: {{name: web-{index}, port: {{number: 80}}}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web-{index}, namespace: team-{index % 200}}}
spec: {{ports: [{{name: http, port: 80, targetPort: 19}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-{index}-x7k2p
  namespace: team-{index % 200}
  labels: {{kubernetes.io/service-name: web-{index}}}
addressType: IPv4
ports: [{{name: http, port: 19}}]
endpoints:
{addresses}
""")


def resident_mib(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.M).group(1)) / 1024


def settled_mib(pid):
    """Resident memory once it has not moved for two seconds."""
    last, steady = resident_mib(pid), 0
    while steady < 8:
        time.sleep(0.25)
        now = resident_mib(pid)
        steady = steady + 1 if abs(now - last) < 0.25 else 0
        last = now
    return last


class ControlPlane:
    def __init__(self, folder, binary):
        self.folder = folder
        self.log = open(os.path.join(folder, "control.log"), "a")
        self.process = subprocess.Popen(
            [binary, "--manifests", os.path.join(folder, "manifests"), "--control-socket", self.socket, "--metrics",
             f"127.0.0.1:{CONTROL_METRICS}", "--data-dir", os.path.join(folder, "data"), "--configmap", "bench/settings"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        end = time.time() + 120
        while time.time() < end:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{CONTROL_METRICS}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("portico-control did not become ready")

    @property
    def socket(self):
        return os.path.join(self.folder, "control.sock")

    def memory(self):
        return settled_mib(self.process.pid)

    def peak(self):
        return resident_mib(self.process.pid, "VmHWM")

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{CONTROL_METRICS}/metrics", timeout=60) as response:
            return response.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


class Proxy:
    def __init__(self, control):
        self.log = open(os.path.join(control.folder, "proxy.log"), "a")
        self.process = subprocess.Popen(
            [f"{RELEASE}/portico-proxy", "--control-socket", control.socket, "--http", f"127.0.0.1:{PROXY_PORT}",
             "--workers", str(WORKERS)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    def request_every_host(self):
        """Each connection ends at one of the workers; with these many, each worker sees every host."""
        for _ in range(4 * WORKERS):
            connection = self.connect()
            for first in range(0, HOSTS, 50):
                batch = range(first, first + 50)
                connection.sendall(b"".join(
                    f"GET / HTTP/1.1\r\nHost: {host_name(index)}\r\n\r\n".encode() for index in batch))
                answers = b""
                while answers.count(b"</html>") < len(batch):
                    read = connection.recv(1 << 16)
                    if not read:
                        raise SystemExit(f"the proxy closed a connection after {answers[-300:]!r}")
                    answers += read
            connection.close()

    @staticmethod
    def connect():
        end = time.time() + 60
        while time.time() < end:
            try:
                connection = socket.create_connection(("127.0.0.1", PROXY_PORT), timeout=30)
                connection.sendall(f"GET / HTTP/1.1\r\nHost: {host_name(0)}\r\n\r\n".encode())
                if b" 502 " in connection.recv(1 << 16):
                    return connection
                connection.close()
            except OSError:
                pass
            time.sleep(0.2)
        raise SystemExit("the proxy does not answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.log.close()


def measure(folder, binary=f"{RELEASE}/portico-control", traffic=True):
    """The figures, in MiB, by state."""
    manifests = os.path.join(folder, "manifests")
    os.makedirs(manifests)
    write(os.path.join(manifests, "base.yaml"), """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: portico}
spec: {controller: portico.dev/ingress-controller}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: bench}
data: {keep-alive-requests: "100000000", disable-access-log: "true"}
""")
    for index in range(HOSTS):
        write_host(manifests, index)
    figures = {}
    with ControlPlane(folder, binary) as control:
        figures["after a cold start"] = control.memory()
        figures["its peak"] = control.peak()
        for path in ("/changed", "/"):
            for index in range(0, HOSTS, 20):
                write_host(manifests, index, path)
            time.sleep(1)
        figures["after 1,000 changes"] = control.memory()
    with ControlPlane(folder, binary) as control:
        figures["after a restart"] = control.memory()
        if not traffic:
            return figures
        with Proxy(control) as proxy:
            proxy.request_every_host()
            time.sleep(2)
            figures[f"with metrics of every route of {WORKERS} workers"] = control.memory()
            control.metrics()
            figures["after a scrape of them"] = control.memory()
    return figures


def section(figures):
    lines = [
        "## Memory of the control plane", "",
        f"Written by `python3 -B Tests/Benchmarks/control_memory.py --write`: {HOSTS:,} Ingresses, each with a Service and",
        f"{ENDPOINTS_OF_EACH} endpoints, from a folder of manifests. The budget is {BUDGET_MIB} MiB.", "",
        "| state | resident MiB |", "|---|---:|",
    ]
    lines += [f"| {state} | {mib:.0f} |" for state, mib in figures.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", default=f"{RELEASE}/portico-control", help="the program to measure")
    parser.add_argument("--without-traffic", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="portico-memory-")
    try:
        figures = measure(folder, options.control, not options.without_traffic)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(section(figures))
    if options.write:
        write_section(section(figures))
    if any(mib > BUDGET_MIB for state, mib in figures.items() if state != "its peak"):
        sys.exit(f"the budget is {BUDGET_MIB} MiB")


if __name__ == "__main__":
    main()
