#include "state/sqlite_store.hpp"

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "base/rng.hpp"
#include "base/virtual_loop.hpp"
#include "state/database.hpp"
#include "state/migrations.hpp"
#include "state/records.hpp"
#include "state/rows.hpp"
#include "temp_folder.hpp"

namespace tocsin::state {
namespace {

using model::Labels;
using test::TempFolder;

std::unique_ptr<Store> open(const std::string& path, SqliteOptions options = {}) {
  static VirtualLoop loop;
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path, loop, options);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

bool flushed(Store& store) {
  std::promise<bool> done;
  store.flush([&done](bool ok) { done.set_value(ok); });
  return done.get_future().get();
}

/// Runs SQL on the file from outside.
void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  char* error = nullptr;
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error);
  INFO((error != nullptr ? error : ""));
  CHECK(code == SQLITE_OK);
  sqlite3_free(error);
  sqlite3_close(db);
}

model::AlertPtr alert(const std::string& name, Timestamp ends_at = 0) {
  model::Alert a;
  a.labels = Labels{{"alertname", name}, {"instance", "web-1:9100"}};
  a.annotations = Labels{{"summary", "über 90 %\n\"x\""}};
  a.starts_at = 1'700'000'000'123;
  a.ends_at = ends_at;
  a.updated_at = 1'700'000'001'000;
  a.generator_url = "http://prom.example/graph?g0.expr=up";
  a.timeout = true;
  return std::make_shared<const model::Alert>(std::move(a));
}

NotificationLogEntry entry(const std::string& group, Timestamp expires_at) {
  NotificationLogEntry e;
  e.group_key = group;
  e.receiver = "team X";
  e.integration = "slack";
  e.index = 2;
  e.sent_at = 1000;
  e.expires_at = expires_at;
  e.firing = {1, std::numeric_limits<std::uint64_t>::max()};
  e.resolved = {7};
  e.owed = {1, 9};
  e.receiver_data = {{"channel", ""}, {"ts", "1700.5"}};
  return e;
}

NotificationLogEntryPtr shared_entry(const std::string& group, Timestamp expires_at) {
  return std::make_shared<const NotificationLogEntry>(entry(group, expires_at));
}

UnderWayNote note(const std::string& group) {
  return {group, "team X", "slack", 2, 1234, {1, std::numeric_limits<std::uint64_t>::max()}};
}

/// A blob as SQL has it.
std::string sql_blob(std::string_view bytes) {
  std::string out = "x'";
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out + "'";
}

std::string packed(const model::Alert& one) {
  std::string payload, pack;
  encode_alert(payload, one);
  put_record(pack, one.labels.fingerprint(), payload);
  return pack;
}

std::string packed(std::uint64_t id, const NotificationLogEntry& one) {
  std::string payload, pack;
  encode_entry(payload, one);
  put_record(pack, id, payload);
  return pack;
}

RuleAlert rule_alert(const std::string& rule, const std::string& instance, double value) {
  RuleAlert a;
  a.rule_key = rule;
  a.labels = Labels{{"alertname", "HighCPU"}, {"instance", instance}};
  a.annotations = Labels{{"summary", std::string(300, 'x')}};
  a.state = RuleAlertState::kFiring;
  a.value = value;
  a.active_at = 1;
  a.fired_at = 2;
  a.resolved_at = 3;
  a.last_sent_at = 4;
  a.valid_until = 5;
  a.keep_firing_since = 6;
  return a;
}

}  // namespace

