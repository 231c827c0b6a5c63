// Appending: what is taken, what is refused, what is seen when.
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "support/storage_suite.hpp"

namespace tocsin::test {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kHour = 3'600'000;
const Labels& up() {
  static const Labels labels{{"__name__", "up"}, {"job", "node"}};
  return labels;
}

AppendStatus add(StoreUnderTest& store, const Labels& labels, Timestamp t, double v) {
  auto appender = store.appendable().appender();
  const auto result = appender->append(0, &labels, t, v);
  REQUIRE(appender->commit());
  return result.status;
}

void reads_back_every_bit(StoreUnderTest& store) {
  const double values[] = {0.0,
                           -0.0,
                           1.5,
                           1e300,
                           5e-324,
                           std::numeric_limits<double>::infinity(),
                           -1e-9,
                           1e-9,
                           -std::numeric_limits<double>::infinity(),
                           model::stale_nan(),
                           3,
                           3,
                           1e15,
                           1e15 + 1,
                           std::bit_cast<double>(model::kNormalNanBits),
                           std::bit_cast<double>(0xfff8000000000123ULL),
                           std::numeric_limits<double>::max(),
                           0.1,
                           0.2,
                           0.30000000000000004,
                           123.45,
                           123.46};
  auto appender = store.appendable().appender();
  Timestamp t = -5000;
  Timestamp step = 1;
  for (const double v : values) {
    REQUIRE(appender->append(0, &up(), t, v).status == AppendStatus::kOk);
    REQUIRE(appender->commit());
    t += step;
    step = step * 3 + 7;
  }
  const auto all = read_all(store.queryable(), storage::kOldestTime, storage::kNewestTime, {});
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].samples.size() == std::size(values));
  t = -5000;
  step = 1;
  for (std::size_t i = 0; i < std::size(values); ++i) {
    CHECK(all[0].samples.times[i] == t);
    CHECK(std::bit_cast<std::uint64_t>(all[0].samples.values[i]) == std::bit_cast<std::uint64_t>(values[i]));
    t += step;
    step = step * 3 + 7;
  }
}

void takes_any_step_of_time(StoreUnderTest& store) {
  std::string expected = up().to_string();
  auto appender = store.appendable().appender();
  Timestamp t = 0;
  for (const Timestamp step : {1LL, 8191LL, 8192LL, 16384LL, 65535LL, 65536LL, 65537LL, 524288LL, 524289LL, 1LL,
                               (1LL << 31), (1LL << 40), 15000LL, 15000LL, 15001LL, 14999LL, (1LL << 60), 5LL}) {
    t += step;
    REQUIRE(appender->append(0, &up(), t, 1).status == AppendStatus::kOk);
    REQUIRE(appender->commit());
    expected += " 1@" + std::to_string(t);
  }
  CHECK(dump(store.queryable()) == expected + "\n");
}

void shows_a_batch_at_commit_as_a_whole(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  const Labels other{{"__name__", "other"}};
  appender->append(0, &up(), 1000, 1);
  appender->append(0, &other, 1000, 2);
  CHECK(dump(store.queryable()).empty());
  CHECK((*store.queryable().querier(0, 2000))->label_names({}, 0)->empty());
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()) == "{__name__=\"other\"} 2@1000\n{__name__=\"up\", job=\"node\"} 1@1000\n");
}

void forgets_what_was_rolled_back(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  appender->append(0, &up(), 1000, 1);
  appender->rollback();
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()).empty());
  {
    auto abandoned = store.appendable().appender();
    abandoned->append(0, &up(), 2000, 2);
  }
  CHECK(dump(store.queryable()).empty());
  REQUIRE(appender->append(0, &up(), 500, 3).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()) == "{__name__=\"up\", job=\"node\"} 3@500\n");
}

