"""Tells kubectl which kinds there are, so that its client-side dry run works without a cluster.

Run as: discovery.py MANIFESTS COMMAND... The address stands in the command as {server}.
"""

import http.server
import json
import subprocess
import sys
import threading

import yaml

CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "IngressClass", "ValidatingWebhookConfiguration"}
PLURALS = {"IngressClass": "ingressclasses"}


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [item for item in yaml.safe_load_all(file) if item]


def resource(kind):
    name = PLURALS.get(kind, kind.lower() + "s")
    verbs = ["create", "get", "list", "patch", "update"]
    return {"name": name, "kind": kind, "namespaced": kind not in CLUSTER_WIDE, "verbs": verbs}


def pages(kinds):
    """What each path answers, for the kinds by their apiVersion."""
    groups = []
    answers = {"/api": {"kind": "APIVersions", "versions": ["v1"]}}
    for version, names in sorted(kinds.items()):
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resources = [resource(name) for name in sorted(names)]
        answers[path] = {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
        if "/" in version:
            entry = {"groupVersion": version, "version": version.split("/")[1]}
            groups.append({"name": version.split("/")[0], "versions": [entry], "preferredVersion": entry})
    answers["/apis"] = {"kind": "APIGroupList", "groups": groups}
    return answers


def main():
    kinds = {}
    for item in documents(sys.argv[1]):
        kinds.setdefault(item["apiVersion"], set()).add(item["kind"])
    answers = pages(kinds)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.get(self.path.split("?")[0])
            missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(answer or missing).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    command = [word.replace("{server}", address) for word in sys.argv[2:]]
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
