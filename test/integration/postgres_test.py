"""tocsin-agent's PostgreSQL source beside Debian's postgres_exporter, and on servers in trouble."""
import os
import re
import signal
import subprocess
import time

from postgres_server import PASSWORD, Postgres
from same_pages import check_has, read_page
from support import free_port, http, need, wait_until

# Of postgres_mixin and the widely used collections of alerts.
MUST_HAVE = """
pg_up pg_exporter_last_scrape_error pg_locks_count pg_stat_activity_{count,max_tx_duration} pg_postmaster_start_time_seconds
pg_stat_database_{xact_commit,xact_rollback,blks_hit,blks_read,tup_fetched,tup_returned,tup_inserted,tup_updated,tup_deleted,deadlocks,conflicts,numbackends}
pg_settings_{max_connections,superuser_reserved_connections,max_locks_per_transaction,autovacuum,autovacuum_max_workers,transaction_read_only}
pg_settings_autovacuum_{freeze_max_age,multixact_freeze_max_age,naptime_seconds,vacuum_threshold,vacuum_scale_factor,analyze_threshold,work_mem_bytes}
pg_stat_bgwriter_{buffers_alloc,buffers_backend,buffers_backend_fsync,buffers_checkpoint,buffers_clean}_total
pg_stat_bgwriter_{checkpoints_timed,checkpoints_req,checkpoint_write_time,checkpoint_sync_time,maxwritten_clean}_total
pg_replication_{is_replica,lag_seconds} pg_replication_slots_{active,slot_is_active,slot_current_wal_lsn,wal_status}
pg_stat_user_tables_{n_dead_tup,n_live_tup,last_vacuum,last_autovacuum,last_analyze,last_autoanalyze,seq_scan,idx_scan,n_tup_ins,n_tup_upd,n_tup_del}
pg_stat_user_tables_{table_size_bytes,index_size_bytes,vacuum_count,autovacuum_count,analyze_count,autoanalyze_count,n_mod_since_analyze}
pg_database_size_bytes pg_stat_archiver_{archived_count,failed_count} pg_stat_replication_pg_wal_lsn_diff pg_wal_{segments,size_bytes}
pg_stat_statements_{calls_total,seconds_total,rows_total,block_read_seconds_total,block_write_seconds_total}
"""

STATEMENTS = "shared_preload_libraries='pg_stat_statements'"
EVERY_COLLECTOR = ("{buffercache_summary: true, database_wraparound: true, long_running_transactions: true, postmaster: true, "
                   "process_idle: true, stat_activity_autovacuum: true, stat_checkpointer: true, stat_statements: true, "
                   "stat_wal_receiver: true, statio_user_indexes: true, xlog_location: true, slow_statements: true}")


def agent_on(work, section, name="agent"):
    """Starts an agent with that section; returns (program, function that gives its page of PostgreSQL)."""
    config = work.write(f"{name}.yml", "postgres:\n" + "\n".join("  " + line for line in section.strip().splitlines()) + "\n")
    program, address = work.agent(f"--config.file={config}", name=name)
    return program, address, lambda: http(f"http://{address}/metrics/postgres")[1]


def value(page, series):
    return read_page(page)[1].get(series)


def is_up(page, up="1"):
    return value(page, "pg_up") == up


def start_peer(work, server, *flags, name="postgres_exporter"):
    """Debian's exporter of that server; a function that gives its page."""
    port = free_port()
    os.environ["DATA_SOURCE_NAME"] = server.dsn()
    try:
        work.start(name, [need("prometheus-postgres-exporter"), f"--web.listen-address=127.0.0.1:{port}", *flags], f"http://127.0.0.1:{port}/")
    finally:
        del os.environ["DATA_SOURCE_NAME"]
    return lambda: http(f"http://127.0.0.1:{port}/metrics")[1]


