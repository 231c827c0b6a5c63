"""SNS through a role: STS and SNS are imposters that check each signature as AWS does."""
import datetime
import hashlib
import hmac
import json
import threading
import urllib.parse
from http.server import ThreadingHTTPServer

from support import free_port, http, http_server_base, wait_until

BASE = {"AKIDBASE": ("base-secret", None)}
CONFIG = """
route: {{receiver: r, group_by: [alertname], group_wait: 100ms, group_interval: 1s}}
receivers:
  - name: r
    sns_configs:
      - api_url: '{sns}/'
        sigv4: {{region: eu-west-1, access_key: AKIDBASE, secret_key: base-secret, role_arn: 'arn:aws:iam::1:role/pager', external_id: ext}}
        topic_arn: 'arn:aws:sns:eu-west-1:1:pages'
        subject: '{{{{ .Status }}}} {{{{ .CommonLabels.alertname }}}}'
        message: 'über & <b> {{{{ len .Alerts }}}}'
        attributes: {{severity: '{{{{ .CommonLabels.severity }}}}'}}
"""


def signature(secret, method, path, headers, signed, body, date, region, service):
    """Signature Version 4, written from AWS' description."""
    canonical = "\n".join([method, path, "", *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed),
                           hashlib.sha256(body).hexdigest()])
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (date[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Aws:
    """STS or SNS: takes what is signed with keys that it knows, and keeps it."""

    def __init__(self, service, keys, answer):
        self.service, self.keys, self.calls, self.refused = service, keys, [], []
        aws = self

        class Handler(http_server_base()):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                wrong = aws.wrong(self.path, headers, body)
                (aws.refused if wrong else aws.calls).append(wrong or dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True)))
                data = (f"<ErrorResponse><Error><Message>{wrong}</Message></Error></ErrorResponse>" if wrong else answer(aws)).encode()
                self.send_response(403 if wrong else 200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wrong(self, path, headers, body):
        kind, _, rest = headers.get("authorization", "").partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, day, region, service, end = fields["Credential"].split("/")
        signed = fields["SignedHeaders"].split(";")
        if kind != "AWS4-HMAC-SHA256" or service != self.service or region != "eu-west-1" or end != "aws4_request":
            return f"scope {fields['Credential']}"
        if key not in self.keys:
            return f"unknown key {key}"
        secret, token = self.keys[key]
        if headers.get("x-amz-security-token") != token:
            return "the token is not the key's"
        must = ["host", "x-amz-date"] + (["x-amz-security-token"] if token else [])
        if not set(must) <= set(signed) or signed != sorted(signed):
            return f"signed headers {signed}"
        date = headers["x-amz-date"]
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs(age.total_seconds()) > 300 or not date.startswith(day):
            return f"date {date}"
        if fields["Signature"] != signature(secret, "POST", path, headers, signed, body, date, region, service):
            return "the signature does not match"
        return None

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def session_answer(sts):
    """New keys with each call, for an hour."""
    number = len(sts.calls)
    sts.given[f"ASIA{number}"] = (f"role/secret+{number}==", f"token/{number}+=")
    expires = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ("<AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleResult><Credentials>"
            f"<AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>role/secret+{number}==</SecretAccessKey>"
            f"<SessionToken>token/{number}+=</SessionToken><Expiration>{expires}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>")


def test_a_page_goes_to_sns_with_the_keys_of_an_assumed_role(work):
    role_keys = {}
    sts = Aws("sts", BASE, session_answer)
    sts.given = role_keys
    sns = Aws("sns", role_keys, lambda aws: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>")
    try:
        address = f"127.0.0.1:{free_port()}"
        config = work.write("alertmanager.yml", CONFIG.format(sns=sns.url))
        work.start("alertmanager", ["env", f"AWS_ENDPOINT_URL_STS={sts.url}", work.own("tocsin-ruler"), "alertmanager",
                                    f"--config.file={config}", f"--storage.path={work.path('data')}", f"--web.listen-address={address}"],
                   f"http://{address}/-/ready")

        def post(**alert):
            body = json.dumps([{"labels": {"alertname": "Disk", "severity": "critical"}, "startsAt": "2026-01-01T00:00:00Z", **alert}])
            assert http(f"http://{address}/api/v2/alerts", body, headers={"Content-Type": "application/json"})[0] == 200

        post(endsAt="2099-01-01T00:00:00Z")
        page = wait_until(lambda: sns.calls and sns.calls[0], "the page")
        assert sts.calls[0]["Action"] == "AssumeRole" and sts.calls[0]["ExternalId"] == "ext", sts.calls
        assert sts.calls[0]["RoleArn"] == "arn:aws:iam::1:role/pager" and sts.calls[0]["Version"] == "2011-06-15", sts.calls
        assert page["Action"] == "Publish" and page["TopicArn"] == "arn:aws:sns:eu-west-1:1:pages", page
        assert page["Subject"] == "firing Disk" and page["Message"] == "über & <b> 1", page
        assert page["MessageAttributes.entry.1.Name"] == "severity", page
        assert page["MessageAttributes.entry.1.Value.StringValue"] == "critical", page
        post(endsAt="2026-01-02T00:00:00Z")
        wait_until(lambda: len(sns.calls) == 2 and sns.calls[1]["Subject"] == "resolved Disk", "the resolve")
        assert len(sts.calls) == 1, "the role's keys are kept"
        assert not sts.refused and not sns.refused, (sts.refused, sns.refused)
    finally:
        sts.close()
        sns.close()
