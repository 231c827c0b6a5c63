"""The agent's Redis source on a cluster of Debian's Redis: three masters and a replica, beside redis_exporter."""
import signal

from redis_test import agent, compare, exporter, page, redis, talk
from same_pages import families, value
from support import free_port, need, wait_until

MASTERS = 3


def by_server(text, name, label):
    """{server: {value of the label: number}} of a family's series."""
    found = {}
    for (series, pairs), number in families(text)[name].series.items():
        labels = dict(pairs)
        if series == name:
            found.setdefault(labels["server"], {})[labels[label]] = number
    return found


class Cluster:
    def __init__(self, work):
        self.work, self.programs, self.ports = work, [], []
        for i in range(MASTERS + 1):
            program, port = redis(work, "--cluster-enabled", "yes", "--cluster-port", free_port(), "--cluster-node-timeout", "3000",
                                  "--cluster-require-full-coverage", "no", name=f"node{i}")
            self.programs.append(program)
            self.ports.append(port)
        self.addresses = [f"127.0.0.1:{port}" for port in self.ports]
        self.cli = need("redis-cli")
        work.run(self.cli, "--cluster", "create", *self.addresses[:MASTERS], "--cluster-yes")
        work.run(self.cli, "--cluster", "add-node", self.addresses[MASTERS], self.addresses[0], "--cluster-slave")
        for port in self.ports:
            wait_until(lambda port=port: "cluster_state:ok" in talk(port, "CLUSTER", "INFO")
                       and f"cluster_known_nodes:{MASTERS + 1}" in talk(port, "CLUSTER", "INFO"), "the nodes know each other")
        wait_until(lambda: "master_link_status:up" in talk(self.ports[MASTERS], "INFO", "replication"), "the replica follows")

    def command(self, *words):
        """To the node that has the key."""
        return self.work.run(self.cli, "-c", "-p", self.ports[0], *words)


def test_nodes_of_a_cluster_look_as_with_redis_exporter(work):
    cluster = Cluster(work)
    sections = "".join(f"    - {{address: '{address}', server: node{i}}}\n" for i, address in enumerate(cluster.addresses))
    address = agent(work, f"redis:\n  targets:\n{sections}")
    for port, node in zip(cluster.ports, cluster.addresses):
        theirs = exporter(work, port, name=f"exporter-{port}")
        # What the nodes say to each other goes on; kinds of messages come with the first of their kind.
        ours = page(address, f"/redis/scrape?target={node}")
        check = "\n".join(line for line in theirs.splitlines() if "redis_cluster_messages" not in line and "redis_cluster_stats_messages" not in line)
        compare(check, ours)
    text = page(address)
    for i in range(MASTERS + 1):
        server = f"node{i}"
        assert value(text, "redis_up", server=server) == 1
        assert value(text, "redis_cluster_enabled", server=server) == 1 and value(text, "redis_cluster_state", server=server) == 1
        assert value(text, "redis_cluster_slots_assigned", server=server) == 16384 and value(text, "redis_cluster_size", server=server) == MASTERS
        assert value(text, "redis_cluster_messages_sent_total", server=server) > 0
        assert value(text, "redis_db_keys", db="db0", server=server) == 0 and value(text, "redis_db_keys", db="db1", server=server) is None
    assert sum(value(text, "redis_connected_slaves", server=f"node{i}") for i in range(MASTERS)) == 1


def test_keys_and_streams_are_followed_to_their_nodes(work):
    cluster = Cluster(work)
    for i in range(30):
        cluster.command("SET", f"user:{i}", str(i))
    streams = [f"stream{i}" for i in range(6)]
    for name in streams:
        cluster.command("XADD", name, "1-1", "k", "v")
        cluster.command("XGROUP", "CREATE", name, "mail", "0")
    sizes = [int(talk(port, "DBSIZE")[1:]) for port in cluster.ports[:MASTERS]]
    assert all(sizes), f"a node has no key: {sizes}"
    users = ",".join(f"user:{i}" for i in range(30))
    sections = "".join(f"    - {{address: '{address}', server: node{i}}}\n" for i, address in enumerate(cluster.addresses))
    address = agent(work, f"""
redis:
  is_cluster: true
  deadline: 4s
  check_single_keys: '{users}'
  check_keys: 'user:2*'
  check_single_streams: '{",".join(streams)}'
  count_keys: 'db0=user:*'
  targets:
{sections}""")
    text = page(address)
    values, memory = by_server(text, "redis_key_value", "key"), by_server(text, "redis_key_memory_usage_bytes", "key")
    lengths, pending = by_server(text, "redis_stream_length", "stream"), by_server(text, "redis_stream_group_messages_pending", "stream")
    for i in range(MASTERS + 1):  # whichever node is asked for keys by name, the replica too
        server = f"node{i}"
        assert values[server] == {f"user:{key}": key for key in range(30)}, values[server]
        assert len(memory[server]) == 30 and all(memory[server].values()), memory[server]
        assert lengths[server] == {name: 1 for name in streams} and pending[server] == {name: 0 for name in streams}, (lengths, pending)
    # A search sees the node that is asked: those of the masters together are all.
    counts = by_server(text, "redis_keys_count", "key")
    assert sum(counts[f"node{i}"]["user:*"] for i in range(MASTERS)) == 30, counts

    # A node that stands still takes its own keys with it, from wherever they are asked for.
    cluster.programs[1].signal(signal.SIGSTOP)
    wait_until(lambda: value(page(address), "redis_up", server="node1") == 0, "the node that stands still is down")
    text = page(address)
    assert value(text, "redis_up", server="node0") == 1 and value(text, "redis_up", server="node2") == 1
    known = by_server(text, "redis_key_value", "key")["node0"]
    assert sizes[0] - len(streams) <= len(known) < 30, known
    cluster.programs[1].signal(signal.SIGCONT)
    wait_until(lambda: value(page(address), "redis_up", server="node1") == 1, "it is up again", 60)
    wait_until(lambda: len(by_server(page(address), "redis_key_value", "key")["node0"]) == 30, "all keys are back", 60)
