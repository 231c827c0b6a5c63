"""What is shipped in dashboards/: up to date, sound, and with data from a real agent."""
import glob
import json
import os
import re
import sys

from support import ROOT, query, wait_until

FOLDER = os.path.join(ROOT, "dashboards")
# Metrics that only some hosts have, and what they need.
OPTIONAL = {
    "node_schedstat_waiting_seconds_total": "a kernel with CONFIG_SCHEDSTATS",
    "node_pressure_": "a kernel with CONFIG_PSI",
    "node_disk_": "a disk",
}


def dashboards():
    for path in sorted(glob.glob(f"{FOLDER}/*.json")):
        with open(path, encoding="utf-8") as file:
            yield os.path.basename(path)[:-5], json.load(file)


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard):
    return [(panel["title"], target["expr"]) for panel in panels(dashboard) for target in panel["targets"]]


def listed_metrics(dashboard):
    """The metrics whose labels fill the variables: without them there is nothing to choose."""
    queries = [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return sorted({re.fullmatch(r"label_values\((\w+)(?:\{.*\})?, \w+\)", query).group(1) for query in queries})


def plain(expression, interval):
    """The expression with its variables replaced, as Grafana does for "All"."""
    return re.sub(r"\$(?!__)\w+", ".*", expression.replace("$__rate_interval", interval))


def test_dashboards_are_what_their_sources_say(work):
    work.run(sys.executable, f"{ROOT}/tools/make_dashboards", "--check")
    assert {name for name, _ in dashboards()} == {os.path.basename(p)[:-4] for p in glob.glob(f"{FOLDER}/source/*.yml")}


def test_dashboards_are_sound(work):
    """Grafana's schema of version 41 or newer, known variables, no panel on top of another, expressions that parse."""
    uids = set()
    for name, dashboard in dashboards():
        assert dashboard["schemaVersion"] >= 41 and dashboard["uid"] not in uids, name
        uids.add(dashboard["uid"])
        variables = {variable["name"] for variable in dashboard["templating"]["list"]}
        assert {"datasource", "job", "instance"} <= variables, name
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(ids) == len(set(ids)), name
        listed = [variable["name"] for variable in dashboard["templating"]["list"]]
        assert listed[0] == "datasource" and dashboard["templating"]["list"][0]["type"] == "datasource", name
        for panel in panels(dashboard):
            where = f"{name}: {panel['title']}"
            refs = [target["refId"] for target in panel["targets"]]
            assert panel["title"] and refs and len(refs) == len(set(refs)) and panel["fieldConfig"]["defaults"]["unit"], where
            sources = [panel["datasource"], *[target["datasource"] for target in panel["targets"]]]
            assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources), where
            assert panel["type"] in ("timeseries", "stat", "gauge", "table"), where
        for variable in dashboard["templating"]["list"][1:]:
            # A variable sees those before it only.
            before = listed[:listed.index(variable["name"])]
            assert set(re.findall(r"\$(\w+)", variable["query"]["query"])) <= set(before), f"{name}: {variable['name']}"
        taken = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            assert not cells & taken and place["x"] + place["w"] <= 24, f"{name}: {panel['title']}"
            taken |= cells
        for title, expression in expressions(dashboard):
            where = f"{name}: {title}: {expression}"
            assert set(re.findall(r"\$(?!__)(\w+)", expression)) <= variables, where
            assert 'job=~"$job"' in expression and 'instance=~"$instance"' in expression, where
            # A window that is no multiple of the scrape interval loses samples.
            assert set(re.findall(r"\[([^\]]+)\]", expression)) <= {"$__rate_interval"}, where
            work.run(work.own("tocsinctl"), "promql", "format", plain(expression, "5m"))


def ruler_over(work, agent, job):
    config = work.write("prometheus.yml", f"""
global: {{scrape_interval: 500ms}}
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ['{agent}']}}]
""")
    _, ruler = work.ruler(config)
    wait_until(lambda: float(query(ruler, f'count_over_time(up{{job="{job}"}}[1m])')[0]["value"][1]) >= 8, "eight scrapes")
    return ruler


def without_data(ruler, dashboard):
    empty = [f"the variables' {metric}" for metric in listed_metrics(dashboard) if not query(ruler, metric)]
    for title, expression in expressions(dashboard):
        if query(ruler, plain(expression, "10s")):
            continue
        why = next((why for metric, why in OPTIONAL.items() if metric in expression), None)
        if why and not query(ruler, f'count({{__name__=~"{re.search(r"node_[a-z_]+", expression)[0]}"}})'):
            print(f"not seen, for it needs {why}: {title}")
        else:
            empty.append(f"{title}: {expression}")
    return empty


def test_the_nodes_dashboard_has_data(work):
    _, agent = work.agent()
    ruler = ruler_over(work, agent, "node")
    empty = without_data(ruler, dict(dashboards())["node"])
    assert not empty, empty
