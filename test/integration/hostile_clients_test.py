"""Clients that mean harm. While they do, an ordinary client is served within SOON, and memory grows by less than
MORE_MEMORY: 512 connections (--web.max-connections) and what the limits on headers and bodies allow. The bound is that of
a release build; sanitizers keep freed memory for themselves."""
import contextlib
import socket
import threading
import time

from support import free_port, wait_until
from web_test import ALICE, USERS, get, identity, start_agent, start_ruler, tls_section

SOON = 5.0  # seconds, on a machine that is busy with other tests; an idle one needs some milliseconds
MORE_MEMORY = 64 << 20


def resident(program):
    with open(f"/proc/{program.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Watch:
    """Asks like an ordinary client as long as it is open, and looks at the memory."""

    def __init__(self, program, ask):
        self.program, self.ask, self.slowest, self.failures, self.served = program, ask, 0.0, [], 0
        self.before = resident(program)
        self.most = self.before

    def once(self):
        began = time.monotonic()
        try:
            status = self.ask()
            if status != 200:
                self.failures.append(status)
        except OSError as error:
            self.failures.append(error)
        self.served += 1
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.most = max(self.most, resident(self.program))

    def during(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.once()
            time.sleep(0.02)

    def judge(self, what):
        grown = self.most - self.before
        print(f"      {what}: {self.served} served, slowest {self.slowest * 1000:.0f} ms, memory +{grown / 1e6:.1f} MB")
        assert not self.failures, f"{what}: {self.failures[:3]}"
        assert self.slowest < SOON, f"{what}: an ordinary client waited {self.slowest:.2f} s"
        assert grown < MORE_MEMORY, f"{what}: memory grew by {grown} bytes"
        assert self.program.process.poll() is None


@contextlib.contextmanager
def crowd(address, count, say=b"", receive_buffer=None):
    """So many connections that say something and go on to do nothing. One that is closed by the server stays closed."""
    host, port = address.split(":")
    sockets = []
    try:
        for _ in range(count):
            one = socket.socket()
            one.settimeout(10)
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.connect((host, int(port)))
            with contextlib.suppress(OSError):
                if say:
                    one.sendall(say)
            sockets.append(one)
        yield sockets
    finally:
        for one in sockets:
            one.close()


def plain(address, path="/-/ready"):
    return lambda: get(address, path, tls=False)[0]


def test_a_thousand_connections_that_send_nothing(work):
    program, address = start_ruler(work)
    watch = Watch(program, plain(address))
    with crowd(address, 1000):
        watch.during(2)
    watch.judge("1,000 silent connections")
    text = get(address, "/metrics", tls=False)[2]
    assert "tocsin_http_connections_evicted_total 0" not in text


def test_headers_that_drip(work):
    program, address = start_ruler(work)
    watch = Watch(program, plain(address))
    with crowd(address, 1000, b"GET / HTTP/1.1\r\nHost: a\r\nX: ") as sockets:
        for _ in range(5):
            for one in sockets:
                with contextlib.suppress(OSError):
                    one.send(b"a")
            watch.once()
        watch.during(1)
    watch.judge("1,000 dripping headers")


def test_headers_and_bodies_beyond_all_measure(work):
    program, address = start_ruler(work)
    watch = Watch(program, plain(address))
    host, port = address.split(":")

    def send(head, piece, count):
        """Sends until the server has had enough; what it answered."""
        with socket.create_connection((host, int(port)), timeout=20) as one:
            with contextlib.suppress(OSError):
                one.sendall(head)
                for _ in range(count):
                    one.sendall(piece)
            answer = b""
            with contextlib.suppress(OSError):
                while chunk := one.recv(65536):
                    answer += chunk
            return answer.decode(errors="replace")

    start = b"POST /api/v1/query HTTP/1.1\r\nHost: a\r\n"
    huge_header = send(start + b"X: ", b"a" * 65536, 16)
    assert huge_header.startswith("HTTP/1.1 431 ") or huge_header == "", huge_header[:100]
    many_headers = send(start, b"X: a\r\n" * 10000, 16)
    assert many_headers.startswith("HTTP/1.1 431 ") or many_headers == "", many_headers[:100]
    watch.once()
    length = send(start + b"Content-Length: 1073741824\r\n\r\n", b"b" * 65536, 16384)
    assert length.startswith("HTTP/1.1 413 ") or length == "", length[:100]
    watch.once()
    chunk = b"10000\r\n" + b"b" * 65536 + b"\r\n"
    chunked = send(start + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 16384)
    assert chunked.startswith("HTTP/1.1 413 ") or chunked == "", chunked[:100]
    watch.during(1)
    watch.judge("1 MB of header, 1 GB of body by length and in chunks")


def test_many_bodies_that_stop_half_way(work):
    program, address = start_agent_plain(work)  # bodies of 64 KiB at most, eight of them at once
    watch = Watch(program, plain(address))
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n"
    with crowd(address, 400, head) as sockets:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.send(b"b" * 65000)
        watch.during(2)
    watch.judge("400 bodies that stop half way")


def test_slow_readers_of_large_answers(work):
    program, address = start_agent_plain(work)
    watch = Watch(program, plain(address))
    request = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
    with crowd(address, 100, request * 50, receive_buffer=4096):
        watch.during(3)
    watch.judge("100 clients that ask 50 times and read nothing")


def start_agent_plain(work):
    address = f"127.0.0.1:{free_port()}"
    program = work.start("agent", [work.own("tocsin-agent"), f"--web.listen-address={address}"])
    wait_until(lambda: plain(address)() == 200, "agent ready")
    return program, address


def test_tls_handshakes_that_never_end(work):
    _, ca = identity(work, "server")
    program, address = start_agent(work, work.write("web.yml", tls_section("server")), ca)
    watch = Watch(program, lambda: get(address, "/-/ready", ca=ca)[0])
    with crowd(address, 600), crowd(address, 600, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
        watch.during(3)
    watch.judge("1,200 unfinished TLS handshakes")


def test_guesses_of_passwords(work):
    program, address = start_ruler(work, f"--web.config.file={work.write('web.yml', USERS)}")
    assert get(address, "/metrics", ALICE, tls=False)[0] == 200
    stop, statuses = threading.Event(), {}

    def guess(number):
        import base64
        count = 0
        while not stop.is_set():
            count += 1
            token = base64.b64encode(f"alice:{number}-{count}".encode()).decode()
            with contextlib.suppress(OSError):
                status = get(address, "/metrics", {"Authorization": f"Basic {token}"}, tls=False)[0]
                statuses[status] = statuses.get(status, 0) + 1
    threads = [threading.Thread(target=guess, args=(i,), daemon=True) for i in range(20)]
    for thread in threads:
        thread.start()
    watch = Watch(program, lambda: get(address, "/metrics", ALICE, tls=False)[0])
    watch.during(3)
    stop.set()
    for thread in threads:
        thread.join(10)
    watch.judge(f"20 clients that guess passwords ({statuses})")
    assert set(statuses) <= {401, 503} and statuses.get(503, 0) > 0, statuses
    text = get(address, "/metrics", ALICE, tls=False)[2]
    lag = next(float(line.split()[1]) for line in text.splitlines() if line.startswith("tocsin_loop_lag_seconds "))
    assert lag < 1, f"the loop was held for {lag} s"
