"""kubernetes_sd_configs beside VictoriaMetrics' vmagent, against one API server: the same targets with the same labels.

Debian's Prometheus is built without Kubernetes and Consul; vmagent 1.79 reads the same configuration and has its own code."""
import collections
import json
import re
import time

from kube_api import KubeApi, cluster
from support import get_json, query, wait_until

POD, SERVICE, ENDPOINTS, NODE = "/api/v1/pods", "/api/v1/services", "/api/v1/endpoints", "/api/v1/nodes"
SLICE = "/apis/discovery.k8s.io/v1/endpointslices"
INGRESS = "/apis/networking.k8s.io/v1/ingresses"
# No target is asked for anything but on loopback, and all stay apart: their labels become ordinary ones.
NOBODY = "[{action: labelmap, regex: '__(meta_.+|address__)', replacement: 'd_$1'}, {target_label: __address__, replacement: '127.0.0.1:9'}]"
ROLES = ["pod", "service", "endpoints", "endpointslice", "node", "ingress"]

# What Prometheus 3.14 tells of and vmagent 1.79 does not, or the other way round (the service's type and address, in
# endpoints). Unit tests hold these against Prometheus' documentation.
NOT_SHARED = re.compile("__meta_kubernetes_(" + "|".join([
    "service_(cluster_ip|type|loadbalancer_ip|port_number)", "endpoints_(label|annotation)(present)?_.*",
    "endpointslice_(label|annotation)(present)?_.*", "endpointslice_endpoint_conditions_(serving|terminating)",
    "endpointslice_endpoint_(zone|node_name|topology_.*)", "node_condition_.*", "pod_container_(id|image)"]) + ")$")


def shared(labels, role):
    """The labels that both tell of; None for a target that only Prometheus has."""
    labels = {name: value for name, value in labels.items() if value}
    if role.startswith("endpoint"):
        if labels.pop("__meta_kubernetes_pod_container_init", "") == "true" or labels["__address__"].startswith("host."):
            return None  # ports of init containers, addresses without a port
        # Of the pods' other ports vmagent says less, of their nodes more; it takes "not known" for not ready.
        direct = "__meta_kubernetes_endpoint_ready" in labels or "__meta_kubernetes_endpointslice_port" in labels
        on_node = "Node" in (labels.get(f"__meta_kubernetes_{kind}_address_target_kind") for kind in ("endpoint", "endpointslice"))
        if labels.get("__meta_kubernetes_endpointslice_endpoint_conditions_ready") == "false":
            del labels["__meta_kubernetes_endpointslice_endpoint_conditions_ready"]
        for prefix, dropped in (("endpoints_", not direct), ("endpointslice_", not direct), ("node_", not direct or on_node)):
            if dropped:
                labels = {name: value for name, value in labels.items() if not name.startswith("__meta_kubernetes_" + prefix)}
    elif role == "service":
        labels["type"] = labels.pop("__meta_kubernetes_service_type")
    return {name: value for name, value in labels.items() if not NOT_SHARED.match(name)}


def configuration(api):
    """One job for each role, some with what can be attached and selected. All targets are dropped, with
    their labels shown: their addresses are nobody's."""
    jobs = [(role, f"role: {role}") for role in ROLES]
    jobs += [(f"{role}-attached", f"role: {role}, attach_metadata: {{node: true}}") for role in ("pod", "endpoints", "endpointslice")]
    jobs += [("one-namespace", "role: pod, namespaces: {names: [shop]}"),
             ("selected", "role: endpoints, selectors: [{role: endpoints, field: metadata.name=web}, {role: pod, label: app=web}]")]
    return "global: {scrape_interval: 1h}\nscrape_configs:\n" + "".join(f"""
  - job_name: {name}
    kubernetes_sd_configs: [{{api_server: '{api.url}', {text}}}]
    relabel_configs: {NOBODY}
""" for name, text in jobs)


def discovered(base, normal=lambda labels, role: labels):
    """{job: multiset of label sets}, without the settings that each adds to all targets as it sees fit."""
    out = collections.defaultdict(collections.Counter)
    for target in get_json(f"{base}/api/v1/targets?state=active")["data"]["activeTargets"]:
        labels = {name: value for name, value in target["discoveredLabels"].items()
                  if name.startswith(("__meta_", "__address__")) or not name.startswith("__")}
        labels = normal(labels, labels["job"].removesuffix("-attached").replace("selected", "endpoints"))
        if labels is not None:
            out[labels["job"]][json.dumps(labels, sort_keys=True)] += 1
    return out


