#!/usr/bin/env python3
"""Measures what each family of policies costs: CPU time per request over a bare route in the same proxy, and a route with
all common ones beside nginx configured alike. Prints a table in Markdown; with --write it goes into docs/benchmarks.md.

The control plane may be a debug build (PORTICO_CONTROL), for it has no part in a request."""

import argparse
import os
import statistics
import subprocess
import tempfile

import contenders
import bench
import measure
from contenders import Backend, Nginx, Portico
from page import write_section

ANNOTATION = "nginx.ingress.kubernetes.io/"
COMMON = {
    "enable-cors": "true", "cors-allow-origin": "https://*.example.com", "whitelist-source-range": "127.0.0.0/8,10.0.0.0/8",
    "limit-rps": "1000000", "rewrite-target": "/$1", "proxy-cookie-path": "/inner /",
}
FAMILIES = {
    "bare route": {},
    "address list": {"whitelist-source-range": "127.0.0.0/8,10.0.0.0/8,192.168.0.0/16"},
    "rate limit": {"limit-rps": "1000000"},
    "connection limit": {"limit-connections": "100000"},
    "rewrite by regular expression": {"rewrite-target": "/$1"},
    "CORS": {"enable-cors": "true", "cors-allow-origin": "https://*.example.com"},
    "cookie rewriting": {"proxy-cookie-path": "/inner /"},
    "session affinity": {"affinity": "cookie"},
    "hash by variable": {"upstream-hash-by": "$request_uri"},
    "EWMA": {"load-balance": "ewma"},
    "upstream vhost": {"upstream-vhost": "inner.example.com"},
    "canary by header": {"canary": "true", "canary-by-header": "X-Canary"},
    "canary by weight": {"canary": "true", "canary-weight": "50"},
    "error pages": {"custom-http-errors": "404,503", "default-backend": "backend"},
    "Location rewriting": {"proxy-redirect-from": "http://inner.test/", "proxy-redirect-to": "/"},
    "snippet with headers and a condition": {
        "configuration-snippet": 'if ($http_x_kind = cat) { return 403; } add_header X-Kind \\"$http_x_kind\\" always;'},
    "basic authentication, cached": {"auth-type": "basic", "auth-secret": "users"},
    "external authentication, cached": {
        "auth-url": f"http://127.0.0.1:{contenders.BACKEND_PORT}/small", "auth-cache-key": "$remote_addr"},
    "all common ones": COMMON,
}
# ann:secret
CREDENTIALS = "Authorization: Basic YW5uOnNlY3JldA=="


def host(index):
    return f"policy-{index}.bench.test"


class PolicyPortico(Portico):
    """One host for each family."""

    def launch(self):
        control = os.environ.get("PORTICO_CONTROL")
        if control:
            os.makedirs(os.path.join(self.folder, "bin"))
            for name, path in (("portico-control", control), ("portico-proxy", f"{contenders.RELEASE}/portico-proxy")):
                os.symlink(os.path.abspath(path), os.path.join(self.folder, "bin", name))
            contenders.RELEASE = os.path.join(self.folder, "bin")
        super().launch()

    def write_host(self, index, name):
        base = os.path.join(self.manifests, "base.yaml")
        with open(base) as file:
            text = file.read()
        contenders.write(base, text.replace("data: {keep", 'data: {allow-snippet-annotations: "true", annotations-risk-level: Critical, keep'))
        documents = ["""apiVersion: v1
kind: Secret
metadata: {name: users, namespace: bench}
stringData: {auth: "ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/"}
"""]
        names = [name] + [host(number) for number in range(len(FAMILIES))]
        for number, (title, annotations) in enumerate([("", {}), *FAMILIES.items()]):
            path = "/(.*)" if "rewrite-target" in annotations else "/"
            kind = "ImplementationSpecific" if "rewrite-target" in annotations else "Prefix"
            if "canary" in annotations:
                documents.append(self.ingress(f"main-{number}", names[number], path, kind, {}))
            documents.append(self.ingress(f"family-{number}", names[number], path, kind, annotations))
        contenders.write(os.path.join(self.manifests, f"host-{index}.yaml"), "---\n".join(documents))

    @staticmethod
    def ingress(name, host_name, path, kind, annotations):
        notes = ", ".join(f'{ANNOTATION}{key}: "{value}"' for key, value in annotations.items())
        return (f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: bench, annotations: {{{notes}}}}}
