"""The agent's nginx source beside Debian's nginx and nginx exporter."""
import os
import signal
import socket

from same_pages import check_same, families, value
from support import free_port, http, need, wait_until


def nginx(work, access_log, extra="", log_format=None):
    """nginx in a folder of its own; its port. It logs by the format `timed`, or the one that is given."""
    port = free_port()
    for folder in ("nginx/logs", "nginx/body", "nginx/other"):
        os.makedirs(work.path(folder), exist_ok=True)
    config = work.write("nginx/nginx.conf", f"""
user root; daemon off; pid {work.path("nginx/pid")}; error_log {work.path("nginx/error.log")};
events {{}}
http {{
  client_body_temp_path {work.path("nginx/body")}; proxy_temp_path {work.path("nginx/other")}; fastcgi_temp_path {work.path("nginx/other")};
  uwsgi_temp_path {work.path("nginx/other")}; scgi_temp_path {work.path("nginx/other")};
  {FORMAT if log_format is None else log_format}
  access_log {access_log};
  server {{
    listen 127.0.0.1:{port};
    server_name shop.example;
    location /stub_status {{ stub_status; access_log off; }}
    location /ok {{ return 200 "fine"; }}
    location /bad {{ return 503; }}
    location /far {{ proxy_pass http://127.0.0.1:{port}/ok; }}
  }}
  {extra}
}}
""")
    program = work.start("nginx", [need("nginx"), "-c", config, "-p", work.path("nginx"), "-e", work.path("nginx/error.log")],
                         f"http://127.0.0.1:{port}/stub_status")
    return program, port


FORMAT = ("log_format timed '$remote_addr [$time_local] \"$request\" $status $bytes_sent '\n"
          "                 '$host $request_time $upstream_response_time \"$http_user_agent\"';")


def agent(work, section):
    config = work.write("agent.yml", "node: {enabled: false}\n" + section)
    return work.agent(f"--config.file={config}")[1]


def page(address):
    status, text = http(f"http://{address}/metrics/nginx")
    assert status == 200, text[:500]
    return text


def requests(text, status, method="GET", host="127.0.0.1"):
    return value(text, "nginx_http_requests_total", status=str(status), method=method, host=host) or 0


def test_every_family_of_the_nginx_exporter_is_there(work):
    program, port = nginx(work, "off")
    peer = free_port()
    work.start("nginx_exporter", [need("prometheus-nginx-exporter"), f"-nginx.scrape-uri=http://127.0.0.1:{port}/stub_status",
                                  f"-web.listen-address=127.0.0.1:{peer}"], f"http://127.0.0.1:{peer}/metrics")
    address = agent(work, f"nginx: {{deadline: 1s, targets: ['http://127.0.0.1:{port}/stub_status']}}")
    theirs = http(f"http://127.0.0.1:{peer}/metrics")[1]
    # Each of the two asks by a connection of its own, which the other sees.
    check_same(theirs, page(address), lambda name: name.startswith(("nginx_connections_", "nginx_http_requests_total")),
               other_series=lambda name: name == "nginxexporter_build_info")
    os.kill(program.pid, signal.SIGSTOP)
    workers = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and parent_of(pid) == program.pid]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: value(page(address), "nginx_up") == 0, "an nginx that stands still is down")
    for pid in workers + [program.pid]:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: value(page(address), "nginx_up") == 1, "it is up again")


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def test_the_access_log_is_counted_through_rotation(work):
    log = work.path("nginx/logs/access.log")
    program, port = nginx(work, log + " timed")
    http(f"http://127.0.0.1:{port}/ok")  # before the agent came: not counted
    address = agent(work, f"""
nginx:
  targets:
    - url: http://127.0.0.1:{port}/stub_status
      access_log:
        file: {log}
        format: |
          {FORMAT.replace(chr(10), chr(10) + "          ")}
""")
    page(address)
    for _ in range(5):
        http(f"http://127.0.0.1:{port}/ok")
    http(f"http://127.0.0.1:{port}/bad", method="POST", body="x")
    http(f"http://127.0.0.1:{port}/far")
    wait_until(lambda: requests(page(address), 200) == 7, "all requests are counted")  # /far asks for /ok
    text = page(address)
    assert requests(text, 503, "POST") == 1
    assert value(text, "nginx_http_request_duration_seconds_count", host="127.0.0.1") == 8
    assert value(text, "nginx_http_upstream_time_seconds_count", host="127.0.0.1") == 1
    assert value(text, "nginx_up") == 1 and value(text, "nginx_http_requests_total") > 7
    assert value(text, "tocsin_nginx_access_log_bad_lines_total") == 0
    os.rename(log, log + ".1")
    http(f"http://127.0.0.1:{port}/ok")  # still into the renamed file
    program.signal(signal.SIGUSR1)
    wait_until(lambda: os.path.exists(log), "nginx opens a new log")
    for _ in range(3):
        http(f"http://127.0.0.1:{port}/ok")
    wait_until(lambda: requests(page(address), 200) == 11, "requests of both files are counted")
    with open(log, "r+b") as cut:
        cut.truncate(0)
    wait_until(lambda: value(page(address), "tocsin_nginx_access_log_lag_bytes") == 0, "the cut is seen")
    page(address)
    http(f"http://127.0.0.1:{port}/ok")
    wait_until(lambda: requests(page(address), 200) == 12, "requests after the cut are counted")