TEST_CASE("What was saved is there after the store is opened again, to the bit") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  const double nan = std::bit_cast<double>(std::uint64_t{0x7ff0000000000002});
  {
    const auto store = open(path);
    store->save_alerts({alert("A"), alert("B", 1'700'000'009'999)});
    store->save_rule_alerts("r1", {rule_alert("r1", "a", nan), rule_alert("r1", "b", -0.0)});
    store->save_rule_alerts("r2", {rule_alert("r2", "a", 1)});
    store->save_notification(shared_entry("{}:{a=\"b\"}", 5000));
    store->save_silence({"id-1", R"({"comment":"x"})", 99});
    REQUIRE(flushed(*store));
  }
  const auto store = open(path);
  const auto alerts = store->load_alerts();
  REQUIRE(alerts);
  REQUIRE(alerts->size() == 2);
  const bool a_first = (*alerts)[0].labels.get("alertname") == "A";
  CHECK((*alerts)[a_first ? 0 : 1] == *alert("A"));
  CHECK((*alerts)[a_first ? 1 : 0] == *alert("B", 1'700'000'009'999));

  const auto rules = store->load_rule_alerts();
  REQUIRE(rules);
  REQUIRE(rules->size() == 3);
  CHECK(std::bit_cast<std::uint64_t>((*rules)[0].value) == 0x7ff0000000000002);
  CHECK(std::signbit((*rules)[1].value));
  CHECK((*rules)[0].labels == rule_alert("r1", "a", 0).labels);
  CHECK((*rules)[0].annotations == rule_alert("r1", "a", 0).annotations);
  CHECK((*rules)[0].state == RuleAlertState::kFiring);
  CHECK((*rules)[0].keep_firing_since == 6);

  const auto log = store->load_notifications();
  REQUIRE(log);
  REQUIRE(log->size() == 1);
  CHECK((*log)[0].group_key == "{}:{a=\"b\"}");
  CHECK((*log)[0].firing == entry("", 0).firing);
  CHECK((*log)[0].resolved == entry("", 0).resolved);
  CHECK((*log)[0].owed == entry("", 0).owed);
  CHECK((*log)[0].receiver_data == entry("", 0).receiver_data);
  CHECK((*log)[0].index == 2);

  const auto silences = store->load_silences();
  REQUIRE(silences);
  REQUIRE(silences->size() == 1);
  CHECK((*silences)[0].json == R"({"comment":"x"})");
}

TEST_CASE("Notes of what is under way are kept until their batch is removed") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  {
    const auto store = open(path);
    store->save_under_way(1, {note("a"), note("b")});
    store->save_under_way(2, {note("c")});
    REQUIRE(flushed(*store));
    store->remove_under_way(1);
    store->save_under_way(3, {note("d")});  // never gets to the disk
    store->remove_under_way(3);
    REQUIRE(flushed(*store));
  }
  const auto store = open(path);
  const auto left = store->load_under_way();
  REQUIRE(left);
  REQUIRE(left->size() == 1);
  CHECK((*left)[0].batch == 2);
  CHECK((*left)[0].note.group_key == "c");
  CHECK((*left)[0].note.receiver == "team X");
  CHECK((*left)[0].note.integration == "slack");
  CHECK((*left)[0].note.index == 2);
  CHECK((*left)[0].note.noted_at == 1234);
  CHECK((*left)[0].note.firing == note("c").firing);
}

TEST_CASE("A later write of the same thing replaces the earlier one, and removal removes") {
  const TempFolder folder;
  const auto store = open(folder.file("state.db"));
  store->save_alerts({alert("A"), alert("B")});
  store->save_alerts({alert("A", 77)});
  store->remove_alerts({alert("B")->labels});
  store->save_rule_alerts("r", {rule_alert("r", "a", 1), rule_alert("r", "b", 2)});
  store->save_rule_alerts("r", {rule_alert("r", "b", 3)});
  store->save_rule_alerts("gone", {rule_alert("gone", "b", 3)});
  REQUIRE(flushed(*store));
  store->save_rule_alerts("gone", {});
  NotificationLogEntry second = entry("g", 9000);
  second.receiver_data.clear();
  store->save_notification(shared_entry("g", 1000));
  REQUIRE(flushed(*store));
  store->save_notification(std::make_shared<const NotificationLogEntry>(second));
  store->save_notification(shared_entry("old", 400));
  store->remove_notifications_before(500);
  store->save_silence({"s", "{}", 1});
  store->remove_silence("s");

  REQUIRE(store->load_alerts()->size() == 1);
  CHECK(store->load_alerts()->front().ends_at == 77);
  REQUIRE(store->load_rule_alerts()->size() == 1);
  CHECK(store->load_rule_alerts()->front().value == 3);
  REQUIRE(store->load_notifications()->size() == 1);
  CHECK(store->load_notifications()->front().expires_at == 9000);
  CHECK(store->load_notifications()->front().receiver_data.empty());
  CHECK(store->load_silences()->empty());
}

TEST_CASE("Writes that are queued when the store is destroyed are on disk") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  open(path)->save_alerts({alert("A")});
  CHECK(open(path)->load_alerts()->size() == 1);
}

