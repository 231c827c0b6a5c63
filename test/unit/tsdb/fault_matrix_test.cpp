// Every call of the file system fails in turn, from the start to the end of a life: once, for good, or with the death
// of the process. Whatever failed, the next start shows
//   after the death of the process   all that was visible,
//   after a power cut                all that was synced, and of later commits the first ones, each as a whole,
// and never anything of a commit that was refused. Each case is a script (fault_script.hpp) that makes all calls of one
// part of a store's work.
#include <limits>

#include "fault_script.hpp"
#include "tsdb/block_set.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

TsdbOptions tiny() {
  static MemFs nothing;
  TsdbOptions options = options_for(nothing);
  options.wal_segment_bytes = 700;
  options.wal_segment_time = std::chrono::hours(1);
  options.chunk_piece_bytes = 400;
  options.chunk_file_bytes = 4000;
  options.open_chunk_time = std::chrono::hours(1);
  options.out_of_order_window = std::chrono::hours(3);
  options.out_of_order_cap_max = 2;
  options.exemplars = 4;
  options.metadata_series = 4;
  options.retention = {};
  return options;
}
TsdbOptions cut() {
  TsdbOptions options = tiny();
  options.min_block_duration = std::chrono::hours(2);
  options.max_block_duration = std::chrono::hours(2);
  options.out_of_order_cap_max = 32;  // chunks of late samples would be cut again after each start: many blocks
  return options;
}

std::vector<model::Matcher> named(const char* s) {
  return {test::matcher(model::MatchOp::kEqual, "s", s)};
}

TEST_CASE("each call fails in turn while commits are made, synced and checkpointed") {
  fail_each_call({tiny(), nullptr, [](Actor& actor) {
                    if (!actor.open()) return;
                    for (int i = 0; i < 9; ++i) {
                      actor.round();
                      if (i == 2 || i == 6) actor.sync();
                      if (i == 4) actor.maintain();
                      if (i == 5) actor.rollback();
                      if (i == 7) actor.checkpoint();
                    }
                    actor.maintain();
                    if (actor.unharmed()) {
                      CHECK(actor.db().stats().late_chunks > 0);
                      CHECK(actor.db().stats().checkpoints >= 2);
                    }
                    actor.close();
                    if (!actor.open()) return;
                    actor.round();
                    actor.round();
                  }});
}

TEST_CASE("each call fails in turn while a store starts, replays its log and takes commits") {
  Script script{tiny(), nullptr, [](Actor& actor) {
                  // A life that ends without a checkpoint leaves a log.
                  if (!actor.open()) return;
                  for (int i = 0; i < 3; ++i) actor.round();
                  actor.maintain();
                  for (int i = 0; i < 3; ++i) actor.round();
                  actor.kill();
                  actor.options().owner_replays = true;
                  if (!actor.open()) return;
                  if (actor.unharmed()) CHECK_FALSE(actor.db().whole());
                  for (int i = 0; i < 4; ++i) {
                    actor.round();
                    actor.replay(2);
                    if (i == 1) actor.sync();
                  }
                  for (int i = 0; i < 3 && !actor.replay(kAll); ++i) {
                  }
                  if (actor.unharmed()) CHECK(actor.db().whole());
                  actor.round();
                  actor.maintain();
                  actor.close();
                }};
  fail_each_call(script);
}

TEST_CASE("each call fails in turn while the head is cut into blocks, late samples with it") {
  Script script{cut(),
                [](Actor& actor) {
                  REQUIRE(actor.open());
                  for (int i = 0; i < 9; ++i) actor.round();
                  actor.maintain();
                  actor.maintain();  // late samples that are in blocks leave the head
                  actor.close();
                },
                [](Actor& actor) {
                  if (!actor.open()) return;
                  for (int i = 0; i < 4; ++i) actor.round();
                  actor.maintain();
                  if (actor.unharmed()) {
                    CHECK(actor.db().block_stats().cuts == 1);
                    CHECK(actor.db().block_stats().vertical_compactions >= 1);  // of late samples and what they overlap
                  }
                  actor.maintain();
                  actor.close();
                }};
  fail_each_call(script);
}

TEST_CASE("each call fails in turn while blocks are compacted") {
  Script script{cut(),
                [](Actor& actor) {
                  REQUIRE(actor.open());
                  for (int i = 0; i < 18; ++i) {
                    actor.round();
                    if (i % 4 == 1) actor.maintain();
                  }
                  actor.close();
                },
                [](Actor& actor) {
                  actor.options().max_block_duration = std::chrono::hours(6);
                  if (!actor.open()) return;
                  actor.maintain();
                  if (actor.unharmed()) CHECK(actor.db().block_stats().compactions_triggered >= 1);
                  actor.maintain();
                  actor.close();
                }};
  fail_each_call(script);
}

TEST_CASE("each call fails in turn while samples are deleted and tombstones are cleaned") {
  Script script{cut(),
                [](Actor& actor) {
                  REQUIRE(actor.open());
                  for (int i = 0; i < 15; ++i) actor.round();
                  actor.maintain();
                  actor.close();
                },
                [](Actor& actor) {
                  if (!actor.open()) return;
                  actor.remove(12, 2, named("a"));
                  actor.round();
                  actor.remove(30, 11, {});  // all of the first block
                  if (actor.unharmed()) CHECK_FALSE(actor.db().blocks()->blocks[0]->tombstones()->empty());
                  actor.clean_tombstones();
                  if (actor.unharmed()) CHECK(actor.db().blocks()->blocks[0]->tombstones()->empty());
                  actor.remove(1, 0, named("b"));
                  actor.maintain();
                  actor.close();
                }};
  fail_each_call(script);
}

TEST_CASE("each call fails in turn while a snapshot is taken") {
  Script script{cut(),
                [](Actor& actor) {
                  REQUIRE(actor.open());
                  for (int i = 0; i < 10; ++i) actor.round();
                  actor.maintain();
                  actor.close();
                },
                [](Actor& actor) {
                  if (!actor.open()) return;
                  actor.snapshot("/data/snapshots/all", true);
                  actor.round();
                  actor.snapshot("/data/snapshots/blocks", false);
                  actor.close();
                }};
  fail_each_call(script);
}

TEST_CASE("each call fails in turn while the retention takes blocks and files, and series are collected") {
  Script script{cut(),
                [](Actor& actor) {
                  REQUIRE(actor.open());
                  for (int i = 0; i < 10; ++i) actor.round();
                  actor.maintain();
                  actor.maintain();
                  REQUIRE(actor.db().blocks()->blocks.size() >= 3);
                  actor.close();
                },
                [](Actor& actor) {
                  constexpr auto kRetention = std::chrono::hours(2);
                  actor.options().retention = kRetention;
                  actor.ledger().may_lose_before(actor.now() + 4 * 25 * 60'000 - to_ms(kRetention));
                  if (!actor.open()) return;
                  for (int i = 0; i < 4; ++i) actor.round();
                  actor.maintain();
                  actor.checkpoint();
                  actor.checkpoint();
                  actor.maintain();
                  if (actor.unharmed()) {
                    CHECK(actor.db().block_stats().time_retentions >= 1);
                    CHECK(actor.db().blocks()->blocks.size() <= 1);
                    CHECK(actor.db().stats().series_removed >= 1);
                  }
                  actor.close();
                }};
  fail_each_call(script);
}

}  // namespace
}  // namespace tocsin::tsdb
