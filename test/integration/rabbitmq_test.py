"""The agent's RabbitMQ source on Debian's RabbitMQ: its endpoint, its management API, AMQP."""
import json
import os
import re
import signal
import urllib.parse

from same_pages import check_has, check_same, families, value
from support import free_port, http, need, wait_until

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
# Counts and sizes of the virtual machine, which move from question to question.
MOVING = r"erlang_|telemetry_|process_|rabbitmq_erlang_|rabbitmq_process_|rabbitmq_io_|rabbitmq_disk_space|rabbitmq_schema|rabbitmq_queue_process|rabbitmq_connection_|rabbitmq_auth"


# Of RabbitMQ's own dashboards and the widely used collections of alerts.
MUST_HAVE = """
rabbitmq_{connections,channels,consumers,queues,queue_messages,queue_messages_ready,queue_messages_unacked,queue_consumers,build_info,identity_info}
rabbitmq_process_{open_fds,max_fds,open_tcp_sockets,max_tcp_sockets,resident_memory_bytes} rabbitmq_resident_memory_limit_bytes
rabbitmq_disk_space_available_{bytes,limit_bytes} rabbitmq_connections_{opened,closed}_total rabbitmq_channels_{opened,closed}_total
rabbitmq_queues_{declared,created,deleted}_total rabbitmq_alarms_{memory_used_watermark,free_disk_space_watermark,file_descriptor_limit}
"""


