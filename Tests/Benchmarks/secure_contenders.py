"""The proxies with TLS in front: the same certificate and ALPN, and behind it the same backend, a gRPC backend and a
websocket backend, chosen by host."""

import os
import socket
import ssl
import subprocess
import time

import contenders
from contenders import BACKEND_PORT, LOAD_CORE, METRICS_PORT, RELEASE, Contender, haproxy_fields, write

GRPC_PORT = 18110
WEBSOCKET_PORT = 18111
WEB, CALLS, CHAT = "web.bench.test", "calls.bench.test", "chat.bench.test"
UPSTREAMS = {WEB: BACKEND_PORT, CALLS: GRPC_PORT, CHAT: WEBSOCKET_PORT}


class Certificate:
    """One that signs itself, for every host of the benchmark."""

    def __init__(self, folder, kind):
        self.chain = os.path.join(folder, f"{kind}.crt")
        self.key = os.path.join(folder, f"{kind}.key")
        self.both = os.path.join(folder, f"{kind}.pem")
        sort = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ecdsa" else ["rsa:2048"]
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "30", "-newkey", *sort, "-keyout", self.key, "-out",
             self.chain, "-subj", "/CN=bench.test", "-addext", "subjectAltName=DNS:*.bench.test"],
            check=True, stderr=subprocess.DEVNULL)
        with open(self.both, "w") as file:
            file.write(self.text(self.chain) + self.text(self.key))

    @staticmethod
    def text(path):
        with open(path) as file:
            return file.read()


class Companion(Contender):
    """A backend of nghttp2's or of the load's own."""

    def __init__(self, name, folder, command, port):
        self.name, self.port, self.command = name, port, command
        super().__init__(folder, 1, False)

    def begin(self):
        self.run(self.command, LOAD_CORE)
        end = time.time() + 10
        while time.time() < end:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"the {self.name} backend does not listen")


class SecureContender(Contender):
    def __init__(self, folder, certificate):
        self.certificate = certificate
        super().__init__(folder, 1, False)

    def begin(self):
        self.launch()
        context = ssl.create_default_context(cafile=self.certificate.chain)
        end = time.time() + 30
        while time.time() < end:
            try:
                with context.wrap_socket(
                        socket.create_connection(("127.0.0.1", self.port), 2), server_hostname=WEB) as connection:
                    connection.sendall(f"GET /small HTTP/1.1\r\nHost: {WEB}\r\n\r\n".encode())
                    if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit(f"{self.name} does not serve TLS")


class SecurePortico(SecureContender):
    name = "Portico"
    port = 18201

    def launch(self):
        manifests = os.path.join(self.folder, "manifests")
        os.makedirs(manifests)

        def encoded(path):
            return subprocess.run(["base64", "-w0", path], check=True, capture_output=True, text=True).stdout

        text = f"""
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: portico}}
spec: {{controller: portico.dev/ingress-controller}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: bench}}
data: {{keep-alive-requests: "100000000", upstream-keepalive-requests: "100000000", disable-access-log: "true",
  ssl-session-tickets: "true", hsts: "false"}}
---
apiVersion: v1
kind: Secret
metadata: {{name: bench, namespace: bench}}
type: kubernetes.io/tls
data: {{tls.crt: {encoded(self.certificate.chain)}, tls.key: {encoded(self.certificate.key)}}}
"""
        for host, port in UPSTREAMS.items():
            name = host.partition(".")[0]
            protocol = "GRPC" if host == CALLS else "HTTP"
            text += f"""---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: bench}}
spec: {{ports: [{{name: http, port: 80, targetPort: {port}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: bench, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{{name: http, port: {port}}}]
endpoints: [{{addresses: ["127.0.0.1"], conditions: {{ready: true}}}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: bench, annotations: {{nginx.ingress.kubernetes.io/backend-protocol: {protocol}}}}}
spec:
  ingressClassName: portico
  rules: [{{host: {host}, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}]}}}}]
  tls: [{{hosts: [{host}], secretName: bench}}]
"""
        write(os.path.join(manifests, "bench.yaml"), text)
        control = os.path.join(self.folder, "control.sock")
        self.run([
            f"{RELEASE}/portico-control", "--manifests", manifests, "--control-socket", control, "--metrics",
            f"127.0.0.1:{METRICS_PORT}", "--data-dir", os.path.join(self.folder, "data"), "--configmap",
            "bench/settings"], LOAD_CORE)
        self.run([
            f"{RELEASE}/portico-proxy", "--control-socket", control, "--http", "127.0.0.1:18200", "--https",
            f"127.0.0.1:{self.port}", "--workers", "1"])


