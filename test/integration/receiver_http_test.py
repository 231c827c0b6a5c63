"""What a receiver's http_config says, against imposters: proxies, OAuth 2, passwords and tokens in files, TLS, redirects."""
import base64
import json
import os
import select
import socket
import ssl
import threading
import urllib.parse
from http.server import ThreadingHTTPServer

from http_client_test import certificate
from support import free_port, http, http_server_base, wait_until

HEAD = """
route: {receiver: all, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: all
"""


class Imposter:
    """Records requests: (method, target, header fields, body). A target that is a URL, or CONNECT, makes it a proxy: CONNECT tunnels
    to where `tunnels` says. `answers`: by path, (status, header fields, body)."""

    def __init__(self, answers=None, tls=None, tunnels=None, password=None):
        self.requests, imposter = [], self

        class Handler(http_server_base()):
            def note(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
                imposter.requests.append((self.command, self.path, dict(self.headers), body))
                if password and self.headers.get("Proxy-Authorization") != "Basic " + base64.b64encode(password.encode()).decode():
                    self.reply(407, {"Proxy-Authenticate": "Basic"}, "who are you?")
                    return False
                return True

            def reply(self, status, fields, body):
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **fields}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_POST(self):
                if self.note():
                    self.reply(*(answers or {}).get(urllib.parse.urlsplit(self.path).path, (200, {}, "ok")))

            do_GET = do_POST

            def do_CONNECT(self):
                if not self.note():
                    return
                with socket.create_connection(("127.0.0.1", tunnels[self.path])) as far:
                    self.reply(200, {}, "")
                    pair = {self.connection: far, far: self.connection}
                    while pair:
                        for side in select.select(list(pair), [], [], 30)[0]:
                            data = side.recv(1 << 16)
                            if not data:
                                return self.connection.shutdown(socket.SHUT_RDWR)
                            pair[side].sendall(data)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def got(self, path):
        return [r for r in list(self.requests) if urllib.parse.urlsplit(r[1]).path == path and r[0] == "POST"]


def start(work, integrations, environment=()):
    address = f"127.0.0.1:{free_port()}"
    config = work.write("alertmanager.yml", HEAD + integrations)
    work.start("alertmanager", ["env", *environment, work.own("tocsin-ruler"), "alertmanager", f"--config.file={config}",
                                f"--storage.path={work.path('data')}", f"--web.listen-address={address}"], f"http://{address}/-/ready")
    return f"http://{address}"


def fire(url, name):
    body = json.dumps([{"labels": {"alertname": name}, "annotations": {"summary": "s"}}])
    assert http(f"{url}/api/v2/alerts", body, headers={"Content-Type": "application/json"})[0] == 200


def webhook(url, **http_config):
    return f"  - {{url: '{url}', http_config: {json.dumps(http_config)}}}\n"


def test_proxies_of_receivers(work):
    key, cert = certificate(work, "service")
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(cert, key)
    secure, direct = Imposter(tls=server_tls), Imposter()
    proxy = Imposter(tunnels={f"127.0.0.1:{secure.port}": secure.port, "hooks.example.test:443": secure.port})
    private = Imposter(password="me:se:cret")
    through = f"http://127.0.0.1:{proxy.port}"
    url = start(work, "  webhook_configs:\n"
                # No name of these hosts exists: only the proxy can be asked.
                + webhook("http://hooks.example.test/plain?a=b", proxy_url=through)
                + webhook("http://hooks.example.test/private", proxy_url=f"http://me:se%3Acret@127.0.0.1:{private.port}")
                + webhook(f"https://127.0.0.1:{secure.port}/secure", proxy_url=through, tls_config={"ca_file": cert},
                          proxy_connect_header={"X-Tunnel": ["one", "two"]})
                + webhook(f"{direct.url}/direct", proxy_url=through, no_proxy="10.0.0.0/8,127.0.0.1")
                + webhook("http://from.example.test/environment", proxy_from_environment=True)
                + webhook(f"{direct.url}/loopback", proxy_from_environment=True)
                + webhook("http://not.example.test/excepted", proxy_from_environment=True)
                + webhook(f"{direct.url}/none")
                + "  slack_configs:\n"
                + f"  - {{api_url: 'http://hooks.example.test/slack', channel: '#c', http_config: {{proxy_url: '{through}'}}}}\n"
                + "  pagerduty_configs:\n"
                + f"  - {{routing_key: k, url: 'http://events.example.test/pagerduty', http_config: {{proxy_url: '{through}'}}}}\n",
                environment=[f"HTTP_PROXY={through}", "NO_PROXY=not.example.test"])
    fire(url, "Proxied")
    wanted = [(proxy, "/plain"), (private, "/private"), (secure, "/secure"), (direct, "/direct"), (proxy, "/environment"),
              (direct, "/loopback"), (direct, "/none"), (proxy, "/slack"), (proxy, "/pagerduty")]
    for imposter, path in wanted:
        wait_until(lambda: imposter.got(path), path)
    assert proxy.got("/plain")[0][1] == "http://hooks.example.test/plain?a=b" and proxy.got("/plain")[0][2]["Host"] == "hooks.example.test"
    assert json.loads(proxy.got("/plain")[0][3])["groupLabels"] == {"alertname": "Proxied"}
    assert "Proxy-Authorization" not in proxy.got("/plain")[0][2]
    tunnel = [r for r in proxy.requests if r[0] == "CONNECT"][0]
    assert tunnel[1] == f"127.0.0.1:{secure.port}" and "X-Tunnel" in tunnel[2], tunnel
    # The password is the proxy's, not the service's; what goes through a tunnel does not see the tunnel's fields.
    assert "X-Tunnel" not in secure.got("/secure")[0][2] and "Proxy-Authorization" not in secure.got("/secure")[0][2]
    assert not proxy.got("/direct") and not proxy.got("/loopback") and not proxy.got("/excepted")
    wait_until(lambda: "not.example.test" in work.programs[0].text(), "what NO_PROXY names is asked itself, in vain")
    assert "se:cret" not in work.programs[0].text() and "se%3Acret" not in work.programs[0].text()


