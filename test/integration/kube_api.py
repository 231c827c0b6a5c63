"""An API server of Kubernetes: lists in pages, watches that hold, bookmarks, 410, connections that end in mid-line.

Source of its behaviour: kubernetes.io, "Kubernetes API concepts"."""
import json
import os
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import ROOT

KINDS = {"pods": "Pod", "services": "Service", "endpoints": "Endpoints", "endpointslices": "EndpointSlice", "nodes": "Node",
         "ingresses": "Ingress", "namespaces": "Namespace", "replicasets": "ReplicaSet", "jobs": "Job"}


def cluster():
    """{collection: [object]} of test/data."""
    with open(f"{ROOT}/test/data/discovery/kubernetes/cluster.json", encoding="utf-8") as file:
        return json.load(file)


def key_of(item):
    meta = item["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else meta["name"]


def selected(item, params):
    """Only what the tests ask for: a=b in labelSelector, metadata.name= in fieldSelector."""
    for pair in filter(None, params.get("labelSelector", "").split(",")):
        name, value = pair.split("=")
        if item["metadata"].get("labels", {}).get(name) != value:
            return False
    for pair in filter(None, params.get("fieldSelector", "").split(",")):
        name, value = pair.split("=")
        assert name == "metadata.name", name
        if item["metadata"]["name"] != value:
            return False
    return True


class KubeApi:
    """State outlives the server: stop() and start() are a restart at the same port."""

    def __init__(self, objects=None, port=0):
        self.changed = threading.Condition()
        self.version, self.oldest = 1000, 0
        self.items = {}  # collection -> key -> object
        self.history = []  # (version, collection, type, object)
        self.requests = []
        self.generation = 0  # watches of an earlier one end
        self.cut = b""  # what they get last
        self.misbehave = None  # instead of an answer: called with the handler
        self.port, self.server = port, None
        for collection, listed in (objects or {}).items():
            for item in listed:
                self.put(collection, item)
        self.start()

    def start(self):
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                try:
                    api.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.break_watches()

    close = stop

    def put(self, collection, item):
        with self.changed:
            self.version += 1
            item = json.loads(json.dumps(item))
            item["metadata"]["resourceVersion"] = str(self.version)
            known = self.items.setdefault(collection, {})
            kind = "MODIFIED" if key_of(item) in known else "ADDED"
            known[key_of(item)] = item
            self.history.append((self.version, collection, kind, item))
            self.changed.notify_all()

    def get(self, collection, key):
        return json.loads(json.dumps(self.items[collection][key]))

    def remove(self, collection, key):
        with self.changed:
            self.version += 1
            item = self.items[collection].pop(key)
            item["metadata"]["resourceVersion"] = str(self.version)
            self.history.append((self.version, collection, "DELETED", item))
            self.changed.notify_all()

    def break_watches(self, last=b""):
        with self.changed:
            self.cut = last
            self.generation += 1
            self.changed.notify_all()

    def forget_history(self):
        with self.changed:
            self.history.clear()
            self.oldest = self.version

    def count(self, *parts):
        return sum(all(part in request for part in parts) for request in self.requests)

    # What follows runs on the server's threads.
    def answer(self, handler):
        self.requests.append(handler.path)
        if self.misbehave:
            self.misbehave(handler)
            return
        url = urllib.parse.urlsplit(handler.path)
        params = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/version":
            self.send(handler, 200, {"major": "1", "minor": "27", "gitVersion": "v1.27.0"})
            return
        found = re.fullmatch(r"(/api/v1|/apis/[^/]+/v1)(?:/namespaces/([^/]+))?/([a-z]+)", url.path)
        if not found or found[3] not in KINDS:
            self.send(handler, 404, self.status(404, "NotFound", "the server could not find the requested resource"))
            return
        collection, space = f"{found[1]}/{found[3]}", found[2] or ""
        if params.get("watch") in ("true", "1"):
            self.watch(handler, collection, space, params)
        else:
            self.list(handler, collection, space, params)

    @staticmethod
    def status(code, reason, message):
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
                "reason": reason, "code": code}

    @staticmethod
    def send(handler, code, body):
        data = json.dumps(body).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def list(self, handler, collection, space, params):
        with self.changed:
            version, first = self.version, 0
            if "continue" in params:
                version, first = (int(part) for part in params["continue"].split(":"))
                if version < self.oldest:
                    gone = self.status(410, "Expired", "The provided continue parameter is too old")
                    self.send(handler, 410, gone)
                    return
            items = [item for key, item in sorted(self.items.get(collection, {}).items())
                     if (not space or item["metadata"].get("namespace") == space) and selected(item, params)]
            # As the watch cache of a real server: a list that may be old comes at once.
            limit = int(params.get("limit", 0)) if params.get("resourceVersion") != "0" else 0
            page = items[first:first + limit] if limit else items[first:]
            meta = {"resourceVersion": str(version)}
            if limit and first + limit < len(items):
                meta["continue"] = f"{version}:{first + limit}"
            kind = KINDS[collection.rsplit("/", 1)[1]]
            self.send(handler, 200, {"kind": f"{kind}List", "apiVersion": self.api_version(collection), "metadata": meta,
                                     "items": page})

    @staticmethod
    def api_version(collection):
        return collection.rsplit("/", 1)[0].removeprefix("/apis/").removeprefix("/api/")

    def watch(self, handler, collection, space, params):
        seen = int(params["resourceVersion"])
        end = time.monotonic() + min(int(params.get("timeoutSeconds", 300)), 300)
        with self.changed:
            generation = self.generation
            if seen < self.oldest:
                self.send(handler, 410, self.status(410, "Expired", f"too old resource version: {seen} ({self.oldest})"))
                return
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()

        def chunk(data):
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            handler.wfile.flush()

        bookmark = time.monotonic() + 2
        while True:
            with self.changed:
                news = [(version, kind, item) for version, where, kind, item in self.history
                        if version > seen and where == collection
                        and (not space or item["metadata"].get("namespace") == space) and selected(item, params)]
                if not news and generation == self.generation:
                    self.changed.wait(0.2)
                broken, cut, now_at = generation != self.generation, self.cut, self.version
            for version, kind, item in news:
                chunk(json.dumps({"type": kind, "object": item}).encode() + b"\n")
                seen = version
            if broken:
                if cut:
                    chunk(cut)
                handler.close_connection = True  # without the last chunk: the end comes in mid-stream
                return
            if time.monotonic() > bookmark and not news:
                bookmark = time.monotonic() + 2
                mark = {"kind": KINDS[collection.rsplit("/", 1)[1]], "apiVersion": self.api_version(collection),
                        "metadata": {"resourceVersion": str(now_at), "creationTimestamp": None}}
                chunk(json.dumps({"type": "BOOKMARK", "object": mark}).encode() + b"\n")
            if time.monotonic() > end:
                handler.wfile.write(b"0\r\n\r\n")
                return