def check_pages_agree(theirs_text, ours_text):
    """Every family of theirs is in ours, with its help and type, and every series; settings have equal values. Returns both pages' series."""
    theirs, their_series = read_page(theirs_text)
    ours, our_series = read_page(ours_text)
    of_the_process = re.compile(r"(go|process|promhttp)_")
    slot = re.compile(r'slot_name="[^"]*"')
    for name in theirs:
        if not of_the_process.match(name):
            assert ours.get(name) == theirs[name], f"{name}: {ours.get(name)} != {theirs[name]}"

    def comparable(series):
        # 0.11.1 calls its collector bgwriter and has the process id for the slot of a replica, which is a mistake.
        return {slot.sub("slot_name", key) if key.startswith("pg_stat_replication_") else key: text for key, text in series.items()
                if not of_the_process.match(key) and not key.startswith("postgres_exporter_build_info")
                and 'collector="bgwriter"' not in key}

    their_series, our_series = comparable(their_series), comparable(our_series)
    missing = sorted(set(their_series) - set(our_series))
    assert not missing, missing
    for key, text in their_series.items():
        if key.startswith("pg_settings_") or re.match(r"pg_(static|up|database_size_bytes\{datname=\"template0\")", key):
            assert our_series[key] == text, f"{key}: {our_series[key]} != {text}"
        else:
            assert (our_series[key] == "NaN") == (text == "NaN"), f"{key}: {our_series[key]} != {text}"
    return their_series, our_series


def test_families_and_series_are_those_of_postgres_exporter(work):
    """Debian's exporter and the agent ask one server, which has a replica: every family and series of the one, the other has."""
    server = Postgres(work, settings=STATEMENTS)
    server.sql("CREATE TABLE t (a int PRIMARY KEY)", "CREATE DATABASE app")
    Postgres(work, "replica", copy_of=server)
    wait_until(lambda: server.sql("SELECT state FROM pg_stat_replication") == "streaming", "the replica streams")
    peer = start_peer(work, server)
    _, _, page = agent_on(work, f"targets: [{{dsn: '{server.dsn()}'}}]")
    peer()  # its session is there before either page is made
    wait_until(lambda: is_up(page()), "the agent has asked")
    ours = page()
    their_series, our_series = check_pages_agree(peer(), ours)
    for name in ("pg_stat_replication_pg_wal_lsn_diff{", "pg_replication_slots_active{"):  # the replica was there
        assert any(key.startswith(name) for key in their_series) and any(key.startswith(name) for key in our_series), name


