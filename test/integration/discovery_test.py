"""Service discovery: the targets that Debian's Prometheus finds, changes that are seen at once, sources that fail."""
import json
import os
import shutil
import socket
import socketserver
import struct
import threading
import time

from support import Skip, get_json, http, http_server_base, query, wait_until


def found(base, discovered=True):
    """Every target as the API tells it, without what differs from scrape to scrape."""
    keys = ["scrapePool", "labels", "scrapeUrl"] + (["discoveredLabels"] if discovered else [])
    active = get_json(f"{base}/api/v1/targets")["data"]["activeTargets"]
    for target in active:
        for newer in ("always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb", "scrape_native_histograms"):
            target["discoveredLabels"].pop(f"__{newer}__", None)  # Debian's 2.42 does not have them
    return sorted(([target[key] for key in keys] for target in active), key=json.dumps)


def addresses(base, pool):
    return sorted(labels["instance"] for name, labels, _ in found(base, discovered=False) if name == pool)


def replace(path, text):
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.rename(path + ".new", path)


def groups(*names):
    return json.dumps([{"targets": list(names)}])


CONTAINERS = [
    {"Id": "c1", "Names": ["/web"], "Labels": {"com.example/team": "a"},
     "HostConfig": {"NetworkMode": "front"},
     "NetworkSettings": {"Networks": {"front": {"NetworkID": "n1", "IPAddress": "127.0.0.2"},
                                      "back": {"NetworkID": "n2", "IPAddress": "127.0.0.3"}}},
     "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 81, "Type": "tcp"}]},
    {"Id": "c2", "Names": ["/sidecar"], "HostConfig": {"NetworkMode": "container:c1"},
     "NetworkSettings": {"Networks": {}}, "Ports": []},
    {"Id": "c3", "Names": ["/host"], "HostConfig": {"NetworkMode": "host"},
     "NetworkSettings": {"Networks": {"host": {"NetworkID": "n3", "IPAddress": ""}}}, "Ports": []},
]
NETWORKS = [
    {"Id": "n1", "Name": "front", "Scope": "local", "Internal": False, "Ingress": False, "Labels": {"zone": "dmz"}},
    {"Id": "n2", "Name": "back", "Scope": "local", "Internal": True, "Ingress": False, "Labels": {}},
]


def source(path, _):
    """An http_sd endpoint and the Docker Engine API in one."""
    if path == "/sd":
        return 200, "application/json; charset=utf-8", json.dumps([
            {"targets": ["127.0.0.1:1"], "labels": {"a": "b", "__meta_own": "x", "__metrics_path__": "/m"}},
            {"targets": []}, {"targets": ["127.0.0.1:2", "127.0.0.1:3"]}])
    if path.split("?")[0].endswith("/containers/json"):
        return 200, "application/json", json.dumps(CONTAINERS)
    if path.endswith("/networks"):
        return 200, "application/json", json.dumps(NETWORKS)
    return (200, "text/plain", "OK") if path == "/_ping" else (404, "text/plain", "no")


def test_files_endpoints_and_containers_give_the_targets_that_prometheus_finds(work):
    sink = work.sink(source)
    os.makedirs(work.path("targets"))
    work.write("targets/a.json", '[{"targets": ["127.0.0.1:1", "127.0.0.1:2"], "labels": {"env": "prod", "none": ""}}, '
                                 '{"targets": ["127.0.0.1:3"]}]')
    work.write("targets/b.yml", "- targets: ['127.0.0.1:4']\n  labels: {number: 1, yes: 'no'}\n")
    work.write("targets/broken.json", '[{"targets": ["127.0.0.1:5"]}, null]')
    work.write("targets/unread.txt", "- targets: ['127.0.0.1:6']\n")
    text = f"""
global: {{scrape_interval: 1m}}
scrape_configs:
  - job_name: files
    file_sd_configs: [{{files: [targets/*.json, targets/*.yml]}}]
    relabel_configs:
      - {{source_labels: [__meta_filepath], regex: '.*/(.*)', target_label: file}}
  - job_name: endpoint
    http_sd_configs: [{{url: '{sink.url}/sd'}}]
    relabel_configs:
      - {{source_labels: [__meta_url, __meta_own], target_label: origin}}
  - job_name: containers
    docker_sd_configs:
      - host: '{sink.url}'
        host_networking_host: 127.0.0.9:9
    relabel_configs:
      - {{regex: __meta_docker_(container|network|port)_(.+), action: labelmap, replacement: '${{1}}_${{2}}'}}
"""
    _, prometheus = work.prometheus(work.write("theirs.yml", text))
    _, ruler = work.ruler(work.write("ours.yml", text.replace("      - host:", "      - match_first_network: false\n        host:")))
    for pool, count in (("files", 4), ("endpoint", 3), ("containers", 5)):
        wait_until(lambda: len(addresses(prometheus, pool)) == count, f"Prometheus finds {pool}")
        # Debian's 2.42 always looks at all networks of a container, and does not follow it into another one's network.
        shared = ["127.0.0.2:80", "127.0.0.3:80"] if pool == "containers" else []
        wait_until(lambda: len(addresses(ruler, pool)) == count + len(shared), f"the ruler finds {pool}")
        # Nor does it always keep discovered labels apart from relabelled ones; here labelmap shows them all.
        discovered = pool != "containers"
        ours = [t for t in found(ruler, discovered) if t[0] == pool and t[1].get("container_name") != "/sidecar"]
        theirs = [t for t in found(prometheus, discovered) if t[0] == pool]
        assert ours == theirs, [[t for t in a if t not in b] for a, b in ((ours, theirs), (theirs, ours))]
        extra = [t for t in found(ruler) if t[0] == pool and t[1].get("container_name") == "/sidecar"]
        assert sorted(t[1]["instance"] for t in extra) == shared, extra


class UnixSource(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The same by a Unix socket, as a Docker daemon has one."""
    daemon_threads = True

    class Handler(http_server_base()):
        def do_GET(self):
            status, kind, text = source(self.path, None)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Api-Version", "1.41")
            self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_HEAD = do_GET

    def __init__(self, path):
        super().__init__(path, self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_a_docker_daemon_is_asked_by_its_unix_socket(work):
    path = work.path("docker.sock")
    with UnixSource(path) as daemon:
        config = work.write("prometheus.yml", f"""
scrape_configs:
  - job_name: containers
    docker_sd_configs: [{{host: 'unix://{path}', refresh_interval: 1s}}]
""")
        program, ruler = work.ruler(config)
        first = ["127.0.0.3:80", "127.0.0.3:81", "localhost"]  # two are one by their labels
        wait_until(lambda: addresses(ruler, "containers") == first, "the first network of each container is found")
        daemon.shutdown()
    os.unlink(path)
    wait_until(lambda: "Unable to refresh target groups" in program.text(), "the daemon is missed")
    assert addresses(ruler, "containers") == first


def test_a_file_that_is_replaced_is_scraped_at_once_and_a_broken_one_keeps_its_targets(work):
    target = work.sink(lambda path, _: (200, "text/plain; version=0.0.4", "x 1\n"))
    here, there = f"127.0.0.1:{target.port}", f"localhost:{target.port}"
    os.makedirs(work.path("targets"))
    path = work.write("targets/a.json", groups(here))
    config = work.write("prometheus.yml", """
global: {scrape_interval: 100ms, scrape_timeout: 100ms}
scrape_configs:
  - job_name: files
    file_sd_configs: [{files: ['targets/*.json', 'later/deep/*.yml'], refresh_interval: 1h}]
""")
    program, ruler = work.ruler(config)
    wait_until(lambda: query(ruler, f"x{{instance='{here}'}}"), "the first target is scraped")
    began = time.monotonic()
    replace(path, groups(here, there))
    wait_until(lambda: query(ruler, f"x{{instance='{there}'}}"), "the new target is scraped")
    print(f"      a new target in a replaced file had samples after {time.monotonic() - began:.2f} s", flush=True)

    work.write("targets/a.json", '[{"targets": ["' + here)
    wait_until(lambda: "Error reading file" in program.text(), "the broken file is named")
    assert addresses(ruler, "files") == sorted([here, there])
    replace(path, groups(here))
    wait_until(lambda: addresses(ruler, "files") == [here], "the file is good again")

    os.makedirs(work.path("later/deep"))
    work.write("later/deep/b.yml", f"- targets: ['{there}']\n")
    wait_until(lambda: addresses(ruler, "files") == sorted([here, there]), "a folder that appears later is found")
    shutil.rmtree(work.path("later"))
    wait_until(lambda: addresses(ruler, "files") == [here], "its targets go with it")


def test_files_of_a_configmap_are_read_again_when_it_is_swapped(work):
    folder = work.path("mounted")
    for version, address in (("..v1", "127.0.0.1:1"), ("..v2", "127.0.0.1:2")):
        os.makedirs(f"{folder}/{version}")
        work.write(f"mounted/{version}/a.json", groups(address))
    os.symlink("..v1", f"{folder}/..data")
    os.symlink("..data/a.json", f"{folder}/a.json")
    config = work.write("prometheus.yml", """
scrape_configs:
  - job_name: files
    file_sd_configs: [{files: [mounted/*.json], refresh_interval: 1h}]
""")
    _, ruler = work.ruler(config)
    wait_until(lambda: addresses(ruler, "files") == ["127.0.0.1:1"], "the first version is read")
    os.symlink("..v2", f"{folder}/..data_tmp")
    os.rename(f"{folder}/..data_tmp", f"{folder}/..data")
    wait_until(lambda: addresses(ruler, "files") == ["127.0.0.1:2"], "the second version is read")


def test_an_endpoint_that_fails_keeps_its_targets_over_a_reload_too(work):
    answers = {"/a": (200, "application/json", groups("127.0.0.1:1")), "/b": (200, "application/json", groups("127.0.0.1:2"))}
    asked = []
    sink = work.sink(lambda path, _: asked.append(path) or answers[path])
    text = "scrape_configs:\n  - job_name: endpoint\n    http_sd_configs:\n"
    entry = f"      - {{url: '{sink.url}/%s', refresh_interval: 200ms}}\n"
    config = work.write("prometheus.yml", text + entry % "a" + entry % "b")
    program, ruler = work.ruler(config, None, "--web.enable-lifecycle")
    wait_until(lambda: addresses(ruler, "endpoint") == ["127.0.0.1:1", "127.0.0.1:2"], "both endpoints are heard")
    answers["/b"] = (500, "text/plain", "broken")
    wait_until(lambda: "server returned HTTP status 500 Internal Server Error" in program.text(), "the failure is logged")
    replace(config, text + entry % "b")
    assert http(f"{ruler}/-/reload", b"", "POST")[0] == 200
    before = asked.count("/b")
    wait_until(lambda: asked.count("/b") > before + 2, "the failing endpoint is asked again")
    assert addresses(ruler, "endpoint") == ["127.0.0.1:2"]
    answers["/b"] = (200, "application/json", groups("127.0.0.1:3"))
    wait_until(lambda: addresses(ruler, "endpoint") == ["127.0.0.1:3"], "the endpoint is heard again")
    assert program.text().count("Unable to refresh target groups") <= 2


class NameServer:
    """Answers by a table on UDP port 53 of a loopback address of its own."""
    ADDRESS = "127.153.0.53"
    TYPES = {"A": 1, "NS": 2, "MX": 15, "AAAA": 28, "SRV": 33}

    def __init__(self, table):
        self.table = table
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((self.ADDRESS, 53))
        except OSError as error:
            raise Skip(f"port 53 of {self.ADDRESS}: {error}") from error
        threading.Thread(target=self.serve, daemon=True).start()

    @staticmethod
    def name(text):
        return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".")) + b"\0"

    def serve(self):
        while True:
            try:
                message, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            labels, at = [], 12
            while message[at]:
                labels.append(message[at + 1:at + 1 + message[at]].decode())
                at += message[at] + 1
            kind = struct.unpack("!H", message[at + 1:at + 3])[0]
            records = self.table.get((".".join(labels), kind))
            flags = 0x8180 if records is not None else 0x8183
            answer = message[:2] + struct.pack("!HHHHH", flags, 1, len(records or []), 0, 0) + message[12:at + 5]
            for data in records or []:
                answer += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
            self.socket.sendto(answer, peer)


def test_dns_records_give_the_targets_that_prometheus_finds(work):
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("needs root, for a resolv.conf of its own")
    name, kinds = NameServer.name, NameServer.TYPES
    server = NameServer({
        ("_x._tcp.example", kinds["SRV"]): [struct.pack("!HHH", 0, 0, 1000 + i) + name(f"n{i}.example") for i in range(3)],
        ("node.search.example", kinds["A"]): [bytes([127, 0, 0, 9]), bytes([127, 0, 0, 8])],
        ("six.example", kinds["AAAA"]): [socket.inet_pton(socket.AF_INET6, "2001:db8::1")],
        ("example", kinds["MX"]): [struct.pack("!H", 10) + name("mail.example")],
        ("example", kinds["NS"]): [name("ns1.example"), name("ns2.example")],
    })
    resolv_conf = work.write("resolv.conf", f"nameserver {NameServer.ADDRESS}\nsearch search.example\n")
    wrapper = work.write("with_resolv_conf", f'#!/bin/sh\nexec unshare -m sh -c \'mount --bind {resolv_conf} '
                                             f'"$(readlink -f /etc/resolv.conf)" && exec "$@"\' sh "$@"\n')
    os.chmod(wrapper, 0o755)
    if work.run(wrapper, "cat", "/etc/resolv.conf", status=None) != open(resolv_conf, encoding="utf-8").read():
        raise Skip("a resolv.conf of its own cannot be mounted here")
    text = """
scrape_configs:
  - job_name: dns
    dns_sd_configs:
      - {names: [_x._tcp.example, missing.example], type: SRV}
      - {names: [node], type: A, port: 80}
      - {names: [six.example], type: aaaa, port: 80}
      - {names: [example], type: MX, port: 25}
"""
    # Each program is started by the wrapper, which becomes it.
    start = work.start
    work.start = lambda label, command, *rest: start(label, [wrapper, *command], *rest)
    _, prometheus = work.prometheus(work.write("theirs.yml", text))
    # Debian's 2.42 does not know NS.
    newer = "  - job_name: newer\n    dns_sd_configs: [{names: [example.], type: NS, port: 53}]\n"
    _, ruler = work.ruler(work.write("ours.yml", text + newer))
    wait_until(lambda: len(addresses(prometheus, "dns")) == 7, "Prometheus has found all")
    wait_until(lambda: len(addresses(ruler, "dns")) == 7, "the ruler has found all")
    ours = [target for target in found(ruler) if target[0] == "dns"]
    assert ours == found(prometheus), (ours, found(prometheus))
    wait_until(lambda: addresses(ruler, "newer") == ["ns1.example:53", "ns2.example:53"], "NS records are found")
    server.socket.close()
