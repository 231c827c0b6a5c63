"""Receivers that hang, reset, refuse, send a gigabyte or redirect: the others are told as if nothing were wrong."""
import http.server
import json
import socket
import socketserver
import struct
import threading
import time

from support import free_port, http as call, wait_until


class Hostile:
    """A server that treats each path in its own way and counts what it is asked."""

    def __init__(self):
        hostile = self
        self.hits, self.lock, self.sent = {}, threading.Lock(), 0
        self.stopped = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def status(self, code, **headers):
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"no")

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with hostile.lock:
                    hostile.hits.setdefault(self.path, []).append(time.monotonic())
                kind = self.path.strip("/")
                if kind == "hang":
                    hostile.stopped.wait(60)
                elif kind == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a RST
                    self.connection.close()
                    self.close_connection = True
                elif kind == "gigabyte":
                    self.flood()
                elif kind == "redirect":
                    self.status(307, Location="/redirect")
                else:
                    self.status(int(kind), **({"Retry-After": "1"} if kind == "429" else {}))

            def flood(self):
                self.send_response(200)
                self.send_header("Content-Length", str(1 << 30))
                self.end_headers()
                piece = b"x" * (1 << 20)
                try:
                    for _ in range(1 << 10):
                        self.wfile.write(piece)
                        with hostile.lock:
                            hostile.sent += len(piece)
                except OSError:
                    self.close_connection = True

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def times(self, path):
        with self.lock:
            return list(self.hits.get(path, []))

    def close(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


KINDS = ("hang", "reset", "gigabyte", "redirect", "500", "429", "400")


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def test_hostile_receivers_hold_up_nobody_and_cost_no_memory(work):
    hostile, sink = Hostile(), work.sink()
    routes = "".join(f"    - {{receiver: '{kind}', continue: true}}\n" for kind in KINDS)
    receivers = "".join(f"  - {{name: '{kind}', webhook_configs: [{{url: '{hostile.url}/{kind}'}}]}}\n" for kind in KINDS)
    config = work.write("alertmanager.yml", f"""
route:
  receiver: good
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 2s
  routes:
{routes}    - receiver: good
receivers:
{receivers}  - {{name: good, webhook_configs: [{{url: '{sink.url}/hook'}}]}}
""")
    address = f"127.0.0.1:{free_port()}"
    program = work.start("alertmanager", [work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}",
                                          f"--storage.path={work.path('data')}", f"--web.listen-address={address}"],
                         f"http://{address}/-/ready")
    try:
        before = memory_mb(program.pid)
        most = before
        for i in range(20):
            body = json.dumps([{"labels": {"alertname": f"A{i}"}, "endsAt": "2099-01-01T00:00:00Z"}])
            began = time.monotonic()
            assert call(f"http://{address}/api/v2/alerts", body, headers={"Content-Type": "application/json"})[0] == 200
            wait_until(lambda: [r for r in sink.got("/hook") if r["body"]["groupLabels"] == {"alertname": f"A{i}"}], "the good receiver is told")
            assert time.monotonic() - began < 5, "the good receiver waits for the hostile ones"
            most = max(most, memory_mb(program.pid))
        # Errors of the server and of the way are tried again within the flush, with a growing wait; others at the next tick.
        for kind in ("500", "reset"):
            times = wait_until(lambda: len(hostile.times(f"/{kind}")) >= 60 and hostile.times(f"/{kind}"), f"{kind} is asked again and again")
            assert times[-1] > times[0]
        for kind in ("400", "429"):  # a webhook's 429 is final, as in Alertmanager: once in each tick of a group
            count = len(hostile.times(f"/{kind}"))
            spent = time.monotonic() - hostile.times(f"/{kind}")[0]
            assert 20 <= count <= 20 * (spent / 2 + 2), (kind, count, spent)
        assert len(hostile.times("/redirect")) >= 20
        assert hostile.times("/hang") and hostile.times("/gigabyte")
        most = max(most, memory_mb(program.pid))
        assert most - before < 64, f"{before} MB before, {most} MB at most"
        asked = len(hostile.times("/gigabyte"))
        assert hostile.sent < asked * (64 << 20), f"{hostile.sent} bytes were taken in {asked} answers"
        page = call(f"http://{address}/metrics")[1]
        failed = sum(float(line.split()[-1]) for line in page.splitlines()
                     if line.startswith("alertmanager_notification_requests_failed_total"))
        assert failed >= 100, failed
        assert len(sink.got("/hook")) == 20, "the good receiver is told once"
    finally:
        hostile.close()
    assert program.stop() == 0
