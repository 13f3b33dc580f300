#!/usr/bin/env python3
"""A registry's client: the token flow, blobs and manifests, as `docker push` and `docker pull` do it.

    registry.py SETTINGS push ADDRESS TAG     pushes an image of one random layer
    registry.py SETTINGS pull ADDRESS TAG     pulls it, and compares each digest
    registry.py SETTINGS watch ADDRESS TAG    pulls it over and over while the file WATCH is there
    registry.py SETTINGS load A,B TAG         pushes and pulls at each address over and over, meanwhile

SETTINGS is a JSON file: name, certificate, password and watch. ADDRESS stands for the name, whose
certificate is checked.
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse

REPOSITORY = "library/layers"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Registry:
    """One client: each request is a connection of its own, as a load balancer sees them."""

    def __init__(self, settings, address):
        self.settings, self.address = settings, address
        self.tls = ssl.create_default_context(cadata=settings["certificate"])

    def ask(self, method, path, headers, body=b""):
        """A request and its answer, with headers in lower case."""
        name = self.settings["name"]
        raw = socket.create_connection((self.address, 443), timeout=20)
        connection = http.client.HTTPSConnection(name, timeout=20)
        connection.sock = self.tls.wrap_socket(raw, server_hostname=name)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = {key.lower(): value for key, value in answer.getheaders()}
        text = answer.read()
        connection.close()
        return answer.status, found, text

    def token(self, challenge):
        """What the challenge asks for."""
        said = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = urllib.parse.urlencode({
            "service": said["service"], "scope": f"repository:{REPOSITORY}:pull,push"})
        password = base64.b64encode(f"admin:{self.settings['password']}".encode()).decode()
        path = f"{urllib.parse.urlsplit(said['realm']).path}?{query}"
        status, _, text = self.ask("GET", path, {"Authorization": "Basic " + password})
        expect(status, 200, path)
        return json.loads(text)["token"]

    def log_in(self):
        """Headers that let in."""
        status, headers, _ = self.ask("GET", "/v2/", {})
        expect(status, 401, "/v2/ without a token")
        return {"Authorization": "Bearer " + self.token(headers["www-authenticate"])}

    def push_blob(self, access, blob):
        status, headers, _ = self.ask("POST", f"/v2/{REPOSITORY}/blobs/uploads/", access)
        expect(status, 202, "begin of an upload")
        where = urllib.parse.urlsplit(headers["location"])
        digest = urllib.parse.urlencode({"digest": digest_of(blob)})
        path = f"{where.path}?{where.query + '&' if where.query else ''}{digest}"
        status, _, _ = self.ask("PUT", path, access, blob)
        expect(status, 201, "end of an upload")
        return {"digest": digest_of(blob), "size": len(blob)}

    def push(self, tag):
        access = self.log_in()
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar"}
        layer |= self.push_blob(access, os.urandom(200_000))
        config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
        config |= self.push_blob(access, b'{"architecture":"amd64","os":"linux"}')
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        path, headers = f"/v2/{REPOSITORY}/manifests/{tag}", {"Content-Type": MANIFEST} | access
        status, _, _ = self.ask("PUT", path, headers, json.dumps(manifest).encode())
        expect(status, 201, "manifest")

    def pull(self, tag):
        access = self.log_in()
        path = f"/v2/{REPOSITORY}/manifests/{tag}"
        status, _, text = self.ask("GET", path, {"Accept": MANIFEST} | access)
        expect(status, 200, path)
        manifest = json.loads(text)
        for part in [manifest["config"], *manifest["layers"]]:
            status, _, blob = self.ask("GET", f"/v2/{REPOSITORY}/blobs/{part['digest']}", access)
            expect(status, 200, part["digest"])
            expect(digest_of(blob), part["digest"], "digest of what was pulled")

    def watch(self, tag):
        """Pulls until it shall end; tells how often, and each failure with its time."""
        pulls, begun = 0, time.monotonic()
        while os.path.exists(self.settings["watch"]):
            try:
                self.pull(tag)
                pulls += 1
            except (OSError, http.client.HTTPException, ValueError) as why:
                print(f"failed at {time.monotonic() - begun:.1f} s: {why}")
            time.sleep(0.3)
        print(f"{pulls} pulls")


FAILURES = (OSError, http.client.HTTPException, ValueError, KeyError)


def load(settings, addresses, tag):
    """A client that pushes and one that pulls at each address; neither tries anything again.
    Prints a line of JSON for each push and pull: who, when it ended, and why it failed."""
    begun, said = time.monotonic(), threading.Lock()

    def work(who, act):
        while os.path.exists(settings["watch"]):
            why = None
            try:
                act()
            except FAILURES as error:
                why = f"{type(error).__name__}: {error}"
            with said:
                print(json.dumps({"who": who, "at": time.monotonic() - begun, "why": why}), flush=True)
            time.sleep(0.1)

    Registry(settings, addresses[0]).push(tag)
    workers = []
    for address in addresses:
        at, own = Registry(settings, address), f"{tag}-{address}"
        for what, act in (("push", lambda at=at, own=own: at.push(own)),
                          ("pull", lambda at=at: at.pull(tag))):
            workers.append(threading.Thread(target=work, args=(f"{what} at {address}", act)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def digest_of(blob):
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def expect(found, wanted, what):
    if found != wanted:
        raise ValueError(f"{what}: {found} instead of {wanted}")


file, action, where, label = sys.argv[1:]
told = json.loads(pathlib.Path(file).read_text())
if action == "load":
    load(told, where.split(","), label)
else:
    getattr(Registry(told, where), action)(label)
