"""The agent's Elasticsearch source beside Debian's exporter, on recorded documents of several versions."""
import os
import re
import socket
import time

from elasticsearch_api import Elasticsearch
from same_pages import check_has, check_same, families, value
from support import Skip, free_port, http, need, wait_until

# Of the exporter itself; and what newer exporters say otherwise: the cluster of a shard, the id of a node and more
# roles; and limits of shards that the cluster does not have.
LEFT_OUT = r"go_|elasticsearch_clustersettings_stats_max_shards_per_node|process_|promhttp_|elasticsearch_exporter_build_info|elasticsearch_node_shards_total|elasticsearch_nodes_roles|elasticsearch_indices_translog_size_in_bytes|elasticsearch_clusterinfo_last"
MOVING = r"elasticsearch_scrape_duration_seconds|.*_total_scrapes|.*_scrapes_total"


# Of elasticsearch-mixin and the widely used collections of alerts.
MUST_HAVE = """
elasticsearch_cluster_health_{status,number_of_nodes,number_of_data_nodes,active_shards,active_primary_shards,relocating_shards}
elasticsearch_cluster_health_{initializing_shards,unassigned_shards,delayed_unassigned_shards,number_of_pending_tasks,up}
elasticsearch_jvm_memory_{used,max}_bytes elasticsearch_jvm_gc_collection_seconds_{sum,count} elasticsearch_filesystem_data_{size,available,free}_bytes
elasticsearch_indices_{docs,store_size_bytes,indexing_index_total,indexing_index_time_seconds_total,search_query_total,search_query_time_seconds}
elasticsearch_thread_pool_{rejected,queue,active,completed}_count elasticsearch_breakers_tripped elasticsearch_process_cpu_percent elasticsearch_os_cpu_percent
"""


def agent_on(work, uri, name, more=""):
    config = work.write(f"{name}.yml", f"elasticsearch:\n  targets:\n    - {{uri: '{uri}', {more}}}\n")
    _, agent = work.agent(f"--config.file={config}", "--collector.disable-defaults", name=name)
    return agent


def test_elasticsearch_beside_its_exporter(work):
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    everything = "all: true, indices: true, shards: true, indices_settings: true, clustersettings: true, snapshots: true, slm: true, data_stream: true"
    for version in ("7.13.1", "6.8.8", "5.6.16"):
        server = Elasticsearch(work, os.path.join(corpora, "exporters/elasticsearch/fixtures"), version)
        port = free_port()
        work.start(f"exporter-{version}", [need("prometheus-elasticsearch-exporter"), f"--es.uri={server.url}", f"--web.listen-address=127.0.0.1:{port}",
                   "--es.all", "--es.indices", "--es.shards", "--es.indices_settings", "--es.cluster_settings", "--es.snapshots", "--es.slm",
                   "--es.data_stream"], f"http://127.0.0.1:{port}/")
        theirs = wait_until(lambda p=port: (lambda t: t if "elasticsearch_clusterinfo_version_info" in t else None)(http(f"http://127.0.0.1:{p}/metrics")[1]), "its page")
        agent = agent_on(work, server.url, f"agent-{version}", everything)
        ours = http(f"http://{agent}/metrics/elasticsearch")[1]
        assert sum(len(family.series) for family in families(theirs).values()) > 500
        check_has(ours, MUST_HAVE)
        check_same(theirs, ours, lambda name: re.match(MOVING, name), ignored=lambda name: re.match(LEFT_OUT, name))


def test_elasticsearch_newer_documents_and_probes(work):
    corpora = os.environ.get("TOCSIN_CORPORA")
    if not corpora:
        raise Skip("TOCSIN_CORPORA is not set")
    server = Elasticsearch(work, os.path.join(corpora, "exporters/elasticsearch/fixtures"), "8.9.1")
    agent = agent_on(work, server.url, "agent", "ilm: true, health_report: true, tasks: true, indices_mappings: true, clustersettings: true")
    page = http(f"http://{agent}/metrics/elasticsearch")[1]
    assert value(page, "elasticsearch_task_stats_action", action="indices:data/write/bulk") == 1
    assert value(page, "elasticsearch_ilm_status", operation_mode="RUNNING") == 1
    assert value(page, "elasticsearch_clustersettings_allocation_watermark_high_ratio") or value(page, "elasticsearch_clustersettings_allocation_watermark_high_bytes")
    assert sum(families(page)["elasticsearch_health_report_status"].series.values()) == 1
    probed = http(f"http://{agent}/elasticsearch/probe?target={server.url}")[1]
    assert value(probed, "elasticsearch_cluster_health_up") == 1
    assert http(f"http://{agent}/elasticsearch/probe")[0] == 400
    gone = http(f"http://{agent}/elasticsearch/probe?target=127.0.0.1:{free_port()}")[1]
    assert value(gone, "elasticsearch_cluster_health_up") == 0


def test_clusters_in_trouble_are_told_and_disturb_nobody(work):
    """Down, hanging, slow, behind a login page, without TLS: each has its reason, and the page comes by the deadline."""
    good = work.sink(lambda path, body: (200, "application/json", '{"cluster_name": "c", "status": "green", "nodes": {}}'))
    slow = work.sink(lambda path, body: (time.sleep(3), (200, "application/json", "{}"))[1])
    login = work.sink(lambda path, body: (200, "text/html", "<html>log in</html>"))
    moved = work.sink(lambda path, body: (302, "text/html", ""))
    with socket.socket() as hangs:
        hangs.bind(("127.0.0.1", 0))
        hangs.listen(64)
        uris = {"good": good.url, "hangs": f"http://127.0.0.1:{hangs.getsockname()[1]}", "slow": slow.url, "login": login.url, "moved": moved.url,
                "tls": good.url.replace("http:", "https:"), "down": f"http://127.0.0.1:{free_port()}"}
        targets = "".join(f"    - {{uri: '{uri.replace('//', '//me:s3cret@')}', server: {name}}}\n" for name, uri in uris.items())
        config = work.write("agent.yml", f"elasticsearch:\n  deadline: 1s\n  targets:\n{targets}")
        agent, address = work.agent(f"--config.file={config}", "--collector.disable-defaults")
        for _ in range(2):
            started = time.monotonic()
            page = http(f"http://{address}/metrics/elasticsearch")[1]
            assert time.monotonic() - started < 6, "the page waits for a cluster that hangs"
            up = {dict(labels)["server"]: number for (_, labels), number in families(page)["elasticsearch_cluster_health_up"].series.items()}
            assert up == {name: int(name == "good") for name in uris}, up
    log = agent.text()
    for name, reason in {"hangs": "context deadline exceeded", "slow": "context deadline exceeded", "login": "not valid JSON",
                         "moved": "HTTP Request failed with code 302", "tls": "does not look like a TLS handshake", "down": "connection refused"}.items():
        assert re.search(f"target={name} err=.*{reason}", log), (name, log)
    assert "s3cret" not in log and "s3cret" not in page