TEST_CASE("A full disk is told by flush, keeps the writes queued, and is got over when there is room") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  SqliteOptions options;
  options.retry_delay = std::chrono::milliseconds(1);
  options.max_bytes = 128 << 10;
  {
    const auto store = open(path, options);
    std::vector<KeyedAlert> many;
    for (int i = 0; i < 2000; ++i) many.push_back(alert(fmt::format("Alert{}", i)));
    store->save_alerts(many);
    CHECK_FALSE(flushed(*store));
    CHECK(store->stats().failures >= 1);
    CHECK(store->stats().queued == 2000);
    CHECK(store->load_alerts()->empty());  // reading goes on, and no half of a transaction is seen
    // Room again: most of it is no longer wanted.
    std::vector<model::Labels> gone;
    for (int i = 1; i < 2000; ++i) gone.push_back(many[static_cast<std::size_t>(i)].alert->labels);
    store->remove_alerts(gone);
    CHECK(flushed(*store));
    CHECK(store->stats().queued == 0);
  }
  CHECK(open(path)->load_alerts()->size() == 1);
}

TEST_CASE("While another process holds the lock nothing is lost") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  SqliteOptions options;
  options.busy_timeout_ms = 1;
  options.retry_delay = std::chrono::milliseconds(1);
  const auto store = open(path, options);
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  store->save_alerts({alert("A")});
  CHECK_FALSE(flushed(*store));
  REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  CHECK(flushed(*store));
  CHECK(store->load_alerts()->size() == 1);
}

TEST_CASE("A schema newer than this program is refused with a clear error") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  open(path);
  run_sql(path, "INSERT INTO schema_version VALUES (999, 0)");
  VirtualLoop loop;
  const auto store = open_sqlite_store(path, loop);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::kInvalid);
  CHECK(store.error().message.find("schema version 999") != std::string::npos);
  CHECK(store.error().message.find(path) != std::string::npos);
}

TEST_CASE("Migrations run in order, once, and a failing one leaves the schema as it was") {
  const TempFolder folder;
  const std::string path = folder.file("m.db");
  auto database = Database::open(path, {});
  REQUIRE(database);
  const std::vector<Migration> first = {{1, "one", "CREATE TABLE a (x INTEGER);"}};
  REQUIRE(migrate(*database, first, 5));
  const std::vector<Migration> more = {first[0],
                                       {2, "two", "ALTER TABLE a ADD COLUMN y INTEGER; INSERT INTO a VALUES (1, 2);"}};
  REQUIRE(migrate(*database, more, 6));
  REQUIRE(migrate(*database, more, 7));
  std::vector<Migration> broken = more;
  broken.push_back({3, "three", "CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1);"});
  const auto failed = migrate(*database, broken, 8);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message.find("three") != std::string::npos);
  auto count = Statement::prepare(*database,
                                  "SELECT (SELECT count(*) FROM a), (SELECT max(version) FROM schema_version), "
                                  "(SELECT count(*) FROM sqlite_schema WHERE name = 'b')");
  REQUIRE(count);
  REQUIRE(*count->step());
  CHECK(count->integer(0) == 1);
  CHECK(count->integer(1) == 2);
  CHECK(count->integer(2) == 0);
}

