"""What the integration tests share: programs, ports, HTTP, and imposters that record what they are sent."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Skip(Exception):
    """This test cannot run here; its text says why."""


def need(program):
    """The path of a peer's program, or Skip."""
    found = shutil.which(program)
    if not found:
        raise Skip(f"{program} is not installed")
    return found


def python_with(*modules):
    """A Python that has these modules: Debian installs them for its own; or Skip."""
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run([python, "-c", "import " + ", ".join(modules)], capture_output=True, check=False)
        if done.returncode == 0:
            return python
    raise Skip(f"no Python has {', '.join(modules)}")


def node_modules(*packages):
    """The folder into which test/run installs packages of npm; or Skip."""
    folder = os.path.join(ROOT, "build/node/node_modules")
    missing = [package for package in packages if not os.path.isdir(os.path.join(folder, package))]
    if missing:
        raise Skip(f"npm's {', '.join(missing)} is not installed in build/node")
    return folder


def first_ephemeral_port():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="utf-8") as limits:
        return int(limits.read().split()[0])


GIVEN_PORTS = set()


def free_port():
    """A port that is free, and that no connection gets before the server that it is meant for: one below the kernel's own."""
    end = max(first_ephemeral_port(), 20000)
    for _ in range(1000):
        port = random.randrange(10000, end)
        if port in GIVEN_PORTS:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        GIVEN_PORTS.add(port)
        return port
    raise AssertionError("no port is free")


def wait_until(condition, what, seconds=30):
    """Polls until condition() is true and returns its value; an HTTP failure counts as not yet."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
            last = value
        except (urllib.error.URLError, OSError, KeyError, IndexError, ValueError) as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s; last seen: {last!r}")


def http(url, body=None, method=None, headers=None, timeout=10):
    """(status, text). Never raises for a status."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def get_json(url):
    status, text = http(url)
    assert status == 200, f"{url}: {status} {text[:300]}"
    return json.loads(text)


def query(base, expression, at=None):
    """The result of an instant query."""
    params = {"query": expression, **({"time": f"{at:.3f}"} if at is not None else {})}
    answer = get_json(f"{base}/api/v1/query?" + urllib.parse.urlencode(params))
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


class Sink:
    """A loopback HTTP server that records what it is sent: a stand-in for Slack, PagerDuty, a webhook, a target."""

    def __init__(self, respond=None):
        self.requests, self.lock = [], threading.Lock()
        sink = self

        class Handler(http_server_base()):
            def answer(self, body):
                status, kind, text = 200, "text/plain", "ok"
                if respond:
                    status, kind, text = respond(self.path, body)
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    body = json.loads(raw)
                except ValueError:
                    body = raw.decode(errors="replace")
                with sink.lock:
                    sink.requests.append({"time": time.time(), "path": self.path, "headers": dict(self.headers), "body": body})
                self.answer(body)

            def do_GET(self):
                self.answer(None)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024  # a storm of notifications is no reason to refuse connections

            def handle_error(self, *_):
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def got(self, path=None):
        with self.lock:
            return [r for r in self.requests if path is None or r["path"] == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def http_server_base():
    class Quiet(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

    return Quiet


class Program:
    def __init__(self, work, name, command, log):
        self.work, self.name, self.command, self.log = work, name, command, log
        self.out = open(log, "ab")
        self.process = subprocess.Popen(command, stdout=self.out, stderr=subprocess.STDOUT, cwd=work.folder)

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds=20):
        """SIGTERM; returns the exit status, or fails if it does not end in time."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} does not stop on SIGTERM within {seconds} s") from None

    def check_runs(self):
        """Fails, with its last words, if it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with status {self.process.returncode}:\n{self.text()[-2000:]}")

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as lines:
            return lines.read()


class Work:
    """One test's folder, programs and sinks."""

    def __init__(self, bin_folder, name):
        self.bin, self.programs, self.sinks = bin_folder, [], []
        self.folder = tempfile.mkdtemp(prefix=f"tocsin-{name[:40]}-")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.rename(path + ".new", path)
        return path

    def own(self, program):
        path = os.path.join(self.bin, program)
        assert os.path.exists(path), f"{path} is not built"
        return path

    def sink(self, respond=None):
        sink = Sink(respond)
        self.sinks.append(sink)
        return sink

    def start(self, name, command, ready=None, seconds=30):
        """Starts a program; waits until the URL `ready` answers 200."""
        program = Program(self, name, [str(word) for word in command], self.path(f"{name}.log"))
        self.programs.append(program)
        if ready:
            def is_ready():
                program.check_runs()
                return http(ready, timeout=2)[0] == 200
            wait_until(is_ready, f"{name} ready on {ready}", seconds)
        return program

    def run(self, *command, status=0, seconds=60, stdin=None):
        """Runs a program to its end; returns its standard output and error together."""
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds,
                              cwd=self.folder, input=stdin)
        text = done.stdout + done.stderr
        assert status is None or done.returncode == status, f"{command}: status {done.returncode}, not {status}:\n{text[-3000:]}"
        return text

    def agent(self, *flags, name="agent"):
        """Starts tocsin-agent; returns (program, "host:port")."""
        address = f"127.0.0.1:{free_port()}"
        program = self.start(name, [self.own("tocsin-agent"), f"--web.listen-address={address}", *flags],
                             f"http://{address}/-/ready")
        return program, address

    def ruler(self, config, alertmanager=None, *flags, name="ruler", address=None):
        """Starts tocsin-ruler on the files; its data is in <folder>/<name>-data, found again by a second start."""
        address = address or f"127.0.0.1:{free_port()}"
        data = self.path(f"{name}-data")
        command = [self.own("tocsin-ruler"), f"--config.file={config}", f"--storage.tsdb.path={data}/tsdb",
                   f"--storage.path={data}/state", f"--web.listen-address={address}", *flags]
        if alertmanager:
            command.append(f"--alertmanager.config.file={alertmanager}")
        program = self.start(name, command, f"http://{address}/-/ready")
        return program, f"http://{address}"

    def prometheus(self, config, name="prometheus", *flags):
        """Starts Debian's Prometheus; returns (program, URL)."""
        address = f"127.0.0.1:{free_port()}"
        program = self.start(name, [need("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.path(name)}",
                                    f"--web.listen-address={address}", *flags], f"http://{address}/-/ready")
        return program, f"http://{address}"

    def vmagent(self, config, name="vmagent", *flags):
        """Starts VictoriaMetrics' agent, which reads prometheus.yml and shows its targets; returns (program, URL)."""
        address = f"127.0.0.1:{free_port()}"
        program = self.start(name, [need("vmagent"), f"-promscrape.config={config}", f"-httpListenAddr={address}",
                                    f"-remoteWrite.url=http://127.0.0.1:{free_port()}/", f"-remoteWrite.tmpDataPath={self.path(name)}",
                                    *flags], f"http://{address}/health")
        return program, f"http://{address}"

    def last_words(self):
        words = ""
        for program in self.programs:
            words += f"\n--- {program.name} ({program.log})\n" + "\n".join(program.text().splitlines()[-25:])
        return words

    def close(self, keep):
        for program in reversed(self.programs):
            if program.process.poll() is None:
                program.process.kill()
                program.process.wait(10)
            program.out.close()
        for sink in self.sinks:
            sink.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