# Requests of well-meaning and of other clients: (what is sent, method and status that are logged).
REQUESTS = (
    (b"GET /ok HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: a\"b\\c'd\r\nConnection: close\r\n\r\n", "GET", 200),
    (b"GET /ok HTTP/1.0\r\n\r\n", "GET", 200),
    (b"GET /ok\r\n", "GET", 200),
    (b"POST /bad HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "POST", 503),
    (b"PROPFIND /ok HTTP/1.1\r\nHost: shop.example.\r\nConnection: close\r\n\r\n", "PROPFIND", 200),
    (b"NOTAMETHOD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "other", 405),
    ("GET /\u00fc?q=\"x HTTP/1.1\r\nHost: \u00fc.example\r\nConnection: close\r\n\r\n".encode(), "GET", 404),
    (b"GET /ok HTTP/1.1\r\nHost: EVIL\"host:99\r\nUser-Agent: \t\x01\x7f\xff\r\nConnection: close\r\n\r\n", "GET", 200),
    (b"\x16\x03\x01\x00\xa5\x01\x00\x00", None, 400),
    (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: long\r\n\r\n", None, 414),
)
FORMATS = {
    "combined": "",
    "json": """log_format json escape=json '{"status":"$status","request_method":"$request_method","host":"$host","request_time":$request_time,'
             '"upstream_response_time":"$upstream_response_time","bytes_sent":$bytes_sent,"agent":"$http_user_agent","request":"$request"}';""",
    "long": """log_format long '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
             'rt=$request_time uct="$upstream_connect_time" urt="$upstream_response_time" len=$request_length gz=$gzip_ratio ${host}';""",
    "raw": "log_format raw escape=none '$status|$request_method|$server_name|$request_time|$request_uri|$http_user_agent';",
    "tabs": r"log_format tabs '$msec\t$status\t$request\t$server_name\t$bytes_sent\t$request_time';",
}


def test_formats_of_the_access_log_are_read_as_nginx_writes_them(work):
    """The same requests in each format: none is lost, and none is taken for another."""
    for name, log_format in FORMATS.items():
        os.makedirs(work.path(name))
        log = work.path(f"{name}/access.log")
        program, port = nginx(work, f"{log} {name}", log_format=log_format)
        config = work.write(f"{name}/agent.yml", f"""
node: {{enabled: false}}
nginx:
  targets:
    - access_log:
        file: {log}
        format: |
          {(log_format or name).replace(chr(10), chr(10) + "          ")}
""")
        watcher, address = work.agent(f"--config.file={config}", name=f"agent-{name}")
        page(address)
        for request, _, _ in REQUESTS:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
                link.sendall(request)
                while link.recv(1 << 16):
                    pass
        wait_until(lambda a=address: value(page(a), "tocsin_nginx_access_log_lines_total") == len(REQUESTS), f"{name}: all lines are read")
        text = page(address)
        assert value(text, "tocsin_nginx_access_log_bad_lines_total") == 0, name
        counts, wanted = {}, {}
        for (series, labels), number in families(text)["nginx_http_requests_total"].series.items():
            key = (dict(labels)["status"], dict(labels)["method"])
            counts[key] = counts.get(key, 0) + number
        for _, method, status in REQUESTS:
            if method is None:  # what is no request has what the format shows of it, or nothing
                method = next((m for s, m in counts if s == str(status)), "")
            wanted[(str(status), method)] = wanted.get((str(status), method), 0) + 1
        assert counts == wanted, f"{name}: {counts}, not {wanted}"
        if name != "combined":
            total = sum(number for (series, _), number in families(text)["nginx_http_request_duration_seconds"].series.items() if series.endswith("_count"))
            assert total == len(REQUESTS), name
        watcher.stop()
        program.stop()


def test_the_access_log_comes_by_syslog(work):
    syslog = free_port()
    _, port = nginx(work, f"syslog:server=127.0.0.1:{syslog} timed")
    address = agent(work, f"""
nginx:
  targets:
    - access_log:
        syslog: udp://127.0.0.1:{syslog}
        hosts: [shop.example]
        format: |
          {FORMAT.replace(chr(10), chr(10) + "          ")}
""")
    wait_until(lambda: value(page(address), "tocsin_nginx_access_log_up") == 1, "the agent listens")
    for host in ("shop.example", "made-up.example", "shop.example"):
        http(f"http://127.0.0.1:{port}/ok", headers={"Host": host})
    wait_until(lambda: value(page(address), "tocsin_nginx_access_log_lines_total") == 3, "all requests are counted")
    text = page(address)
    assert requests(text, 200, host="shop.example") == 2 and requests(text, 200, host="other") == 1
    assert "made-up" not in text and "nginx_up" not in families(text)
