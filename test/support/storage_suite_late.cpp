// Late samples, deletions, and what both do to snapshots and summaries.
#include <catch2/catch.hpp>

#include "support/storage_suite.hpp"

namespace tocsin::test {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kMinute = 60'000;
constexpr StoreSetup kLate{.out_of_order_window_ms = 30 * kMinute};

const Labels& up() {
  static const Labels labels{{"__name__", "up"}};
  return labels;
}
const Labels& other() {
  static const Labels labels{{"__name__", "other"}};
  return labels;
}

AppendStatus add(StoreUnderTest& store, const Labels& labels, Timestamp t, double v) {
  auto appender = store.appendable().appender();
  const auto result = appender->append(0, &labels, t, v);
  REQUIRE(appender->commit());
  return result.status;
}

std::vector<model::Matcher> named(const char* name) {
  return {matcher(model::MatchOp::kEqual, "__name__", name)};
}

void judges_late_samples(StoreUnderTest& store) {
  CHECK(add(store, up(), 100 * kMinute, 1) == AppendStatus::kOk);
  CHECK(add(store, up(), 100 * kMinute, 1) == AppendStatus::kOk);
  CHECK(add(store, up(), 100 * kMinute, 2) == AppendStatus::kDuplicate);
  CHECK(add(store, up(), 90 * kMinute, 3) == AppendStatus::kOk);
  CHECK(add(store, up(), 90 * kMinute, 3) == AppendStatus::kOk);
  CHECK(add(store, up(), 90 * kMinute, 4) == AppendStatus::kDuplicate);
  CHECK(add(store, up(), 70 * kMinute, 5) == AppendStatus::kOk);
  CHECK(add(store, up(), 70 * kMinute - 1, 6) == AppendStatus::kTooOld);
  // Not late: newer than all of its series, and not too old for the store.
  const Timestamp old = 100 * kMinute - store.max_age_ms() * 5 / 6;
  CHECK(add(store, other(), old, 7) == AppendStatus::kOk);
  CHECK(add(store, other(), 45 * kMinute, 8) == AppendStatus::kTooOld);
  // The window is that of the newest sample of all.
  CHECK(add(store, other(), 120 * kMinute, 9) == AppendStatus::kOk);
  CHECK(add(store, up(), 89 * kMinute, 10) == AppendStatus::kTooOld);
  CHECK(add(store, up(), 91 * kMinute, 11) == AppendStatus::kOk);
  CHECK(dump(store.queryable()) == "{__name__=\"other\"} 7@" + std::to_string(old) +
                                       " 9@7200000\n"
                                       "{__name__=\"up\"} 5@4200000 3@5400000 11@5460000 1@6000000\n");
}

void shows_late_samples_at_commit_as_a_whole(StoreUnderTest& store) {
  add(store, up(), 100 * kMinute, 1);
  add(store, other(), 100 * kMinute, 1);
  auto appender = store.appendable().appender();
  for (int i = 0; i < 50; ++i) {
    appender->append(0, &up(), 90 * kMinute - i * 1000, i);
    appender->append(0, &other(), 90 * kMinute - i * 1000, i);
  }
  appender->append(0, &up(), 101 * kMinute, 2);
  const auto before = store.queryable().querier(0, 200 * kMinute);
  CHECK(read_all(**before, 0, 200 * kMinute, {})[1].samples.size() == 1);
  REQUIRE(appender->commit());
  CHECK(read_all(**before, 0, 200 * kMinute, {})[1].samples.size() == 1);
  const auto after = read_all(store.queryable(), 0, 200 * kMinute, {});
  CHECK(after[0].samples.size() == 51);
  CHECK(after[1].samples.size() == 52);
  for (int i = 0; i < 50; ++i) add(store, up(), 80 * kMinute - i, i);
  CHECK(read_all(**before, 0, 200 * kMinute, {})[1].samples.size() == 1);
  CHECK(read_all(store.queryable(), 0, 200 * kMinute, {})[1].samples.size() == 102);
  CHECK(read_all(store.queryable(), 80 * kMinute - 3, 80 * kMinute - 2, named("up"))[0].samples.values ==
        std::vector<double>{3, 2});
  appender->append(0, &up(), 85 * kMinute, 1);
  appender->rollback();
  CHECK(read_all(store.queryable(), 0, 200 * kMinute, {})[1].samples.size() == 102);
}

void deletes_what_is_there(StoreUnderTest& store) {
  for (int i = 0; i < 300; ++i) {
    add(store, up(), i * 1000, i);
    add(store, other(), i * 1000, i);
  }
  const auto before = store.queryable().querier(0, 200 * kMinute);
  REQUIRE(store.remove(100'000, 199'999, named("up")));
  const auto count = [&](storage::Querier& querier) {
    return read_all(querier, 0, 200 * kMinute, named("up"))[0].samples.size();
  };
  CHECK(count(**store.queryable().querier(0, 200 * kMinute)) == 200);
  CHECK(count(**before) == 300);
  CHECK(read_all(store.queryable(), 150'000, 160'000, named("up")).empty());
  CHECK(read_all(store.queryable(), 0, 200 * kMinute, named("other"))[0].samples.size() == 300);
  // Up to the end of time: what comes later is not deleted.
  REQUIRE(store.remove(250'000, storage::kNewestTime, named("up")));
  CHECK(count(**store.queryable().querier(0, 200 * kMinute)) == 150);
  CHECK(add(store, up(), 299'000, 299) == AppendStatus::kOk);
  CHECK(count(**store.queryable().querier(0, 200 * kMinute)) == 150);
  CHECK(add(store, up(), 298'000, 1) == AppendStatus::kOutOfOrder);
  CHECK(add(store, up(), 300'000, 300) == AppendStatus::kOk);
  CHECK(count(**store.queryable().querier(0, 200 * kMinute)) == 151);
  REQUIRE(store.remove(storage::kOldestTime, storage::kNewestTime, {}));
  CHECK(dump(store.queryable()).empty());
  CHECK((*store.queryable().querier(0, 200 * kMinute))->label_values("__name__", {}, 0)->empty());
  CHECK(count(**before) == 300);
}

void takes_late_samples_where_was_deleted(StoreUnderTest& store) {
  for (int i = 0; i < 100; ++i) add(store, up(), 90 * kMinute + i * 1000, i);
  for (int i = 0; i < 10; ++i) add(store, up(), 80 * kMinute + i * 1000, i);
  REQUIRE(store.remove(80 * kMinute + 5000, 90 * kMinute + 9000, {}));
  CHECK(read_all(store.queryable(), 0, 200 * kMinute, {})[0].samples.size() == 5 + 90);
  CHECK(add(store, up(), 80 * kMinute + 6000, 1) == AppendStatus::kOk);
  CHECK(add(store, up(), 90 * kMinute + 6000, 1) == AppendStatus::kOk);
  CHECK(add(store, up(), 90 * kMinute + 6000, 2) == AppendStatus::kDuplicate);
  CHECK(read_all(store.queryable(), 80 * kMinute + 5000, 90 * kMinute + 9000, {})[0].samples.values ==
        std::vector<double>{1, 1});
}

/// Each summary must say what the samples of its time say.
void summarises_no_late_or_deleted_samples(StoreUnderTest& store) {
  for (int i = 0; i < 1000; ++i) add(store, up(), i * 1000, i);
  add(store, up(), 500'500, -1);
  REQUIRE(store.remove(700'000, 700'500, {}));
  const auto querier = store.queryable().querier(0, 200 * kMinute);
  const auto set = (*querier)->select_summaries({.start = 0, .end = 200 * kMinute}, {});
  if (!set) return;  // the store keeps none
  REQUIRE(set->next());
  std::vector<storage::ChunkSummary> summaries;
  std::vector<storage::TimeRange> rest;
  REQUIRE(set->summaries(0, 200 * kMinute, summaries, rest));
  CHECK_FALSE(summaries.empty());
  storage::SampleColumns samples;
  for (const auto& summary : summaries) {
    REQUIRE(set->read(summary.first_time, summary.last_time, samples));
    CHECK(samples.size() == summary.count);
    double sum = 0;
    for (const double v : samples.values) sum += v;
    CHECK(sum == summary.sum);
  }
  std::size_t covered = 0;
  for (const auto& summary : summaries) covered += summary.count;
  for (const auto& range : rest) {
    REQUIRE(set->read(range.start, range.end, samples));
    covered += samples.size();
  }
  CHECK(covered == 1000);  // one more, one less
  REQUIRE(set->read(0, 200 * kMinute, samples));
  CHECK(samples.size() == 1000);
}

}  // namespace

std::vector<StorageCase> storage_late_cases() {
  return {
      {"late samples are judged by the window", judges_late_samples, kLate},
      {"late samples are seen at commit, as a whole", shows_late_samples_at_commit_as_a_whole, kLate},
      {"what is deleted is not seen by later queriers", deletes_what_is_there, {}},
      {"late samples are taken where was deleted", takes_late_samples_where_was_deleted, kLate},
      {"no summary covers late or deleted samples", summarises_no_late_or_deleted_samples, kLate},
  };
}

}  // namespace tocsin::test
