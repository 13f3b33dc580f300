#!/usr/bin/env python3
"""Writes the demo's Terraform variables: where the hosts are, a certificate, random passwords."""

import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import sys

work, release, postgresql = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rig = json.loads((work / "rig.json").read_text())
name = rig["service_name"]
variables = work / "demo.tfvars.json"
before = json.loads(variables.read_text()) if variables.exists() else {}


def certificate() -> tuple[str, str]:
    """A self-signed certificate of the service's name; kept while the demo is up."""
    key, crt = work / "tls.key", work / "tls.crt"
    if not crt.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365",
             "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             "-keyout", str(key), "-out", str(crt)],
            check=True, stderr=subprocess.DEVNULL)
    return crt.read_text(), key.read_text()


def password(key: str) -> str:
    """Only characters that survive in all of Harbor's files; the same one on a second run."""
    return before.get(key) or "Aa1-" + secrets.token_hex(12)


crt, key = certificate()
installer = work / f"harbor-offline-installer-v{release}.tgz"
host, port = rig["redis"]["address"].rsplit(":", 1)
text = json.dumps({
    "nodes": {h["name"]: {"address": h["address"], "host_key": h["host_key"]} for h in rig["hosts"]},
    "ssh_private_key_path": rig["ssh"]["key"],
    "hostname": name,
    "certificate": crt,
    "private_key": key,
    "harbor_version": release,
    "installer_path": str(installer),
    "installer_sha256": hashlib.sha256(installer.read_bytes()).hexdigest(),
    "postgresql_version": postgresql,
    "redis": {"host": host, "port": int(port)},
    "shared_folder": "/srv/nas/harbor",
    "harbor_admin_password": password("harbor_admin_password"),
    "database_password": password("database_password"),
    "redis_password": pathlib.Path(rig["redis"]["password_file"]).read_text().strip(),
}, indent=2)
with os.fdopen(os.open(variables, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
    file.write(text)
