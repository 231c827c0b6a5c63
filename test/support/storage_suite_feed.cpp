// Feeds, and whole commits seen from other threads.
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "support/feed_copy.hpp"

namespace tocsin::test {
namespace {

using model::Labels;

constexpr Timestamp kMinute = 60'000;

void keeps_a_copy_by_its_feed(StoreUnderTest& store) {
  REQUIRE(store.queryable().feed({}) != nullptr);
  Rng rng(5);
  const std::vector<model::Matcher> matchers{matcher(model::MatchOp::kRegex, "s", "[02468]")};
  FeedCopy all(store.queryable(), {});
  FeedCopy some(store.queryable(), matchers);
  std::vector<std::unique_ptr<storage::Appender>> appenders;
  for (int i = 0; i < 3; ++i) appenders.push_back(store.appendable().appender());
  Timestamp now = 1000 * kMinute;
  for (int round = 0; round < 300; ++round) {
    now += static_cast<Timestamp>(rng.next() % 20'000);
    auto& appender = *appenders[rng.next() % 3];
    for (std::uint64_t n = rng.next() % 12; n > 0; --n) {
      const Labels labels{{"s", std::to_string(rng.next() % (5 + static_cast<std::uint64_t>(round) / 10))}};
      const bool late = rng.next() % 5 == 0;
      appender.append(0, &labels, late ? now - static_cast<Timestamp>(rng.next() % (20 * kMinute)) : now,
                      static_cast<double>(rng.next() % 100));
    }
    if (rng.next() % 3 != 0) REQUIRE(appender.commit());
    if (rng.next() % 20 == 0) {
      const Timestamp start = now - static_cast<Timestamp>(rng.next() % (10 * kMinute));
      REQUIRE(store.remove(start, start + 3 * kMinute, matchers));
    }
    if (rng.next() % 3 == 0) all.update();
    if (rng.next() % 5 == 0) {
      some.update();
      REQUIRE(some.text() == describe(read_all(store.queryable(), 0, 2 * now, matchers)));
    }
  }
  all.update();
  REQUIRE(all.text() == dump(store.queryable()));
  CHECK(all.lost + some.lost == 0);
  CHECK(all.rewritten > 0);
}

void begins_anew_for_another_sequence(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  const Labels a{{"s", "a"}};
  appender->append(0, &a, 1000, 1);
  REQUIRE(appender->commit());
  const auto feed = store.queryable().feed({});
  const auto first = feed->since(0);
  REQUIRE(first);
  CHECK(first->came.size() == 1);
  CHECK(first->appended.empty());
  CHECK(first->sequence != 0);
  CHECK(feed->since(first->sequence + 100)->lost);
  const auto again = feed->since(0);
  CHECK_FALSE(again->lost);
  CHECK(again->came.size() == 1);
}

/// Writers commit the same number of samples to each of their series; a snapshot that sees more of one saw a part.
void shows_whole_commits_to_other_threads(StoreUnderTest& store) {
  constexpr int kWriters = 3;
  constexpr int kCommits = 150;
  std::atomic<int> writing = kWriters;
  std::atomic<bool> failed = false;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      auto appender = store.appendable().appender();
      for (int i = 1; i <= kCommits; ++i) {
        for (int s = 0; s < 4; ++s) {
          const Labels labels{{"writer", std::to_string(w)}, {"s", std::to_string(s)}};
          // Every third commit brings late samples, beside those of now.
          appender->append(0, &labels, i * 10'000, i);
          if (i % 3 == 0) appender->append(0, &labels, i * 10'000 - 5'000, i);
        }
        if (!appender->commit()) failed = true;
      }
      --writing;
    });
  }
  bool whole = true;
  do {
    const auto querier = store.queryable().querier(0, 10'000'000);
    if (!querier) break;
    for (int w = 0; w < kWriters; ++w) {
      const auto set =
          (*querier)->select({.start = 0, .end = 10'000'000},
                             std::vector{matcher(model::MatchOp::kEqual, "writer", std::to_string(w).c_str())});
      std::size_t series = 0;
      std::size_t samples = 0;
      std::size_t most = 0;
      storage::SampleColumns columns;
      while (set->next()) {
        if (!set->read(0, 10'000'000, columns)) failed = true;
        ++series;
        samples += columns.size();
        most = std::max(most, columns.size());
      }
      whole = whole && samples == 4 * most && (series == 0 || series == 4);
    }
  } while (writing > 0);
  for (auto& writer : writers) writer.join();
  CHECK(whole);
  CHECK_FALSE(failed);
  std::size_t samples = 0;
  for (const auto& one : read_all(store.queryable(), 0, 10'000'000, {})) samples += one.samples.size();
  CHECK(samples == static_cast<std::size_t>(kWriters * 4 * (kCommits + kCommits / 3)));
}

}  // namespace

std::vector<StorageCase> storage_feed_cases() {
  constexpr StoreSetup kLate{.out_of_order_window_ms = 30 * kMinute};
  return {
      {"a copy that a feed keeps is what a querier gives", keeps_a_copy_by_its_feed, kLate},
      {"a feed that is asked for another sequence begins anew", begins_anew_for_another_sequence, {}},
      {"other threads see whole commits, late samples with them", shows_whole_commits_to_other_threads, kLate},
  };
}

}  // namespace tocsin::test
