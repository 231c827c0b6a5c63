#include "state/history.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "base/rng.hpp"
#include "state/history_file.hpp"
#include "state/migrations.hpp"
#include "temp_folder.hpp"

namespace tocsin::state {
namespace {

using model::Labels;
using test::TempFolder;

constexpr Timestamp kStart = 1'790'000'000'000;
constexpr Timestamp kDay = 86'400'000;

/// Read by the history's thread.
class TestClock final : public Clock {
 public:
  Timestamp now() const override { return now_; }
  MonoTime mono() const override { return MonoTime{0}; }
  std::atomic<Timestamp> now_ = kStart;
};

HistoryPage search(History& history, HistoryQuery query) {
  if (query.to == 0) query.to = kStart + 1000 * kDay;
  std::promise<Result<HistoryPage>> promise;
  history.search(std::move(query), [&promise](Result<HistoryPage> page) { promise.set_value(std::move(page)); });
  Result<HistoryPage> page = promise.get_future().get();
  if (!page) FAIL(page.error().message);
  return std::move(*page);
}

HistoryEvent firing(const std::string& name, Timestamp at, const std::string& summary = "it is bad") {
  HistoryEvent event;
  event.at = at;
  event.labels = Labels{{"alertname", name}, {"severity", "critical"}};
  event.annotations = Labels{{"summary", summary}};
  event.starts_at = at - 5;
  return event;
}

HistoryEvent delivered(const std::string& name, Timestamp at, HistoryKind kind = HistoryKind::kNotificationDelivered) {
  HistoryEvent event;
  event.at = at;
  event.kind = kind;
  event.group_key = "{}:{alertname=\"" + name + "\"}";
  event.receiver = "team " + name;
  event.integration = "slack";
  event.index = 1;
  event.reason = "first notification";
  event.attempts = 2;
  event.duration = std::chrono::milliseconds(1500);
  event.alerts = {{Labels{{"alertname", name}, {"host", "a"}}, false},
                  {Labels{{"alertname", name}, {"host", "b"}}, true}};
  event.firing = event.resolved = 1;
  return event;
}

std::vector<std::vector<model::Matcher>> matching(const std::string& name, const std::string& value) {
  return {{*model::Matcher::make(model::MatchOp::kEqual, name, value)}};
}

/// "A B": names of the alerts, the newest first.
std::string names(const HistoryPage& page) {
  std::string out;
  for (const HistoryEvent& event : page.events) {
    const Labels& labels = event.alerts.empty() ? event.labels : event.alerts[0].labels;
    out += (out.empty() ? "" : " ") + std::string(labels.get("alertname"));
  }
  return out;
}

}  // namespace

TEST_CASE("Events are found again as they were, the newest first, also after the file is opened again") {
  const TempFolder folder;
  TestClock clock;
  HistoryEvent silence;
  silence.at = kStart + 3;
  silence.kind = HistoryKind::kSilenceCreated;
  silence.labels = Labels{{"job", "x"}};
  silence.starts_at = 1;
  silence.ends_at = 2;
  silence.id = "uuid";
  silence.author = "me";
  silence.comment = "why";
  silence.text = "job=\"x\"";
  {
    const auto history = open_history(folder.file("history.db"), clock);
    history->record(firing("A", kStart + 1));
    history->record(delivered("B", kStart + 2));
    history->record(silence);
    CHECK(search(*history, {}).events.size() == 3);  // sees what was recorded before
    history->record(firing("C", kStart + 4));
  }
  const auto history = open_history(folder.file("history.db"), clock);
  const HistoryPage page = search(*history, {});
  CHECK(page.next == 0);
  REQUIRE(page.events.size() == 4);
  const HistoryEvent& alert = page.events[3];
  CHECK(alert.at == kStart + 1);
  CHECK(alert.kind == HistoryKind::kAlertFiring);
  CHECK(alert.labels == firing("A", 0).labels);
  CHECK(alert.annotations == firing("A", 0).annotations);
  CHECK(alert.starts_at == kStart - 4);
  CHECK(alert.receiver.empty());
  const HistoryEvent& told = page.events[2];
  CHECK(told.group_key == "{}:{alertname=\"B\"}");
  CHECK(told.receiver == "team B");
  CHECK(told.integration == "slack");
  CHECK(told.index == 1);
  CHECK(told.reason == "first notification");
  CHECK(told.attempts == 2);
  CHECK(told.duration == std::chrono::milliseconds(1500));
  REQUIRE(told.alerts.size() == 2);
  CHECK(told.alerts[1].labels.get("host") == "b");
  CHECK(told.alerts[1].resolved);
  CHECK_FALSE(told.alerts[0].resolved);
  CHECK(told.firing == 1);
  const HistoryEvent& quiet = page.events[1];
  CHECK(quiet.kind == HistoryKind::kSilenceCreated);
  CHECK(quiet.labels == silence.labels);
  CHECK(quiet.id == "uuid");
  CHECK(quiet.author == "me");
  CHECK(quiet.comment == "why");
  CHECK(quiet.text == silence.text);
  CHECK(quiet.ends_at == 2);
}

TEST_CASE("A search takes what matches all that is asked for") {
  const TempFolder folder;
  TestClock clock;
  const auto history = open_history(folder.file("history.db"), clock);
  history->record(firing("A", kStart + 10, "Disk of db-1 is FULL"));
  history->record(firing("B", kStart + 20));
  history->record(delivered("B", kStart + 30));
  HistoryEvent failed = delivered("C", kStart + 40, HistoryKind::kNotificationFailed);
  failed.text = "status 500: oops";
  history->record(failed);

  const auto found = [&](HistoryQuery query) { return names(search(*history, std::move(query))); };
  CHECK(found({}) == "C B B A");
  CHECK(found({.from = kStart + 20, .to = kStart + 30}) == "B B");
  CHECK(found({.kinds = {HistoryKind::kAlertFiring}}) == "B A");
  CHECK(found({.kinds = {HistoryKind::kNotificationFailed, HistoryKind::kNotificationDelivered}}) == "C B");
  CHECK(found({.matchers = matching("alertname", "B")}) == "B B");
  CHECK(found({.matchers = matching("host", "b")}) == "C B");  // any alert of a notification
  CHECK(found({.matchers = matching("severity", "critical")}) == "B A");
  CHECK(found({.matchers = matching("severity", "")}) == "C B");
  CHECK(found({.receiver = "team C"}) == "C");
  CHECK(found({.text = "full"}) == "A");
  CHECK(found({.text = "OOPS"}) == "C");
  CHECK(found({.text = "nowhere"}).empty());
  CHECK(found({.kinds = {HistoryKind::kAlertFiring}, .matchers = matching("alertname", "B"), .text = "bad"}) == "B");
}

TEST_CASE("Pages of any size give each event once, whatever the clock did") {
  const TempFolder folder;
  TestClock clock;
  const auto history = open_history(folder.file("history.db"), clock);
  Rng rng(3);
  // Many in one millisecond, and times that go back.
  for (int i = 0; i < 500; ++i) {
    history->record(firing(std::to_string(i), kStart + static_cast<Timestamp>(rng.next() % 40)));
  }
  const HistoryPage all = search(*history, {.limit = 1000});
  REQUIRE(all.events.size() == 500);
  for (std::size_t i = 1; i < 500; ++i) CHECK(all.events[i - 1].at >= all.events[i].at);
  for (const std::size_t limit : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    std::string pages;
    HistoryQuery query{.limit = limit};
    do {
      const HistoryPage page = search(*history, query);
      CHECK(page.events.size() <= limit);
      if (!page.events.empty()) pages += (pages.empty() ? "" : " ") + names(page);
      query.before = page.next;
    } while (query.before != 0);
    CHECK(pages == names(all));
  }
}

TEST_CASE("A search that is out of time gives what it has and where to go on") {
  const TempFolder folder;
  auto file = HistoryFile::open(folder.file("history.db"), kStart);
  REQUIRE(file);
  std::vector<HistoryRecord> events;
  for (int i = 0; i < 1000; ++i) {
    events.push_back(std::make_unique<const ToldEvent>(firing(i == 0 ? "old" : "new", kStart + i)));
  }
  REQUIRE((*file)->append(events));
  HistoryQuery query{.to = kStart + kDay, .matchers = matching("alertname", "old")};
  int rounds = 0;
  std::size_t found = 0;
  do {
    const auto page = (*file)->search(query, [] { return true; });
    REQUIRE(page);
    found += page->events.size();
    query.before = page->next;
    ++rounds;
  } while (query.before != 0);
  CHECK(found == 1);
  CHECK(rounds == 4);
}

namespace {

/// A file of before there were packs: 600 alerts, one every two seconds, and what was told of the last one.
void write_old_file(const std::string& path) {
  auto database = Database::open(path, {});
  REQUIRE(database);
  REQUIRE(migrate(*database, {history_migrations()[0]}, 1));
  REQUIRE(database->execute("BEGIN"));
  auto labels = Statement::prepare(*database, "INSERT INTO label_set VALUES (?,?,?)");
  auto add =
      Statement::prepare(*database, "INSERT INTO event (id, kind, labels, annotations, starts_at) VALUES (?,1,?,?,?)");
  for (int i = 0; i < 600; ++i) {
    const HistoryEvent event = firing("old" + std::to_string(i), kStart + 2000 * i);
    REQUIRE(labels->bind(i + 1).bind_blob(event.labels.encoded()).bind(kStart / kDay).run());
    REQUIRE(add->bind(event.at << 20).bind(i + 1).bind_blob(event.annotations.encoded()).bind(event.starts_at).run());
  }
  REQUIRE(database->execute("COMMIT"));
  REQUIRE(database->execute(
      fmt::format("INSERT INTO event (id, kind, group_key, receiver, integration, position, alerts, firing) "
                  "VALUES ({}, 7, 'g', 'team old', 'slack', 3, x'580200000000000000', 1)",
                  (kStart + 2000 * 599 + 1) << 20)));
}

}  // namespace

TEST_CASE("Events of before there were packs are found among those of packs, and go with the retention") {
  const TempFolder folder;
  TestClock clock;
  HistoryOptions options;
  options.retention_interval = Duration::zero();
  const std::string path = folder.file("history.db");
  write_old_file(path);
  const auto history = open_history(path, clock, options);
  // Late ones, new ones, and an old label set once more.
  for (int i = 0; i < 300; ++i) history->record(firing("late" + std::to_string(i), kStart + 2000 * i + 1000));
  for (int i = 0; i < 300; ++i) history->record(firing("new" + std::to_string(i), kStart + 10 * kDay + i));
  history->record(firing("old7", kStart + 10 * kDay + 300));
  const HistoryPage all = search(*history, {.limit = 5000});
  REQUIRE(all.events.size() == 1202);
  for (std::size_t i = 1; i < all.events.size(); ++i) CHECK(all.events[i - 1].at >= all.events[i].at);
  CHECK(all.events[301].receiver == "team old");
  CHECK(all.events[301].index == 3);
  CHECK(all.events[301].alerts.at(0).labels.get("alertname") == "old599");
  CHECK(all.events.back().labels.get("alertname") == "old0");
  CHECK(all.events.back().annotations.get("summary") == "it is bad");
  for (const std::size_t limit : {std::size_t{1}, std::size_t{97}}) {
    std::string pages;
    HistoryQuery query{.limit = limit};
    do {
      const HistoryPage page = search(*history, query);
      if (!page.events.empty()) pages += (pages.empty() ? "" : " ") + names(page);
      query.before = page.next;
    } while (query.before != 0);
    CHECK(pages == names(all));
  }
  CHECK(names(search(*history, {.matchers = matching("alertname", "old7")})) == "old7 old7");
  CHECK(names(search(*history, {.kinds = {HistoryKind::kNotificationDelivered}})) == "old599");
  CHECK(names(search(*history, {.from = kStart + 3000, .to = kStart + 4000})) == "old2 late1");
  CHECK(search(*history, {.from = kStart + 10 * kDay + 100, .to = kStart + 10 * kDay + 149}).events.size() == 50);

  clock.now_ = kStart + 95 * kDay;
  while (history->stats().deleted < 901) search(*history, {.limit = 1});
  CHECK(search(*history, {.limit = 5000}).events.size() == 301);
  clock.now_ = kStart + 101 * kDay;
  while (history->stats().deleted < 1202) search(*history, {.limit = 1});
  for (int i = 0; i < 20; ++i) search(*history, {.limit = 1});
  // A label set that is gone is stored again.
  history->record(firing("old7", clock.now_));
  CHECK(names(search(*history, {.to = clock.now_})) == "old7");
}

TEST_CASE("A pack that is not as it was written gives no event, and the others give theirs") {
  EventPack pack;
  StoredEvent event;
  event.id = first_event_id(kStart);
  event.kind = 1;
  event.labels = 7;
  event.annotations = "annotations";
  event.firing = -1;
  pack.add(event);
  ++event.id;
  event.kind = 255;
  event.alerts = "123456789";
  pack.add(event);
  CHECK(pack.events() == 2);
  CHECK(pack.last_id() == event.id);
  const std::int64_t first = pack.first_id();
  const std::string bytes = pack.take();
  CHECK(pack.empty());
  // docs/format/history.md
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  CHECK(hex ==
        "beed2851e4de65ad0001410100000e010b616e6e6f746174696f6e7301ff410102000e010b616e6e6f746174696f6e7309313233343536"
        "373839");
  const std::vector<StoredEvent> events = unpack_events(first, bytes);
  REQUIRE(events.size() == 2);
  CHECK(events[0].labels == 7);
  CHECK(events[0].annotations == "annotations");
  CHECK(events[0].firing == -1);
  CHECK(events[0].alerts.empty());
  CHECK(events[1].id == event.id);
  CHECK(events[1].kind == 255);
  CHECK(events[1].alerts == "123456789");
  std::string labels;
  add_label_set(labels, "one");
  add_label_set(labels, std::string(300, 'x'));
  labels = finish_label_pack(std::move(labels));
  CHECK(unpack_label_sets(labels) == std::vector<std::string_view>{"one", std::string_view(labels).substr(14, 300)});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK(unpack_events(first, std::string_view(bytes).substr(0, i)).empty());
    std::string flipped = bytes;
    flipped[i] ^= 4;
    CHECK(unpack_events(first, flipped).empty());
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(unpack_label_sets(std::string_view(labels).substr(0, i)).empty());
    std::string flipped = labels;
    flipped[i] ^= 4;
    CHECK(unpack_label_sets(flipped).empty());
  }
}

