"""A stand-in for Elasticsearch: answers the paths of its API with recorded documents."""
import os
import urllib.parse

from support import Sink

# path: the folder of its documents, or the document
DOCUMENTS = {
    "/": "clusterinfo",
    "/_cluster/health": "clusterhealth",
    "/_nodes/stats": "nodestats",
    "/_nodes/_local/stats": "nodestats",
    "/_all/_stats": "indices",
    "/_alias": "indices/alias",
    "/_aliases": "indices/alias",
    "/_cat/shards": "shards",
    "/_all/_settings": "indices_settings",
    "/_all/_mappings": "indices_mappings",
    "/_cluster/settings": "settings",
    "/_snapshot/repo/_all": "snapshots",
    "/_slm/stats": "slm/stats",
    "/_slm/status": "slm/status",
    "/_all/_ilm/explain": "ilm_indices",
    "/_ilm/status": "ilm_status",
    "/_data_stream/*/_stats": "datastream",
    "/_health_report": "healthreport",
}


class Elasticsearch:
    """Serves, of each folder, the document of the version or else the one nearest to it by name."""

    def __init__(self, work, fixtures, version):
        self.fixtures, self.version = fixtures, version
        self.sink = work.sink(self.respond)
        self.url = self.sink.url

    def document(self, folder, query):
        if folder == "indices" and query.get("level") == ["shards"]:
            folder = "indices/shards"
        if folder == "settings":
            return os.path.join(self.fixtures, "settings-8.9.1-watermark.json" if self.version >= "8" or self.version.startswith("7.13") else "settings-5.4.2.json")
        path = os.path.join(self.fixtures, folder)
        names = sorted(name for name in os.listdir(path) if name.endswith(".json"))
        exact = f"{self.version}.json"
        return os.path.join(path, exact if exact in names else names[-1])

    def respond(self, target, _):
        path, _, query = target.partition("?")
        path = urllib.parse.unquote(path)
        if path == "/_snapshot":
            return 200, "application/json", '{"repo":{"type":"fs"}}'
        if path == "/_tasks":
            return 200, "application/json", '{"tasks":[{"action":"indices:data/write/bulk"},{"action":"indices:data/read/search"}]}'
        if path not in DOCUMENTS:
            return 404, "application/json", '{"error":"no handler"}'
        with open(self.document(DOCUMENTS[path], urllib.parse.parse_qs(query)), encoding="utf-8") as file:
            return 200, "application/json", file.read()
