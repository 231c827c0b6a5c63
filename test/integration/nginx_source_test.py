"""The agent's nginx source beside Debian's nginx and nginx exporter."""
import os
import signal

from same_pages import check_same, families, value
from support import free_port, http, need, wait_until


def nginx(work, access_log, extra=""):
    """nginx in a folder of its own; its port. It logs by the format `timed`."""
    port = free_port()
    for folder in ("nginx/logs", "nginx/body", "nginx/other"):
        os.makedirs(work.path(folder), exist_ok=True)
    config = work.write("nginx/nginx.conf", f"""
user root; daemon off; pid {work.path("nginx/pid")}; error_log {work.path("nginx/error.log")};
events {{}}
http {{
  client_body_temp_path {work.path("nginx/body")}; proxy_temp_path {work.path("nginx/other")}; fastcgi_temp_path {work.path("nginx/other")};
  uwsgi_temp_path {work.path("nginx/other")}; scgi_temp_path {work.path("nginx/other")};
  {FORMAT}
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