TEST_CASE("A store of before its rows stood in packs keeps all of them, with what belongs to them") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  const int version = GENERATE(4, 5);
  {
    auto database = Database::open(path, {});
    REQUIRE(database);
    const std::vector<Migration>& known = known_migrations();
    REQUIRE(migrate(*database, {known.begin(), known.begin() + version}, 1));
    for (const std::string name : {"B", "A"}) {
      auto add = Statement::prepare(*database, "INSERT INTO alert VALUES (NULL, ?, ?, x'', 1, 2, 3, 'u', 0)");
      REQUIRE(add);
      const model::Labels labels = alert(name)->labels;
      REQUIRE(add->bind(static_cast<std::int64_t>(labels.fingerprint())).bind_blob(labels.encoded()).run());
    }
    REQUIRE(database->execute(
        "INSERT INTO notification VALUES (7, 'g', 'team X', 'slack', 2, 5, 9, x'0100000000000000', x'', x'');"
        "INSERT INTO notification_data VALUES (7, 'ts', '17');"
        "INSERT INTO under_way VALUES (3, 0, 'g', 'team X', 'slack', 2, 5, x'0100000000000000'),"
        "(3, 1, 'h', 'team X', 'slack', 2, 5, x'0200000000000000');"));
  }
  open(path);
  const auto store = open(path);  // once more: nothing is taken over twice
  const auto under_way = store->load_under_way();
  REQUIRE(under_way->size() == 2);
  CHECK(under_way->at(1).batch == 3);
  CHECK(under_way->at(1).note.group_key == "h");
  CHECK(under_way->at(1).note.firing == std::vector<std::uint64_t>{2});
  store->remove_under_way(3);
  CHECK(store->load_under_way()->empty());
  const auto alerts = store->load_alerts();
  REQUIRE(alerts->size() == 2);
  CHECK(alerts->at(0).labels == alert("B")->labels);
  CHECK(alerts->at(1).labels == alert("A")->labels);
  const auto log = store->load_notifications();
  REQUIRE(log->size() == 1);
  CHECK(log->front().receiver_data == std::map<std::string, std::string>{{"ts", "17"}});
  // What is written now replaces those rows.
  store->save_alerts({alert("B", 77), alert("C")});
  store->save_notification(shared_entry("g", 1000));
  REQUIRE(flushed(*store));
  CHECK(store->load_alerts()->size() == 3);
  CHECK(store->load_alerts()->front() == *alert("B", 77));
  CHECK(store->load_notifications()->size() == 1);
  CHECK(store->load_notifications()->front().receiver_data == entry("", 0).receiver_data);
}

TEST_CASE("A damaged store of before there were packs is set aside, not taken over in part") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  {
    auto database = Database::open(path, {});
    REQUIRE(database);
    const std::vector<Migration>& known = known_migrations();
    REQUIRE(migrate(*database, {known.begin(), known.begin() + 5}, 1));
    for (int i = 0; i < 3000; ++i) {
      auto add = Statement::prepare(*database, "INSERT INTO alert VALUES (NULL, ?, ?, x'', 1, 2, 3, 'u', 0)");
      REQUIRE(add);
      const model::Labels labels = alert(fmt::format("Alert{}", i))->labels;
      REQUIRE(add->bind(static_cast<std::int64_t>(labels.fingerprint())).bind_blob(labels.encoded()).run());
    }
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 8192 / 2 * 8192));  // of alerts
  file << std::string(8192, '\x5a');
  file.close();
  const auto store = open(path);
  CHECK_FALSE(store->health().set_aside.empty());
  CHECK(store->health().incomplete);
  const std::size_t left = store->load_alerts()->size();
  CHECK(left > 2700);
  CHECK(left < 3000);
}

TEST_CASE("Of rows about the same thing the last one counts, and the others go with the first write") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  {
    const auto store = open(path);
    store->save_alerts({alert("A", 1)});
    store->save_notification(shared_entry("g", 1000));
  }
  run_sql(path, fmt::format("INSERT INTO alert_pack VALUES (10, {}); INSERT INTO notification_pack VALUES (10, {});",
                            sql_blob(packed(*alert("A", 2))), sql_blob(packed(7, entry("g", 2000)))));
  const auto store = open(path);
  CHECK(store->load_alerts()->back().ends_at == 2);
  store->save_silence({"s", "{}", 1});
  REQUIRE(flushed(*store));
  REQUIRE(store->load_alerts()->size() == 1);
  CHECK(store->load_alerts()->front().ends_at == 2);
  REQUIRE(store->load_notifications()->size() == 1);
  CHECK(store->load_notifications()->front().expires_at == 2000);
  store->remove_alerts({alert("A")->labels});
  store->remove_notifications_before(3000);
  CHECK(store->load_alerts()->empty());
  CHECK(store->load_notifications()->empty());
}

TEST_CASE("The log forgets what an integration remembered when it remembers nothing more, also after a restart") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  NotificationLogEntry plain = entry("g", 2000);
  plain.receiver_data.clear();
  const auto shared_plain = std::make_shared<const NotificationLogEntry>(plain);
  open(path)->save_notification(shared_entry("g", 1000));
  {
    const auto store = open(path);
    store->save_notification(shared_plain);
    CHECK(store->load_notifications()->front().receiver_data.empty());
    store->save_notification(shared_entry("g", 3000));
    CHECK(store->load_notifications()->front().receiver_data.size() == 2);
  }
  const auto log = open(path)->load_notifications();
  REQUIRE(log->size() == 1);
  CHECK(log->front().expires_at == 3000);
  CHECK(log->front().receiver_data == entry("", 0).receiver_data);
}

