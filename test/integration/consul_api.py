"""A Consul agent: catalog and health with blocking queries. Source: developer.hashicorp.com/consul/api-docs."""
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ConsulApi:
    """State outlives the server: stop() and start() are a restart at the same port."""

    def __init__(self, port=0):
        self.changed = threading.Condition()
        self.index = 10
        self.services = {}  # name -> (index, catalog tags, instances)
        self.requests, self.tokens = [], set()
        self.generation = 0
        self.port, self.server = port, None
        self.start()

    def start(self):
        agent = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                try:
                    agent.answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        with self.changed:
            self.generation += 1
            self.changed.notify_all()

    close = stop

    def put(self, name, tags, instances):
        with self.changed:
            self.index += 1
            self.services[name] = (self.index, tags, instances)
            self.changed.notify_all()

    def remove(self, name):
        with self.changed:
            self.index += 1
            del self.services[name]
            self.changed.notify_all()

    def forget_index(self):
        """As after the loss of the servers' data."""
        with self.changed:
            self.index = 3
            self.services = {name: (3, tags, instances) for name, (_, tags, instances) in self.services.items()}
            self.changed.notify_all()

    # What follows runs on the server's threads.
    def index_of(self, path):
        name = path.removeprefix("/v1/health/service/")
        return self.services[name][0] if name in self.services and name != path else self.index

    def answer(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        params = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        path = urllib.parse.unquote(url.path)
        with self.changed:
            self.requests.append(handler.path)
            self.tokens.add(handler.headers.get("X-Consul-Token"))
            generation = self.generation
            if path == "/v1/agent/self":
                self.send(handler, {"Config": {"Datacenter": "dc-test", "NodeName": "n"}}, None)
                return
            if path != "/v1/catalog/services" and not path.startswith("/v1/health/service/"):
                handler.send_error(404)
                return
            asked = int(params.get("index", ["0"])[0])
            wait = params.get("wait", ["300s"])[0]
            seconds = float(wait[:-2]) / 1000 if wait.endswith("ms") else float(wait[:-1])
            end = time.monotonic() + seconds
            while asked == self.index_of(path) and generation == self.generation and time.monotonic() < end:
                self.changed.wait(0.2)
            if generation != self.generation:
                handler.close_connection = True  # no answer: the server went
                return
            index = self.index_of(path)
            if path == "/v1/catalog/services":
                body = {name: tags for name, (_, tags, _) in self.services.items()}
            else:
                _, _, instances = self.services.get(path.removeprefix("/v1/health/service/"), (0, [], []))
                wanted = set(params.get("tag", []))
                body = [one for one in instances if wanted <= set(one["Service"].get("Tags") or [])]
            body = json.loads(json.dumps(body))
            for one in body if isinstance(body, list) else []:
                one["Node"]["Datacenter"] = params.get("dc", ["dc-test"])[0]
        self.send(handler, body, index)

    @staticmethod
    def send(handler, body, index):
        data = json.dumps(body).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        if index is not None:
            handler.send_header("X-Consul-Index", str(index))
            handler.send_header("X-Consul-KnownLeader", "true")
            handler.send_header("X-Consul-LastContact", "0")
        handler.end_headers()
        handler.wfile.write(data)


def instance(service, number, address="", tags=None, status="passing", **meta):
    return {"Node": {"ID": f"node-{number}", "Node": f"node-{number}", "Address": f"10.0.0.{number}", "Datacenter": "dc-test",
                     "TaggedAddresses": {"lan": f"10.0.0.{number}", "wan-v4": f"192.0.2.{number}"},
                     "Meta": {"consul-network-segment": "", "rack": f"r{number}"}, "CreateIndex": 1, "ModifyIndex": 1},
            "Service": {"ID": f"{service}-{number}", "Service": service, "Tags": tags, "Address": address, "Meta": meta,
                        "Port": 8000 + number, "Weights": {"Passing": 1, "Warning": 1}, "CreateIndex": 1, "ModifyIndex": 1},
            "Checks": [{"Node": f"node-{number}", "CheckID": "serfHealth", "Name": "Serf", "Status": "passing"},
                       {"Node": f"node-{number}", "CheckID": f"service:{service}", "Name": "own", "Status": status,
                        "ServiceID": f"{service}-{number}", "ServiceName": service}]}
