// Samples of zero at start timestamps, and stores that keep no start timestamps.
#include "model/histogram_math.hpp"
#include "store.hpp"
#include "support/map_store.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;
using storage::AppendStatus;

constexpr Timestamp kMinute = 60'000;

const Labels& requests() {
  static const Labels labels{{"__name__", "requests_total"}};
  return labels;
}

TsdbOptions zero_options(Fs& fs) {
  TsdbOptions options = options_for(fs);
  options.start_zeros = true;
  options.store_starts = false;
  return options;
}

void add_started(Db& db, Timestamp t, double value, Timestamp start) {
  auto appender = db.appender();
  CHECK(appender->append(0, &requests(), t, value, start).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
}

TEST_CASE("a counter begins at zero at its start, and again after a restart, once each") {
  MemFs fs;
  auto db = open_db(zero_options(fs));
  add_started(*db, 100 * kMinute, 5, 99 * kMinute);
  add_started(*db, 101 * kMinute, 7, 99 * kMinute);
  add_started(*db, 103 * kMinute, 2, 102 * kMinute);
  add_started(*db, 104 * kMinute, 3, 102 * kMinute);
  CHECK(test::dump(*db) ==
        "{__name__=\"requests_total\"} 0@5940000 5@6000000 7@6060000 0@6120000 2@6180000 3@6240000\n");
  CHECK(db->stats().out_of_order == 0);
}

TEST_CASE("a start that is no time before the sample, or that the store does not take any more, makes no zero") {
  MemFs fs;
  auto db = open_db(zero_options(fs));
  add_started(*db, 100 * kMinute, 1, 100 * kMinute);
  add_started(*db, 101 * kMinute, 2, 105 * kMinute);
  add_started(*db, 102 * kMinute, 3, 101 * kMinute);  // that time is taken
  const Labels other{{"__name__", "other_total"}};
  const Labels third{{"__name__", "third_total"}};
  auto appender = db->appender();
  CHECK(appender->append(0, &other, 102 * kMinute, 4, 41 * kMinute).status == AppendStatus::kOk);
  CHECK(appender->append(0, &third, 102 * kMinute, 4, -1).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(test::dump(*db) ==
        "{__name__=\"other_total\"} 4@6120000\n"
        "{__name__=\"requests_total\"} 1@6000000 2@6060000 3@6120000\n"
        "{__name__=\"third_total\"} 4@6120000\n");
}

TEST_CASE("several samples of one batch with one start share its zero, also within an out-of-order window") {
  MemFs fs;
  TsdbOptions options = zero_options(fs);
  options.out_of_order_window = std::chrono::minutes(30);
  auto db = open_db(options);
  auto appender = db->appender();
  storage::SeriesRef ref = 0;
  for (int i = 0; i < 3; ++i) {
    ref = appender->append(ref, &requests(), (100 + i) * kMinute, i, 99 * kMinute).ref;
  }
  REQUIRE(appender->commit());
  // A late sample gets none: its start lies before what is there.
  CHECK(appender->append(ref, nullptr, 98 * kMinute, 9, 97 * kMinute).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  CHECK(test::dump(*db) == "{__name__=\"requests_total\"} 9@5880000 0@5940000 0@6000000 1@6060000 2@6120000\n");
  CHECK(db->stats().late_samples == 1);
}

TEST_CASE("a histogram begins as an empty one of its layout") {
  MemFs fs;
  auto db = open_db(zero_options(fs));
  const auto histogram = test::some_histogram(4);
  auto appender = db->appender();
  CHECK(appender->append_histogram(0, &requests(), 100 * kMinute, histogram, 99 * kMinute).status == AppendStatus::kOk);
  REQUIRE(appender->commit());
  const auto all = test::read_all(*db, 0, 200 * kMinute, {});
  REQUIRE(all.size() == 1);
  const storage::SampleColumns& samples = all[0].samples;
  CHECK(samples.times == std::vector<Timestamp>{99 * kMinute, 100 * kMinute});
  CHECK(samples.starts.empty());
  REQUIRE(samples.histograms.size() == 2);
  CHECK(samples.histograms[0]->count == 0);
  CHECK(samples.histograms[0]->schema == histogram->schema);
  for (const double count : samples.histograms[0]->positive_buckets) CHECK(count == 0);
  CHECK(model::equal_values(*samples.histograms[1], *histogram));
  CHECK(samples.histograms[1]->reset_hint == model::CounterReset::kNotReset);
}

TEST_CASE("starts are stored unless the store is told not to, with zeros or without") {
  for (const bool stored : {true, false}) {
    MemFs fs;
    TsdbOptions options = options_for(fs);
    options.store_starts = stored;
    auto db = open_db(options);
    add_started(*db, 100 * kMinute, 5, 99 * kMinute);
    const auto all = test::read_all(*db, 0, 200 * kMinute, {});
    REQUIRE(all.size() == 1);
    CHECK(all[0].samples.size() == 1);
    CHECK(all[0].samples.starts == (stored ? std::vector<Timestamp>{99 * kMinute} : std::vector<Timestamp>{}));
  }
}

}  // namespace
}  // namespace tocsin::tsdb
