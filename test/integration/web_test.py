"""The listeners of agent and ruler: TLS, client certificates, users, prefixes, beside Debian's Prometheus and OpenSSL."""
import base64
import glob
import http.client
import json
import os
import re
import signal
import ssl

from support import ROOT, free_port, need, query, wait_until

DATA = os.path.join(ROOT, "test", "data", "web")
# alice's password is alice-pass, at cost 10.
USERS = "basic_auth_users:\n  alice: $2y$10$abcdefghijklmnopqrstuudEoaKVop2fapafJbxjXYxm6KFggRwzy\n"
ALICE = {"Authorization": "Basic " + base64.b64encode(b"alice:alice-pass").decode()}


def identity(work, name, san="DNS:localhost,IP:127.0.0.1"):
    """A key and a certificate signed by itself."""
    key, cert = work.path(f"{name}.key"), work.path(f"{name}.crt")
    work.run(need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             key, "-out", cert, "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={san}")
    return key, cert


def tls_section(name, more=""):
    return f"tls_server_config:\n  cert_file: {name}.crt\n  key_file: {name}.key\n{more}"


def get(address, path, headers=None, ca=None, method="GET", tls=True, cert=None):
    """(status, headers, text) of one request."""
    host, port = address.split(":")
    if tls:
        context = ssl.create_default_context(cafile=ca)
        if cert:
            context.load_cert_chain(cert[1], cert[0])
        connection = http.client.HTTPSConnection(host, int(port), timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def start_agent(work, config, ca, name="agent", *flags):
    address = f"127.0.0.1:{free_port()}"
    program = work.start(name, [work.own("tocsin-agent"), f"--web.listen-address={address}", f"--web.config.file={config}",
                                *flags])
    wait_until(lambda: get(address, "/-/ready", ca=ca)[0] == 200, f"{name} ready")
    return program, address


def start_ruler(work, *flags, ca=None, name="ruler", config="{}", prefix=""):
    address = f"127.0.0.1:{free_port()}"
    program = work.start(name, [work.own("tocsin-ruler"), f"--config.file={work.write(name + '.yml', config)}",
                                f"--storage.tsdb.path={work.path(name + '-data')}", f"--web.listen-address={address}", *flags])
    wait_until(lambda: get(address, prefix + "/-/ready", ca=ca, tls=ca is not None)[0] == 200, f"{name} ready")
    return program, address


def test_prometheus_scrapes_agent_and_ruler_over_tls_as_a_user(work):
    _, ca = identity(work, "server")
    config = work.write("web.yml", tls_section("server") + USERS)
    _, agent = start_agent(work, config, ca)
    _, ruler = start_ruler(work, f"--web.config.file={config}", ca=ca)
    for address in (agent, ruler):
        status, headers, _ = get(address, "/metrics", ca=ca)
        assert status == 401 and headers["WWW-Authenticate"] == "Basic", (status, headers)
        assert get(address, "/metrics", ALICE, ca=ca)[0] == 200
    prometheus_config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: secure
    scheme: https
    tls_config: {{ca_file: {ca}}}
    basic_auth: {{username: alice, password: alice-pass}}
    static_configs: [{{targets: ['{agent}', '{ruler}']}}]
  - job_name: nobody
    scheme: https
    tls_config: {{ca_file: {ca}}}
    static_configs: [{{targets: ['{agent}']}}]
  - job_name: plain
    static_configs: [{{targets: ['{ruler}']}}]
""")
    _, prometheus = work.prometheus(prometheus_config)
    wait_until(lambda: query(prometheus, 'sum(up{job="secure"})')[0]["value"][1] == "2", "both are up over TLS")

    def last_error(job):
        import urllib.request
        with urllib.request.urlopen(f"{prometheus}/api/v1/targets") as answer:
            targets = json.load(answer)["data"]["activeTargets"]
        return next(t["lastError"] for t in targets if t["labels"]["job"] == job)
    wait_until(lambda: "401 Unauthorized" in last_error("nobody"), "who has no password is refused")
    wait_until(lambda: "400 Bad Request" in last_error("plain"), "who speaks plain HTTP is told so")


def test_openssl_and_curl_meet_the_client_certificate_policy(work):
    _, ca = identity(work, "server")
    client_key, client_cert = identity(work, "client", "DNS:client.example")
    stranger_key, stranger_cert = identity(work, "stranger", "DNS:client.example")
    config = work.write("web.yml", tls_section("server", "  client_ca_file: client.crt\n"
                                               "  client_auth_type: RequireAndVerifyClientCert\n"
                                               "  client_allowed_sans: [client.example]\n"))
    address = f"127.0.0.1:{free_port()}"
    work.start("agent", [work.own("tocsin-agent"), f"--web.listen-address={address}", f"--web.config.file={config}"])
    wait_until(lambda: get(address, "/-/ready", ca=ca, cert=(client_key, client_cert))[0] == 200, "agent ready")
    text = work.run(need("curl"), "-sS", "--cacert", ca, "--cert", client_cert, "--key", client_key,
                    f"https://{address}/metrics")
    assert "node_load1" in text
    for extra in ([], ["--cert", stranger_cert, "--key", stranger_key]):
        text = work.run(need("curl"), "-sS", "--cacert", ca, *extra, f"https://{address}/metrics", status=None)
        assert "alert" in text and "node_load1" not in text, text
    text = work.run(need("openssl"), "s_client", "-connect", address, "-CAfile", ca, "-cert", client_cert, "-key",
                    client_key, "-alpn", "h2,http/1.1", stdin="GET /-/healthy HTTP/1.0\r\n\r\n", status=None)
    assert "ALPN protocol: http/1.1" in text and "Verify return code: 0 (ok)" in text, text
    text = work.run(need("openssl"), "s_client", "-connect", address, "-CAfile", ca, "-tls1_1", "-cipher",
                    "ALL:@SECLEVEL=0", stdin="", status=None)
    assert "protocol version" in text, text


def test_promtool_and_tocsinctl_agree_on_web_configurations(work):
    # Keys that Debian's promtool 2.42 does not know yet.
    newer = re.compile(r"rate_limit|client_allowed_sans|^ +(cert|key|client_ca):", re.M)
    compared = 0
    for path in sorted(glob.glob(os.path.join(DATA, "*.yml"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        ours = work.run(work.own("tocsinctl"), "check", "web-config", path, status=None)
        assert ours.startswith(f"{path} SUCCESS\n" if path.endswith(".good.yml") else f"{path} FAILED: "), ours
        if newer.search(text):
            continue
        theirs = work.run(need("promtool"), "check", "web-config", path, status=None)
        assert theirs.split()[1] == ours.split()[1], (theirs, ours)
        compared += 1
    assert compared >= 25, compared
    good, bad = os.path.join(DATA, "tls.good.yml"), os.path.join(DATA, "junk.bad.yml")
    work.run(work.own("tocsinctl"), "check", "web-config", good, status=0)
    work.run(work.own("tocsinctl"), "check", "web-config", good, bad, status=1)


def test_a_new_certificate_and_new_users_are_taken_without_a_restart(work):
    _, ca = identity(work, "server")
    config = work.write("web.yml", tls_section("server") + USERS)
    program, address = start_agent(work, config, ca)
    host, port = address.split(":")
    before = ssl.get_server_certificate((host, int(port)))
    identity(work, "server")
    wait_until(lambda: ssl.get_server_certificate((host, int(port))) != before, "the new certificate is shown", 5)
    assert get(address, "/metrics", ca=ca)[0] == 401
    work.write("web.yml", tls_section("server") + "basic_auth_users: {alice: short}\n")
    wait_until(lambda: "hashedSecret too short" in program.text() or not get(address, "/-/ready", ca=ca), "refused", 5)
    assert get(address, "/metrics", ALICE, ca=ca)[0] == 200
    work.write("web.yml", tls_section("server"))
    wait_until(lambda: get(address, "/metrics", ca=ca)[0] == 200, "users are gone", 5)
    assert program.text().count("hashedSecret too short") == 1


def test_a_bad_web_configuration_ends_the_start(work):
    config = work.write("web.yml", "basic_auth_users: {john: doe}\n")
    prometheus_yml = work.write("prometheus.yml", "{}")
    for command in ([work.own("tocsin-agent"), "--web.listen-address=127.0.0.1:0"],
                    [work.own("tocsin-ruler"), f"--config.file={prometheus_yml}", "--web.listen-address=127.0.0.1:0",
                     f"--storage.tsdb.path={work.path('data')}"]):
        text = work.run(*command, f"--web.config.file={config}", status=1)
        assert f"{config}:1:20: user \\\"john\\\": crypto/bcrypt: hashedSecret too short" in text, text


def test_the_ruler_lives_under_a_prefix(work):
    program, address = start_ruler(work, "--web.external-url=http://proxy.example/mon/", "--web.enable-lifecycle",
                                   "--web.cors.origin=https?://good\\.example", f"--web.access-log={work.path('access')}",
                                   prefix="/mon")
    assert get(address, "/-/ready", tls=False)[0] == 404
    status, headers, _ = get(address, "/", tls=False)
    assert (status, headers["Location"]) == (302, "/mon")
    assert get(address, "/mon/", tls=False)[0] == 200
    status, headers, text = get(address, "/mon/api/v1/query?query=1", {"Origin": "https://good.example"}, tls=False)
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://good.example", (headers, text)
    headers = get(address, "/mon/api/v1/query?query=1", {"Origin": "https://evil.example"}, tls=False)[1]
    assert "Access-Control-Allow-Origin" not in headers, headers
    assert get(address, "/mon/api/v1/labels", method="OPTIONS", tls=False)[0] == 204
    assert get(address, "/mon/-/reload", tls=False)[::2] == (405, "Only POST or PUT requests allowed")
    assert get(address, "/mon/-/reload", method="POST", tls=False)[0] == 200
    os.rename(work.path("access"), work.path("access.1"))
    program.signal(signal.SIGHUP)
    wait_until(lambda: "loaded the configuration" in program.text().split("loaded the configuration", 2)[-1] or
               program.text().count("loaded the configuration") >= 3, "reloaded")
    get(address, "/mon/api/v1/labels", tls=False)
    wait_until(lambda: os.path.exists(work.path("access")) and os.path.getsize(work.path("access")), "a new access log")
    with open(work.path("access.1"), encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    assert any(e["path"] == "/mon/api/v1/query" and e["status"] == 200 and e["bytes"] > 0 for e in entries), entries
    assert any(e["path"] == "/" and e["status"] == 302 for e in entries), entries


def test_the_alertmanager_serves_users_over_tls(work):
    _, ca = identity(work, "server")
    config = work.write("web.yml", tls_section("server") + USERS)
    alertmanager = work.write("alertmanager.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")
    address = f"127.0.0.1:{free_port()}"
    work.start("alertmanager", [work.own("tocsin-ruler"), "alertmanager", f"--config.file={alertmanager}",
                                f"--storage.path={work.path('state')}", f"--web.listen-address={address}",
                                f"--web.config.file={config}", "--web.route-prefix=/am"])
    wait_until(lambda: get(address, "/am/-/ready", ca=ca)[0] == 200, "ready")
    assert get(address, "/am/api/v2/status", ca=ca)[0] == 401
    assert get(address, "/am/api/v2/status", ALICE, ca=ca)[0] == 200
