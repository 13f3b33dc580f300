#!/usr/bin/env python3
"""Prints the health of both nodes and of the name behind the load balancer, and proves that a
token signed by one node is accepted by the other."""

import base64
import json
import pathlib
import subprocess
import sys

rig, demo, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
facts = json.loads((work / "rig.json").read_text())
variables = json.loads((work / "demo.tfvars.json").read_text())
name = facts["service_name"]

REQUEST = """
import http.client, json, ssl, sys, socket
name, address, path, headers, ca = json.load(sys.stdin)
context = ssl.create_default_context(cadata=ca)
raw = socket.create_connection((address, 443), timeout=20)
connection = http.client.HTTPSConnection(name, context=context)
connection.sock = context.wrap_socket(raw, server_hostname=name)
connection.request("GET", path, headers=headers)
answer = connection.getresponse()
print(json.dumps([answer.status, answer.read().decode()]))
"""


def get(address: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """One request, from inside the demo's network; the certificate and its name are checked."""
    question = json.dumps([name, address, path, headers, variables["certificate"]])
    done = subprocess.run([rig, "run", demo, "--", sys.executable, "-c", REQUEST],
                          input=question, text=True, capture_output=True, check=True)
    status, body = json.loads(done.stdout)
    return status, body


def health(label: str, address: str) -> None:
    status, body = get(address, "/api/v2.0/health", {})
    answer = json.loads(body)
    parts = ", ".join(f"{c['name']} {c['status']}" for c in answer["components"])
    print(f"{label} ({address}): {answer['status']}  [{parts}]")
    if status != 200 or answer["status"] != "healthy":
        sys.exit(f"{label} is not healthy")


for host in facts["hosts"]:
    health("node " + host["name"], host["address"])
health("https://" + name, facts["load_balancer"])

basic = base64.b64encode(f"admin:{variables['harbor_admin_password']}".encode()).decode()
first, second = (host["address"] for host in facts["hosts"])
status, body = get(first, "/service/token?service=harbor-registry", {"Authorization": "Basic " + basic})
token = json.loads(body)["token"]
status, _ = get(second, "/v2/", {"Authorization": "Bearer " + token})
print(f"a token signed by node a is answered by node b with {status}")
if status != 200:
    sys.exit("the nodes do not accept each other's tokens")