TEST_CASE("Known migrations are numbered from 1 without gaps") {
  int version = 0;
  for (const Migration& migration : known_migrations()) CHECK(migration.version == ++version);
  CHECK(version >= 1);
}

TEST_CASE("Rows that make no sense are left out, and the others are read") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  {
    const auto store = open(path);
    store->save_alerts({alert("A")});
    store->save_notification(shared_entry("g", 1000));
    store->save_rule_alerts("r", {rule_alert("r", "a", 1)});
  }
  const auto record = [](std::uint64_t id, std::string_view payload) {
    std::string pack;
    put_record(pack, id, payload);
    return pack;
  };
  std::string good = packed(*alert("B")), wrong;
  encode_alert(wrong, *alert("B"));
  // Labels that are cut off, none, another fingerprint, bytes behind the alert, one that is damaged; behind all of
  // them, one that is whole.
  std::string damaged = packed(*alert("D"));
  damaged[40] ^= 1;
  const std::string pack = record(5, std::string("\2\1a\0\0\0\0\0\0", 9)) + record(6, std::string(7, '\0')) +
                           record(7, wrong) + record(alert("B")->labels.fingerprint(), wrong + "x") + damaged + good;
  run_sql(path, fmt::format("INSERT INTO alert_pack VALUES (20, {}); INSERT INTO notification_pack VALUES (99, {});"
                            "INSERT INTO under_way_pack VALUES (99, x'ffff');"
                            "INSERT INTO rule_alert VALUES ('r', x'ffffffff', x'', 0, 0, 0, 0, 0, 0, 0, 0);",
                            sql_blob(pack), sql_blob(record(99, "\1g\1r\1i"))));
  const auto store = open(path);
  CHECK(store->load_alerts()->size() == 2);
  CHECK(store->load_notifications()->size() == 1);
  CHECK(store->load_under_way()->empty());
  CHECK(store->load_rule_alerts()->size() == 1);
  CHECK(store->stats().failures == 8);
  // Written again, the row has what makes sense.
  store->save_alerts({alert("B", 77)});
  REQUIRE(flushed(*store));
  CHECK(store->load_alerts()->size() == 2);
  CHECK(store->load_alerts()->back() == *alert("B", 77));
  CHECK(store->stats().failures == 8);
}

TEST_CASE("Records are as docs/format/state.md says, byte for byte") {
  model::Alert one;
  one.labels = Labels{{"a", "b"}};
  one.annotations = Labels{{"s", "x"}};
  one.starts_at = 1'700'000'000'123;
  one.ends_at = -1;
  one.updated_at = 300;
  one.generator_url = "u";
  one.timeout = true;
  CHECK(sql_blob(packed(one)) == "x'168af997928171b3d2d606a85904016101620401730178f6a1abfef96201d804017501'");
  NotificationLogEntry log;
  log.group_key = "g";
  log.receiver = "r";
  log.integration = "i";
  log.index = 2;
  log.sent_at = 5;
  log.expires_at = 9;
  log.firing = {1};
  log.owed = {1, 0x0102030405060708};
  log.receiver_data = {{"ts", "17"}};
  CHECK(sql_blob(packed(7, log)) ==
        "x'"
        "2b07000000000000005f369204016701720169020a12010100000000000000000201000000000000000807060504030201010274730231"
        "37'");
  std::string under_way;
  encode_note(under_way, {"g", "r", "i", 2, 5, {1}});
  CHECK(sql_blob(under_way) == "x'016701720169020a010100000000000000'");
}

TEST_CASE("A pack that is cut anywhere gives the records before the cut") {
  std::string pack;
  for (std::uint64_t id = 1; id <= 3; ++id) put_record(pack, id, std::string(id * 50, 'x'));
  for (std::size_t size = 0; size <= pack.size(); ++size) {
    PackReader reader(std::string_view(pack).substr(0, size));
    std::uint64_t records = 0;
    while (const auto record = reader.next()) {
      CHECK(record->id == ++records);
      CHECK(record->payload == std::string(records * 50, 'x'));
    }
    CHECK(records <= 3);
    CHECK((records == 3) == (size == pack.size()));
    if (reader.bad() == 0) CHECK((size == 0 || size == 63 || size == 176 || size == pack.size()));
  }
}

