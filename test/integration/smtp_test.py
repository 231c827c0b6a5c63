"""E-mail, to a real mail server: npm's smtp-server, which test/run installs where there is npm."""
import email
import email.policy
import json
import os
import subprocess

from support import ROOT, need, node_modules, wait_until

CONFIG = """
global: {{smtp_smarthost: 'localhost:{port}', smtp_from: 'Alerts <am@example.com>', smtp_auth_username: user,
          smtp_auth_password_file: password, smtp_auth_secret: secret, smtp_tls_config: {{ca_file: cert.pem}}{more}}}
route: {{receiver: mail}}
receivers: [{{name: mail, email_configs: [{{to: 'Ops <ops@example.com>, second@example.com', text: 'plain {{{{ .Status }}}}'}}]}}]
"""


class Server:
    def __init__(self, work, mode, mechanism):
        modules = node_modules("smtp-server")
        work.run(need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-keyout", work.path("key.pem"), "-out", work.path("cert.pem"), "-subj", "/CN=localhost", "-addext",
                 "subjectAltName=DNS:localhost")
        self.log = work.path("smtp.log")
        with open(self.log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([need("node"), os.path.join(ROOT, "test/integration/smtp_server.js"), work.path(""), mode,
                                             mechanism], stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "NODE_PATH": modules})
        self.port = wait_until(lambda: self.said()[0]["port"], "the mail server listens")

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def send(work, server, password="secret", more=""):
    """What `tocsinctl notify test` says."""
    work.write("password", password + "\n")
    config = work.write("alertmanager.yml", CONFIG.format(port=server.port, more=more))
    done = subprocess.run([work.own("tocsinctl"), "notify", "test", f"--config.file={config}", "--receiver=mail"], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_a_mail_reaches_a_real_server_by_each_mechanism(work):
    for mode, mechanism, more in (("starttls", "PLAIN", ""), ("starttls", "LOGIN", ""), ("starttls", "CRAM-MD5", ""),
                                  ("implicit", "PLAIN", ", smtp_force_implicit_tls: true")):
        with Server(work, mode, mechanism) as server:
            status, said = send(work, server, more=more)
            assert status == 0, said
            auth, mail = server.said()[1:]
            assert auth == {"auth": mechanism, "known": True, "secure": True}
            assert (mail["from"], mail["to"], mail["secure"]) == ("am@example.com", ["ops@example.com", "second@example.com"], True)
            parsed = email.message_from_string(mail["text"], policy=email.policy.default)
            assert parsed["From"] == "Alerts <am@example.com>" and parsed["Subject"].startswith("[FIRING:1] "), parsed.items()
            text, html = parsed.iter_parts()
            assert text.get_content_type() == "text/plain" and text.get_content().strip() == "plain firing"
            assert "View in Alertmanager" in html.get_content() and not parsed.defects


def test_a_mail_server_that_refuses_is_told_of(work):
    with Server(work, "starttls", "PLAIN") as server:
        status, said = send(work, server, password="wrong-one")
        assert status != 0 and "*smtp.plainAuth auth: 535" in said and "wrong-one" not in said, said
    with Server(work, "plain", "PLAIN") as server:
        status, said = send(work, server)
        assert status != 0 and "does not advertise the STARTTLS extension" in said, said
        assert len(server.said()) == 1
        status, said = send(work, server, more=", smtp_require_tls: false")
        assert status == 0 and server.said()[-1]["secure"] is False, said
