"""kubernetes_sd_configs beside Debian's Prometheus 2.42, against one API server: the same targets with the same labels."""
import collections
import json
import re
import time

from kube_api import KubeApi, cluster
from support import get_json, query, wait_until

POD, SERVICE, ENDPOINTS, NODE = "/api/v1/pods", "/api/v1/services", "/api/v1/endpoints", "/api/v1/nodes"
SLICE = "/apis/discovery.k8s.io/v1/endpointslices"
INGRESS = "/apis/networking.k8s.io/v1/ingresses"
ROLES = ["pod", "service", "endpoints", "endpointslice", "node", "ingress"]

# What Prometheus 3.14 tells of and 2.42 does not (CHANGELOG: 2.44 to 3.14).
NEWER = re.compile("__meta_kubernetes_(" + "|".join([
    "service_loadbalancer_ip", "endpoints_(label|annotation)(present)?_.*", "endpointslice_(label|annotation)(present)?_.*",
    "endpointslice_endpoint_conditions_(serving|terminating)", "endpointslice_endpoint_zone",
    "endpointslice_endpoint_node_name", "node_condition_.*", "namespace_(label|annotation)(present)?_.*"]) + ")$")


def configuration(api):
    """One job for each role, one for each with everything that 2.42 can attach or select. All targets are dropped, with
    their labels shown: their addresses are nobody's."""
    jobs = [(role, f"role: {role}") for role in ROLES]
    jobs += [(f"{role}-attached", f"role: {role}, attach_metadata: {{node: true}}") for role in ("pod", "endpoints", "endpointslice")]
    jobs += [("one-namespace", "role: pod, namespaces: {names: [shop]}"),
             ("selected", "role: endpoints, selectors: [{role: endpoints, field: metadata.name=web}, {role: pod, label: app=web}]")]
    return "global: {scrape_interval: 1h}\nscrape_configs:\n" + "".join(f"""
  - job_name: {name}
    kubernetes_sd_configs: [{{api_server: '{api.url}', {text}}}]
    relabel_configs: [{{action: drop, regex: '.*'}}]
""" for name, text in jobs)


def discovered(base, newer=True):
    """{job: multiset of label sets}."""
    out = collections.defaultdict(collections.Counter)
    for target in get_json(f"{base}/api/v1/targets?state=dropped")["data"]["droppedTargets"]:
        labels = {name: value for name, value in target["discoveredLabels"].items() if value}
        job = labels["job"]
        if not newer:
            # Endpoints of 2.42 do not look at init containers.
            if job.startswith(("endpoint", "selected")):
                if labels.pop("__meta_kubernetes_pod_container_init", "") == "true":
                    continue
            labels = {name: value for name, value in labels.items() if not NEWER.match(name)}
        out[job][json.dumps(labels, sort_keys=True)] += 1
    return out


def differences(ours, theirs):
    out = []
    for job in sorted(set(ours) | set(theirs)):
        for name, more in (("only ours", ours[job] - theirs[job]), ("only theirs", theirs[job] - ours[job])):
            out += [f"{job}: {name}: {labels}" for labels in more]
    return out


def assert_equal(ruler, prometheus, what, condition=lambda ours: True, seconds=40):
    """Both tell the same, and what the condition wants."""
    end = time.monotonic() + seconds
    while True:
        ours, theirs = discovered(ruler, newer=False), discovered(prometheus, newer=False)
        found = differences(ours, theirs)
        if not found and condition(ours):
            return ours
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {len(found)} differences: " + "\n".join(found[:6]))
        time.sleep(0.3)


def has(job, text):
    return lambda ours: any(text in labels for labels in ours[job])


