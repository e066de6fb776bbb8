"""Runs testssl.sh against a gateway with TLS, and fails where it finds anything above 'low'.

    testssl.py PORTICO [EXTRA ARGUMENTS OF testssl]

The gateway serves one host with certificates of an authority that testssl.sh is told to trust: ECDSA P-256, then
RSA 2048.
"""

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HOST = "shop.test"
PORTICO, EXTRA = os.path.abspath(sys.argv[1]), sys.argv[2:]
# Nobody outside knows the host: it has no name server, and its authority no lists of revoked certificates.
IGNORED = {"DNS_CAArecord"}


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stderr=subprocess.DEVNULL)


def authority(folder):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-keyout", f"{folder}/ca.key", "-out",
            f"{folder}/ca.pem", "-subj", "/CN=Test authority", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def certificate(folder, kind):
    sort = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ecdsa" else ["rsa:2048"]
    openssl("req", "-newkey", *sort, "-nodes", "-keyout", f"{folder}/{kind}.key", "-out", f"{folder}/{kind}.csr",
            "-subj", f"/CN={HOST}")
    with open(f"{folder}/extensions", "w") as file:
        file.write(f"subjectAltName=DNS:{HOST}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                   "crlDistributionPoints=URI:http://crl.test/ca.crl\n")
    openssl("x509", "-req", "-in", f"{folder}/{kind}.csr", "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key",
            "-CAcreateserial", "-days", "200", "-extfile", f"{folder}/extensions", "-out", f"{folder}/{kind}.pem")


def encoded(path):
    return subprocess.run(["base64", "-w0", path], check=True, capture_output=True, text=True).stdout


def manifests(folder, kind, backend):
    return f"""apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: portico, annotations: {{ingressclass.kubernetes.io/is-default-class: "true"}}}}
spec: {{controller: portico.dev/ingress-controller}}
---
apiVersion: v1
kind: Service
metadata: {{name: shop, namespace: default}}
spec: {{ports: [{{name: http, port: 80, targetPort: {backend}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: shop-0, namespace: default, labels: {{kubernetes.io/service-name: shop}}}}
addressType: IPv4
ports: [{{name: http, port: {backend}}}]
endpoints: [{{addresses: ["127.0.0.1"], conditions: {{ready: true}}}}]
---
apiVersion: v1
kind: Secret
metadata: {{name: shop, namespace: default}}
type: kubernetes.io/tls
data: {{tls.crt: {encoded(f"{folder}/{kind}.pem")}, tls.key: {encoded(f"{folder}/{kind}.key")}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: shop, namespace: default}}
spec:
  rules:
    - host: {HOST}
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}]}}
  tls: [{{hosts: [{HOST}], secretName: shop}}]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def await_gateway(port):
    end = time.time() + 20
    while time.time() < end:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", HOST], stdin=subprocess.DEVNULL,
            capture_output=True, text=True)
        if f"CN = {HOST}" in done.stdout:
            return
        time.sleep(0.1)
    raise SystemExit("the gateway does not serve TLS")


def findings(folder, kind, backend):
    path = f"{folder}/{kind}"
    os.makedirs(f"{path}/manifests")
    with open(f"{path}/manifests/all.yaml", "w") as file:
        file.write(manifests(folder, kind, backend))
    http_port, https_port, metrics_port = free_port(), free_port(), free_port()
    with open(f"{path}/output", "w") as output:
        gateway = subprocess.Popen(
            [PORTICO, "run", f"{path}/manifests", "--http", f"127.0.0.1:{http_port}", "--https",
             f"127.0.0.1:{https_port}", "--metrics", f"127.0.0.1:{metrics_port}", "--data-dir", f"{path}/data",
             "--workers", "1"], stdout=output, stderr=output)
        try:
            await_gateway(https_port)
            subprocess.run(
                ["testssl", "--ip", "127.0.0.1", "--quiet", "--color", "0", "--warnings", "off", "--add-ca",
                 f"{folder}/ca.pem", "--openssl", shutil.which("openssl"), "--jsonfile", f"{path}/found.json", *EXTRA,
                 f"https://{HOST}:{https_port}/"], stdout=output, stderr=output)
        finally:
            gateway.terminate()
            gateway.wait()
    with open(f"{path}/found.json") as file:
        return json.load(file)


def main():
    folder = tempfile.mkdtemp(prefix="portico-testssl-")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    failed = False
    try:
        authority(folder)
        for kind in ("ecdsa", "rsa"):
            certificate(folder, kind)
            found = findings(folder, kind, server.server_address[1])
            bad = [row for row in found if row["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")
                   and row["id"] not in IGNORED]
            low = [row["id"] for row in found if row["severity"] == "LOW"]
            print(f"{kind}: {len(found)} findings, {len(bad)} above 'low'; low: {', '.join(low) or 'none'}")
            for row in bad:
                print(f"  {row['severity']} {row['id']}: {row['finding']}")
            failed = failed or bool(bad) or len(found) < 20
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(1 if failed else 0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        # What an application says of itself; the gateway has no opinion on it.
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(b"hello")

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


main()
