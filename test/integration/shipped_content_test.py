"""What is shipped for servers, dashboards and rules, on real ones: one agent that sees them all, one ruler that scrapes it."""
import glob
import os
import re
import socket
import time
import urllib.request

import yaml

from agent_test import fixture_agent
from dashboards_test import dashboards, expressions, listed_metrics, plain
from elasticsearch_api import Elasticsearch
from mysql_server import PASSWORD, USER, MariaDb
from postgres_server import Postgres
from rabbitmq_test import Broker
from support import ROOT, Skip, free_port, http, need, query, wait_until

KINDS = ("elasticsearch", "memcached", "mysql", "nginx", "postgres", "rabbitmq", "redis")


def postgres(work):
    server = Postgres(work, "postgres", settings="shared_preload_libraries='pg_stat_statements'")
    server.sql("CREATE EXTENSION pg_stat_statements", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    Postgres(work, "pg_replica", copy_of=server)  # by a replication slot
    return f"""
postgres:
  collectors: {{stat_statements: true, postmaster: true}}
  targets: [{{dsn: '{server.dsn()}'}}]
""", lambda: server.sql("SELECT count(*) FROM t", "UPDATE t SET a = a + 1")


def mysql(work):
    server = MariaDb(work, "mariadb")
    server.sql("CREATE DATABASE app", "CREATE TABLE app.t (a int)")
    replica = MariaDb(work, "my_replica", server_id=2, options=["--slave-skip-errors=all"])  # it has the user already
    replica.sql(f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={server.port}, MASTER_USER='{USER}', MASTER_PASSWORD='{PASSWORD}'",
                "START SLAVE")
    wait_until(lambda: replica.sql("SHOW SLAVE STATUS").split("\t")[10:12] == ["Yes", "Yes"], "the replica of MariaDB runs")
    return f"""
mysql:
  targets:
    - {{address: '{server.address}', user: {USER}, password: {PASSWORD}}}
    - {{address: '{replica.address}', user: {USER}, password: {PASSWORD}}}
""", lambda: server.sql("INSERT INTO app.t VALUES (1)", "SELECT count(*) FROM app.t")


def redis(work):
    def start(name, *options):
        port = free_port()
        os.mkdir(work.path(name))
        work.start(name, [need("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", work.path(name), "--save", "", *options])
        wait_until(lambda: ask(port) or True, f"{name} answers")
        return port

    def ask(port):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"SET key value EX 1000\r\nGET key\r\nGET none\r\nPING\r\nQUIT\r\n")
            while connection.recv(4096):
                pass

    master = start("redis")
    ports = [master, start("redis_replica", "--replicaof", f"127.0.0.1 {master}"), start("redis_cluster", "--cluster-enabled", "yes", "--cluster-port", str(free_port()))]
    targets = ", ".join(f"{{address: 'redis://127.0.0.1:{port}'}}" for port in ports)
    return f"redis:\n  targets: [{targets}]\n", lambda: ask(master)


def memcached(work):
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    work.start("memcached", [need("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0", *user])

    def ask():
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"set key 0 0 5\r\nvalue\r\nget key\r\nget none\r\nquit\r\n")
            while connection.recv(4096):
                pass

    wait_until(lambda: ask() or True, "memcached answers")
    return f"memcached:\n  targets: [{{address: '127.0.0.1:{port}'}}]\n", ask


def nginx(work):
    port = free_port()
    os.chmod(work.folder, 0o755)
    config = work.write("nginx.conf", f"""
daemon off; pid {work.path('nginx.pid')}; error_log {work.path('nginx.err')}; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
  access_log {work.path('access.log')} timed;
  client_body_temp_path {work.path('t1')}; proxy_temp_path {work.path('t2')}; fastcgi_temp_path {work.path('t3')};
  uwsgi_temp_path {work.path('t4')}; scgi_temp_path {work.path('t5')};
  server {{
    listen 127.0.0.1:{port};
    location /status {{ stub_status; }}
    location / {{ return 200 "ok"; }}
  }}
}}
""")
    work.start("nginx", [need("nginx"), "-c", config], f"http://127.0.0.1:{port}/")
    section = NGINX_SECTION.format(port=port, log=work.path("access.log"))
    return section, lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()


NGINX_SECTION = """
nginx:
  targets:
    - url: http://127.0.0.1:{port}/status
      access_log:
        file: {log}
        format: '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time'
"""


def rabbitmq(work):
    broker = Broker(work)
    broker.fill()
    return f"""
rabbitmq:
  targets: [{{endpoint: 'http://127.0.0.1:{broker.prometheus}/metrics'}}]
""", lambda: None, broker


def elasticsearch(work):
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    server = Elasticsearch(work, os.path.join(corpora, "exporters/elasticsearch/fixtures"), "7.13.1")
    return f"elasticsearch:\n  targets: [{{uri: '{server.url}', all: true}}]\n", lambda: None


def metrics_of_rules(kind):
    with open(f"{ROOT}/rules/{kind}.rules.yml", encoding="utf-8") as file:
        rules = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]
    prefix = {"postgres": "pg", "node": "(?:node|tocsin)"}.get(kind, kind)
    return {name for rule in rules for name in re.findall(rf"(?<![:\w]){prefix}_\w+(?![:\w])", rule["expr"])}