def test_all_roles_tell_the_same_as_prometheus_while_the_cluster_changes(work):
    api = KubeApi(cluster())
    work.sinks.append(api)
    config = work.write("prometheus.yml", configuration(api))
    _, prometheus = work.prometheus(config)
    program, ruler = work.ruler(config)
    ours = assert_equal(ruler, prometheus, "at first", has("pod", "10.1.0.1:8080"))
    for role in ROLES:
        assert ours[role], f"no targets of role {role}"
    assert "WARN" not in program.text().upper().replace("LEVEL=WARN", "WARN") or "not supported" not in program.text()

    # A pod comes and becomes ready, its service grows, another pod goes; all that other roles watch changes too.
    pod = api.get(POD, "shop/web-5d4f-2")
    pod["metadata"].update(name="web-5d4f-3", uid="uid-3")
    pod["status"].update(podIP="", phase="Pending", conditions=[{"type": "Ready", "status": "False"}])
    api.put(POD, pod)
    pod["status"].update(podIP="10.1.0.3", phase="Running")
    api.put(POD, pod)
    assert_equal(ruler, prometheus, "a pod came", has("pod", "10.1.0.3:8080"))
    pod["status"]["conditions"][0]["status"] = "True"
    api.put(POD, pod)
    endpoints = api.get(ENDPOINTS, "shop/web")
    subset = endpoints["subsets"][0]
    subset["addresses"].append({"ip": "10.1.0.3", "nodeName": "node-b",
                                "targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-5d4f-3", "uid": "uid-3"}})
    api.put(ENDPOINTS, endpoints)
    piece = api.get(SLICE, "shop/web-abc")
    piece["endpoints"][1]["conditions"]["ready"] = True
    piece["endpoints"].append({"addresses": ["10.1.0.3"], "conditions": {"ready": True}, "nodeName": "node-b",
                               "targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-5d4f-3", "uid": "uid-3"}})
    api.put(SLICE, piece)
    api.remove(POD, "ops/nightly-1")
    service = api.get(SERVICE, "shop/web")
    service["metadata"]["labels"]["team"] = "other"
    api.put(SERVICE, service)
    node = api.get(NODE, "node-b")
    node["metadata"]["labels"]["topology.kubernetes.io/zone"] = "z-2"
    api.put(NODE, node)
    ingress = api.get(INGRESS, "shop/front")
    ingress["spec"]["rules"][0]["http"]["paths"].append({"path": "/new", "pathType": "Prefix", "backend": {}})
    api.put(INGRESS, ingress)
    ours = assert_equal(ruler, prometheus, "many things changed", has("ingress", "/new"))
    assert has("pod-attached", '"__meta_kubernetes_node_label_topology_kubernetes_io_zone": "z-2"')(ours)
    assert has("endpointslice", '"__meta_kubernetes_service_label_team": "other"')(ours)
    assert not has("pod", "nightly-1")(ours)

    # Watches end in mid-line; meanwhile things change.
    lists = api.count("limit=500", "/pods") - api.count("resourceVersion=0")
    api.break_watches(b'{"type":"MODIFIED","object":{"kind":"Pod","apiVer')
    api.remove(POD, "shop/db-0")
    service["metadata"]["labels"]["team"] = "third"
    api.put(SERVICE, service)
    assert_equal(ruler, prometheus, "watches broke", lambda o: has("service", "third")(o) and not has("pod", "db-0")(o))
    assert api.count("limit=500", "/pods") - api.count("resourceVersion=0") <= lists, "the ruler listed anew without need"

    # History is forgotten: 410 for whoever comes back.
    api.stop()
    api.remove(SERVICE, "shop/outside")
    endpoints["subsets"] = endpoints["subsets"][:1]
    api.put(ENDPOINTS, endpoints)
    api.forget_history()
    time.sleep(3)
    known = sum(discovered(ruler)["service"].values())
    assert known > 0, "targets went while the server was away"
    api.start()
    assert_equal(ruler, prometheus, "after 410", lambda o: not has("service", "outside.shop")(o) and
                 not has("endpoints", "198.51.100.4")(o), seconds=90)


def test_pages_and_expired_pages_lose_nothing(work):
    objects = {POD: [{"metadata": {"namespace": "n", "name": f"p-{i}", "uid": str(i)}, "spec": {"containers": [
        {"name": "c", "ports": [{"containerPort": 80}]}]}, "status": {"podIP": f"10.{i // 65000}.{i // 250 % 250}.{i % 250}"}}
        for i in range(1700)]}
    api = KubeApi(objects)
    work.sinks.append(api)
    _, ruler = work.ruler(work.write("prometheus.yml", f"""
global: {{scrape_interval: 1h}}
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs: [{{api_server: '{api.url}', role: pod}}]
    relabel_configs: [{{action: drop, regex: '.*'}}]
"""))
    wait_until(lambda: sum(discovered(ruler)["pods"].values()) == 1700, "all pods are found")
    assert api.count("continue=") == 3, api.requests


def rss_mb(program):
    with open(f"/proc/{program.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) / 1024


def endless_line(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    end = time.monotonic() + 8
    while time.monotonic() < end:
        handler.wfile.write(b"x" * 1_000_000)


def no_answer(_):
    time.sleep(8)


def a_page(handler):
    data = b"<html>welcome to the proxy</html>"
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def test_hostile_api_servers_hurt_nobody_else(work):
    servers = []
    for misbehave in (endless_line, no_answer, a_page):
        servers.append(KubeApi())
        servers[-1].misbehave = misbehave
        work.sinks.append(servers[-1])
    good = work.sink(lambda path, body: (200, "text/plain; version=0.0.4", "ok 1\n"))
    program, ruler = work.ruler(work.write("prometheus.yml", f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: good
    static_configs: [{{targets: ['127.0.0.1:{good.port}']}}]
""" + "".join(f"""
  - job_name: hostile-{i}
    kubernetes_sd_configs: [{{api_server: '{server.url}', role: endpoints}}]
""" for i, server in enumerate(servers))))
    wait_until(lambda: query(ruler, "up{job='good'}")[0]["value"][1] == "1", "the good target is up")
    before, most = rss_mb(program), 0
    for _ in range(20):
        time.sleep(0.5)
        most = max(most, rss_mb(program))
    # Three kinds of objects, each with a list of at most 64 MiB under way.
    assert most - before < 3 * 64 + 64, f"{before:.0f} MB before, {most:.0f} MB at most"
    scrapes = float(query(ruler, "count_over_time(up{job='good'}[10s])")[0]["value"][1])
    assert scrapes >= 9, f"{scrapes} scrapes in 10 s"
    log = program.text()
    assert "invalid JSON at byte 1" in log, log[-2000:]
    for resource in ("endpoints", "pods", "services"):
        assert log.count(f"failed to list {resource}") <= 3, log[-3000:]