TEST_CASE("Alerts that grow, go and come again are those that were saved last, whatever row they are in") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  Rng rng(11);
  std::map<std::string, model::AlertPtr> expected;
  for (int round = 0; round < 6; ++round) {
    const auto store = open(path);
    for (int step = 0; step < 25; ++step) {
      for (std::uint64_t i = rng.next() % 40; i > 0; --i) {
        const std::string name = fmt::format("Alert{}", rng.next() % 150);
        if (rng.next() % 3 == 0) {
          store->remove_alerts({alert(name)->labels});
          expected.erase(name);
          continue;
        }
        model::Alert one = *alert(name, static_cast<Timestamp>(rng.next() % 1000));
        one.annotations = Labels{{"summary", std::string(rng.next() % 10 == 0 ? rng.next() % 9000 : 50, 's')}};
        expected[name] = std::make_shared<const model::Alert>(one);
        store->save_alerts({expected[name]});
      }
      REQUIRE(flushed(*store));
    }
    std::map<std::string, model::Alert> found;
    const auto alerts = store->load_alerts();
    REQUIRE(alerts);
    for (const model::Alert& one : *alerts) CHECK(found.emplace(one.labels.get("alertname"), one).second);
    REQUIRE(found.size() == expected.size());
    for (const auto& [name, one] : expected) CHECK(found.at(name) == *one);
    CHECK(store->stats().failures == 0);
  }
}

TEST_CASE("Encoded labels that are cut anywhere or out of order are refused") {
  const std::string good = Labels{{"alertname", "A"}, {"long", std::string(300, 'v')}, {"x", "y"}}.encoded();
  REQUIRE(decode_labels(good));
  int refused = 0;
  for (std::size_t size = 1; size < good.size(); ++size) refused += decode_labels(good.substr(0, size)) ? 0 : 1;
  CHECK(refused == static_cast<int>(good.size()) - 3);  // after each whole label the rest may be missing
  CHECK_FALSE(
      decode_labels(std::string("\x01"
                                "b\x01"
                                "1\x01"
                                "a\x01"
                                "1")));
  CHECK_FALSE(
      decode_labels(std::string("\x01"
                                "a\x01"
                                "1\x01"
                                "a\x01"
                                "1")));
  CHECK_FALSE(
      decode_labels(std::string("\x01"
                                "a\x00",
                                3)));
}

TEST_CASE("An empty annotation comes back as it was stored") {
  const std::string bytes(
      "\x01"
      "a\x00",
      3);
  REQUIRE(decode_annotations(bytes));
  CHECK(decode_annotations(bytes)->has("a"));
  CHECK_FALSE(decode_annotations(bytes.substr(0, 2)));
  CHECK_FALSE(decode_annotations(bytes + bytes));
  const TempFolder folder;
  model::Alert stored = *alert("A");
  stored.annotations = model::Labels::from_encoded(bytes);
  open(folder.file("state.db"))->save_alerts({std::make_shared<const model::Alert>(stored)});
  const auto loaded = open(folder.file("state.db"))->load_alerts();
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->size() == 1);
  CHECK(loaded->front().annotations == stored.annotations);
}

TEST_CASE("A damaged file is set aside and a new one begun; or refused, if so asked") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  open(path)->save_alerts({alert("A")});
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0);
    file << "This is not what it was";
  }
  VirtualLoop loop;
  SqliteOptions strict;
  strict.set_aside_corrupt = false;
  const auto refused = open_sqlite_store(path, loop, strict);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kCorrupt);
  CHECK(open(path)->load_alerts()->empty());
  bool aside = false;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path())) {
    aside = aside || file.path().filename().string().starts_with("state.db.corrupt-");
  }
  CHECK(aside);
}

TEST_CASE("A file cut off anywhere opens or is set aside; it never stops the start") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  {
    const auto store = open(path);
    for (int i = 0; i < 200; ++i) store->save_alerts({alert(fmt::format("Alert{}", i))});
  }
  const std::uintmax_t size = std::filesystem::file_size(path);
  const std::string copy = folder.file("copy.db");
  for (std::uintmax_t cut = 1; cut < size; cut += 4000) {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(copy + suffix);
    std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(copy, cut);
    VirtualLoop loop;
    const auto store = open_sqlite_store(copy, loop);
    INFO(cut << (store ? "" : store.error().message));
    REQUIRE(store);
    REQUIRE((*store)->load_alerts());
  }
}

