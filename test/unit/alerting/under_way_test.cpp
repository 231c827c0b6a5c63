#include "alerting/under_way.hpp"

#include "harness.hpp"

namespace tocsin::alerting::test {
namespace {

/// A store that says when it is asked to flush, and answers when the test wants it.
class StuckStore final : public tocsin::test::MemoryStore {
 public:
  void flush(std::function<void(bool)> done) override { waiting.push_back(std::move(done)); }
  std::vector<std::function<void(bool)>> waiting;
};

state::UnderWayNote note_of(const std::string& group, Timestamp at, std::vector<std::uint64_t> firing) {
  return {group, "r", "webhook", 0, at, std::move(firing)};
}

std::size_t stored(state::Store& store) {
  const auto notes = store.load_under_way();
  REQUIRE(notes);
  return notes->size();
}

}  // namespace

TEST_CASE("Attempts of one turn wait for one write, and no longer than the limit") {
  VirtualLoop loop;
  StuckStore store;
  UnderWay under_way(loop, store);
  int begun = 0;
  std::vector<std::uint64_t> batches;
  for (int i = 0; i < 3; ++i) {
    batches.push_back(under_way.note(note_of("g" + std::to_string(i), 1, {1})));
    under_way.when_noted(batches.back(), [&begun] { ++begun; });
  }
  CHECK(stored(store) == 0);
  loop.run_ready();
  CHECK(stored(store) == 3);
  REQUIRE(store.waiting.size() == 1);
  CHECK(begun == 0);

  SECTION("the disk answers") {
    store.waiting[0](true);
    CHECK(begun == 0);  // not on the store's thread
    loop.run_ready();
    CHECK(begun == 3);
    loop.advance(UnderWay::kLongestWait);
    CHECK(begun == 3);
  }
  SECTION("the disk is full") {
    store.waiting[0](false);
    loop.run_ready();
    CHECK(begun == 3);
  }
  SECTION("the disk hangs") {
    loop.advance(UnderWay::kLongestWait);
    CHECK(begun == 3);
    store.waiting[0](true);
    loop.run_ready();
    CHECK(begun == 3);
  }
  for (const std::uint64_t batch : batches) {
    CHECK(stored(store) == 3);
    under_way.ended(batch);
  }
  CHECK(stored(store) == 0);
}

TEST_CASE("Messages that are canceled before their note is written leave none, and the next batch is written") {
  VirtualLoop loop;
  StuckStore store;
  UnderWay under_way(loop, store);
  const std::uint64_t canceled = under_way.note(note_of("g", 1, {1}));
  under_way.when_noted(canceled, [] { FAIL("it was canceled"); });
  under_way.ended(canceled);
  const std::uint64_t next = under_way.note(note_of("g", 1, {1}));
  CHECK(next != canceled);
  loop.run_ready();
  CHECK(stored(store) == 1);
  CHECK(store.waiting.size() == 1);
}

TEST_CASE("What was under way is owed after a start, unless the log knows of a later delivery") {
  VirtualLoop loop;
  tocsin::test::MemoryStore store;
  state::NotificationLogEntry entry{"known", "r", "webhook", 0, 100, 1'000'000, {5}, {}, {3, 5}, {{"ts", "1"}}};
  store.save_notification(std::make_shared<const state::NotificationLogEntry>(entry));
  entry.group_key = "delivered";
  store.save_notification(std::make_shared<const state::NotificationLogEntry>(entry));
  store.save_under_way(7, {note_of("known", 101, {4, 5}), note_of("new", 101, {9}), note_of("delivered", 100, {8})});
  NotificationLog log(store);
  REQUIRE(log.load(0));
  UnderWay under_way(loop, store);
  REQUIRE(under_way.load(log, 5000));
  const auto* known = log.find({"known", "r", "webhook", 0});
  REQUIRE(known != nullptr);
  CHECK(known->owed == std::vector<std::uint64_t>{3, 4, 5});
  CHECK(known->firing == std::vector<std::uint64_t>{5});  // what was not told for sure is told again
  CHECK(known->receiver_data.at("ts") == "1");
  const auto* fresh = log.find({"new", "r", "webhook", 0});
  REQUIRE(fresh != nullptr);
  CHECK(fresh->owed == std::vector<std::uint64_t>{9});
  CHECK(fresh->firing.empty());
  CHECK(fresh->expires_at == 5000);
  CHECK(log.find({"delivered", "r", "webhook", 0})->owed == std::vector<std::uint64_t>{3, 5});
  CHECK(stored(store) == 0);
  // It is in the log's store now, and the next number is a new one.
  CHECK(store.load_notifications()->size() == 3);
  CHECK(under_way.note(note_of("x", 1, {1})) == 8);
}

}  // namespace tocsin::alerting::test
