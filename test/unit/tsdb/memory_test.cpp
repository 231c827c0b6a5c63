// The byte budget of the head (docs/internals/head.md), and that series which come and go leave nothing behind.
#include <cstdio>

#include "store.hpp"

namespace tocsin::tsdb {
namespace {

using model::Labels;

constexpr Timestamp kHour = 3'600'000;

/// Series of targets with 500 each, 50 names, ten values of a label of its own, as exporters have them.
Labels labels_of(std::size_t series, const std::string& generation) {
  const std::size_t target = series / 500;
  const std::size_t of_target = series % 500;
  return Labels{{"__name__", "metric_of_some_length_" + std::to_string(of_target / 10)},
                {"job", "job-" + std::to_string(target / 20)},
                {"instance", "host-" + generation + "-" + std::to_string(target) + ":9100"},
                {"device", "device-" + std::to_string(of_target % 10)}};
}

/// One scrape of each target.
void scrape_all(Db& db, std::vector<storage::SeriesRef>& refs, const std::string& generation, Timestamp t) {
  std::unique_ptr<storage::Appender> appender;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (i % 500 == 0) appender = db.appender();
    Labels labels;
    if (refs[i] == 0) labels = labels_of(i, generation);
    // A third is constant, a third counts, a third wanders.
    const auto step = static_cast<std::size_t>(t) / 15'000;
    double value = 1;
    if (i % 3 == 1) value = static_cast<double>(step * (i % 97));
    if (i % 3 == 2) value = static_cast<double>((i * 7919 + step * 104'729) % 100'000) / 100;
    refs[i] = appender->append(refs[i], refs[i] == 0 ? &labels : nullptr, t, value).ref;
    if (i % 500 == 499 || i + 1 == refs.size()) REQUIRE(appender->commit());
  }
}

struct Budget {
  const char* component;
  std::uint64_t TsdbStats::Bytes::* bytes;
  double new_series;  // bytes a series: nine samples each
  double steady;      // and after 240 more
};
// The table of docs/internals/head.md.
constexpr Budget kBudgets[] = {
    {"records", &TsdbStats::Bytes::records, 56, 56},
    {"labels", &TsdbStats::Bytes::labels, 26, 26},
    {"tables", &TsdbStats::Bytes::tables, 24, 24},
    {"pairs", &TsdbStats::Bytes::pairs, 8, 8},
    {"postings", &TsdbStats::Bytes::postings, 32, 32},
    {"texts", &TsdbStats::Bytes::texts, 8, 8},
    {"open chunks", &TsdbStats::Bytes::open_chunks, 136, 320},
    {"chunk pieces", &TsdbStats::Bytes::chunk_pieces, 32, 32},
};

void check_budget(const TsdbStats& stats, double Budget::* column, const char* when) {
  double sum = 0;
  for (const Budget& budget : kBudgets) {
    const double used = static_cast<double>(stats.bytes.*budget.bytes) / static_cast<double>(stats.series);
    sum += used;
    std::printf("%-14s %-12s %7.1f bytes a series, budget %5.0f\n", when, budget.component, used, budget.*column);
    INFO(budget.component);
    CHECK(used <= budget.*column);
  }
  std::printf("%-14s %-12s %7.1f bytes a series\n", when, "all", sum);
}

TEST_CASE("each component of the head keeps to its bytes a series") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.chunk_piece_bytes = 64U << 10U;
  auto db = open_db(options);
  std::vector<storage::SeriesRef> refs(5'000);
  Timestamp t = 1'000'000;
  for (int i = 0; i < 9; ++i) scrape_all(*db, refs, "a", t += 15'000);
  REQUIRE(db->maintain());
  check_budget(db->stats(), &Budget::new_series, "new");
  for (int i = 0; i < 240; ++i) {
    scrape_all(*db, refs, "a", t += 15'000);
    if (i % 5 == 0) REQUIRE(db->maintain());
  }
  REQUIRE(db->maintain());
  check_budget(db->stats(), &Budget::steady, "steady state");
}

TEST_CASE("ten turns of series that come and are abandoned take the memory of three") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.retention = std::chrono::hours(3);
  options.chunk_file_time = std::chrono::hours(1);
  options.open_chunk_time = std::chrono::hours(1);
  auto db = open_db(options);
  std::vector<std::uint64_t> totals;
  Timestamp t = kHour;
  for (int turn = 1; turn <= 10; ++turn) {
    std::vector<storage::SeriesRef> refs(10'000);
    for (int i = 0; i < 4; ++i) scrape_all(*db, refs, std::to_string(turn), t += 60'000);
    // Some that stay, until all of the turn's are gone.
    std::vector<storage::SeriesRef> few(10);
    for (int i = 0; i < 8; ++i) {
      scrape_all(*db, few, "stays", t += kHour);
      REQUIRE(db->maintain());
      REQUIRE(db->checkpoint());
    }
    CHECK(db->stats().series <= 20);
    refs.assign(10'000, 0);
    scrape_all(*db, refs, std::to_string(turn) + "-next", t += 60'000);  // as many again: what there is at the most
    totals.push_back(db->stats().bytes.total());
    std::printf("turn %2d: %llu series, %llu bytes\n", turn, static_cast<unsigned long long>(db->stats().series),
                static_cast<unsigned long long>(totals.back()));
    for (int i = 0; i < 8; ++i) {
      scrape_all(*db, few, "stays", t += kHour);
      REQUIRE(db->maintain());
      REQUIRE(db->checkpoint());
    }
  }
  CHECK(static_cast<double>(totals[9]) <= 1.05 * static_cast<double>(totals[2]));
}

TEST_CASE("late samples and deletions are among the bytes of records, while they are there") {
  MemFs fs;
  TsdbOptions options = options_for(fs);
  options.out_of_order_window = std::chrono::hours(1);
  options.out_of_order_cap_max = 1'000;
  auto db = open_db(options);
  const Labels labels{{"__name__", "up"}};
  REQUIRE(add(*db, labels, kHour, 1) == storage::AppendStatus::kOk);
  REQUIRE(db->checkpoint());
  const std::uint64_t before = db->stats().bytes.records;
  for (Timestamp t = 1; t <= 100; ++t) REQUIRE(add(*db, labels, kHour - t * 1'000, 2) == storage::AppendStatus::kOk);
  REQUIRE(db->checkpoint());
  const std::uint64_t late = db->stats().bytes.records;
  CHECK(late >= before + 100 * sizeof(double) * 2);
  const std::vector<model::Matcher> up{model::Matcher::equal("__name__", "up")};
  for (Timestamp t = 1; t <= 20; ++t) REQUIRE(db->remove(t * 10'000, t * 10'000 + 1'000, up));
  REQUIRE(db->checkpoint());
  CHECK(db->stats().bytes.records >= late + 20 * sizeof(Timestamp) * 2);
}

}  // namespace
}  // namespace tocsin::tsdb
