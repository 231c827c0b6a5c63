"""consul_sd_configs beside VictoriaMetrics' vmagent, against one agent: the same targets with the same labels."""
from consul_api import ConsulApi, instance
from kubernetes_test import NOBODY, assert_equal, has


def test_services_are_found_as_vmagent_finds_them_while_they_change(work):
    agent = ConsulApi()
    work.sinks.append(agent)
    agent.put("web", ["prod", "v2"], [instance("web", 1, "10.1.0.1", ["prod", "v2"], version="1.2"),
                                      instance("web", 2, "fd00::2", ["prod"], "warning")])
    agent.put("db", ["prod"], [instance("db", 3, "", [], "critical"), instance("db", 4, "", None)])
    agent.put("empty", [], [])
    agent.put("with space/slash", [], [instance("with space", 5)])
    jobs = [("all", ""), ("named", ", services: [web, nobody]"), ("tagged", ", tags: [prod, v2]"),
            ("options", ", services: [web], tags: [prod], node_meta: {rack: r1}, allow_stale: false, tag_separator: '|'"),
            ("datacenter", ", datacenter: dc-other, token: t0ken, namespace: ns, partition: part")]
    config = work.write("prometheus.yml", "global: {scrape_interval: 1h}\nscrape_configs:\n" + "".join(f"""
  - job_name: {name}
    consul_sd_configs: [{{server: '{agent.address}', refresh_interval: 1s{text}}}]
    relabel_configs: {NOBODY}
""" for name, text in jobs))
    _, peer = work.vmagent(config, "vmagent", "-promscrape.consulSDCheckInterval=1s", "-promscrape.config.strictParse=false")
    _, ruler = work.ruler(config)
    ours = assert_equal(ruler, peer, "at first", has("all", "10.1.0.1:8001"))
    assert len(ours["all"]) == 5 and len(ours["named"]) == 2 and len(ours["tagged"]) == 1, ours
    assert '"__meta_consul_tags": "|prod|v2|"' in "".join(ours["options"])
    assert '"__meta_consul_dc": "dc-other"' in "".join(ours["datacenter"])
    assert agent.tokens == {None, "t0ken"}

    # Both ask the same questions, up to the user agent: the paths with their parameters.
    asked = {request.split("&index=")[0] for request in agent.requests if "index=" not in request}
    assert "/v1/health/service/web?node-meta=rack%3Ar1&tag=prod&wait=120000ms" in asked, sorted(asked)

    agent.put("web", ["prod", "v2"], [instance("web", 1, "10.1.0.1", ["prod", "v2"], "critical", version="1.3"),
                                      instance("web", 7, "10.1.0.7", ["v2", "prod"])])
    agent.put("new", ["prod", "v2"], [instance("new", 8, tags=["prod", "v2"])])
    agent.remove("db")
    ours = assert_equal(ruler, peer, "services changed", lambda o: has("all", "10.1.0.7:8007")(o) and
                        has("tagged", "10.0.0.8:8008")(o) and not has("all", '"db"')(o))
    assert '"__meta_consul_health": "critical"' in "".join(ours["named"])

    agent.stop()
    agent.put("web", ["prod", "v2"], [instance("web", 9, "10.1.0.9", ["prod", "v2"])])
    agent.start()
    assert_equal(ruler, peer, "after a restart", lambda o: has("all", "10.1.0.9:8009")(o) and
                 not has("named", "10.1.0.7")(o), seconds=90)

    agent.forget_index()
    agent.put("web", ["prod", "v2"], [instance("web", 11, "10.1.0.11", ["prod", "v2"])])
    assert_equal(ruler, peer, "after the index went back", has("named", "10.1.0.11:8011"))
