"""tocsin-agent's MySQL source beside Debian's mysqld_exporter, and on servers in trouble."""
import json
import os
import re
import signal
import subprocess
import time

from mysql_server import PASSWORD, USER, MariaDb
from same_pages import check_has, read_page
from support import free_port, http, need, wait_until

# What Debian's exporter 0.14 has and MariaDB answers; innodb_tablespaces, sys.user_summary are broken or missing there.
COLLECTORS = ("auto_increment.columns binlog_size engine_innodb_status heartbeat info_schema.clientstats info_schema.innodb_metrics "
              "info_schema.processlist info_schema.schemastats info_schema.tables info_schema.tablestats info_schema.userstats "
              "mysql.user perf_schema.eventsstatements perf_schema.eventsstatementssum perf_schema.eventswaits "
              "perf_schema.file_events perf_schema.file_instances perf_schema.indexiowaits perf_schema.memory_events "
              "perf_schema.tableiowaits perf_schema.tablelocks slave_hosts").split()


# Of mysqld-mixin and the widely used collections of alerts.
MUST_HAVE = """
mysql_up mysql_version_info mysql_exporter_collector_success
mysql_global_status_{threads_connected,threads_running,threads_cached,max_used_connections,questions,queries,slow_queries,uptime,innodb_log_waits}
mysql_global_status_{aborted_clients,aborted_connects,bytes_received,bytes_sent,commands_total,handlers_total,opened_tables,open_files,open_tables}
mysql_global_status_table_open_cache_{hits,misses,overflows} mysql_global_status_created_tmp_{tables,disk_tables,files}
mysql_global_status_{sort_rows,sort_merge_passes,select_full_join,select_scan,table_locks_waited,connections,buffer_pool_pages,innodb_page_size}
mysql_global_status_innodb_{row_lock_current_waits,row_lock_time,buffer_pool_read_requests,buffer_pool_reads,data_reads,data_writes}
mysql_global_variables_{max_connections,open_files_limit,innodb_buffer_pool_size,innodb_log_buffer_size,table_open_cache,thread_cache_size,read_only}
mysql_info_schema_innodb_cmp_compress_ops_total mysql_innodb_transactions
"""
MUST_HAVE_OF_A_REPLICA = "mysql_slave_status_{seconds_behind_master,sql_delay,slave_io_running,slave_sql_running,exec_master_log_pos,relay_log_space}"


def agent_on(work, section, name="agent"):
    """Starts an agent with that section (JSON is YAML); returns (program, address, function that gives its page of MySQL)."""
    config = work.write(f"{name}.yml", json.dumps({"node": {"enabled": False}, "mysql": section}, indent=1))
    program, address = work.agent(f"--config.file={config}", name=name)
    return program, address, lambda: http(f"http://{address}/metrics/mysql", timeout=30)[1]


def login(db, **more):
    return {"address": db.address, "user": USER, "password": PASSWORD, **more}


def value(text, series):
    return read_page(text)[1].get(series)


def up(text, server):
    return value(text, f'mysql_up{{server="{server}"}}')


def mysqld_exporter(work, server, name, *flags):
    cnf = work.write(f"{name}.cnf", f"[client]\nuser={USER}\npassword={PASSWORD}\nhost=127.0.0.1\nport={server.port}\n")
    address = f"127.0.0.1:{free_port()}"
    program = work.start(name, [need("prometheus-mysqld-exporter"), f"--config.my-cnf={cnf}", f"--web.listen-address={address}", *flags],
                         f"http://{address}/")
    return program, address


