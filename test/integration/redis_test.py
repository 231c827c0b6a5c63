"""The agent's Redis source beside Debian's Redis and redis_exporter."""
import os
import signal
import socket
import ssl
import time
import urllib.parse

from same_pages import check_has, check_same, families, value
from support import Skip, free_port, http, need, wait_until


def talk(port, *words, context=None):
    """One command; the answer as it stands on the wire."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        link = context.wrap_socket(plain) if context else plain
        link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in (str(x).encode() for x in words)))
        return link.recv(1 << 20).decode()


def redis(work, *options, name="redis", port=None, tls=False):
    """A server in a folder of its own; its port."""
    port = port or free_port()
    os.makedirs(work.path(name), exist_ok=True)
    where = ("--port", 0, "--tls-port", port) if tls else ("--port", port)
    program = work.start(name, [need("redis-server"), *where, "--bind", "127.0.0.1", "--save", "", "--dir", work.path(name), *options])

    def is_up():
        program.check_runs()
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return program.process.poll() is None
    wait_until(is_up, f"{name} listens")
    return program, port


def agent(work, section, name="agent"):
    config = work.write(f"{name}.yml", "node: {enabled: false}\n" + section)
    return work.agent(f"--config.file={config}", name=name)[1]


def page(address, path="/metrics/redis"):
    status, text = http(f"http://{address}{path}")
    assert status == 200, text[:500]
    return text


def fill(port):
    for words in (("SET", "user:1", "1.5"), ("SET", "user:2", "text"), ("RPUSH", "queue", "a", "b"), ("HSET", "hash", "f", "v"),
                  ("PFADD", "visitors", "x", "y"), ("SADD", "set", "m"), ("ZADD", "zset", "1", "m"), ("GET", "none"), ("BADCMD",),
                  ("XADD", "orders", "1-1", "k", "v"), ("XGROUP", "CREATE", "orders", "mail", "0"),
                  ("XREADGROUP", "GROUP", "mail", "m1", "COUNT", "1", "STREAMS", "orders", ">")):
        talk(port, *words)


# Of redis-mixin and the widely used collections of alerts.
MUST_HAVE = """
redis_up redis_instance_info redis_uptime_in_seconds redis_memory_{used,max,used_rss,used_peak}_bytes redis_memory_fragmentation_ratio
redis_connected_{clients,slaves} redis_blocked_clients redis_config_{maxclients,maxmemory} redis_db_keys redis_db_keys_expiring
redis_commands_total redis_commands_duration_seconds_total redis_commands_processed_total redis_keyspace_{hits,misses}_total
redis_{evicted,expired}_keys_total redis_net_{in,out}put_bytes_total redis_{rejected_connections,connections_received}_total
redis_rdb_{last_save_timestamp_seconds,last_bgsave_status,changes_since_last_save} redis_aof_enabled redis_slowlog_length
"""

# What moves with time, with the exporters' own questions, or tells of the exporter itself.
MOVES = ("redis_allocator_", "redis_memory_used", "redis_mem_", "redis_cpu_", "redis_net_", "redis_uptime", "redis_start_time", "redis_commands_",
         "redis_latency_", "redis_total_reads", "redis_total_writes", "redis_connections_received", "redis_exporter_", "redis_client_recent",
         "redis_connected_clients", "redis_stream_group_consumer_idle", "redis_slave_repl_offset", "redis_master_repl_offset",
         "redis_connected_slave_", "redis_repl_backlog_", "redis_master_last_io", "redis_expired", "redis_keyspace_", "redis_errors_total",
         "redis_total_error_replies", "redis_unexpected_error_replies", "redis_connected_client_", "redis_number_of_cached_scripts",
         "redis_tracking", "redis_lazyfree", "redis_evicted", "redis_db_avg_ttl", "redis_key_memory_usage", "redis_config_", "redis_last_key_groups",
         "redis_target_scrape",
         "redis_rdb_changes_since_last_save")  # PFCOUNT of either is a change


def exporter(work, port, *flags, name="redis_exporter"):
    peer = free_port()
    work.start(name, [need("prometheus-redis-exporter"), f"-redis.addr=redis://127.0.0.1:{port}", f"-web.listen-address=127.0.0.1:{peer}", *flags],
               f"http://127.0.0.1:{peer}/health")
    return http(f"http://127.0.0.1:{peer}/metrics")[1]


def compare(theirs, ours):
    # Commands that only one of the two sends have series that the other cannot have seen yet.
    check_same(theirs, ours, lambda name: name.startswith(MOVES),
               other_series=lambda name: name.startswith(("redis_exporter_build_info", "redis_commands_", "redis_latency_percentiles", "redis_errors")))


def test_every_family_of_redis_exporter_is_there(work):
    _, port = redis(work, "--latency-monitor-threshold", "1")
    fill(port)
    keys = "-check-keys=db0=user:*", "-check-single-keys=queue,hash,visitors,set,zset", "-check-streams=order*", "-count-keys=db0=*"
    theirs = exporter(work, port, *keys, "-include-system-metrics", "-include-config-metrics", "-export-client-list=false")
    ours = page(agent(work, f"""
