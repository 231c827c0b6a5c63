"""The agent's memcached source beside Debian's memcached."""
import signal
import socket

from same_pages import families, value
from support import free_port, http, need, wait_until


def memcached(work, *options, name="memcached", port=None):
    port = port or free_port()
    program = work.start(name, [need("memcached"), "-u", "root", "-l", "127.0.0.1", "-p", port, *options])

    def listens():
        program.check_runs()
        return socket.create_connection(("127.0.0.1", port), timeout=1).close() is None
    wait_until(listens, f"{name} listens")
    return program, port


def talk(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(text.encode())
        return link.recv(1 << 16).decode()


def agent(work, section):
    config = work.write("agent.yml", "node: {enabled: false}\n" + section)
    return work.agent(f"--config.file={config}")[1]


def page(address):
    status, text = http(f"http://{address}/metrics/memcached")
    assert status == 200, text[:500]
    return text


def test_statistics_are_those_of_the_server(work):
    _, port = memcached(work, "-c", "77")
    assert "STORED" in talk(port, "set k 0 0 5\r\nhello\r\n")
    talk(port, "get k\r\nget k\r\nget none\r\n")
    text = page(agent(work, f"memcached: {{targets: ['127.0.0.1:{port}']}}"))
    assert value(text, "memcached_up") == 1
    assert value(text, "memcached_commands_total", command="get", status="hit") == 2
    assert value(text, "memcached_commands_total", command="get", status="miss") == 1
    assert value(text, "memcached_commands_total", command="set", status="hit") == 1
    assert value(text, "memcached_max_connections") == 77
    assert value(text, "memcached_current_items") == 1
    assert value(text, "memcached_malloced_bytes") > 0
    slab = dict(slab="1")
    assert value(text, "memcached_slab_current_items", **slab) == 1
    assert value(text, "memcached_slab_chunk_size_bytes", **slab) == 96
    assert value(text, "memcached_slab_commands_total", command="set", status="hit", **slab) == 1
    # Each family of memcached_exporter that a server of this version has numbers for (its README, 0.16).
    for name in ("uptime_seconds", "time_seconds", "version", "process_user_cpu_seconds_total", "process_system_cpu_seconds_total", "read_bytes_total",
                 "written_bytes_total", "current_connections", "connections_total", "connections_rejected_total", "connections_yielded_total",
                 "connections_listener_disabled_total", "current_bytes", "limit_bytes", "items_total", "items_evicted_total", "items_reclaimed_total",
                 "item_too_large_total", "item_no_memory_total", "direct_reclaims_total", "lru_crawler_enabled", "lru_crawler_sleep", "lru_crawler_to_crawl",
                 "lru_crawler_maintainer_thread", "lru_crawler_hot_percent", "lru_crawler_warm_percent", "lru_crawler_hot_max_factor",
                 "lru_crawler_warm_max_factor", "lru_crawler_starts_total", "lru_crawler_reclaimed_total", "lru_crawler_items_checked_total",
                 "lru_crawler_moves_to_cold_total", "lru_crawler_moves_to_warm_total", "lru_crawler_moves_within_lru_total", "accepting_connections",
                 "slab_items_age_seconds", "slab_items_evicted_total", "slab_items_outofmemory_total", "slab_hot_items", "slab_cold_items",
                 "slab_lru_hits_total", "slab_chunks_per_page", "slab_current_pages", "slab_current_chunks", "slab_chunks_used", "slab_chunks_free",
                 "slab_mem_requested_bytes"):
        assert f"memcached_{name}" in families(text), name


def test_servers_that_are_down_or_stand_still_harm_nobody(work):
    program, port = memcached(work)
    _, other = memcached(work, name="other")
    address = agent(work, f"""
memcached:
  deadline: 1s
  targets: [{{address: '127.0.0.1:{port}', server: a}}, {{address: '127.0.0.1:{other}', server: b}}]
""")
    assert value(page(address), "memcached_up", server="a") == 1
    program.signal(signal.SIGSTOP)
    wait_until(lambda: value(page(address), "memcached_up", server="a") == 0, "the server that stands still is down")
    assert value(page(address), "memcached_up", server="b") == 1
    program.signal(signal.SIGCONT)
    wait_until(lambda: value(page(address), "memcached_up", server="a") == 1, "it is up again")
    program.kill()
    wait_until(lambda: value(page(address), "memcached_up", server="a") == 0, "the dead server is down")


def test_tls_is_verified_and_the_binary_protocol_is_a_reason(work):
    work.run(need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", work.path("key.pem"), "-out", work.path("cert.pem"),
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    _, encrypted = memcached(work, "-Z", "-o", f"ssl_chain_cert={work.path('cert.pem')},ssl_key={work.path('key.pem')}", name="encrypted")
    _, plain = memcached(work, name="plain")
    _, binary = memcached(work, "-B", "binary", name="binary")  # the protocol of SASL, which the exporter does not speak either
    text = page(agent(work, f"""
memcached:
  deadline: 2s
  targets:
    - {{address: '127.0.0.1:{encrypted}', server: trusted, tls: {{ca_file: {work.path("cert.pem")}}}}}
    - {{address: '127.0.0.1:{encrypted}', server: unchecked, tls: {{insecure_skip_verify: true}}}}
    - {{address: '127.0.0.1:{encrypted}', server: unknown, tls: {{}}}}
    - {{address: '127.0.0.1:{encrypted}', server: in-clear}}
    - {{address: '127.0.0.1:{plain}', server: without, tls: {{ca_file: {work.path("cert.pem")}}}}}
    - {{address: '127.0.0.1:{binary}', server: binary}}
    - {{address: '127.0.0.1:{plain}', server: plain}}
"""))
    up = {dict(labels)["server"]: number for (_, labels), number in families(text)["memcached_up"].series.items()}
    assert up == {"trusted": 1, "unchecked": 1, "unknown": 0, "in-clear": 0, "without": 0, "binary": 0, "plain": 1}, up
    assert value(text, "memcached_max_connections", server="trusted") == 1024
    log = next(program for program in work.programs if program.name == "agent").text()
    for server in ("unknown", "in-clear", "without", "binary"):
        assert f"target={server} err=" in log, log


def test_a_socket_and_a_password(work):
    work.write("auth", "app:s3cret\n")
    program = work.start("memcached", [need("memcached"), "-u", "root", "-s", work.path("m.sock"), "-Y", work.path("auth")])
    wait_until(lambda: socket.socket(socket.AF_UNIX).connect(work.path("m.sock")) is None and program.process.poll() is None, "memcached listens")
    text = page(agent(work, f"""
memcached:
  targets:
    - {{address: '{work.path("m.sock")}', server: good, user: app, password: s3cret}}
    - {{address: '{work.path("m.sock")}', server: wrong, user: app, password: b4d}}
    - {{address: 'unix://{work.path("m.sock")}', server: none}}
"""))
    up = {dict(labels)["server"]: number for (_, labels), number in families(text)["memcached_up"].series.items()}
    assert up == {"good": 1, "wrong": 0, "none": 0}, up
    assert "CLIENT_ERROR unauthenticated" in next(p for p in work.programs if p.name == "agent").text()  # at once, not at the deadline