TEST_CASE("What is older than the retention goes, with the label sets that nothing else uses") {
  const TempFolder folder;
  TestClock clock;
  HistoryOptions options;
  options.retention = std::chrono::hours(24 * 90);
  options.retention_interval = Duration::zero();
  const std::string path = folder.file("history.db");
  {
    const auto history = open_history(path, clock, options);
    for (int i = 0; i < 3000; ++i) history->record(firing("old" + std::to_string(i), kStart));
    for (int i = 0; i < 10; ++i) history->record(firing("old0", kStart + 50 * kDay));
    CHECK(search(*history, {.limit = 10'000}).events.size() == 3010);
    clock.now_ = kStart + 92 * kDay;
    while (history->stats().deleted < 3000) search(*history, {.limit = 1});
    CHECK(search(*history, {}).events.size() == 10);
    CHECK(history->stats().deleted == 3000);
    clock.now_ = kStart + 93 * kDay;
    // Each search is followed by a look at what is too old.
    for (int i = 0; i < 20; ++i) search(*history, {.limit = 1});
  }
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  sqlite3_stmt* count = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, "SELECT coalesce(sum(sets), 0) FROM label_pack", -1, &count, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(count) == SQLITE_ROW);
  CHECK(sqlite3_column_int(count, 0) <= 2000);
  CHECK(sqlite3_column_int(count, 0) >= 1);
  sqlite3_finalize(count);
  sqlite3_close(db);
}

TEST_CASE("Beyond its size the history loses its oldest events") {
  const TempFolder folder;
  TestClock clock;
  HistoryOptions options;
  options.max_bytes = 2'000'000;
  options.retention_interval = Duration::zero();
  const auto history = open_history(folder.file("history.db"), clock, options);
  for (int i = 0; i < 10'000; ++i) {
    history->record(firing("A", kStart + i, "text " + std::string(500, 'x')));
    if (i % 1000 == 0) search(*history, {.limit = 1});
  }
  while (history->stats().deleted == 0 || history->stats().bytes > 2'100'000) search(*history, {.limit = 1});
  const HistoryPage left = search(*history, {.limit = 10'000});
  CHECK(left.events.size() < 5000);
  REQUIRE_FALSE(left.events.empty());
  CHECK(left.events[0].at == kStart + 9999);
  CHECK(search(*history, {.to = kStart + 1000}).events.empty());
}

TEST_CASE("Events beyond the queue's bound are dropped and counted; what could not be written is written later") {
  const TempFolder folder;
  TestClock clock;
  HistoryOptions options;
  options.max_queued = 100;
  const std::string path = folder.file("history.db");
  std::filesystem::create_directory(path);  // cannot be opened
  const auto history = open_history(path, clock, options);
  for (int i = 0; i < 150; ++i) history->record(firing(std::to_string(i), kStart + i));
  std::promise<bool> answered;
  history->search({.to = kStart + kDay},
                  [&](const Result<HistoryPage>& page) { answered.set_value(page.has_value()); });
  CHECK_FALSE(answered.get_future().get());
  CHECK_FALSE(history->health().failure.empty());
  CHECK(history->stats().dropped == 50);
  CHECK(history->stats().queued == 100);
  std::filesystem::remove(path);
  CHECK(search(*history, {.limit = 1000}).events.size() == 100);
  CHECK(history->health().failure.empty());
  CHECK(history->stats().written == 100);
}

TEST_CASE("A damaged history is set aside, and what can be read of it is in the new one") {
  const TempFolder folder;
  TestClock clock;
  const std::string path = folder.file("history.db");
  {
    const auto history = open_history(path, clock);
    for (int i = 0; i < 2000; ++i) history->record(firing("A" + std::to_string(i), kStart + i));
  }
  std::string good;
  {
    std::ifstream file(path, std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::string copy = folder.file("copy.db");
  std::size_t all = 0;
  const auto damaged = [&](const std::string& bytes) {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(copy + suffix);
    std::ofstream(copy, std::ios::binary | std::ios::trunc) << bytes;
    const auto history = open_history(copy, clock);
    ++clock.now_;  // another name for the next that is set aside
    history->record(firing("fresh", kStart + 5000));
    HistoryPage page = search(*history, {.limit = 10'000});
    REQUIRE_FALSE(page.events.empty());
    // A time that flipped may lie in the future.
    CHECK((" " + names(page) + " ").find(" fresh ") != std::string::npos);
    all = page.events.size() - 1;
    // Its label set may be what an event has lost.
    const auto whole = std::ranges::count_if(page.events, [](const auto& event) { return !event.labels.empty(); });
    return std::pair(static_cast<std::size_t>(whole) - 1, history->health().set_aside);
  };
  SECTION("a page in the middle") {
    std::string bytes = good;
    bytes.replace(bytes.size() / 8192 / 2 * 8192, 8192, std::string(8192, '\x5a'));
    const auto [left, aside] = damaged(bytes);
    CHECK(std::filesystem::exists(aside));
    CHECK(all >= 1800);
    CHECK(left >= 1700);  // a page has some 230 label sets
    CHECK(left < 2000);
  }
  SECTION("bytes that flip, and files that end too early") {
    Rng rng(9);
    for (int round = 0; round < 12; ++round) {
      std::string bytes = good;
      for (int i = 0; i < 6; ++i) bytes[rng.next() % bytes.size()] ^= static_cast<char>(1U << rng.next() % 8);
      CHECK(damaged(bytes).first <= 2000);
      bytes = good.substr(0, rng.next() % good.size());
      CHECK(damaged(bytes).first <= 2000);
    }
  }
  SECTION("no database at all") {
    const auto [left, aside] = damaged("no database");
    CHECK(left == 0);
    CHECK(std::filesystem::exists(aside));
  }
}

TEST_CASE("A history of a newer program is left alone") {
  const TempFolder folder;
  TestClock clock;
  const std::string path = folder.file("history.db");
  {
    search(*open_history(path, clock), {});
  }
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "INSERT INTO schema_version VALUES (99, 0)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  const auto file = HistoryFile::open(path, kStart);
  REQUIRE_FALSE(file);
  CHECK(file.error().code == Errc::kInvalid);
  CHECK(file.error().message.find("newer version") != std::string::npos);
}

}  // namespace tocsin::state
