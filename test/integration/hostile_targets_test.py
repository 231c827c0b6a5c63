"""Targets that misbehave: each fails with its reason, nothing else suffers."""
import json
import os
import statistics
import subprocess
import sys
import time

from support import ROOT, get_json, http, need, query, wait_until

HELPER = os.path.join(ROOT, "test", "integration", "hostile_targets.py")

# What is the matter, as /api/v1/targets says it. "" is health up. SAME: Debian's Prometheus says it in the same words;
# LIKE: in nearly the same, because Go's words changed since, or because Prometheus 3 differs.
SAME, LIKE = True, False
LIGHT = {
    "good_page": ("", SAME),
    "half_body": ("unexpected EOF", SAME),
    "garbage": ("malformed HTTP status code \"what\"", SAME),
    "garbage_page": ("line 1", LIKE),
    "status_500": ("server returned HTTP status 500 Internal Server Error", SAME),
    "wrong_type": ("received unsupported Content-Type \"text/html; charset=utf-8\" and no fallback_scrape_protocol "
                   "specified for target", LIKE),
    "no_type": ("non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for "
                "target", LIKE),
    "redirect_loop": ("stopped after 10 redirects", LIKE),
    "duplicates": ("", SAME),
    "many_labels": ("", SAME),
    "wrong_gzip": ("gzip: invalid header", SAME),
    "short_gzip": ("unexpected EOF", SAME),
    "torn_gzip": ("unexpected EOF", SAME),
    "bad_sum": ("gzip: invalid checksum", SAME),
    "length_too_small": ("", SAME),
    "length_nonsense": ("Content-Length", LIKE),
    "lengths_differ": ("Content-Length", LIKE),
    "bad_chunk": ("chunk", LIKE),
    "parse_error": ("line 2", LIKE),
    "drip": ("context deadline exceeded", SAME),
    "drip_header": ("context deadline exceeded", SAME),
    "silent": ("context deadline exceeded", SAME),
    "endless_header": ("server response headers exceeded", LIKE),
    "reset": ("connection reset by peer", LIKE),
    "closes": ("EOF", SAME),
    "refused": ("connect: connection refused", SAME),
}


class Helper:
    def __init__(self, work, *arguments):
        self.process = subprocess.Popen([sys.executable, HELPER, *map(str, arguments)], stdout=subprocess.PIPE, cwd=work.folder)
        self.ports = json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait(10)


def job(name, port, more="", labels=""):
    return (f"  - job_name: {name}\n    static_configs: [{{targets: ['127.0.0.1:{port}']{labels}}}]\n"
            + "".join(f"    {line}\n" for line in more.splitlines()))


def light_jobs(ports):
    tls = ports["tls_localhost"], ports["tls_other.example"]
    jobs = "".join(job(name, ports[name]) for name in LIGHT)
    jobs += job("limited_labels", ports["many_labels"], "label_limit: 100")
    jobs += job("limited_samples", ports["good_page"], "sample_limit: 10")
    jobs += job("limited_body", ports["good_page"], "body_size_limit: 100B")
    jobs += job("plain_on_https", ports["answers_anything"], "scheme: https")
    jobs += job("tls_on_http", tls[0])
    jobs += job("self_signed", tls[0], "scheme: https")
    jobs += job("wrong_name", tls[1], "scheme: https\ntls_config: {ca_file: other.example.crt}")
    jobs += ("  - job_name: no_such_host\n    static_configs: [{targets: ['no-such-host.invalid:80']}]\n")
    return jobs


MORE = {
    "limited_labels": ("label_limit exceeded (metric: many, number of labels: 10003, limit: 100)", SAME),
    "limited_samples": ("sample limit exceeded", SAME),
    "limited_body": ("body size limit exceeded", SAME),
    "plain_on_https": ("http: server gave HTTP response to HTTPS client", SAME),
    "tls_on_http": ("", LIKE),  # what a TLS server says to plain text is its own affair
    "self_signed": ("x509: certificate signed by unknown authority", LIKE),
    "wrong_name": ("x509: ", LIKE),
    "no_such_host": ("lookup no-such-host.invalid", LIKE),
}


def last_errors(base):
    """{job: (health, lastError)} of targets that were scraped."""
    targets = get_json(f"{base}/api/v1/targets?state=active")["data"]["activeTargets"]
    return {t["labels"]["job"]: (t["health"], t["lastError"]) for t in targets if t["health"] != "unknown"}