ODD_NAMES = ('we"ird', "ünïcode", "with space", "quo'te", "back\\slash", "UPPER")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def test_servers_out_of_the_ordinary_look_as_with_postgres_exporter(work):
    """Odd names, partitions, slots of both kinds, an archive that fails, prepared and long transactions; and the replica of all that."""
    server = Postgres(work, settings="wal_level=logical\narchive_mode=on\narchive_command='false'\nmax_prepared_transactions=5\n"
                                     "track_io_timing=on\nsome.option='a\"b'\nother.number='5'")
    server.sql(*(f"CREATE DATABASE {quoted(name)}" for name in ODD_NAMES))
    server.sql(*(f"CREATE SCHEMA {quoted(name)}" for name in ODD_NAMES),
               *(f"CREATE TABLE {quoted(name)}.{quoted(name)} (a int PRIMARY KEY)" for name in ODD_NAMES),
               *(f"CREATE ROLE {quoted(name)} CONNECTION LIMIT 3" for name in ODD_NAMES),
               "CREATE TABLE part (a int, b text) PARTITION BY RANGE (a)", "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (100)",
               "INSERT INTO part SELECT i, 'x' FROM generate_series(0, 99) AS i", "CREATE MATERIALIZED VIEW seen AS SELECT * FROM part",
               "CREATE TABLE nothing ()", "SELECT pg_create_logical_replication_slot('logical_slot', 'test_decoding')",
               "SELECT pg_create_physical_replication_slot('unused_slot')", "SELECT pg_create_physical_replication_slot('kept_slot', true)")
    server.sql("BEGIN; INSERT INTO part VALUES (5, 'p'); PREPARE TRANSACTION 'it''s'")
    server.sql("SELECT pg_switch_wal()")
    replica = Postgres(work, "replica", copy_of=server)
    wait_until(lambda: server.sql("SELECT state FROM pg_stat_replication") == "streaming", "the replica streams")
    wait_until(lambda: server.sql("SELECT failed_count > 0 FROM pg_stat_archiver") == "t", "the archive fails")
    holder = subprocess.Popen(["psql", "-XAtq", server.dsn(options="&application_name=my%22app")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        holder.stdin.write("BEGIN; SELECT 1;\n")
        holder.stdin.flush()
        wait_until(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == "1", "a transaction is open")
        for asked, name in ((server, "primary"), (replica, "standby")):
            peer = start_peer(work, asked, name=f"exporter-{name}")
            _, _, page = agent_on(work, f"targets: [{{dsn: '{asked.dsn()}'}}]", f"agent-{name}")
            peer()
            wait_until(lambda page=page: is_up(page()), "the agent has asked")
            ours = page()
            check_pages_agree(peer(), ours)
            failed = [key for key, text in read_page(ours)[1].items() if key.startswith("pg_scrape_collector_success") and text != "1"]
            assert not failed, failed
        _, _, page = agent_on(work, f"compatibility: '0.20'\ntargets: [{{dsn: '{server.dsn()}'}}]", "newer")
        text = page()
    finally:
        holder.kill()
    for name in ODD_NAMES:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        for key, wanted in {f'pg_database_connection_limit{{datname="{escaped}"}}': "-1", f'pg_roles_connection_limit{{rolname="{escaped}"}}': "3",
                            f'pg_stat_user_tables_n_live_tup{{datname="postgres",relname="{escaped}",schemaname="{escaped}"}}': "0"}.items():
            assert value(text, key) == wanted, f"{key}: {value(text, key)}"
    for key, wanted in {'pg_stat_user_tables_table_size_bytes{datname="postgres",relname="part1",schemaname="public"}': server.sql("SELECT pg_table_size('part1')"),
                        'pg_replication_slots_slot_is_active{slot_name="logical_slot",slot_type="logical"}': "0",
                        'pg_replication_slots_slot_is_active{slot_name="replica",slot_type="physical"}': "1"}.items():
        assert value(text, key) == wanted, f"{key}: {value(text, key)}"
    assert float(value(text, "pg_stat_archiver_failed_count")) > 0


def test_names_of_newer_versions_on_a_primary_and_its_replica(work):
    server = Postgres(work, settings=STATEMENTS)
    server.sql("CREATE EXTENSION pg_stat_statements", "CREATE TABLE t (a int PRIMARY KEY, b text)",
               "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 1000) AS i")
    server.sql("VACUUM ANALYZE t")  # in another session: the first one's counts come with its end
    replica = Postgres(work, "replica", copy_of=server)
    wait_until(lambda: server.sql("SELECT state FROM pg_stat_replication") == "streaming", "the replica streams")
    _, address, _ = agent_on(work, f"""
compatibility: "0.20"
collectors: {EVERY_COLLECTOR}
stat_statements: {{include_query: true, limit: 20}}
targets:
  - {{dsn: '{server.dsn()}', server: primary}}
  - {{dsn: '{replica.dsn()}', server: replica}}
""")

    def page():
        return read_page(http(f"http://{address}/metrics/postgres")[1])[1]

    wait_until(lambda: page().get('pg_up{server="primary"}') == "1" and page().get('pg_up{server="replica"}') == "1", "both are up")
    series = page()
    table = 'datname="postgres",relname="t",schemaname="public",server="primary"'
    expected = {
        'pg_replication_is_replica{server="primary"}': "0", 'pg_replication_is_replica{server="replica"}': "1",
        f"pg_stat_user_tables_n_live_tup{{{table}}}": "1000", f"pg_stat_user_tables_n_tup_ins{{{table}}}": "1000",
        f"pg_stat_user_tables_vacuum_count{{{table}}}": "1", f"pg_stat_user_tables_last_autovacuum{{{table}}}": "0",
        'pg_replication_slots_slot_is_active{server="primary",slot_name="replica",slot_type="physical"}': "1",
        'pg_replication_slots_wal_status{server="primary",slot_name="replica",slot_type="physical",wal_status="reserved"}': "1",
        'pg_database_connection_limit{datname="postgres",server="primary"}': "-1",
        'pg_roles_connection_limit{rolname="postgres",server="primary"}': "-1",
        'pg_settings_max_connections{server="primary"}': "30",
        'pg_long_running_transactions{server="replica"}': "0",
    }
    for key, text in expected.items():
        assert series.get(key) == text, f"{key}: {series.get(key)}"
    check_has(http(f"http://{address}/metrics/postgres")[1], MUST_HAVE)
    families = {key.split("{")[0] for key in series if 'server="primary"' in key}
    for name in ("pg_replication_lag_seconds", "pg_replication_slots_active", "pg_stat_user_tables_n_dead_tup", "pg_postmaster_start_time_seconds",
                 "pg_stat_activity_count", "pg_locks_count", "pg_wal_segments", "pg_wal_size_bytes", "pg_database_wraparound_age_datfrozenxid_seconds",
                 "pg_statio_user_tables_heap_blocks_hit", "pg_statio_user_indexes_idx_blks_hit_total", "pg_stat_statements_calls_total",
                 "pg_stat_statements_seconds_total", "pg_stat_statements_query_id", "pg_slow_statements_mean_seconds", "pg_slow_queries_count",
                 "pg_lock_waits_count", "pg_stat_database_active_time_seconds_total", "pg_stat_replication_pg_wal_lsn_diff",
                 "pg_stat_bgwriter_buffers_alloc_total", "pg_stat_database_xact_commit", "pg_exporter_last_scrape_error"):
        assert name in families, name
    receiver = [key for key in series if key.startswith("pg_stat_wal_receiver_latest_end_lsn{")]
    assert len(receiver) == 1 and 'slot_name="replica"' in receiver[0] and 'status="streaming"' in receiver[0], receiver
    failed = [key for key, text in series.items() if key.startswith("pg_scrape_collector_success") and text != "1"]
    assert all("statements" in key and "replica" in key for key in failed), failed  # needs no table there, but may lack texts
    activity = [key for key in series if key.startswith("pg_stat_activity_count{") and 'state="idle"' in key]
    assert activity and all(label in activity[0] for label in ("usename=", "application_name=", "backend_type=", "wait_event=")), activity


def test_a_server_that_is_down_or_restarts_is_told_and_disturbs_nobody(work):
    first, second = Postgres(work, "first"), Postgres(work, "second")
    _, _, page = agent_on(work, f"targets: [{{dsn: '{first.dsn()}'}}, {{dsn: '{second.dsn()}'}}]")

    def up(server):
        return value(page(), f'pg_up{{server="{server.label}"}}')

    wait_until(lambda: up(first) == "1" and up(second) == "1", "both are up")
    first.stop()
    wait_until(lambda: up(first) == "0", "the stopped server is down")
    assert up(second) == "1"
    first.start()
    wait_until(lambda: up(first) == "1", "the server is up again")
    # A restart between two scrapes: the kept session is dead, and the next scrape has a new one.
    second.stop()
    second.start()
    assert up(second) == "1"


def test_a_server_that_hangs_costs_its_deadline_and_nobody_elses(work):
    hung, well = Postgres(work, "hung"), Postgres(work, "well")
    agent, _, page = agent_on(work, f"deadline: 1s\ntargets: [{{dsn: '{hung.dsn()}'}}, {{dsn: '{well.dsn()}'}}]")

    def up(server):
        return value(page(), f'pg_up{{server="{server.label}"}}')

    wait_until(lambda: up(hung) == "1" and up(well) == "1", "both are up")
    hung.signal_all(signal.SIGSTOP)
    try:
        for _ in range(3):
            started = time.monotonic()
            text = page()
            assert time.monotonic() - started < 6, "the page waits for the server that hangs"
            assert value(text, f'pg_up{{server="{well.label}"}}') == "1"
        wait_until(lambda: up(hung) == "0", "the server that hangs is down")
        assert "no answer in time" in agent.text()
    finally:
        hung.signal_all(signal.SIGCONT)
    wait_until(lambda: up(hung) == "1", "the server is up again")


def test_slow_statements_of_a_user_end_by_the_server_and_the_rest_is_served(work):
    server = Postgres(work)
    work.write("queries.yaml", """
quick: {query: 'SELECT 7 AS v', metrics: [{v: {usage: GAUGE, description: Quick.}}]}
slow: {query: 'SELECT count(pg_sleep(60)) AS v', metrics: [{v: {usage: GAUGE}}]}
""")
    agent, _, page = agent_on(work, f"deadline: 4s\nstatement_timeout: 200ms\ncustom_queries: queries.yaml\ntargets: [{{dsn: '{server.dsn()}'}}]")
    wait_until(lambda: is_up(page()), "the server is up")
    text = page()
    assert value(text, f'quick_v{{server="{server.label}"}}') == "7"
    assert "slow_v" not in text
    assert value(text, "pg_exporter_last_scrape_error") == "1"
    assert "queries.yaml:3:1: slow: canceling statement due to statement timeout" in agent.text()
    assert server.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60)%' AND pid <> pg_backend_pid() AND state = 'active'") == "0"


def test_wrong_passwords_and_names_are_reasons_without_the_password(work):
    server = Postgres(work)
    agent, address, page = agent_on(work, f"""
targets:
  - {{dsn: '{server.dsn(password="hunter2-wrong")}', server: password}}
  - {{dsn: '{server.dsn(database="nowhere")}', server: database}}
  - {{dsn: 'postgresql://postgres:{PASSWORD}@127.0.0.1:{free_port()}/postgres', server: port}}
  - {{dsn: '{server.dsn()}', server: good}}
""")
    wait_until(lambda: value(page(), 'pg_up{server="good"}') == "1", "the good one is up")
    for name in ("password", "database", "port"):
        assert value(page(), f'pg_up{{server="{name}"}}') == "0", name
    log = agent.text()
    assert 'password authentication failed for user' in log and 'database \\"nowhere\\" does not exist' in log and "Connection refused" in log, log
    for text in (log, page(), http(f"http://{address}/metrics")[1]):
        assert "hunter2" not in text and PASSWORD not in text


def test_encryption_follows_sslmode(work):
    server = Postgres(work)
    for command in (["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=db.example", "-addext",
                     "subjectAltName=DNS:db.example", "-out", "server.crt", "-keyout", "server.key"],):
        subprocess.run(server.command("env")[:-1] + command, cwd=server.data, check=True, capture_output=True)
    server.stop()
    with open(os.path.join(server.data, "postgresql.conf"), "a", encoding="utf-8") as out:
        out.write("ssl=on\n")
    with open(os.path.join(server.data, "pg_hba.conf"), "w", encoding="utf-8") as out:
        out.write("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    server.start()
    root = work.path("root.crt")
    with open(os.path.join(server.data, "server.crt"), encoding="utf-8") as source, open(root, "w", encoding="utf-8") as out:
        out.write(source.read())
    base = server.dsn().replace("sslmode=disable", "")
    agent, _, page = agent_on(work, f"""
targets:
  - {{dsn: '{server.dsn()}', server: plain}}
  - {{dsn: '{base}sslmode=require', server: require}}
  - {{dsn: '{base}sslmode=verify-ca&sslrootcert={root}', server: verify-ca}}
  - {{dsn: '{base}sslmode=verify-full&sslrootcert={root}', server: verify-full}}
  - {{dsn: 'host=db.example hostaddr=127.0.0.1 port={server.port} user=postgres password={PASSWORD} sslmode=verify-full sslrootcert={root}', server: name}}
""")
    for name, up in (("require", "1"), ("verify-ca", "1"), ("name", "1"), ("plain", "0"), ("verify-full", "0")):
        wait_until(lambda name=name, up=up: value(page(), f'pg_up{{server="{name}"}}') == up, f"{name} is {up}")
    assert "no encryption" in agent.text() and "does not match host name" in agent.text(), agent.text()


def test_probes_take_a_target_and_an_auth_module(work):
    server = Postgres(work)
    server.sql("CREATE ROLE mon LOGIN PASSWORD 'mon-pass'", "GRANT pg_monitor TO mon")
    _, address, _ = agent_on(work, """
auth_modules:
  mon: {type: userpass, userpass: {username: mon, password: mon-pass}, options: {sslmode: disable}}
""")
    base = f"http://{address}/postgres/probe"
    status, text = http(f"{base}?target=127.0.0.1:{server.port}/postgres&auth_module=mon")
    assert status == 200 and value(text, "pg_up") == "1", f"{status} {text[:300]}"
    assert value(text, "pg_wal_segments") is not None  # a pg_monitor may
    assert f'server="{server.label}"' in text
    assert http(f"{base}?auth_module=mon")[0] == 400
    assert http(f"{base}?target=127.0.0.1:{server.port}&auth_module=none")[0] == 400
    status, text = http(f"{base}?target=127.0.0.1:{free_port()}&auth_module=mon")
    assert status == 200 and value(text, "pg_up") == "0", f"{status} {text[:300]}"


def test_found_databases_are_asked_for_their_tables_and_the_users_queries(work):
    server = Postgres(work)
    server.sql("CREATE DATABASE app", "CREATE DATABASE hidden")
    server.sql("CREATE TABLE orders (state text, total int)", "INSERT INTO orders VALUES ('open', 3), ('paid', 4), ('paid', 5)", database="app")
    work.write("queries.yaml", """
pg_orders:
  query: |
    SELECT current_database() AS datname, count(*) AS tables, now() - interval '90 s' AS since, '1m30s' AS age, 'full' AS mode,
           array[1, 5] AS sizes, array[1, 2] AS sizes_bucket, 12.5 AS sizes_sum, 3 AS sizes_count, true AS known, 'text' AS unknown
    FROM pg_stat_user_tables
  cache_seconds: 30
  metrics:
    - datname: {usage: LABEL, description: Name}
    - tables: {usage: COUNTER, description: Tables}
    - since: {usage: GAUGE, description: Since}
    - age: {usage: DURATION, description: Age}
    - mode: {usage: MAPPEDMETRIC, description: Mode, metric_mapping: {off: 0, full: 2}}
    - sizes: {usage: HISTOGRAM, description: Sizes}
once: {query: SELECT 1 AS v, master: true, metrics: [{v: {usage: GAUGE}}]}
never: {query: SELECT nothing, runonserver: '<9.0.0', metrics: [{v: {usage: GAUGE}}]}
""")
    _, _, page = agent_on(work, f"""
auto_discover_databases: true
exclude_databases: [hidden]
custom_queries: queries.yaml
targets: [{{dsn: '{server.dsn()}'}}]
""")
    wait_until(lambda: is_up(page()), "the server is up")
    text = page()
    label = f'server="{server.label}"'
    expected = {
        'pg_stat_user_tables_n_tup_ins{datname="app",relname="orders",schemaname="public"}': "3",
        f'pg_orders_tables{{datname="app",{label}}}': "1", f'pg_orders_tables{{datname="postgres",{label}}}': "0",
        f'pg_orders_age_milliseconds{{datname="app",{label}}}': "90000", f'pg_orders_mode{{datname="app",{label}}}': "2",
        f'pg_orders_known{{datname="app",{label}}}': "1", f'pg_orders_sizes_bucket{{datname="app",{label},le="5"}}': "2",
        f'pg_orders_sizes_bucket{{datname="app",{label},le="+Inf"}}': "3", f"once_v{{{label}}}": "1",
        "pg_exporter_last_scrape_error": "0",
    }
    for key, wanted in expected.items():
        assert value(text, key) == wanted, f"{key}: {value(text, key)}"
    since = float(value(text, f'pg_orders_since{{datname="app",{label}}}'))
    assert abs(time.time() - 90 - since) < 60, since
    assert "hidden" not in "".join(line for line in text.splitlines() if line.startswith(("pg_orders", "pg_stat_user_tables"))) and "never" not in text
    assert 'pg_exporter_user_queries_load_error{filename="' in text
    assert value(text, f'pg_orders_since{{datname="app",{label}}}') == value(page(), f'pg_orders_since{{datname="app",{label}}}')  # cached


def test_locks_and_long_transactions_are_seen(work):
    server = Postgres(work)
    server.sql("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    _, _, page = agent_on(work, f"slow_query_threshold: 100ms\ntargets: [{{dsn: '{server.dsn()}'}}]")
    holder = subprocess.Popen(["psql", "-XAtq", server.dsn()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    waiter = None
    try:
        holder.stdin.write("BEGIN; UPDATE t SET a = 2;\n")
        holder.stdin.flush()
        wait_until(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == "1", "a transaction is open")
        waiter = subprocess.Popen(["psql", "-XAtq", server.dsn(), "-c", "UPDATE t SET a = 3"], stdout=subprocess.DEVNULL)
        wait_until(lambda: value(page(), 'pg_lock_waits_count{datname="postgres"}') == "1", "one waits for the lock")
        wait_until(lambda: value(page(), 'pg_slow_queries_count{state="idle in transaction"}') == "1"
                   and value(page(), 'pg_slow_queries_count{state="active"}') == "1", "both are slow")
        text = page()
        assert float(value(text, 'pg_slow_queries_max_duration_seconds{state="active"}')) >= 0.1
        assert value(text, f'pg_stat_activity_count{{datname="postgres",server="{server.label}",state="idle in transaction"}}') == "1"
    finally:
        holder.kill()
        if waiter:
            waiter.wait(30)
    wait_until(lambda: value(page(), 'pg_lock_waits_count{datname="postgres"}') == "0", "nobody waits")


def test_a_table_that_is_rebuilt_costs_its_sizes_and_nothing_else(work):
    """Sizes wait for whoever holds a table alone; the statistics of all others, and the page, do not."""
    server = Postgres(work)
    server.sql("CREATE TABLE held (a int PRIMARY KEY)", "CREATE TABLE free (a int PRIMARY KEY)", "INSERT INTO free VALUES (1)")
    _, _, page = agent_on(work, f"targets: [{{dsn: '{server.dsn()}'}}]")
    size = 'pg_stat_user_tables_table_size_bytes{{datname="postgres",relname="{}",schemaname="public"}}'.format
    rows = 'pg_stat_user_tables_n_tup_ins{{datname="postgres",relname="{}",schemaname="public"}}'.format
    wait_until(lambda: value(page(), size("held")) == "0" and value(page(), rows("free")) == "1", "both tables are there")
    for statement in ("LOCK TABLE held IN ACCESS EXCLUSIVE MODE", "REINDEX INDEX held_pkey"):
        holder = subprocess.Popen(["psql", "-XAtq", server.dsn()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            holder.stdin.write(f"BEGIN; {statement};\n")
            holder.stdin.flush()
            wait_until(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == "1", "the table is held")
            text = page()
            assert value(text, size("held")) is None and value(text, rows("held")) == "0", statement
            assert value(text, size("free")) == "8192" and value(text, rows("free")) == "1", statement
            assert value(text, 'pg_scrape_collector_success{collector="stat_user_tables"}') == "1", statement
        finally:
            holder.kill()
            holder.wait(30)
        wait_until(lambda: value(page(), size("held")) == "0", "the size is back")


def test_a_user_with_few_rights_sees_all_that_it_may(work):
    server = Postgres(work)
    server.sql("CREATE ROLE few LOGIN PASSWORD 'few-rights'", "ALTER ROLE few SET statement_timeout = '1ms'", "ALTER ROLE few SET search_path = ''",
               "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC", "CREATE TABLE t (a int)")
    dsn = server.dsn(user="few", password="few-rights")
    agent, _, page = agent_on(work, f"compatibility: '0.20'\nauto_discover_databases: true\ntargets: [{{dsn: '{dsn}'}}]")
    wait_until(lambda: is_up(page()), "the agent has asked")
    text = page()
    failed = {key for key, number in read_page(text)[1].items() if key.startswith("pg_scrape_collector_success") and number != "1"}
    assert failed == {'pg_scrape_collector_success{collector="wal"}'}, failed
    assert float(value(text, 'pg_database_size_bytes{datname="postgres"}')) > 0
    assert value(text, 'pg_database_size_bytes{datname="closed"}') is None
    assert value(text, 'pg_database_connection_limit{datname="closed"}') == "-1"
    assert value(text, 'pg_stat_user_tables_n_live_tup{datname="postgres",relname="t",schemaname="public"}') == "0"
    assert "wal: permission denied for function pg_ls_waldir" in agent.text() and 'permission denied for database \\"closed\\"' in agent.text(), agent.text()
    server.sql("GRANT pg_monitor TO few")
    wait_until(lambda: value(page(), 'pg_scrape_collector_success{collector="wal"}') == "1", "the right counts at once")
    assert float(value(page(), 'pg_database_size_bytes{datname="closed"}')) > 0