class Broker:
    """On free ports, with a process epmd of its own, so that none stays behind."""

    def __init__(self, work):
        need("rabbitmqctl")
        self.work = work
        self.amqp, self.amqps, self.http, self.prometheus, epmd = (free_port() for _ in range(5))
        folder = work.path("rabbitmq")
        os.makedirs(folder)
        work.run(need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem",
                 "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.certificate = f"{folder}/cert.pem"
        work.write("rabbitmq/rabbitmq.conf", f"""
listeners.tcp.1 = 127.0.0.1:{self.amqp}
listeners.ssl.1 = 127.0.0.1:{self.amqps}
ssl_options.certfile = {folder}/cert.pem
ssl_options.keyfile = {folder}/key.pem
management.tcp.ip = 127.0.0.1
management.tcp.port = {self.http}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {self.prometheus}
collect_statistics_interval = 1000
""")
        work.write("rabbitmq/enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
        settings = {
            "HOME": folder, "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_NODENAME": f"tocsin{epmd}@localhost",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia", "RABBITMQ_LOG_BASE": f"{folder}/log", "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -start_epmd false",
        }
        self.environment = ["env", *(f"{key}={value}" for key, value in settings.items())]
        work.start("epmd", [need("epmd"), "-port", str(epmd), "-address", "127.0.0.1"])
        try:
            self.start()
        except BaseException:
            self.kill()
            raise

    def start(self):
        self.work.start("rabbitmq", [*self.environment, SERVER])
        wait_until(lambda: http(f"http://127.0.0.1:{self.prometheus}/metrics")[0] == 200, "the broker's endpoint", 90)
        wait_until(lambda: self.api("overview")[0] == 200, "the management API", 30)

    def api(self, path, body=None, method=None):
        headers = {"Authorization": "Basic Z3Vlc3Q6Z3Vlc3Q=", "Content-Type": "application/json"}
        return http(f"http://127.0.0.1:{self.http}/api/{path}", body, method, headers)

    def beam(self):
        """The process of the virtual machine: a child of the script's."""
        def find():
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    try:
                        with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                            words = file.read()
                        if "beam" in words.split("\0")[0] and self.work.folder in words:
                            return int(entry)
                    except OSError:
                        pass
            return None
        return find()

    def kill(self):
        """The script that starts the broker passes no signals on."""
        process = self.beam()
        if process:
            os.kill(process, signal.SIGKILL)

    def fill(self):
        """A queue with messages; the totals of the API follow within seconds."""
        assert self.api("queues/%2F/orders", json.dumps({"durable": True}), "PUT")[0] in (201, 204)
        message = {"properties": {}, "routing_key": "orders", "payload": "x", "payload_encoding": "string"}
        for _ in range(3):
            assert self.api("exchanges/%2F/amq.default/publish", json.dumps(message))[0] == 200
        wait_until(lambda: json.loads(self.api("overview")[1]).get("queue_totals", {}).get("messages") == 3, "three messages", 60)


def agent_with(work, section, name="agent"):
    config = work.write(f"{name}.yml", "rabbitmq:\n" + section)
    _, agent = work.agent(f"--config.file={config}", "--collector.disable-defaults", name=name)
    return agent


def page_of(agent):
    return http(f"http://{agent}/metrics/rabbitmq")[1]


ODD_NAMES = ('we"ird', "ünïcode", "with space", "a/b", "quo'te", "back\\slash", "per%cent")


def odd_names(work, broker):
    """Queues and virtual hosts of any name, by each way; the endpoint gets those with quotes wrong itself."""
    for name in ODD_NAMES:
        path = urllib.parse.quote(name, safe="")
        assert broker.api(f"queues/%2F/{path}", "{}", "PUT")[0] == 201
        assert broker.api(f"vhosts/{path}", "{}", "PUT")[0] == 201
        assert broker.api(f"permissions/{path}/guest", '{"configure": ".*", "write": ".*", "read": ".*"}', "PUT")[0] in (201, 204)
    targets = "".join(f"    - {{server: {json.dumps(name)}, amqp: '127.0.0.1:{broker.amqp}', vhost: {json.dumps(name)}}}\n" for name in ODD_NAMES)
    page = page_of(agent_with(work, f"  targets:\n{targets}", "vhosts"))
    for name in ODD_NAMES:
        assert value(page, "rabbitmq_up", server=name.replace("\\", "\\\\").replace('"', '\\"')) == 1, (name, page)
    detailed = f"http://127.0.0.1:{broker.prometheus}/metrics/detailed?vhost=%2F&family=queue_coarse_metrics"
    agent = agent_with(work, f"  targets: [{{endpoint: '{detailed}'}}]\n", "detailed")
    managed = agent_with(work, f"  targets: [{{management: 'http://127.0.0.1:{broker.http}', queues: true}}]\n", "managed-queues")

    def queues(text, name):
        return {dict(labels)["queue"] for _, labels in families(text)[name].series if dict(labels)["vhost"] == "/"}

    escaped = {name.replace("\\", "\\\\").replace('"', '\\"') for name in ODD_NAMES} | {"orders"}
    wait_until(lambda: queues(page_of(managed), "rabbitmq_queue_messages_ready") == escaped, "the API shows all queues", 60)
    text = page_of(agent)
    assert value(text, "rabbitmq_up") == 1 and value(text, "tocsin_rabbitmq_bad_lines") > 0, text
    assert queues(text, "rabbitmq_detailed_queue_messages_ready") == {name for name in escaped if '"' not in name}, text


def test_rabbitmq_by_its_endpoint_by_its_api_and_by_amqp(work):
    broker = Broker(work)
    try:
        ask(work, broker)
    finally:
        broker.kill()


def ask(work, broker):
    broker.fill()

    agent = agent_with(work, f"""
  targets:
    - endpoint: http://127.0.0.1:{broker.prometheus}/metrics
      amqp: 127.0.0.1:{broker.amqp}
""")
    theirs = http(f"http://127.0.0.1:{broker.prometheus}/metrics")[1]
    ours = page_of(agent)
    check_same(theirs, ours, lambda name: re.match(MOVING, name))
    check_has(ours, MUST_HAVE)
    assert value(ours, "rabbitmq_up") == 1 and value(ours, "rabbitmq_source_up", source="amqp") == 1
    assert 0 < value(ours, "rabbitmq_amqp_handshake_seconds") < 5

    # The same names from the management API, where it has them.
    agent = agent_with(work, f"  targets: [{{management: 'http://127.0.0.1:{broker.http}', queues: true}}]\n", "managed")
    managed = page_of(agent)
    assert value(managed, "rabbitmq_queue_messages_ready", queue="orders", vhost="/") == 3
    known, mine = families(theirs), families(managed)
    named = set(mine) - {"rabbitmq_up", "rabbitmq_source_up"} - {name for name in mine if not name.startswith("rabbitmq_")}
    assert named and named <= set(known), f"names that the broker does not use: {named - set(known)}"
    for name in named:
        assert (mine[name].kind, mine[name].help) == (known[name].kind, known[name].help), name
    for name in ("rabbitmq_connections", "rabbitmq_queues", "rabbitmq_resident_memory_limit_bytes", "rabbitmq_process_max_fds", "rabbitmq_alarms_memory_used_watermark"):
        assert value(managed, name) == value(theirs, name), name

    # What the others are told when something is wrong.
    def refused(section, reason):
        name = "refused" + str(free_port())
        page = page_of(agent_with(work, f"  targets: [{section}]\n", name))
        assert value(page, "rabbitmq_up") == 0
        log = next(p for p in work.programs if p.name == name).text()
        assert re.search(reason, log), log
        assert "s3cret" not in log

    odd_names(work, broker)

    encrypted = f"amqp: '127.0.0.1:{broker.amqps}', amqp_tls: true"
    page = page_of(agent_with(work, f"  targets: [{{{encrypted}, tls_config: {{ca_file: {broker.certificate}}}}}]\n", "encrypted"))
    assert value(page, "rabbitmq_up") == 1, page
    refused(f"{{{encrypted}, password: s3cret}}", r"certificate signed by unknown authority")
    refused(f"{{{encrypted.replace(str(broker.amqps), str(broker.amqp))}, tls_config: {{insecure_skip_verify: true}}}}", r"err=.*amqp")
    refused(f"{{amqp: '127.0.0.1:{broker.amqp}', password: s3cret}}", r"ACCESS_REFUSED")
    refused(f"{{amqp: '127.0.0.1:{broker.amqp}', vhost: nowhere}}", r"connection.open: NOT_ALLOWED.*nowhere")
    refused(f"{{amqp: '127.0.0.1:{broker.http}'}}", r"not AMQP|closed the connection|deadline exceeded")
    refused(f"{{amqp: '127.0.0.1:{free_port()}'}}", r"connection refused")
    refused(f"{{management: 'http://127.0.0.1:{broker.http}', password: s3cret}}", r"HTTP status 401")

    # A broker that hangs costs its deadline and nobody else anything; the page says so, and then that it is back.
    agent = agent_with(work, f"""
  deadline: 1s
  targets: [{{endpoint: 'http://127.0.0.1:{broker.prometheus}/metrics', amqp: '127.0.0.1:{broker.amqp}'}}]
""", "watching")
    assert value(page_of(agent), "rabbitmq_up") == 1
    process = broker.beam()
    os.kill(process, signal.SIGSTOP)
    try:
        wait_until(lambda: value(page_of(agent), "rabbitmq_up") == 0, "down", 30)
    finally:
        os.kill(process, signal.SIGCONT)
    wait_until(lambda: value(page_of(agent), "rabbitmq_up") == 1, "up again", 60)
    broker.kill()
    wait_until(lambda: value(page_of(agent), "rabbitmq_up") == 0, "gone", 30)