spec:
  ingressClassName: portico
  rules:
    - host: {host_name}
      http:
        paths:
          - {{path: "{path}", pathType: {kind}, backend: {{service: {{name: backend, port: {{number: 80}}}}}}}}
""")


class PolicyNginx(Nginx):
    """Does what `COMMON` asks for."""

    def configuration(self, first_host):
        text = super().configuration(first_host)
        text = text.replace("upstream backend", """limit_req_zone $binary_remote_addr zone=rate:5m rate=1000000r/s;
  map $http_origin $allowed { default ""; "~*^https://[A-Za-z0-9-]+\\.example\\.com$" $http_origin; }
  upstream backend""")
        return text.replace("location / { proxy_pass http://backend; }", """location ~* "^/(.*)" {
      allow 127.0.0.0/8; allow 10.0.0.0/8; deny all;
      limit_req zone=rate burst=5000000 nodelay;
      add_header Access-Control-Allow-Origin $allowed always;
      add_header Access-Control-Allow-Credentials true always;
      add_header Access-Control-Allow-Methods "GET, PUT, POST, DELETE, PATCH, OPTIONS" always;
      add_header Access-Control-Max-Age 1728000 always;
      proxy_cookie_path /inner /;
      rewrite "(?i)/(.*)" /$1 break; proxy_pass http://backend; }""")


def load(port, name, seconds):
    command = ["taskset", "-c", contenders.LOAD_CORE, "wrk", "-t1", "-c64", f"-d{seconds}s", "-H", f"Host: {name}", "-H",
               "Origin: https://a.example.com", "-H", CREDENTIALS, f"http://127.0.0.1:{port}/small"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count = int(next(line for line in output.splitlines() if " requests in " in line).split()[0])
    if "Non-2xx" in output:
        raise SystemExit(f"{name}: not every answer was 2xx:\n{output}")
    return count


def cost(contender, name, seconds):
    """User and system microseconds per request."""
    before = measure.cpu_ticks(contender.pids())
    count = load(contender.port, name, seconds)
    after = measure.cpu_ticks(contender.pids())
    return [(after[i] - before[i]) * 1e6 / measure.TICKS / count for i in (0, 1)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        running = [Backend(folder, 1, False), PolicyPortico(folder, 1, False), PolicyNginx(folder, 1, False)]
        try:
            for contender in running:
                contender.begin()
            _, portico, nginx = running
            subjects = [(portico, host(number), title) for number, title in enumerate(FAMILIES)]
            subjects.append((nginx, contenders.host_name(0), "nginx, all common ones"))
            runs = {title: [] for _, _, title in subjects}
            for contender, name, _ in subjects:
                load(contender.port, name, 1)
            for _ in range(options.rounds):
                for contender, name, title in subjects:
                    runs[title].append(cost(contender, name, options.seconds))
        finally:
            for contender in reversed(running):
                contender.stop()
    rows = []
    for title, found in runs.items():
        user, both = (statistics.median(values) for values in zip(*((run[0], sum(run)) for run in found)))
        # Against the bare route of the same round, for the machine is not the same all the time.
        over = statistics.median(run[0] - bare[0] for run, bare in zip(found, runs["bare route"]))
        rows.append([title, f"{user:.2f}", f"{both:.2f}", f"{over:+.2f}"])
    text = bench.table(["policy", "user µs", "total µs", "user over the bare route"], rows)
    print(text)
    if options.write:
        write_section(section(text, options))


def section(text, options):
    return f"""## Policies

CPU time per request of 120 bytes with one family of policies on its route, one worker, keep-alive on both sides, medians
of {options.rounds} alternating runs of {options.seconds} s on one machine (`python3 -B Tests/Benchmarks/policies.py
--write`). "All common ones" is an address list, a rate limit, a rewrite by regular expression, CORS and cookie rewriting
together.

{text}"""


if __name__ == "__main__":
    main()