class SecureNginx(SecureContender):
    name = "nginx"
    port = 18202

    def launch(self):
        common = "; ".join(
            f"proxy_set_header {name} {value}" for name, value in (
                ("Host", "$host"), ("X-Request-ID", "$request_id"), ("X-Real-IP", "$remote_addr"),
                ("X-Forwarded-For", "$remote_addr"), ("X-Forwarded-Host", "$host"),
                ("X-Forwarded-Port", "$server_port"), ("X-Forwarded-Proto", "$scheme"),
                ("X-Forwarded-Scheme", "$scheme"), ("X-Scheme", "$scheme"))) + ";"
        servers = ""
        for host, port in UPSTREAMS.items():
            name = host.partition(".")[0]
            passing = f"grpc_pass grpc://{name};" if host == CALLS else (
                f"proxy_pass http://{name}; proxy_set_header Upgrade $http_upgrade; "
                f"proxy_set_header Connection $connection_upgrade; {common}")
            if host == CALLS:
                passing += common.replace("proxy_set_header", "grpc_set_header")
            servers += (
                f"upstream {name} {{ server 127.0.0.1:{port}; keepalive 320; keepalive_requests 100000000; }}\n"
                f"server {{ listen 127.0.0.1:{self.port} ssl http2; server_name {host}; "
                f"location / {{ {passing} }} }}\n")
        path = write(os.path.join(self.folder, "nginx.conf"), f"""
daemon off; {contenders.NGINX_USER} worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log crit;
events {{ worker_connections 19000; multi_accept on; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 1h; server_tokens off; tcp_nopush on;
  reset_timedout_connection on; proxy_http_version 1.1;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  ssl_certificate {self.certificate.chain}; ssl_certificate_key {self.certificate.key};
  ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_session_cache shared:SSL:10m;
  ssl_session_timeout 10m; ssl_buffer_size 4k; ssl_early_data off;
  proxy_buffer_size 4k; proxy_buffers 4 4k; proxy_max_temp_file_size 0; proxy_read_timeout 1h;
  http2_max_concurrent_streams 128;
  server {{ listen 127.0.0.1:{self.port} ssl http2 default_server backlog=4096 deferred; return 404; }}
  {servers}
}}
""")
        self.run(["nginx", "-e", f"{self.folder}/error.log", "-c", path])


class SecureHAProxy(SecureContender):
    name = "HAProxy"
    port = 18203

    def launch(self):
        choices = "\n".join(
            f"    use_backend {host.partition('.')[0]} if {{ req.hdr(host),field(1,:) -m str {host} }}"
            for host in UPSTREAMS)
        backends = "\n".join(
            f"backend {host.partition('.')[0]}\n    server one 127.0.0.1:{port} pool-max-conn 320"
            + (" proto h2" if host == CALLS else "") for host, port in UPSTREAMS.items())
        path = write(os.path.join(self.folder, "haproxy.cfg"), f"""
global
    nbthread 1
    maxconn 9800
    ssl-default-bind-options ssl-min-ver TLSv1.2
    tune.h2.max-concurrent-streams 128
defaults
    mode http
    no log
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    option http-keep-alive
    http-reuse always
frontend web
    bind 127.0.0.1:{self.port} ssl crt {self.certificate.both} alpn h2,http/1.1 backlog 4096 defer-accept
{haproxy_fields("https")}
{choices}
{backends}
""")
        self.run(["haproxy", "-f", path])


class SecureEnvoy(SecureContender):
    name = "Envoy"
    port = 18204

    def launch(self):
        header = "{header: {key: %s, value: '%s'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}"
        headers = ", ".join(header % pair for pair in (
            ("x-real-ip", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"), ("x-forwarded-host", "%REQ(:AUTHORITY)%"),
            ("x-forwarded-port", str(self.port)), ("x-forwarded-scheme", "https"), ("x-scheme", "https")))
        hosts = clusters = ""
        for host, port in UPSTREAMS.items():
            name = host.partition(".")[0]
            hosts += (f"            - {{name: {name}, domains: ['{host}', '{host}:*'], "
                      f"routes: [{{match: {{prefix: '/'}}, route: {{cluster: {name}, timeout: 0s}}}}]}}\n")
            protocol = "explicit_http_config: {http2_protocol_options: {}}" if host == CALLS else (
                "explicit_http_config: {http_protocol_options: {}}")
            clusters += f"""
  - name: {name}
    type: STATIC
    circuit_breakers: {{thresholds: [{{max_connections: 30000, max_pending_requests: 30000, max_requests: 30000}}]}}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        '@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        {protocol}
    load_assignment:
      cluster_name: {name}
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}}}]}}]
"""
        path = write(os.path.join(self.folder, "envoy.yaml"), f"""
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {self.port}}}}}
    filter_chains:
    - transport_socket:
        name: tls
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_params: {{tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3}}
            tls_certificates:
            - {{certificate_chain: {{filename: {self.certificate.chain}}}, private_key: {{filename: {self.certificate.key}}}}}
      filters:
      - name: http
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          use_remote_address: true
          http2_protocol_options: {{max_concurrent_streams: 128}}
          upgrade_configs: [{{upgrade_type: websocket}}]
          route_config:
            request_headers_to_add: [{headers}]
            virtual_hosts:
{hosts}
          http_filters:
          - name: router
            typed_config: {{'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
{clusters}
""")
        self.run([
            contenders.Envoy.binary(), "-c", path, "--concurrency", "1", "--log-level", "error",
            "--disable-hot-restart"])
