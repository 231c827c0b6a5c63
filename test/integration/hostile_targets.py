"""Targets that misbehave, each on a port of its own, and targets that behave and say when they were asked.

Run by hostile_targets_test.py in processes of their own, so that neither holds up the other:
    hostile_targets.py good COUNT      one line of JSON: {"ports": [...], "control": port}
    hostile_targets.py hostile FOLDER  one line of JSON: {"name": port, ...}; certificates are made in FOLDER
"""
import asyncio
import gzip
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import time

PAGE = b"# TYPE a gauge\na{b=\"c\"} 1\n" + b"".join(b"series{n=\"%d\"} %d\n" % (i, i) for i in range(50))


def answer(body, content_type="text/plain; version=0.0.4", status="200 OK", length=None, fields=()):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *fields]
    if content_type:
        head.append(f"Content-Type: {content_type}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


# --- those that behave

class Good(asyncio.Protocol):
    """Answers at once, and remembers when it was asked."""

    def __init__(self, arrivals):
        self.arrivals, self.buffer = arrivals, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        now = time.time()
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            self.buffer = self.buffer.split(b"\r\n\r\n", 1)[1]
            self.arrivals.append(now)
            self.transport.write(answer(PAGE))


async def serve_good(count):
    loop = asyncio.get_running_loop()
    arrivals, servers = {}, []
    for _ in range(count):
        seen = []
        server = await loop.create_server(lambda seen=seen: Good(seen), "127.0.0.1", 0)
        arrivals[server.sockets[0].getsockname()[1]] = seen
        servers.append(server)

    async def control(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(json.dumps(arrivals).encode(), "application/json", fields=["Connection: close"]))
        writer.close()

    server = await asyncio.start_server(control, "127.0.0.1", 0)
    print(json.dumps({"ports": list(arrivals), "control": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


# --- those that do not

def big_page(mebibytes):
    """Comments, mostly, and one series: large, and yet a page."""
    line = b"# " + b"x" * 1021 + b"\n"
    return line * (mebibytes * 1024) + b"big 1\n"


def bomb(mebibytes):
    """gzip of so many MiB of comments, in members of 32 MiB."""
    return gzip.compress(big_page(32), 6) * (mebibytes // 32)


GZIP = ["Content-Encoding: gzip"]
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def fixed(name, data):
    async def send(writer):
        writer.write(data() if callable(data) else data)
        await writer.drain()
        writer.close()
    CASES[name] = send


fixed("good_page", answer(PAGE))
fixed("half_body", lambda: answer(b"a 1\n" * 10, length=1000))
fixed("garbage", b"\x00\x01\xfe\xff what is this\r\n\r\n")
fixed("garbage_page", answer(b"\x01\x02\x00 \xff\xfe{{{ 1 2 3\n"))
fixed("status_500", answer(b"a 1\n", status="500 Internal Server Error"))
fixed("wrong_type", answer(b"a 1\n", "text/html; charset=utf-8"))
fixed("no_type", answer(b"a 1\n", None))
fixed("redirect_loop", answer(b"", status="302 Found", fields=["Location: /metrics"]))
fixed("duplicates", answer(b"twice 1\ntwice 2\nother 3\n"))
fixed("many_labels", lambda: answer(b"many{" + b",".join(b'l%d="v"' % i for i in range(10_000)) + b"} 1\n"))
fixed("wrong_gzip", answer(PAGE, fields=GZIP))
fixed("short_gzip", answer(b"a 1\n", fields=GZIP))
fixed("torn_gzip", lambda: answer(gzip.compress(PAGE)[:-20], fields=GZIP))
fixed("bad_sum", lambda: answer(gzip.compress(PAGE)[:-8] + b"\0\0\0\0" + gzip.compress(PAGE)[-4:], fields=GZIP))
fixed("length_too_small", answer(b"a 1\nb 2\n", length=4))
fixed("length_nonsense", answer(b"a 1\n", length="many"))
fixed("lengths_differ", answer(b"a 1\n", length=4, fields=["Content-Length: 5"]))
fixed("bad_chunk", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\na 1\n\r\n")
fixed("parse_error", answer(b"a 1\nb{c=\"d\" 2\n"))
LARGE = {}  # answers by case, made once


async def send_large(writer, name):
    data = memoryview(LARGE[name])
    for at in range(0, len(data), 1 << 18):
        writer.write(data[at:at + (1 << 18)])
        await writer.drain()
    writer.close()


@case
async def big(writer):
    await send_large(writer, "big")


@case
async def gzip_bomb(writer):
    await send_large(writer, "gzip_bomb")


@case
async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"#")
        await writer.drain()
        await asyncio.sleep(1)


@case
async def drip_header(writer):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


@case
async def answers_anything(writer):
    writer.write(answer(b"what?", status="400 Bad Request", fields=["Connection: close"]))
    await writer.drain()
    writer.close()


@case
async def silent(writer):
    await asyncio.sleep(3600)


@case
async def endless_header(writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 4000 + b"\r\n")
        await writer.drain()


@case
async def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@case
async def closes(writer):
    writer.close()


async def serve_case(send, tls=None):
    async def handle(reader, writer):
        try:
            await (reader.read(1) if send is answers_anything else reader.readuntil(b"\r\n\r\n"))
            await send(writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    return server, server.sockets[0].getsockname()[1]


def certificate(folder, name):
    key, cert = os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else ""), "-keyout", key,
                    "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


async def serve_hostile(folder):
    LARGE.update(big=answer(big_page(100)), gzip_bomb=answer(bomb(1024), fields=GZIP))
    ports, servers = {}, []
    for name, send in CASES.items():
        server, ports[name] = await serve_case(send)
        servers.append(server)
    for name in ("localhost", "other.example"):
        server, ports[f"tls_{name}"] = await serve_case(CASES["good_page"], certificate(folder, name))
        servers.append(server)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        ports["refused"] = probe.getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve_good(int(sys.argv[2])) if sys.argv[1] == "good" else serve_hostile(sys.argv[2]))