def test_each_hostile_target_fails_with_its_reason_in_prometheus_words(work):
    need("openssl")
    hostile = Helper(work, "hostile", work.folder)
    try:
        jobs = light_jobs(hostile.ports)
        head = "global: {scrape_interval: 2s, scrape_timeout: 1s}\nscrape_configs:\n"
        wanted = {**LIGHT, **MORE}
        _, ours = work.ruler(work.write("prometheus.yml", head + jobs))
        _, theirs = work.prometheus(work.path("prometheus.yml"))
        mine = wait_until(lambda: len(found := last_errors(ours)) == len(wanted) and found, "all scraped", 60)
        peer = wait_until(lambda: len(found := last_errors(theirs)) == len(wanted) and found, "all scraped by Prometheus", 60)
        wrong = []
        for name, (text, same) in wanted.items():
            health, error = mine[name]
            print(f"      {name}: {health} {error!r}" + ("" if (health, error) == peer[name] else f"  peer: {peer[name]}"))
            if name == "tls_on_http":
                if health != "down":
                    wrong.append(f"{name}: {mine[name]}")
            elif (health != ("down" if text else "up")) or text not in error or (not text and error):
                wrong.append(f"{name}: {mine[name]}, not {text!r}")
            elif same and mine[name] != peer[name]:
                wrong.append(f"{name}: {mine[name]}, but Prometheus says {peer[name]}")
        assert not wrong, "\n".join(wrong)
        # The first of two samples of one series stays, and the second is counted.
        assert [r["value"][1] for r in query(ours, "twice")] == ["1"]
        metrics = http(f"{ours}/metrics")[1]
        duplicates = [line for line in metrics.splitlines() if line.startswith("prometheus_target_scrapes_sample_duplicate_timestamp_total ")]
        assert float(duplicates[0].split()[1]) > 0, duplicates
        assert {r["metric"]["job"] for r in query(ours, "up == 0")} == {name for name, (health, _) in mine.items() if health == "down"}
    finally:
        hostile.close()


GOOD = 100
MEASURED_SECONDS = 40
# The pages of all scrapes under way take 512 MiB beyond the first MiB of each; what comes on top is the process itself
# and the bytes that are copied from one form into the next.
RSS_LIMIT_MIB = 1536


def heavy_jobs(ports):
    slow = "scrape_interval: 10s\nscrape_timeout: 9s\n"
    jobs = light_jobs(ports)
    jobs += job("big_limited", ports["big"], slow + "body_size_limit: 10MB")
    for i in range(4):
        jobs += job(f"big_{i}", ports["big"], slow)
    jobs += job("bomb_limited", ports["gzip_bomb"], slow + "body_size_limit: 100MB")
    for i in range(4):
        jobs += job(f"bomb_{i}", ports["gzip_bomb"], slow)
    return jobs


def peak_rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def slots_of(base, at):
    """{instance: times in ms} of the samples of the good targets."""
    result = query(base, f'up{{job="good"}}[{MEASURED_SECONDS}s]', at)
    assert all(value == "1" for series in result for _, value in series["values"]), "a good target is down"
    return {r["metric"]["instance"]: [round(t * 1000) for t, _ in r["values"]] for r in result}


def test_other_targets_are_scraped_on_time_and_none_is_missed(work):
    need("openssl")
    hostile, good = Helper(work, "hostile", work.folder), Helper(work, "good", GOOD)
    try:
        targets = ", ".join(f"'127.0.0.1:{port}'" for port in good.ports["ports"])
        config = ("global: {scrape_interval: 1s, scrape_timeout: 900ms}\nscrape_configs:\n"
                  f"  - job_name: good\n    static_configs: [{{targets: [{targets}]}}]\n" + heavy_jobs(hostile.ports))
        ruler, base = work.ruler(work.write("prometheus.yml", config))
        wait_until(lambda: len(query(base, 'up{job="good"} == 1')) == GOOD, "good targets are up", 30)
        time.sleep(MEASURED_SECONDS + 2)
        end = time.time() - 1
        slots = slots_of(base, end)
        arrivals = get_json(f"http://127.0.0.1:{good.ports['control']}/")

        late, gaps, missed = [], 0, 0
        assert len(slots) == GOOD
        for port in good.ports["ports"]:
            times = slots[f"127.0.0.1:{port}"]
            missed += sum(round((b - a) / 1000) - 1 for a, b in zip(times, times[1:]))
            gaps += sum(1 for a, b in zip(times, times[1:]) if b - a != 1000)
            assert len(times) >= MEASURED_SECONDS - 1, (port, len(times))
            phase = statistics.mode(t % 1000 for t in times)
            for arrival in arrivals[str(port)]:
                ms = arrival * 1000
                if times[0] <= ms <= times[-1]:
                    late.append((ms - phase) % 1000)
        late.sort()
        p99, worst = late[len(late) * 99 // 100], late[-1]
        limited = {"big_limited", "bomb_limited", "limited_body"}
        wait_until(lambda: limited <= {n for n, e in last_errors(base).items() if e[1] == "body size limit exceeded"},
                   "pages beyond their limit are refused", 60)
        errors = last_errors(base)
        rss = peak_rss_mib(ruler.pid)
        print(f"      {len(late)} scrapes: start late by {late[len(late) // 2]:.1f} ms (median), {p99:.1f} ms (99 %), "
              f"{worst:.1f} ms (worst); missed {missed}, other times than the slot's {gaps}; peak RSS {rss:.0f} MiB")
        for name in ("big_limited", "bomb_limited", "big_0", "bomb_0"):
            print(f"      {name}: {errors.get(name)}")
        assert any(errors[f"big_{i}"] == ("up", "") for i in range(4)), errors
        assert all(errors[f"bomb_{i}"][0] == "down" for i in range(4)), errors
        assert missed == 0, f"{missed} scrapes of good targets were missed"
        assert p99 < 100, f"good targets are scraped {p99:.0f} ms late"
        assert rss < RSS_LIMIT_MIB, f"{rss:.0f} MiB"
        for name, (text, _) in {**LIGHT, **MORE}.items():
            if text:
                assert errors[name][0] == "down" and errors[name][1], (name, errors[name])
    finally:
        hostile.close()
        good.close()