redis:
  targets: ['redis://127.0.0.1:{port}']
  check_keys: 'db0=user:*'
  check_single_keys: 'queue,hash,visitors,set,zset'
  check_streams: 'order*'
  count_keys: 'db0=*'
  include_system_metrics: true
  include_config_metrics: true
"""))
    compare(theirs, ours)
    check_has(ours, MUST_HAVE + "redis_total_system_memory_bytes redis_config_value")
    assert value(ours, "redis_up") == 1
    assert value(ours, "redis_key_size", db="db0", key="visitors") == 2
    assert value(ours, "redis_key_value", db="db0", key="user:1") == 1.5
    assert value(ours, "redis_keys_count", db="db0", key="*") == 8
    assert value(ours, "redis_errors_total", err="ERR") >= 1
    assert "redis_commands_latencies_usec_bucket" in ours


def test_a_replica_and_its_master_look_as_with_redis_exporter(work):
    _, master = redis(work)
    _, replica = redis(work, "--replicaof", "127.0.0.1", master, name="replica")
    wait_until(lambda: "master_link_status:up" in talk(replica, "INFO", "replication"), "the replica follows")
    wait_until(lambda: "state=online" in talk(master, "INFO", "replication"), "the master sends")
    address = agent(work, f"""
redis:
  targets:
    - {{address: '127.0.0.1:{master}', server: master}}
    - {{address: '127.0.0.1:{replica}', server: replica}}
""")
    for port, server in ((master, "master"), (replica, "replica")):
        theirs = exporter(work, port, name=f"exporter-{server}")
        compare(theirs, page(address, f"/redis/scrape?target=127.0.0.1:{port}"))
    both = page(address)
    check_has(both, "redis_master_{link_up,last_io_seconds_ago,sync_in_progress,repl_offset} redis_slave_{info,repl_offset} "
              "redis_connected_slave_{lag_seconds,offset_bytes} redis_repl_backlog_is_active")
    labels = dict(master_host="127.0.0.1", master_port=str(master), server="replica")
    assert value(both, "redis_master_link_up", **labels) == 1
    assert value(both, "redis_connected_slaves", server="master") == 1


def test_key_groups_and_scripts_run_on_the_server(work):
    _, port = redis(work)
    for i in range(30):
        talk(port, "SET", f"group{i % 3}:{i}", "x")
    talk(port, "SET", "alone", "x")
    work.write("extra.lua", "return {'answer', '42', 'half', '0.5'}")
    ours = page(agent(work, f"""
redis:
  targets: ['127.0.0.1:{port}']
  check_key_groups: '^(group[0-9]+):'
  check_keys_batch_size: 7
  max_distinct_key_groups: 3
  script: {work.path("extra.lua")}
"""))
    for group in ("group0", "group1", "group2"):
        assert value(ours, "redis_key_group_count", db="db0", key_group=group) == 10, ours
    assert value(ours, "redis_key_group_count", db="db0", key_group="overflow") == 1
    assert value(ours, "redis_number_of_distinct_key_groups", db="db0") == 4
    assert value(ours, "redis_script_values", filename=work.path("extra.lua"), key="half") == 0.5


def test_users_and_wrong_passwords(work):
    _, port = redis(work, "--requirepass", "pass word", "--user", "monitor", "on", ">s3cret", "~*", "+@all")
    work.write("pw", "s3cret\n")
    address = agent(work, f"""
redis:
  targets:
    - {{address: '127.0.0.1:{port}', server: good, user: monitor, password_file: {work.path("pw")}}}
    - {{address: '127.0.0.1:{port}', server: default, password: 'pass word'}}
    - {{address: '127.0.0.1:{port}', server: wrong, password: wr0ng}}
    - {{address: '127.0.0.1:{port}', server: none}}
    - {{address: '127.0.0.1:{free_port()}', server: down}}