namespace {

/// A store with 900 alerts, 50 silences, 50 log entries and the alerts of 50 rules, all on disk.
void fill(const std::string& path) {
  const auto store = open(path);
  for (int i = 0; i < 900; i += 30) {
    std::vector<KeyedAlert> alerts;
    for (int j = i; j < i + 30; ++j) alerts.push_back(alert(fmt::format("Alert{}", j)));
    store->save_alerts(std::move(alerts));
    REQUIRE(flushed(*store));
  }
  for (int i = 0; i < 50; ++i) {
    store->save_silence({fmt::format("id-{:02}", i), R"({"comment":")" + std::string(900, 'c') + R"("})", 99});
    store->save_notification(shared_entry(fmt::format("{{}}:{{a=\"{}\"}}", i), 5000));
    const std::string rule = fmt::format("rule-{}", i);
    store->save_rule_alerts(rule, {rule_alert(rule, "a", i), rule_alert(rule, "b", i)});
  }
  std::vector<UnderWayNote> notes;
  for (int i = 0; i < 60; ++i) notes.push_back(note(fmt::format("{{}}:{{a=\"{}\"}}", i)));
  store->save_under_way(1, std::move(notes));
  REQUIRE(flushed(*store));
}

constexpr std::size_t kFilledRows = 900 + 50 + 50 + 100 + 60;

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("A damaged page costs the rows that were on it, and no others") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  fill(path);
  const std::string good = read_bytes(path);
  constexpr std::size_t kPage = 8192;
  REQUIRE(good.size() % kPage == 0);
  const std::string copy = folder.file("copy.db");
  std::size_t most_lost = 0, damaged = 0, many_lost = 0;
  for (std::size_t page = kPage; page < good.size(); page += kPage) {  // the first holds the schema
    std::string bytes = good;
    bytes.replace(page, kPage, std::string(kPage, '\x5a'));
    write_bytes(copy, bytes);
    const auto store = open(copy);
    CAPTURE(page / kPage);
    const StoreHealth health = store->health();
    if (health.set_aside.empty()) continue;  // a page that nothing uses
    ++damaged;
    const std::size_t kept = store->load_alerts()->size() + store->load_silences()->size() +
                             store->load_notifications()->size() + store->load_rule_alerts()->size() +
                             store->load_under_way()->size();
    CHECK(std::filesystem::exists(health.set_aside));
    CHECK(health.salvaged >= kept);
    REQUIRE(kept <= kFilledRows);
    CHECK(health.incomplete == (kept < kFilledRows));
    most_lost = std::max(most_lost, kFilledRows - kept);
    if (kFilledRows - kept > 60) ++many_lost;
  }
  CHECK(damaged > 20);
  // Nothing can be seen of a table whose root is gone; the largest has 900 rows, and five are that large.
  CHECK(most_lost <= 900);
  CHECK(many_lost <= 5);
}

TEST_CASE("Bits that flip anywhere never stop the start, and never make a value of another shape") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  fill(path);
  const std::string good = read_bytes(path);
  const std::string copy = folder.file("copy.db");
  Rng rng(5);
  for (int round = 0; round < 25; ++round) {
    std::string bytes = good;
    for (int flips = 0; flips < 8; ++flips) {
      const std::size_t at = rng.next() % bytes.size();
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.next() % 8));
    }
    write_bytes(copy, bytes);
    VirtualLoop loop;
    const auto store = open_sqlite_store(copy, loop);
    INFO(round << (store ? "" : store.error().message));
    // A flipped schema version is the one thing that is refused: it may be a newer program's store.
    if (!store) {
      CHECK(store.error().code == Errc::kInvalid);
      continue;
    }
    const auto alerts = (*store)->load_alerts();
    if (alerts) {
      for (const auto& one : *alerts) CHECK_FALSE(one.labels.empty());
    }
    (*store)->save_alerts({alert("Fresh")});
    CHECK(flushed(**store));
  }
}