def check_pages_agree(their_pages, ours_text):
    """Every family of their last page is in ours, with its type, help and series; values within what time moves.

    Of counters the least of their pages counts: the performance schema adds up threads while they end, and now and then counts one twice.
    """
    earlier = [read_page(text)[1] for text in their_pages[:-1]]
    theirs, their_series = read_page(their_pages[-1])
    ours, our_series = read_page(ours_text)
    theirs = {name: what for name, what in theirs.items() if name.startswith("mysql_")}
    assert len(theirs) > 700, len(theirs)
    missing = sorted(set(theirs) - set(ours))
    assert not missing, f"families that the agent lacks: {missing}; theirs failed: {[key for key in their_series if key.startswith('mysql_exporter_scrape_errors')]}"
    for name, what in theirs.items():
        assert ours[name] == what, f"{name}: {ours[name]} != {what}"

    def comparable(series):
        # Threads come and go; 0.14 does not leave out the schema sys.
        return {key: text for key, text in series.items()
                if key.startswith("mysql_") and "_processlist_" not in key and 'schema="sys"' not in key}

    their_series, our_series = comparable(their_series), comparable(our_series)
    missing = sorted(set(their_series) - set(our_series))
    assert not missing, f"{len(missing)} series that the agent lacks: {missing[:10]}"
    for key, text in their_series.items():
        a, b = float(text), float(our_series[key])
        if re.match(r"mysql_(global_variables_|version_info|transaction_isolation|galera_|up|mysql_max|info_schema_auto_increment|"
                    r"info_schema_table_(rows|version)|slave_status_(slave_io_running|slave_sql_running|master_port)|heartbeat_stored|binlog_files)", key):
            assert a == b, f"{key}: {b} != {a}"
        elif theirs.get(key.split("{")[0], {}).get("TYPE") == "counter" and not key.startswith("mysql_exporter_"):
            a = min([a] + [float(page[key]) for page in earlier if key in page])
            assert b >= a, f"{key} goes back: {a}, then {b}"


def test_families_and_series_are_those_of_mysqld_exporter(work):
    """Debian's exporter and the agent ask a primary with all collectors, and its replica with the usual ones."""
    primary = MariaDb(work, "primary")
    primary.sql("CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, state VARCHAR(20))",
                "INSERT INTO shop.orders (state) VALUES ('open'), ('paid')", "CREATE DATABASE heartbeat",
                "CREATE TABLE heartbeat.heartbeat (ts DATETIME(6), server_id INT)", "INSERT INTO heartbeat.heartbeat VALUES (NOW(6), 1)")
    replica = MariaDb(work, "replica", 2, ["--report-host=replica.example"])
    replica.sql(f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='{USER}', MASTER_PASSWORD='{PASSWORD}', "
                "MASTER_USE_GTID=slave_pos", "RESET MASTER", f"SET GLOBAL gtid_slave_pos = '{primary.sql('SELECT @@gtid_binlog_pos')}'", "START SLAVE")

    def replicates():
        status = replica.sql("SHOW ALL SLAVES STATUS").split("\t")
        return status.count("Yes") >= 2 and "Waiting for master to send event" in status and primary.sql("SHOW SLAVE HOSTS")
    wait_until(replicates, "the replica replicates", 60)
    flags = [f"--collect.{name}" for name in COLLECTORS]
    _, peer = mysqld_exporter(work, primary, "peer", *flags)
    _, peer_of_replica = mysqld_exporter(work, replica, "peer-of-replica")
    # What their first round makes the server count is there before the agent's.
    theirs, theirs_of_replica = ([http(f"http://{address}/metrics")[1] for _ in range(3)] for address in (peer, peer_of_replica))
    _, _, page = agent_on(work, {"targets": [login(primary)], "collectors": {f"collect.{name}": True for name in COLLECTORS}})
    ours = page()
    failed = [key for key, text in read_page(ours)[1].items() if key.startswith("mysql_exporter_collector_success") and text != "1"]
    assert not failed, failed
    check_pages_agree(theirs, ours)
    check_has(ours, MUST_HAVE + "mysql_heartbeat_{now,stored}_timestamp_seconds mysql_info_schema_table_{rows,size,version} "
              "mysql_perf_schema_events_statements_sum_total")
    assert value(ours, f'mysql_heartbeat_mysql_slave_hosts_info{{master_id="1",port="{replica.port}",server_id="2",slave_host="replica.example",slave_uuid=""}}') == "1"
    _, _, page = agent_on(work, {"targets": [login(replica)]}, name="agent-of-replica")
    ours = page()
    check_pages_agree(theirs_of_replica, ours)
    check_has(ours, MUST_HAVE + MUST_HAVE_OF_A_REPLICA)
    labels = 'channel_name="",connection_name="",master_host="127.0.0.1",master_uuid=""'
    for name in ("slave_io_running", "slave_sql_running"):
        assert value(ours, f"mysql_slave_status_{name}{{{labels}}}") == "1", name
    assert value(ours, f"mysql_slave_status_seconds_behind_master{{{labels}}}") == "0"