def differences(ours, theirs):
    """What differs, one line for each target; of targets that have a twin only the labels that differ."""
    out = []
    for job in sorted(set(ours) | set(theirs)):
        # vmagent shows equal targets once.
        mine, others = ([json.loads(text) for text in more] for more in
                        (set(ours[job]) - set(theirs[job]), set(theirs[job]) - set(ours[job])))
        for labels in mine:
            twin = max(others, key=lambda other: len(set(labels.items()) & set(other.items())), default=None)
            if twin and twin["__address__"] == labels["__address__"]:
                others.remove(twin)
                out.append(f"{job} {labels['__address__']}: ours {dict(set(labels.items()) - set(twin.items()))} "
                           f"theirs {dict(set(twin.items()) - set(labels.items()))}")
            else:
                out.append(f"{job}: only ours: {labels}")
        out += [f"{job}: only theirs: {labels}" for labels in others]
    return out


def assert_equal(ruler, peer, what, condition=lambda ours: True, seconds=40, normal=shared):
    """Both tell the same, and what the condition wants."""
    end = time.monotonic() + seconds
    while True:
        ours, theirs = discovered(ruler, normal), discovered(peer, normal)
        found = differences(ours, theirs)
        if not found and condition(ours):
            return ours
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {len(found)} differences: " + "\n".join(found[:6]))
        time.sleep(0.3)


def has(job, text):
    return lambda ours: any(text in labels for labels in ours[job])


def test_all_roles_tell_the_same_as_vmagent_while_the_cluster_changes(work):
    api = KubeApi(cluster())
    work.sinks.append(api)
    config = work.write("prometheus.yml", configuration(api))
    _, peer = work.vmagent(config, "vmagent", "-promscrape.kubernetesSDCheckInterval=1s")
    _, ruler = work.ruler(config)
    ours = assert_equal(ruler, peer, "at first", has("pod", "10.1.0.1:8080"))
    for role in ROLES:
        assert ours[role], f"no targets of role {role}"

    # A pod comes and becomes ready, its service grows, another pod goes; all that other roles watch changes too.
    pod = api.get(POD, "shop/web-5d4f-2")
    pod["metadata"].update(name="web-5d4f-3", uid="uid-3")
    pod["status"].update(podIP="", phase="Pending", conditions=[{"type": "Ready", "status": "False"}])
    api.put(POD, pod)
    pod["status"].update(podIP="10.1.0.3", phase="Running")
    api.put(POD, pod)
    assert_equal(ruler, peer, "a pod came", has("pod", "10.1.0.3:8080"))
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
    ours = assert_equal(ruler, peer, "many things changed", has("ingress", "/new"))
    assert has("pod-attached", '"__meta_kubernetes_node_label_topology_kubernetes_io_zone": "z-2"')(ours)
    assert has("endpointslice", '"__meta_kubernetes_service_label_team": "other"')(ours)
    assert not has("pod", "nightly-1")(ours)

    # Watches end in mid-line; meanwhile things change.
    lists = api.count("limit=500", "/pods") - api.count("resourceVersion=0")
    api.break_watches(b'{"type":"MODIFIED","object":{"kind":"Pod","apiVer')
    api.remove(POD, "shop/db-0")
    ingress["spec"]["rules"][0]["http"]["paths"].append({"path": "/third", "pathType": "Prefix", "backend": {}})
    api.put(INGRESS, ingress)
    assert_equal(ruler, peer, "watches broke", lambda o: has("ingress", "/third")(o) and not has("pod", "db-0")(o))
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
    assert_equal(ruler, peer, "after 410", lambda o: not has("service", "outside.shop")(o) and
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
    relabel_configs: {NOBODY}
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
    kubernetes_sd_configs: [{{api_server: '{server.url}', role: service}}]
""" for i, server in enumerate(servers))))
    wait_until(lambda: query(ruler, "up{job='good'}")[0]["value"][1] == "1", "the good target is up")
    before, most = rss_mb(program), 0
    for _ in range(20):
        time.sleep(0.5)
        most = max(most, rss_mb(program))
    # One list of at most 64 MiB under way, in a buffer that grows by being copied.
    assert most - before < 3 * 64 + 32, f"{before:.0f} MB before, {most:.0f} MB at most"
    scrapes = float(query(ruler, "count_over_time(up{job='good'}[10s])")[0]["value"][1])
    assert scrapes >= 9, f"{scrapes} scrapes in 10 s"
    log = program.text()
    for wrong in ("invalid JSON at byte 0", "body size limit exceeded"):
        assert log.count('msg="failed to list services" discovery=kubernetes') <= 3 and wrong in log, log[-3000:]