TEST_CASE("A damaged store of an older version gives what it has") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  {
    auto database = Database::open(path, {});
    REQUIRE(database);
    REQUIRE(migrate(*database, {known_migrations()[0]}, 1));
    REQUIRE(
        database->execute("INSERT INTO notification VALUES (1, 'g', 'r', 'i', 0, 5, 9, x'0100000000000000', x'');"
                          "CREATE TABLE junk (x BLOB); INSERT INTO junk VALUES (zeroblob(30000));"));
  }
  std::string bytes = read_bytes(path);
  bytes.replace(bytes.size() - 4096, 4096, std::string(4096, '\x5a'));
  bytes.replace(bytes.size() - 8192, 4096, std::string(4096, '\x5a'));
  write_bytes(path, bytes);
  const auto store = open(path);
  CHECK_FALSE(store->health().set_aside.empty());
  const auto log = store->load_notifications();
  REQUIRE(log->size() == 1);
  CHECK(log->front().owed == std::vector<std::uint64_t>{1});
}

TEST_CASE("A whole store says so; one that cannot write says why until it can") {
  const TempFolder folder;
  SqliteOptions options;
  options.retry_delay = std::chrono::milliseconds(1);
  options.max_bytes = 128 << 10;
  const auto store = open(folder.file("state.db"), options);
  CHECK(store->health().set_aside.empty());
  CHECK(store->health().failure.empty());
  std::vector<KeyedAlert> many;
  std::vector<Labels> gone;
  for (int i = 0; i < 2000; ++i) many.push_back(alert(fmt::format("Alert{}", i)));
  for (const auto& one : many) gone.push_back(one.alert->labels);
  store->save_alerts(many);
  CHECK_FALSE(flushed(*store));
  CHECK(store->health().failure.find("full") != std::string::npos);
  store->remove_alerts(gone);
  CHECK(flushed(*store));
  CHECK(store->health().failure.empty());
}

TEST_CASE("What is written survives the end of the process, and alerts keep their places") {
  const TempFolder folder, grave;
  const std::string path = folder.file("state.db"), copy = grave.file("state.db");
  const auto store = open(path);
  store->save_alerts({alert("A"), alert("B"), alert("C")});
  REQUIRE(flushed(*store));
  model::Alert again = *alert("A");
  again.ends_at += 1000;
  store->save_alerts({std::make_shared<const model::Alert>(again)});
  std::promise<bool> written;
  store->when_written([&](bool ok) {  // on the state thread: nothing else writes meanwhile
    for (const char* suffix : {"", "-wal"}) std::filesystem::copy_file(path + suffix, copy + suffix);
    written.set_value(ok);
  });
  REQUIRE(written.get_future().get());
  const auto alerts = open(copy)->load_alerts();
  REQUIRE(alerts);
  REQUIRE(alerts->size() == 3);
  CHECK(alerts->at(0) == again);
  CHECK(alerts->at(1) == *alert("B"));
  CHECK(alerts->at(2) == *alert("C"));
}

TEST_CASE("The journal is a write-ahead log that is synced at each commit, and one thread writes") {
  const TempFolder folder;
  const std::string path = folder.file("state.db");
  const auto store = open(path);
  store->save_alerts({alert("A")});
  REQUIRE(flushed(*store));
  const std::string header = read_bytes(path).substr(0, 20);
  CHECK(header[18] == 2);  // write version: WAL
  CHECK(header[19] == 2);
  CHECK(std::filesystem::exists(path + "-wal"));
  std::promise<std::thread::id> ids[2];
  std::thread elsewhere([&] { store->flush([&](bool) { ids[0].set_value(std::this_thread::get_id()); }); });
  elsewhere.join();
  store->flush([&](bool) { ids[1].set_value(std::this_thread::get_id()); });
  const auto first = ids[0].get_future().get(), second = ids[1].get_future().get();
  CHECK(first == second);
  CHECK(first != std::this_thread::get_id());

  auto database = Database::open(folder.file("other.db"), {});
  REQUIRE(database);
  for (const auto& [pragma, value] : {std::pair{"synchronous", 2}, std::pair{"foreign_keys", 1}}) {
    auto query = Statement::prepare(*database, fmt::format("PRAGMA {}", pragma));
    REQUIRE(query);
    REQUIRE(*query->step());
    CHECK(query->integer(0) == value);
  }
}

TEST_CASE("A folder that cannot be written is an error that names the file") {
  VirtualLoop loop;
  const auto store = open_sqlite_store("/nonexistent/folder/state.db", loop);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::kIo);
  CHECK(store.error().message.find("/nonexistent/folder/state.db") != std::string::npos);
}

}  // namespace tocsin::state