ODD_NAMES = ('we"ird', "ünïcode", "with space", "quo'te", "back\\slash")


def test_servers_out_of_the_ordinary_look_as_with_mysqld_exporter(work):
    """A replica of two primaries without performance schema and user statistics; schemas of odd names, tables of several engines."""
    primaries = {"": MariaDb(work, "first", 1), "zwei ö": MariaDb(work, "second", 2)}
    replica = MariaDb(work, "replica", 3, ["--performance-schema=OFF", "--userstat=0", "--gtid-domain-id=3", "--innodb-monitor-enable=all"])
    for name, primary in primaries.items():
        # What came before is the user, whom the replica has.
        position = primary.sql("SHOW MASTER STATUS").split("\t")
        replica.sql(f"CHANGE MASTER '{name}' TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='{USER}', "
                    f"MASTER_PASSWORD='{PASSWORD}', MASTER_LOG_FILE='{position[0]}', MASTER_LOG_POS={position[1]}")
    replica.sql("START ALL SLAVES")
    wait_until(lambda: replica.sql("SHOW ALL SLAVES STATUS").count("Waiting for master to send event") >= 2, "both are replicated", 60)
    first = primaries[""]
    for name in ODD_NAMES:
        first.sql(f"CREATE DATABASE `{name}`", f"CREATE TABLE `{name}`.`t\"ä b` (id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, v TEXT) ENGINE=InnoDB")
    first.sql("CREATE TABLE `ünïcode`.part (a INT PRIMARY KEY) PARTITION BY HASH(a) PARTITIONS 3", "CREATE TABLE `ünïcode`.my (a INT) ENGINE=MyISAM",
              "CREATE TABLE `ünïcode`.ar (a INT) ENGINE=Aria", "CREATE VIEW `ünïcode`.v AS SELECT 1", "INSERT INTO `ünïcode`.part VALUES (1), (2)",
              "CREATE USER 'o''dd\"'@'10.%' IDENTIFIED BY 'x'")
    wait_until(lambda: replica.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'v'") == "1", "the replica has it all", 60)
    for server, name in ((first, "primary"), (replica, "replica")):
        # 0.14 fails with the sums of a performance schema that is off, which are NULL, and with a quote in the name of a schema.
        names = [collector for collector in COLLECTORS if collector != "heartbeat"]
        of_peer = [collector for collector in names if collector not in ("info_schema.tables", "perf_schema.eventsstatementssum")]
        _, peer = mysqld_exporter(work, server, f"peer-of-{name}", *(f"--collect.{collector}" for collector in of_peer))
        theirs = [http(f"http://{peer}/metrics", timeout=30)[1] for _ in range(3)]
        _, _, page = agent_on(work, {"targets": [login(server)], "collectors": {collector: True for collector in names}}, name=f"agent-of-{name}")
        ours = page()
        failed = [key for key, text in read_page(ours)[1].items() if key.startswith("mysql_exporter_collector_success") and text != "1"]
        assert not failed, failed
        check_pages_agree(theirs, ours)
        for schema in ODD_NAMES:
            schema = schema.replace("\\", "\\\\").replace('"', '\\"')
            assert re.search(r"mysql_info_schema_table_rows\{schema=\"" + re.escape(schema) + r'",table="t\\"ä b"\} ', ours), schema
    for name in primaries:
        labels = f'channel_name="",connection_name="{name}",master_host="127.0.0.1",master_uuid=""'
        for metric in ("slave_io_running", "slave_sql_running"):
            assert value(ours, f"mysql_slave_status_{metric}{{{labels}}}") == "1", (name, metric)
    assert value(ours, "mysql_global_variables_performance_schema") == "0"


def test_names_of_newer_versions(work):
    """Collectors that Debian's exporter lacks, or fails with on this server."""
    server = MariaDb(work)
    _, address, page = agent_on(work, {
        "targets": [login(server)],
        "collectors": {"info_schema.innodb_tablespaces": True, "sys.user_summary": True, "perf_schema.metadata_locks": True,
                       "mysql.user": True, "mysql.user.privileges": True, "info_schema.replica_host": True}})
    text = page()
    families, series = read_page(text)
    for name in ("mysql_info_schema_innodb_tablespace_file_size_bytes", "mysql_info_schema_innodb_tablespace_space_info",
                 "mysql_sys_statements_total", "mysql_sys_current_connections", "mysql_mysql_select_priv", "mysql_mysql_max_questions",
                 "mysql_innodb_transactions", "mysql_innodb_lock_wait_longest_seconds", "mysql_exporter_collector_success"):
        assert name in families, name
    failed = [key for key, text in series.items() if key.startswith("mysql_exporter_collector_success") and text != "1"]
    assert not failed, failed
    assert series[f'mysql_mysql_select_priv{{hostmask="%",mysql_user="{USER}"}}'] == "1"


def slowly(condition):
    """InnoDB shows its transactions as they were as long as somebody asks more than ten times a second."""
    def ask():
        time.sleep(0.2)
        return condition()
    return ask


def test_locks_are_seen(work):
    server = MariaDb(work)
    server.sql("CREATE DATABASE shop", "CREATE TABLE shop.t (a INT PRIMARY KEY) ENGINE=InnoDB", "INSERT INTO shop.t VALUES (1)")
    _, _, page = agent_on(work, {"targets": [login(server)], "collectors": {"perf_schema.metadata_locks": True}})
    server.sql("UPDATE performance_schema.setup_instruments SET enabled = 'YES' WHERE name = 'wait/lock/metadata/sql/mdl'")
    holder = subprocess.Popen(server.client(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    waiter = None
    try:
        holder.stdin.write("BEGIN; UPDATE shop.t SET a = 2;\n")
        holder.stdin.flush()
        wait_until(slowly(lambda: server.sql("SELECT COUNT(*) FROM information_schema.innodb_trx") == "1"), "a transaction is open")
        waiter = subprocess.Popen(server.client("-e", "UPDATE shop.t SET a = 3"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(slowly(lambda: value(page(), 'mysql_innodb_transactions{state="lock_wait"}') == "1"), "one waits for the lock")
        text = page()
        assert value(text, 'mysql_innodb_transactions{state="running"}') == "1"
        assert value(text, "mysql_global_status_innodb_row_lock_current_waits") == "1"
        assert 'mysql_perf_schema_metadata_locks{object_type="table",status="granted"}' in text
        wait_until(slowly(lambda: float(value(page(), "mysql_innodb_lock_wait_longest_seconds")) >= 1), "the wait grows")
    finally:
        holder.kill()
        if waiter:
            waiter.wait(60)
    wait_until(slowly(lambda: value(page(), 'mysql_innodb_transactions{state="lock_wait"}') == "0"), "nobody waits")


def test_a_server_that_is_down_or_restarts_is_told_and_disturbs_nobody(work):
    first, second = MariaDb(work, "first"), MariaDb(work, "second", 2)
    _, _, page = agent_on(work, {"targets": [login(first), login(second)]})
    wait_until(lambda: up(page(), first.address) == "1" and up(page(), second.address) == "1", "both are up")
    first.stop()
    text = page()
    assert up(text, first.address) == "0" and up(text, second.address) == "1"
    assert f'mysql_global_status_uptime{{server="{first.address}"}}' not in text
    first.start()
    assert up(page(), first.address) == "1"
    # A restart between two scrapes: the kept connection is dead, and the next scrape has a new one.
    second.stop()
    second.start()
    assert up(page(), second.address) == "1"


def test_a_server_that_hangs_costs_its_deadline_and_nobody_elses(work):
    hung, well = MariaDb(work, "hung"), MariaDb(work, "well", 2)
    agent, _, page = agent_on(work, {"deadline": "1s", "targets": [login(hung), login(well)]})
    wait_until(lambda: up(page(), hung.address) == "1" and up(page(), well.address) == "1", "both are up")
    hung.server.signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            started = time.monotonic()
            text = page()
            assert time.monotonic() - started < 6, "the page waits for the server that hangs"
            assert up(text, well.address) == "1"
        wait_until(lambda: up(page(), hung.address) == "0", "the server that hangs is down")
        assert f"{hung.address}: no answer by the deadline" in agent.text(), agent.text()
    finally:
        hung.server.signal(signal.SIGCONT)
    wait_until(lambda: up(page(), hung.address) == "1", "the server is up again")


def test_wrong_passwords_and_rights_are_reasons_without_the_password(work):
    server = MariaDb(work)
    server.sql("CREATE USER 'few'@'%' IDENTIFIED BY 'few-rights'")
    agent, address, page = agent_on(work, {"targets": [
        login(server, server="good"), {**login(server, server="wrong"), "password": "hunter2-wrong"},
        {"address": server.address, "user": "few", "password": "few-rights", "server": "few"},
        {"address": f"127.0.0.1:{free_port()}", "user": USER, "password": PASSWORD, "server": "port"}]})
    wait_until(lambda: up(page(), "good") == "1", "the good one is up")
    text = page()
    assert up(text, "wrong") == "0" and up(text, "port") == "0" and up(text, "few") == "1"
    assert value(text, 'mysql_exporter_collector_success{collector="collect.slave_status",server="few"}') == "0"
    assert value(text, 'mysql_exporter_collector_success{collector="collect.global_status",server="few"}') == "1"
    log = agent.text()
    assert "Error 1045 (28000): Access denied for user" in log and "Error 2002" in log and "Error 1227 (42000)" in log, log
    assert log.count("collector=slave_status") + log.count("collector=collect.slave_status") == 1, log  # once, not with each scrape
    for shown in (log, page(), http(f"http://{address}/metrics")[1]):
        assert "hunter2" not in shown and PASSWORD not in shown and "few-rights" not in shown


def test_tls_is_verified_and_wanted(work):
    server = MariaDb(work)
    for name, subject in (("server", "IP:127.0.0.1"), ("other", "DNS:other.example")):
        subprocess.run(["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}",
                        "-out", f"{name}.crt", "-keyout", f"{name}.key"], cwd=work.folder, check=True, capture_output=True)
        os.chmod(work.path(f"{name}.key"), 0o644)
    server.stop()
    server.start(f"--ssl-cert={work.path('server.crt')}", f"--ssl-key={work.path('server.key')}", f"--ssl-ca={work.path('server.crt')}")
    plain = MariaDb(work, "plain", 2)
    server.sql(f"ALTER USER '{USER}'@'%' REQUIRE SSL")
    named = {"address": f"localhost:{server.port}", "user": USER, "password": PASSWORD}
    agent, _, page = agent_on(work, {"targets": [
        login(server, server="verified", tls_config={"ca_file": work.path("server.crt"), "min_version": "TLS12"}),
        login(server, server="skipped", tls_config={"insecure_skip_verify": True}),
        login(server, server="none"),
        login(server, server="other-ca", tls_config={"ca_file": work.path("other.crt")}),
        {**named, "server": "other-name", "tls_config": {"ca_file": work.path("server.crt")}},
        login(plain, server="plain", tls_config={"insecure_skip_verify": True})]})
    wait_until(lambda: up(page(), "verified") == "1", "TLS is up")
    text = page()
    assert {name: up(text, name) for name in ("verified", "skipped", "none", "other-ca", "other-name", "plain")} == {
        "verified": "1", "skipped": "1", "none": "0", "other-ca": "0", "other-name": "0", "plain": "0"}, agent.text()
    assert "TLS/SSL error" in agent.text() and "the server does not support TLS" in agent.text(), agent.text()


def test_probes_take_a_target_and_an_auth_module(work):
    server = MariaDb(work)
    work.write("my.cnf", f"[client]\nuser={USER}\npassword=${{MYSQL_TEST_PASSWORD}}\n[client.few]\nuser=nobody\n")
    listen = f"127.0.0.1:{free_port()}"
    os.environ["MYSQL_TEST_PASSWORD"] = PASSWORD
    try:
        _, address, _ = agent_on(work, {"listen": listen, "config_my_cnf": "my.cnf"})
    finally:
        del os.environ["MYSQL_TEST_PASSWORD"]
    for base in (f"http://{listen}/probe", f"http://{address}/mysql/probe"):
        status, text = http(f"{base}?target={server.address}")
        assert status == 200 and value(text, "mysql_up") == "1", f"{status} {text[:300]}"
        status, text = http(f"{base}?target=unix://{server.socket}&collect[]=global_variables")
        assert status == 200 and value(text, "mysql_up") == "1", f"{status} {text[:300]}"
        assert "mysql_global_variables_max_connections " in text and "mysql_global_status_uptime" not in text
        status, text = http(f"{base}?target={server.address}&auth_module=client.few")
        assert status == 200 and value(text, "mysql_up") == "0", f"{status} {text[:300]}"
        assert http(base)[0] == 400
        status, text = http(f"{base}?target={server.address}&auth_module=none")
        assert status == 400 and "[none]" in text, text


def test_custom_queries_are_asked(work):
    server = MariaDb(work)
    server.sql("CREATE DATABASE shop", "CREATE TABLE shop.orders (state VARCHAR(20))", "INSERT INTO shop.orders VALUES ('open'), ('open'), ('paid')")
    work.write("queries.yml", """
shop_orders:
  query: SELECT state, COUNT(*) AS count, '1m' AS age, 7 AS extra FROM shop.orders GROUP BY state
  cache_seconds: 600
  metrics:
    - state: {usage: LABEL, description: State}
    - count: {usage: GAUGE, description: Orders by state}
    - age: {usage: DURATION, description: Age}
bad: {query: SELECT nothing FROM nowhere, metrics: [{v: {usage: GAUGE}}]}
never: {query: SELECT 1 AS v, runonserver: '<5.0.0', metrics: [{v: {usage: GAUGE}}]}
""")
    agent, _, page = agent_on(work, {"custom_queries": "queries.yml", "targets": [login(server)]})
    wait_until(lambda: value(page(), "mysql_up") == "1", "the server is up")
    server.sql("DELETE FROM shop.orders")
    text = page()
    for key, wanted in {'shop_orders_count{state="open"}': "2", 'shop_orders_age_milliseconds{state="paid"}': "60000",
                        'shop_orders_extra{state="open"}': "7", 'mysql_exporter_collector_success{collector="custom.bad"}': "0",
                        'mysql_exporter_collector_success{collector="custom.shop_orders"}': "1"}.items():
        assert value(text, key) == wanted, f"{key}: {value(text, key)}"
    assert "queries.yml:9:1: " in agent.text(), agent.text()
    assert "never_v" not in text and "Error 1046" in agent.text() or "Error 1146" in agent.text(), agent.text()