def test_credentials_of_receivers(work):
    work.write("token", "first\n")
    work.write("password", "pass word\n")
    work.write("client", "client-secret\n")
    service = Imposter()
    issuer = Imposter({"/token": (200, {"Content-Type": "application/json"}, json.dumps({"access_token": "issued", "token_type": "Bearer", "expires_in": 3600}))})
    url = start(work, "  webhook_configs:\n"
                + webhook(f"{service.url}/bearer", authorization={"credentials": "inline"})
                + webhook(f"{service.url}/custom", authorization={"type": "Token", "credentials_file": "token"})
                + webhook(f"{service.url}/basic", basic_auth={"username": "me", "password_file": work.path("password")})
                + webhook(f"{service.url}/headers", http_headers={"X-One": {"values": ["1"]}, "X-File": {"files": ["token"]},
                                                                  "X-Secret": {"secrets": ["hush"]}})
                + webhook(f"{service.url}/oauth", oauth2={"client_id": "us", "client_secret_file": "client", "token_url": f"{issuer.url}/token",
                                                          "scopes": ["page", "wake"], "endpoint_params": {"audience": "pagers"}}))
    fire(url, "One")

    def field(path, alert, name):
        def one():
            return [r for r in service.got(path) if json.loads(r[3])["groupLabels"]["alertname"] == alert]
        return wait_until(one, f"{path} {alert}")[0][2].get(name)

    assert field("/bearer", "One", "Authorization") == "Bearer inline"
    assert field("/custom", "One", "Authorization") == "Token first"
    assert field("/basic", "One", "Authorization") == "Basic " + base64.b64encode(b"me:pass word").decode()
    assert [field("/headers", "One", name) for name in ("X-One", "X-File", "X-Secret")] == ["1", "first", "hush"]
    assert field("/oauth", "One", "Authorization") == "Bearer issued"
    asked = issuer.got("/token")
    assert len(asked) == 1, asked
    form = dict(urllib.parse.parse_qsl(asked[0][3]))
    assert form["grant_type"] == "client_credentials" and form["scope"] == "page wake" and form["audience"] == "pagers", form
    sent = asked[0][2].get("Authorization", "")
    assert sent == "Basic " + base64.b64encode(b"us:client-secret").decode() or form.get("client_secret") == "client-secret", (sent, form)
    # Files that change are read again, a token that is valid is kept.
    work.write("token", "second\n")
    wait_until(lambda: fire(url, f"Two{len(service.requests)}") or any(r[2].get("Authorization") == "Token second" for r in service.got("/custom")),
               "the new token")
    assert len(issuer.got("/token")) == 1
    log = work.programs[0].text()
    for secret in ("inline", "pass word", "client-secret", "issued", "hush"):
        assert secret not in log, secret


def test_tls_and_redirects_of_receivers(work):
    authority = certificate(work, "authority")
    key, cert = certificate(work, "service", authority)
    client_key, client_cert = certificate(work, "client", authority)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    tls.load_verify_locations(authority[1])
    tls.verify_mode = ssl.CERT_REQUIRED
    mutual = Imposter(tls=tls)
    service = Imposter({"/kept": (307, {"Location": "/target-kept"}, ""), "/refused": (307, {"Location": "/target-refused"}, ""),
                        "/seen": (302, {"Location": "/target-seen"}, "")})
    identity = {"ca_file": "authority.pem", "cert_file": "client.pem", "key_file": "client.key"}
    url = start(work, "  webhook_configs:\n"
                + webhook(f"{mutual.url}/mutual", tls_config=identity)
                + webhook(f"{mutual.url}/stranger", tls_config={"ca_file": "authority.pem"})
                + webhook(f"{mutual.url}/unknown", tls_config={"cert_file": "client.pem", "key_file": "client.key"})
                + webhook(f"{mutual.url}/careless", tls_config={**identity, "ca_file": "", "insecure_skip_verify": True})
                + webhook(f"{mutual.url}/misnamed", tls_config={**identity, "server_name": "elsewhere.example"})
                + webhook(f"{service.url}/kept") + webhook(f"{service.url}/refused", follow_redirects=False) + webhook(f"{service.url}/seen"))
    fire(url, "Secure")
    for imposter, path in ((mutual, "/mutual"), (mutual, "/careless"), (service, "/target-kept"), (service, "/refused")):
        wait_until(lambda: imposter.got(path), path)
    assert json.loads(service.got("/target-kept")[0][3])["groupLabels"] == {"alertname": "Secure"}  # 307 keeps method and body
    wait_until(lambda: [r for r in service.requests if r[1] == "/target-seen"], "302 is followed with GET, as by Go")
    assert [r[0] for r in service.requests if r[1] == "/target-seen"][0] == "GET"
    for reason in ("unexpected status code 307", "certificate required", "signed by unknown authority", "wanted to match elsewhere.example"):
        wait_until(lambda: reason in work.programs[0].text(), f"who fails says why: {reason}")
    failing = work.programs[0].text()
    assert not mutual.got("/stranger") and not mutual.got("/unknown") and not mutual.got("/misnamed")
    assert not [r for r in service.requests if r[1] == "/target-refused"]
    assert os.path.exists(client_key) and "PRIVATE KEY" not in failing
