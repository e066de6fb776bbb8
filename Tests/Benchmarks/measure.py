"""What is measured: CPU time from /proc, throughput and latency from wrk, system calls from strace, memory from
smaps."""

import os
import re
import resource
import signal
import socket
import subprocess
import time

from contenders import LOAD_CORE, children, host_name

TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64

# Printed by wrk when it ends; its own report stops at the 99th percentile.
LATENCY_SCRIPT = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.status, summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


def cpu_ticks(pids):
    """User and system time of processes, in clock ticks."""
    user = system = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            user += int(fields[11])
            system += int(fields[12])
        except FileNotFoundError:
            pass
    return user, system


def resident_kib(pids):
    """Memory of processes in KiB; pages that they share count once."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))
    return total


class Load:
    """wrk on its own core against one contender."""

    def __init__(self, folder, contender, path, seconds, closes=False):
        script = os.path.join(folder, "latency.lua")
        if not os.path.exists(script):
            with open(script, "w") as file:
                file.write(LATENCY_SCRIPT)
        command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script,
                   "-H", f"Host: {host_name(contender.hosts // 2)}"]
        if closes:
            command += ["-H", "Connection: close"]
        self.process = subprocess.Popen(
            command + [f"http://127.0.0.1:{contender.port}{path}"], stdout=subprocess.PIPE, text=True)

    def result(self):
        output = self.process.communicate()[0]
        numbers = [int(number) for number in re.search(r"^RESULT (.*)$", output, re.M).group(1).split()]
        names = ("requests", "microseconds", "connect", "read", "write", "status", "timeout", "p50", "p99", "p999")
        return dict(zip(names, numbers))


class SteadyLoad:
    """h2load on its own core: as many requests per second from every contender. It tells no percentiles."""

    def __init__(self, contender, path, seconds, rate):
        self.seconds = seconds
        self.process = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, "h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"-D{seconds}",
             f"--rps={rate / CONNECTIONS}", "-H", f":authority: {host_name(contender.hosts // 2)}",
             f"http://127.0.0.1:{contender.port}{path}"], stdout=subprocess.PIPE, text=True)

    def result(self):
        output = self.process.communicate()[0]
        counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
        succeeded, failed, errored, timeout = (int(count) for count in counts.groups())
        nan = float("nan")
        return {"requests": succeeded + failed, "microseconds": self.seconds * 1e6, "connect": 0, "read": errored,
                "write": 0, "status": failed, "timeout": timeout, "p50": nan, "p99": nan, "p999": nan}


def throughput(folder, contender, path, seconds, closes=False, rate=None):
    """One run: CPU microseconds per request, requests per second, latency in microseconds, failures."""
    pids = contender.pids()
    Load(folder, contender, path, 1, closes).result()
    before = cpu_ticks(pids)
    if rate:
        result = SteadyLoad(contender, path, seconds, rate).result()
    else:
        result = Load(folder, contender, path, seconds, closes).result()
    after = cpu_ticks(pids)
    requests = max(1, result["requests"])
    user, system = ((after[i] - before[i]) * 1e6 / TICKS / requests for i in (0, 1))
    failures = sum(result[name] for name in ("connect", "read", "write", "status", "timeout"))
    if closes:
        # wrk counts the close that it asked for as a read error on some servers.
        failures -= result["read"]
    return {"user": user, "system": system, "total": user + system, "failures": failures,
            "rate": requests / (result["microseconds"] / 1e6), **{n: result[n] for n in ("p50", "p99", "p999")}}


def system_calls(folder, contender, path, closes):
    """System calls per request, in a short run of its own because strace slows everything."""
    report = os.path.join(folder, "strace")
    attach = [word for pid in contender.pids() for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", report] + attach, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    result = Load(folder, contender, path, 2, closes).result()
    tracer.send_signal(2)
    tracer.wait()
    with open(report) as file:
        total = re.search(r"^\s*100\.00\s+\S+\s+(?:\S+\s+)?(\d+)(?:\s+\d+)?\s+total", file.read(), re.M)
    return int(total.group(1)) / max(1, result["requests"]) if total else float("nan")


def idle_connections(contender, count):
    """Growth of resident memory with `count` idle keep-alive connections, in KiB, and how many were there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = resident_kib(contender.pids())
    request = f"GET /small HTTP/1.1\r\nHost: {host_name(0)}\r\n\r\n".encode()
    opened = []
    try:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", contender.port), timeout=5)
            connection.sendall(request)
            connection.recv(4096)
            opened.append(connection)
        time.sleep(0.5)
        return resident_kib(contender.pids()) - before, len(opened)
    finally:
        for connection in opened:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Prober:
    """One keep-alive connection that asks for a host until it is served."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def status(self, host):
        try:
            if self.connection is None:
                self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.sendall(f"GET /small HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            data = b""
            while b"\r\n\r\n" not in data:
                more = self.connection.recv(65536)
                if not more:
                    raise OSError("closed")
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
            while len(body) < length:
                body += self.connection.recv(65536)
            if b"connection: close" in head.lower():
                self.close()
            return int(head[9:12])
        except OSError:
            self.close()
            return 0

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def change_latency(contender, changes):
    """Seconds from a change to the first request that its new route serves, for each of `changes`."""
    prober = Prober(contender.port)
    times = []
    for number in range(changes):
        host = f"change-{number}.bench.test"
        began = time.perf_counter()
        contender.change(host)
        while prober.status(host) != 200:
            if time.perf_counter() - began > 30:
                raise SystemExit(f"{contender.name} never served change {number}")
        times.append(time.perf_counter() - began)
    return sorted(times)


def worker_restarts(contender, count):
    """Seconds from the death of the only worker to the next answer, for each of `count`."""
    times = []
    for _ in range(count):
        worker = contender.pids()[-1]
        began = time.perf_counter()
        os.kill(worker, signal.SIGKILL)
        prober = Prober(contender.port)
        while prober.status(host_name(1)) != 200:
            if time.perf_counter() - began > 30:
                raise SystemExit("the worker did not come back")
        times.append(time.perf_counter() - began)
        prober.close()
        # A worker that lived this long is started again at once; crash loops are slowed down on purpose.
        time.sleep(1.1)
    return sorted(times)


def changes_under_load(folder, contender, changes, seconds):
    """Failed and all requests of a load that runs while `changes` are made."""
    load = Load(folder, contender, "/small", seconds)
    pause = (seconds - 1) / changes
    for number in range(changes):
        contender.change(f"load-{number}.bench.test")
        time.sleep(pause)
    result = load.result()
    return sum(result[name] for name in ("connect", "read", "write", "status", "timeout")), result["requests"]


def percentile(values, fraction):
    return values[min(len(values) - 1, int(len(values) * fraction))]