void keeps_a_snapshot_as_it_was(StoreUnderTest& store) {
  auto one = store.appendable().appender();
  auto two = store.appendable().appender();
  const Labels late{{"__name__", "late"}};
  one->append(0, &up(), 1000, 1);
  REQUIRE(one->commit());
  auto snapshot = store.queryable().querier(0, 10'000);
  REQUIRE(snapshot);
  auto before = describe(read_all(**snapshot, 0, 10'000, {}));
  auto set = (*snapshot)->select({.start = 0, .end = 10'000}, {});
  one->append(0, &up(), 2000, 2);
  one->append(0, &late, 2000, 2);
  REQUIRE(one->commit());
  two->append(0, &up(), 2500, 3);  // another appender writes the series of the first
  REQUIRE(two->commit());
  for (Timestamp t = 3000; t < 3300; ++t) {
    one->append(0, &up(), t, static_cast<double>(t));
    if (t % 2 == 0) REQUIRE(one->commit());
  }
  CHECK(describe(read_all(**snapshot, 0, 10'000, {})) == before);
  CHECK((*snapshot)->label_values("__name__", {}, 0) == std::vector<std::string>{"up"});
  REQUIRE(set->next());
  storage::SampleColumns columns;
  REQUIRE(set->read(0, 10'000, columns));
  CHECK(columns.times == std::vector<Timestamp>{1000});
  CHECK_FALSE(set->next());
  CHECK(read_all(store.queryable(), 0, 10'000, {}).size() == 2);
}

void shows_batches_of_equal_or_older_times_as_a_whole(StoreUnderTest& store) {
  // Commits whose times do not grow: a watermark of time alone would show them too early or not at all.
  auto appender = store.appendable().appender();
  const Labels a{{"s", "a"}};
  const Labels b{{"s", "b"}};
  const Labels c{{"s", "c"}};
  appender->append(0, &a, 10'000, 1);
  appender->append(0, &b, 5'000, 1);
  REQUIRE(appender->commit());
  auto first = store.queryable().querier(0, 100'000);
  appender->append(0, &b, 7'000, 2);
  appender->append(0, &c, 10'000, 2);
  REQUIRE(appender->commit());
  auto second = store.queryable().querier(0, 100'000);
  appender->append(0, &b, 90'000, 3);
  appender->append(0, &a, 20'000, 3);
  appender->append(0, &c, 20'000, 3);
  REQUIRE(appender->commit());
  auto third = store.queryable().querier(0, 100'000);
  appender->append(0, &a, 20'001, 4);
  REQUIRE(appender->commit());
  CHECK(describe(read_all(**first, 0, 100'000, {})) == "{s=\"a\"} 1@10000\n{s=\"b\"} 1@5000\n");
  CHECK(describe(read_all(**second, 0, 100'000, {})) ==
        "{s=\"a\"} 1@10000\n{s=\"b\"} 1@5000 2@7000\n{s=\"c\"} 2@10000\n");
  CHECK(describe(read_all(**third, 0, 100'000, {})) ==
        "{s=\"a\"} 1@10000 3@20000\n{s=\"b\"} 1@5000 2@7000 3@90000\n{s=\"c\"} 2@10000 3@20000\n");
}

void shows_series_that_pass_from_appender_to_appender(StoreUnderTest& store) {
  std::vector<std::unique_ptr<storage::Querier>> snapshots;
  std::vector<std::string> expected;
  std::string line = up().to_string();
  auto one = store.appendable().appender();
  for (int i = 1; i <= 40; ++i) {
    auto fresh = store.appendable().appender();
    storage::Appender& writer = i % 3 == 0 ? *one : *fresh;
    REQUIRE(writer.append(0, &up(), i * 100, i).status == AppendStatus::kOk);
    REQUIRE(writer.commit());
    line += " " + std::to_string(i) + "@" + std::to_string(i * 100);
    snapshots.push_back(std::move(*store.queryable().querier(0, 10'000)));
    expected.push_back(line + "\n");
    if (i % 7 == 0) {
      snapshots.erase(snapshots.begin());
      expected.erase(expected.begin());
    }
  }
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    CHECK(describe(read_all(*snapshots[i], 0, 10'000, {})) == expected[i]);
  }
}

void judges_times(StoreUnderTest& store) {
  const Labels other{{"__name__", "other"}};
  const Timestamp oldest = 10 * kHour - store.max_age_ms();
  CHECK(add(store, up(), 10 * kHour, 1) == AppendStatus::kOk);
  CHECK(add(store, up(), 10 * kHour, 1) == AppendStatus::kOk);  // the same again
  CHECK(add(store, up(), 10 * kHour, 2) == AppendStatus::kDuplicate);
  CHECK(add(store, up(), 10 * kHour - 1, 2) == AppendStatus::kOutOfOrder);
  CHECK(add(store, up(), oldest - 1, 2) == AppendStatus::kTooOld);
  CHECK(add(store, other, oldest - 1, 2) == AppendStatus::kTooOld);
  CHECK(add(store, other, oldest, 2) == AppendStatus::kOk);
  CHECK(add(store, other, kMinTimestamp, 2) == AppendStatus::kOutOfBounds);
  CHECK(add(store, other, kMaxTimestamp, 2) == AppendStatus::kOutOfBounds);
  CHECK(dump(store.queryable()) ==
        "{__name__=\"other\"} 2@" + std::to_string(oldest) + "\n{__name__=\"up\", job=\"node\"} 1@36000000\n");
}

void refuses_one_sample_and_keeps_the_others(StoreUnderTest& store) {
  const Labels other{{"__name__", "other"}};
  CHECK(add(store, up(), 5000, 1) == AppendStatus::kOk);
  auto appender = store.appendable().appender();
  CHECK(appender->append(0, &up(), 4000, 1).status == AppendStatus::kOutOfOrder);
  CHECK(appender->append(0, &other, 4000, 1).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()) == "{__name__=\"other\"} 1@4000\n{__name__=\"up\", job=\"node\"} 1@5000\n");
}

void drops_what_clashes_within_a_batch(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  appender->append(0, &up(), 1000, 1);
  appender->append(0, &up(), 2000, 2);
  appender->append(0, &up(), 2000, 3);
  appender->append(0, &up(), 1500, 4);
  appender->append(0, &up(), 3000, 5);
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()) == "{__name__=\"up\", job=\"node\"} 1@1000 2@2000 5@3000\n");
}

void drops_what_another_appender_overtook(StoreUnderTest& store) {
  auto one = store.appendable().appender();
  auto two = store.appendable().appender();
  CHECK(one->append(0, &up(), 1000, 1).status == AppendStatus::kOk);
  CHECK(two->append(0, &up(), 2000, 2).status == AppendStatus::kOk);
  REQUIRE(two->commit());
  REQUIRE(one->commit());
  CHECK(dump(store.queryable()) == "{__name__=\"up\", job=\"node\"} 2@2000\n");
}

void knows_refs(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  const Labels empty;
  CHECK(appender->append(0, nullptr, 1, 1).status == AppendStatus::kUnknownRef);
  CHECK(appender->append(987654321, nullptr, 1, 1).status == AppendStatus::kUnknownRef);
  CHECK(appender->append(0, &empty, 1, 1).status == AppendStatus::kInvalidLabels);
  const auto first = appender->append(0, &up(), 1, 1);
  CHECK(first.created);
  CHECK(first.ref != 0);
  const auto by_labels = appender->append(0, &up(), 2, 2);
  CHECK(by_labels.ref == first.ref);
  CHECK_FALSE(by_labels.created);
  CHECK(appender->append(first.ref, nullptr, 3, 3).status == AppendStatus::kOk);
  CHECK(appender->append(first.ref, &up(), 4, 4).ref == first.ref);
  CHECK(appender->append(987654321, &up(), 5, 5).ref == first.ref);
  REQUIRE(appender->commit());
  auto other = store.appendable().appender();
  const auto late = other->append(first.ref, nullptr, 2, 9);
  CHECK(late.status == AppendStatus::kOutOfOrder);
  CHECK(late.ref == first.ref);
  CHECK(dump(store.queryable()) == "{__name__=\"up\", job=\"node\"} 1@1 2@2 3@3 4@4 5@5\n");
}

void sheds_series_beyond_the_budget(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  const Labels a{{"s", "a"}};
  const Labels b{{"s", "b"}};
  const Labels c{{"s", "c"}};
  CHECK(appender->append(0, &a, 1, 1).status == AppendStatus::kOk);
  CHECK(appender->append(0, &b, 1, 1).status == AppendStatus::kOk);
  CHECK(appender->append(0, &c, 1, 1).status == AppendStatus::kSeriesLimit);
  CHECK(appender->append(0, &a, 2, 2).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()) == "{s=\"a\"} 1@1 2@2\n{s=\"b\"} 1@1\n");
}

void keeps_histograms_and_start_times(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  CHECK(appender->append_histogram(0, &up(), 1000, nullptr).status == AppendStatus::kInvalidHistogram);
  model::FloatHistogram wrong = *some_histogram(1);
  wrong.positive_buckets.pop_back();
  CHECK(appender->append_histogram(0, &up(), 1000, std::make_shared<model::FloatHistogram>(wrong)).status ==
        AppendStatus::kInvalidHistogram);
  const auto ref = appender->append_histogram(0, &up(), 1000, some_histogram(1)).ref;
  CHECK(appender->append_histogram(ref, nullptr, 2000, some_histogram(2), 500).status == AppendStatus::kOk);
  CHECK(appender->append(ref, nullptr, 3000, 7).status == AppendStatus::kOk);
  CHECK(appender->append(ref, nullptr, 4000, 8, 3500).status == AppendStatus::kOk);
  CHECK(appender->append(ref, nullptr, 5000, model::stale_nan()).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(appender->append_histogram(ref, nullptr, 5000, some_histogram(1)).status == AppendStatus::kDuplicate);
  const auto all = read_all(store.queryable(), 0, 10'000, {});
  REQUIRE(all.size() == 1);
  const auto& s = all[0].samples;
  CHECK(s.times == std::vector<Timestamp>{1000, 2000, 3000, 4000, 5000});
  CHECK(s.starts == std::vector<Timestamp>{0, 500, 0, 3500, 0});
  REQUIRE(s.histograms.size() == 5);
  REQUIRE(s.histograms[0]);
  REQUIRE(s.histograms[1]);
  CHECK(histogram_text(*s.histograms[0]) == histogram_text(*some_histogram(1)));
  CHECK(histogram_text(*s.histograms[1]) == histogram_text(*some_histogram(2)));
  CHECK_FALSE(s.histograms[2]);
  CHECK(s.values[2] == 7);
  CHECK(s.values[3] == 8);
  CHECK(model::is_stale(s.values[4]));
  const auto floats = read_all(store.queryable(), 3000, 3000, {});
  REQUIRE(floats.size() == 1);
  CHECK(floats[0].samples.histograms.empty());
  CHECK(floats[0].samples.starts.empty());
}

void takes_exemplars_and_metadata(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  const storage::Exemplar exemplar{Labels{{"trace_id", "abc"}}, 1.5, 1000, true};
  CHECK(appender->append_exemplar(4711, exemplar) == AppendStatus::kUnknownRef);
  CHECK(appender->find(up()) == 0);
  const auto ref = appender->append(0, &up(), 1000, 1).ref;
  CHECK(appender->append_exemplar(ref, exemplar) == AppendStatus::kOk);
  appender->set_metadata(ref, {model::MetricType::kGauge, "", "Whether it is up."});
  appender->set_metadata(4711, {});
  REQUIRE(appender->commit());
  CHECK(dump(store.queryable()) == "{__name__=\"up\", job=\"node\"} 1@1000\n");
  const storage::Exemplar older{Labels{{"trace_id", "old"}}, 1.5, 999, true};
  const storage::Exemplar newer{Labels{{"trace_id", "new"}}, 2.5, 1001, true};
  CHECK(appender->find(up()) == ref);
  CHECK(appender->find(Labels{{"__name__", "other"}}) == 0);
  appender->append(ref, nullptr, 2000, 1);
  CHECK(appender->append_exemplar(ref, older) == AppendStatus::kOutOfOrder);
  CHECK(appender->append_exemplar(ref, newer) == AppendStatus::kOk);
  CHECK(store.exemplars(up()).size() == 1);  // not yet committed
  appender->set_metadata(ref, {model::MetricType::kCounter, "s", "first"});
  appender->set_metadata(ref, {model::MetricType::kCounter, "s", "second"});
  REQUIRE(appender->commit());
  const auto exemplars = store.exemplars(up());
  REQUIRE(exemplars.size() == 2);
  CHECK(exemplars[0].labels == exemplar.labels);
  CHECK(exemplars[0].value == 1.5);
  CHECK(exemplars[0].t == 1000);
  CHECK(exemplars[1].labels == newer.labels);
  CHECK(store.exemplars(Labels{{"__name__", "other"}}).empty());
  const auto metadata = store.metadata(up());
  REQUIRE(metadata);
  CHECK(metadata->type == model::MetricType::kCounter);
  CHECK(metadata->unit == "s");
  CHECK(metadata->help == "second");
  CHECK_FALSE(store.metadata(Labels{{"__name__", "other"}}));
}

void fills_many_chunks(StoreUnderTest& store) {
  auto appender = store.appendable().appender();
  storage::SeriesRef ref = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto result = appender->append(ref, &up(), i * 15'000, i % 7 == 0 ? i * 0.37 : i);
    REQUIRE(result.status == AppendStatus::kOk);
    ref = result.ref;
    if (i % 5 == 4) REQUIRE(appender->commit());
  }
  auto querier = store.queryable().querier(0, 2000 * 15'000);
  REQUIRE(querier);
  for (const auto& [first, last] :
       {std::pair{0, 1999}, {0, 0}, {1999, 1999}, {1, 1998}, {119, 120}, {500, 1200}, {777, 777}}) {
    const auto all = read_all(**querier, first * 15'000, last * 15'000, {});
    REQUIRE(all.size() == 1);
    REQUIRE(all[0].samples.size() == static_cast<std::size_t>(last - first + 1));
    for (int i = first; i <= last; ++i) {
      const auto at = static_cast<std::size_t>(i - first);
      REQUIRE(all[0].samples.times[at] == i * 15'000);
      REQUIRE(all[0].samples.values[at] == (i % 7 == 0 ? i * 0.37 : i));
    }
  }
  CHECK(read_all(**querier, 1, 14'999, {}).empty());
}

}  // namespace

std::vector<StorageCase> storage_append_cases() {
  return {
      {"every bit of a value is read back", reads_back_every_bit, {}},
      {"any step of time is taken", takes_any_step_of_time, {}},
      {"a batch is seen at commit, as a whole", shows_a_batch_at_commit_as_a_whole, {}},
      {"what was rolled back is forgotten", forgets_what_was_rolled_back, {}},
      {"a snapshot stays as it was", keeps_a_snapshot_as_it_was, {}},
      {"batches of equal or older times are seen as a whole", shows_batches_of_equal_or_older_times_as_a_whole, {}},
      {"a series may pass from appender to appender", shows_series_that_pass_from_appender_to_appender, {}},
      {"times are judged", judges_times, {}},
      {"a refused sample leaves the others", refuses_one_sample_and_keeps_the_others, {}},
      {"what clashes within a batch is dropped", drops_what_clashes_within_a_batch, {}},
      {"what another appender overtook is dropped", drops_what_another_appender_overtook, {}},
      {"refs name series", knows_refs, {}},
      {"series beyond the budget are shed", sheds_series_beyond_the_budget, {.series_limit = 2}},
      {"histograms and start times are kept", keeps_histograms_and_start_times, {}},
      {"exemplars and metadata are taken", takes_exemplars_and_metadata, {}},
      {"many chunks are read by ranges", fills_many_chunks, {}},
  };
}

}  // namespace tocsin::test
