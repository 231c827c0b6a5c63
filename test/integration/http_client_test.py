"""The ruler's HTTP clients against Debian's nginx: TLS, client certificates, passwords, files that rotate, redirects."""
import os

from support import Skip, free_port, get_json, need, query, wait_until

PAGE = "# TYPE from_nginx gauge\nfrom_nginx 1\n"


def certificate(work, name, authority=None):
    """A key and a certificate for 127.0.0.1, signed by the authority or by itself; paths of both."""
    key, cert = work.path(f"{name}.key"), work.path(f"{name}.pem")
    command = [need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
               "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]
    if authority:
        command += ["-CA", authority[1], "-CAkey", authority[0]]
    work.run(*command)
    return key, cert


def start_nginx(work, server_key, server_cert, client_ca):
    """A page behind a password and one behind a client certificate, and one that sends away. Returns the ports."""
    if not os.path.exists("/usr/sbin/nginx"):
        raise Skip("nginx is not installed")
    password, mutual, plain = free_port(), free_port(), free_port()
    work.write("www/metrics", PAGE)
    work.write("users", "prom:{PLAIN}s3cret\n")
    tls = f"ssl_certificate {server_cert}; ssl_certificate_key {server_key};"
    config = work.write("nginx.conf", f"""
daemon off; master_process off; pid {work.path('nginx.pid')}; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log {work.path('access.log')}; default_type text/plain; root {work.path('www')};
  client_body_temp_path {work.path('t1')}; proxy_temp_path {work.path('t2')}; fastcgi_temp_path {work.path('t3')};
  uwsgi_temp_path {work.path('t4')}; scgi_temp_path {work.path('t5')};
  server {{
    listen 127.0.0.1:{password} ssl; {tls}
    auth_basic "metrics"; auth_basic_user_file {work.path('users')};
    location = /hook {{ error_page 404 405 =200 /taken; }}
    location = /taken {{ return 200 "ok"; }}
  }}
  server {{
    listen 127.0.0.1:{mutual} ssl; {tls} ssl_protocols TLSv1.3;
    ssl_client_certificate {client_ca}; ssl_verify_client on;
  }}
  server {{
    listen 127.0.0.1:{plain};
    location = /ready {{ return 200 "ok"; }}
    location = /away {{ return 302 https://127.0.0.1:{password}/metrics; }}
    location = /loop {{ return 302 /loop; }}
  }}
}}
""")
    work.start("nginx", ["/usr/sbin/nginx", "-c", config, "-p", work.folder, "-e", "stderr"], f"http://127.0.0.1:{plain}/ready")
    return password, mutual, plain


def errors(base):
    return {target["labels"]["job"]: (target["health"], target["lastError"])
            for target in get_json(f"{base}/api/v1/targets")["data"]["activeTargets"]}


def test_targets_behind_nginx(work):
    authority, stranger = certificate(work, "authority"), certificate(work, "stranger")
    server, ours = certificate(work, "server", authority), certificate(work, "ours", authority)
    password, mutual, plain = start_nginx(work, *server, authority[1])
    work.write("password", "wrong\n")
    ca = f"ca_file: {authority[1]}"
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
  - job_name: password
    scheme: https
    tls_config: {{{ca}}}
    basic_auth: {{username: prom, password_file: password}}
    static_configs: [{{targets: ['127.0.0.1:{password}']}}]
  - job_name: certificate
    scheme: https
    tls_config: {{{ca}, cert_file: ours.pem, key_file: ours.key, min_version: TLS13}}
    static_configs: [{{targets: ['127.0.0.1:{mutual}']}}]
  - job_name: no_certificate
    scheme: https
    tls_config: {{{ca}}}
    static_configs: [{{targets: ['127.0.0.1:{mutual}']}}]
  - job_name: unknown
    scheme: https
    tls_config: {{ca_file: {stranger[1]}}}
    static_configs: [{{targets: ['127.0.0.1:{password}']}}]
  - job_name: wrong_name
    scheme: https
    tls_config: {{{ca}, server_name: elsewhere}}
    static_configs: [{{targets: ['127.0.0.1:{password}']}}]
  - job_name: blind
    scheme: https
    tls_config: {{insecure_skip_verify: true}}
    basic_auth: {{username: prom, password: s3cret}}
    static_configs: [{{targets: ['127.0.0.1:{password}']}}]
  - job_name: plain_as_tls
    scheme: https
    static_configs: [{{targets: ['127.0.0.1:{plain}']}}]
  - job_name: away
    metrics_path: /away
    tls_config: {{{ca}}}
    basic_auth: {{username: prom, password: s3cret}}
    static_configs: [{{targets: ['127.0.0.1:{plain}']}}]
  - job_name: loop
    metrics_path: /loop
    static_configs: [{{targets: ['127.0.0.1:{plain}']}}]
""")
    _, base = work.ruler(config)
    url = f'Get "https://127.0.0.1:{password}/metrics": '
    verify = "tls: failed to verify certificate: x509: "
    expected = {
        "password": ("down", "server returned HTTP status 401 Unauthorized"),
        "certificate": ("up", ""),
        "no_certificate": ("down", "server returned HTTP status 400 Bad Request"),
        "unknown": ("down", url + verify + "certificate signed by unknown authority"),
        "wrong_name": ("down", url + verify + "certificate is not valid for any names, but wanted to match elsewhere"),
        "blind": ("up", ""),
        "plain_as_tls": ("down", f'Get "https://127.0.0.1:{plain}/metrics": http: server gave HTTP response to HTTPS client'),
        "away": ("up", ""),  # the same host by another port, as Go sees it
        "loop": ("down", 'Get "/loop": stopped after 10 redirects'),
    }
    seen = {}

    def as_expected():
        seen.update(errors(base))
        return all(seen.get(job) == verdict or job == "loop" and seen[job][1].endswith("stopped after 10 redirects")
                   for job, verdict in expected.items())

    try:
        wait_until(as_expected, "every target has its verdict", 20)
    except AssertionError:
        raise AssertionError(f"{[(job, seen.get(job), verdict) for job, verdict in expected.items() if seen.get(job) != verdict]}") from None

    # A password that changes is used without a reload; so is a certificate, and a file that goes fails by its name.
    work.write("password", "s3cret\n")
    wait_until(lambda: errors(base)["password"] == ("up", ""), "the new password is used")
    assert query(base, "from_nginx{job='password'}")[0]["value"][1] == "1"
    os.rename(work.path("ours.pem"), work.path("gone.pem"))
    wait_until(lambda: errors(base)["certificate"][1].endswith(
        f"unable to read client cert: unable to read file {work.path('ours.pem')}: open {work.path('ours.pem')}: no such file or directory"),
               "the missing certificate is told")
    os.rename(work.path("gone.pem"), work.path("ours.pem"))
    wait_until(lambda: errors(base)["certificate"] == ("up", ""), "the certificate is back")


def test_notifications_and_queries_through_nginx(work):
    """A webhook and tocsinctl, each with a password over TLS; what is said of failures names no password."""
    server = certificate(work, "server")
    password, _, _ = start_nginx(work, *server, server[1])
    access = f"tls_config: {{ca_file: {server[1]}}}\nbasic_auth: {{username: prom, password: %s}}\n"
    good, bad = work.write("good.yml", access % "s3cret"), work.write("bad.yml", access % "wr0ng")

    def ask(*flags):
        return work.run(work.own("tocsinctl"), "query", "instant", *flags, f"https://127.0.0.1:{password}", "up", status=1)

    answers = ask("--http.config.file", good), ask("--http.config.file", bad), ask()
    assert "answered 404" in answers[0], answers  # let in: the file is not there
    assert "answered 401" in answers[1], answers
    assert "x509: " in answers[2], answers
    assert not any("s3cret" in answer or "wr0ng" in answer for answer in answers), answers

    work.write("hook_password", "wr0ng\n")
    alertmanager = work.write("alertmanager.yml", f"""
route: {{receiver: hook, group_wait: 0s, group_by: [again]}}
receivers:
  - name: hook
    webhook_configs:
      - url: https://127.0.0.1:{password}/hook
        http_config:
          tls_config: {{ca_file: {server[1]}}}
          basic_auth: {{username: prom, password_file: hook_password}}
""")
    ruler, base = work.ruler(work.write("prometheus.yml", "global: {scrape_interval: 1h}\n"), alertmanager)
    work.run(work.own("tocsinctl"), "alert", "test", "--alertmanager.url", base)

    def logged(what):
        with open(work.path("access.log"), encoding="utf-8") as log:
            return [line for line in log if what in line]

    wait_until(lambda: logged('"POST /hook HTTP/1.1" 401'), "the wrong password is refused")
    work.write("hook_password", "s3cret\n")
    count = 0

    def sent_again():  # files are looked at once a second
        nonlocal count
        count += 1
        work.run(work.own("tocsinctl"), "alert", "test", "--alertmanager.url", base, "--label", f"again={count}")
        return logged('"POST /hook HTTP/1.1" 200')

    taken = wait_until(sent_again, "the new password is used")
    assert " prom " in taken[0], taken
    assert "s3cret" not in ruler.text() and "wr0ng" not in ruler.text()