def without_data(ruler, kind):
    missing = [f"{kind} dashboard, {title}: {expression}" for title, expression in expressions(dict(dashboards())[kind])
               if not query(ruler, plain(expression, "30s"))]
    missing += [f"{kind} dashboard, variables: {name}" for name in listed_metrics(dict(dashboards())[kind]) if not query(ruler, name)]
    return missing + [f"{kind} rules: {name}" for name in sorted(metrics_of_rules(kind)) if not query(ruler, f"last_over_time({name}[1m])")]


def test_dashboards_and_rules_of_servers_have_data(work):
    makers = [globals()[kind] for kind in KINDS]
    assert {os.path.basename(path)[:-5] for path in glob.glob(f"{ROOT}/dashboards/*.json")} == {*KINDS, "node"}
    sections, traffic, broker = "", [], None
    try:
        for make in makers:
            section, ask, *rest = make(work)
            sections, traffic = sections + section, [*traffic, ask]
            broker = rest[0] if rest else broker
        config = work.write("agent.yml", sections)
        _, agent = work.agent(f"--config.file={config}")
        prometheus = work.write("prometheus.yml", f"""
global: {{scrape_interval: 2s, scrape_timeout: 2s}}
scrape_configs:
  - job_name: agent
    static_configs: [{{targets: ['{agent}']}}]
""")
        _, ruler = work.ruler(prometheus)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for ask in traffic:
                ask()
            seen = query(ruler, 'count_over_time(up{job="agent"}[1m])')
            if seen and float(seen[0]["value"][1]) >= 6:
                break
            time.sleep(0.2)
        assert query(ruler, 'up{job="agent"}')[0]["value"][1] == "1"
        without = [line for kind in KINDS for line in without_data(ruler, kind)]
        assert not without, "\n".join([f"{len(without)} have no data:", *without])
    finally:
        if broker:
            broker.kill()


def test_metrics_of_the_nodes_rules_exist(work):
    """On this host, or on node_exporter's fixtures, whose host has every kind of hardware."""
    _, agent = work.agent()
    on_fixtures, _, _ = fixture_agent(work)
    seen = "\n" + http(f"http://{agent}/metrics")[1] + http(f"http://{on_fixtures}/metrics")[1]
    missing = {name for name in metrics_of_rules("node") if f"\n{name}{{" not in seen and f"\n{name} " not in seen}
    # systemd answers by D-Bus where there is one; an age is told of what is late.
    needs_more = {"node_systemd_unit_state", "node_systemd_service_restart_total", "tocsin_collector_age_seconds"}
    for name in sorted(missing & needs_more):
        print(f"not seen, for it needs a host with systemd or a collector that is late: {name}")
    assert missing <= needs_more, missing - needs_more