""")
    text = page(address)
    up = {dict(labels)["server"]: number for (_, labels), number in families(text)["redis_up"].series.items()}
    assert up == {"good": 1, "default": 1, "wrong": 0, "none": 0, "down": 0}, up
    reasons = {dict(labels)["server"]: dict(labels)["err"] for _, labels in families(text)["redis_exporter_last_scrape_error"].series}
    assert "WRONGPASS" in reasons["wrong"] and "NOAUTH" in reasons["none"] and "connection refused" in reasons["down"], reasons
    assert "wr0ng" not in text and "s3cret" not in text


def test_a_server_that_stands_still_or_restarts_harms_nobody(work):
    program, port = redis(work)
    _, other = redis(work, name="other")
    address = agent(work, f"""
redis:
  deadline: 1s
  targets:
    - {{address: '127.0.0.1:{port}', server: a}}
    - {{address: '127.0.0.1:{other}', server: b}}
""")
    assert value(page(address), "redis_up", server="a") == 1
    program.signal(signal.SIGSTOP)
    began = time.monotonic()
    wait_until(lambda: value(page(address), "redis_up", server="a") == 0, "the server that stands still is down")
    assert value(page(address), "redis_up", server="b") == 1
    program.signal(signal.SIGCONT)
    wait_until(lambda: value(page(address), "redis_up", server="a") == 1, "it is up again")
    program.kill()
    wait_until(lambda: value(page(address), "redis_up", server="a") == 0, "the dead server is down")
    redis(work, name="again", port=port)
    wait_until(lambda: value(page(address), "redis_up", server="a") == 1, "its successor is up")
    assert time.monotonic() - began < 60


def test_tls(work):
    openssl = need("openssl")
    work.run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", work.path("key.pem"), "-out", work.path("cert.pem"), "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    try:
        _, port = redis(work, "--tls-cert-file", work.path("cert.pem"), "--tls-key-file", work.path("key.pem"), "--tls-ca-cert-file", work.path("cert.pem"),
                        "--tls-auth-clients", "no", tls=True)
    except AssertionError as error:
        raise Skip(f"this redis-server has no TLS: {error}") from error
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    assert "PONG" in talk(port, "PING", context=context)
    address = agent(work, f"""
redis:
  targets:
    - {{address: 'rediss://127.0.0.1:{port}', server: trusted, tls: {{ca_file: {work.path("cert.pem")}}}}}
    - {{address: 'rediss://127.0.0.1:{port}', server: unknown}}
    - {{address: 'rediss://127.0.0.1:{port}', server: unchecked, skip_tls_verification: true}}
    - {{address: 'redis://127.0.0.1:{port}', server: plain}}
""")
    text = page(address)
    up = {dict(labels)["server"]: number for (_, labels), number in families(text)["redis_up"].series.items()}
    assert up == {"trusted": 1, "unknown": 0, "unchecked": 1, "plain": 0}, text[-2000:]


def test_a_sentinel_shows_what_it_watches(work):
    sentinel = need("redis-sentinel")
    _, master = redis(work)
    port = free_port()
    config = work.write("sentinel.conf", f"port {port}\nbind 127.0.0.1\nsentinel monitor orders 127.0.0.1 {master} 1\n")
    work.start("sentinel", [sentinel, config])
    wait_until(lambda: "name=orders,status=ok" in talk(port, "INFO", "sentinel"), "the Sentinel watches")
    theirs = exporter(work, port)
    ours = page(agent(work, f"redis: {{targets: ['127.0.0.1:{port}']}}"))
    compare(theirs, ours)
    labels = dict(master_name="orders", master_address=f"127.0.0.1:{master}")
    assert value(ours, "redis_sentinel_master_status", master_status="ok", **labels) == 1
    assert value(ours, "redis_sentinel_master_ok_sentinels", **labels) == 1


def test_probes_ask_what_the_request_names(work):
    _, port = redis(work)
    fill(port)
    address = agent(work, "redis: {targets: []}")
    text = page(address, "/redis/scrape?" + urllib.parse.urlencode({"target": f"redis://127.0.0.1:{port}", "check-single-keys": "queue"}))
    assert value(text, "redis_up") == 1 and value(text, "redis_key_size", db="db0", key="queue") == 2
    assert http(f"http://{address}/redis/scrape")[0] == 400
    assert http(f"http://{address}/redis/scrape?target=http://a")[0] == 400
