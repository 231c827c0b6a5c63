// The engine with summaries of chunks against the engine without: values, annotations and failures are the same.
#include "promql/engine.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "base/mem_fs.hpp"
#include "base/rng.hpp"
#include "block/block.hpp"
#include "block/sidecar.hpp"
#include "block/writer.hpp"
#include "storage/window_ends.hpp"
#include "support/map_store.hpp"
#include "support/storage_suite.hpp"
#include "tsdb/db.hpp"
#include "tsdb/merge_querier.hpp"

namespace tocsin::test {
namespace {

using promql::SummaryUse;

constexpr std::int64_t kMinute = 60'000;
constexpr Timestamp kFirst = 1'000 * kMinute;
constexpr int kSamples = 600;  // a minute apart, about

promql::Engine engine_with(SummaryUse use, bool starts = false) {
  promql::EngineOptions options;
  options.summaries = use;
  options.use_start_timestamps = starts;
  return {options, system_clock()};
}

/// A series as the world makes them. `exact`: sums do not depend on the order of additions.
class Source {
 public:
  Source(std::uint64_t seed, int kind, bool exact) : rng_(seed), kind_(kind), exact_(exact) {}

  struct Point {
    double value = 0;
    model::HistogramPtr histogram;
  };
  /// Nothing: a gap.
  std::optional<Point> next() {
    if (gap_ > 0) {
      --gap_;
      return std::nullopt;
    }
    if (one_in(150)) gap_ = static_cast<int>(rng_.next() % 90);
    if (one_in(60)) return Point{model::stale_nan(), nullptr};
    switch (kind_) {
      case 0:
        value_ = one_in(80) ? step() : value_ + step();
        break;
      case 1:  // more resets than a summary keeps
        value_ = one_in(3) ? step() : value_ + step();
        break;
      case 2:
        value_ = step() - (exact_ ? 40 : 0.5);
        break;
      case 3:
        if (one_in(7)) value_ = static_cast<double>(rng_.next() % 3) - 1;
        break;
      case 4:
        return Point{odd(), nullptr};
      case 5:
        value_ += step();
        if (one_in(200)) histograms_ = !histograms_;
        if (histograms_) return Point{0, some_histogram(value_)};
        break;
      default:
        value_ = 1e9 + step();
    }
    return Point{value_, nullptr};
  }

 private:
  bool one_in(std::uint64_t n) { return rng_.next() % n == 0; }
  double step() { return exact_ ? static_cast<double>(rng_.next() % 1000) / 8 : rng_.uniform(); }
  double odd() {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    const double values[] = {1,     2.5,   0.0, -0.0, kInf, -kInf, std::bit_cast<double>(model::kNormalNanBits),
                             1e308, -1e308};
    return one_in(4) ? values[rng_.next() % std::size(values)] : step();
  }

  Rng rng_;
  int kind_;
  bool exact_;
  double value_ = 0;
  int gap_ = 0;
  bool histograms_ = false;
};

constexpr int kKinds = 7;

void fill(storage::Appendable& store, std::uint64_t seed, bool exact) {
  Rng rng(seed);
  std::vector<std::pair<model::Labels, Source>> sources;
  for (int kind = 0; kind < kKinds; ++kind) {
    const std::string name = kind < 2 ? "x_total" : "x";
    sources.emplace_back(model::Labels{{"__name__", name}, {"kind", std::to_string(kind)}},
                         Source(rng.next(), kind, exact));
  }
  const auto appender = store.appender();
  for (int i = 0; i < kSamples; ++i) {
    for (auto& [labels, source] : sources) {
      const auto point = source.next();
      if (!point) continue;
      const Timestamp t = kFirst + i * kMinute + static_cast<Timestamp>(rng.next() % 5'000);
      const Timestamp start = i > 300 ? t - 7 * kMinute : 0;
      if (point->histogram) {
        REQUIRE(appender->append_histogram(0, &labels, t, point->histogram).status == storage::AppendStatus::kOk);
      } else {
        REQUIRE(appender->append(0, &labels, t, point->value, i % 200 > 190 ? start : 0).status ==
                storage::AppendStatus::kOk);
      }
    }
    REQUIRE(appender->commit());
  }
}

struct Tally {
  int queries = 0, cheaper = 0, failures = 0, annotated = 0;
};

double tolerance_of(const std::string& query, bool exact) {
  if (query.starts_with("std")) return 1e-12;
  const bool sums = query.starts_with("sum") || query.starts_with("avg");
  return sums && !exact ? 4e-16 : 0;
}

bool agree(double a, double b, double tolerance) {
  if (std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b)))
    return true;
  // The second term: what is left of sums that cancel out is as far off as the sums before were rounded.
  return std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b)) + (tolerance > 0 ? 1e-13 : 0);
}

void check_same(const promql::QueryResult& with, const promql::QueryResult& without, double tolerance) {
  CHECK(with.warnings == without.warnings);
  CHECK(with.infos == without.infos);
  REQUIRE(with.value.index() == without.value.index());
  if (const auto* a = std::get_if<promql::Vector>(&with.value)) {
    const auto& b = std::get<promql::Vector>(without.value);
    REQUIRE(a->size() == b.size());
    for (std::size_t i = 0; i < b.size(); ++i) {
      CHECK((*a)[i].labels == b[i].labels);
      CHECK(((*a)[i].h == nullptr) == (b[i].h == nullptr));
      INFO((*a)[i].labels.to_string() << " " << (*a)[i].v << " and " << b[i].v);
      CHECK(agree((*a)[i].v, b[i].v, tolerance));
    }
    return;
  }
  const auto& a = std::get<promql::Matrix>(with.value);
  const auto& b = std::get<promql::Matrix>(without.value);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < b.size(); ++i) {
    CHECK(a[i].labels == b[i].labels);
    CHECK(a[i].histograms.size() == b[i].histograms.size());
    REQUIRE(a[i].floats.size() == b[i].floats.size());
    for (std::size_t k = 0; k < b[i].floats.size(); ++k) {
      INFO(a[i].labels.to_string() << " at " << a[i].floats[k].t << ": " << a[i].floats[k].v << " and "
                                   << b[i].floats[k].v);
      CHECK(a[i].floats[k].t == b[i].floats[k].t);
      CHECK(agree(a[i].floats[k].v, b[i].floats[k].v, tolerance));
    }
  }
}

std::string random_query(Rng& rng) {
  static constexpr const char* kFunctions[] = {"rate",
                                               "increase",
                                               "delta",
                                               "resets",
                                               "changes",
                                               "count_over_time",
                                               "sum_over_time",
                                               "avg_over_time",
                                               "min_over_time",
                                               "max_over_time",
                                               "stddev_over_time",
                                               "stdvar_over_time",
                                               "first_over_time",
                                               "last_over_time",
                                               "present_over_time",
                                               "absent_over_time",
                                               "ts_of_first_over_time",
                                               "ts_of_last_over_time",
                                               "ts_of_max_over_time",
                                               "irate"};
  static constexpr const char* kSelectors[] = {
      "x_total", "x{kind=\"2\"}",    "x{kind=\"3\"}", "x{kind=\"4\"}", "x{kind=\"5\"}", "x{kind=\"6\"}",
      "x",       "{kind=~\"0|2|3\"}"};
  std::string modifier;
  switch (rng.next() % 6) {
    case 0:
      modifier = fmt::format(" offset {}m", rng.next() % 200);
      break;
    case 1:
      modifier = fmt::format(" offset -{}s", rng.next() % 6000);
      break;
    case 2:
      modifier = fmt::format(" @ {}", kFirst / 1000 + static_cast<Timestamp>(rng.next() % 40'000));
      break;
    case 3:
      modifier = " @ end()";
      break;
    default:
      break;
  }
  return fmt::format("{}({}[{}s]{})", kFunctions[rng.next() % std::size(kFunctions)],
                     kSelectors[rng.next() % std::size(kSelectors)], 60 + rng.next() % 36'000, modifier);
}

void compare(storage::Queryable& store, std::uint64_t seed, bool exact, int queries, Tally& tally,
             bool starts = false) {
  const promql::Engine with = engine_with(SummaryUse::kAlways, starts);
  const promql::Engine without = engine_with(SummaryUse::kNever, starts);
  Rng rng(seed);
  for (int i = 0; i < queries; ++i) {
    const std::string query = random_query(rng);
    const Timestamp at = kFirst + static_cast<Timestamp>(rng.next() % (kSamples * kMinute));
    const std::int64_t step = static_cast<std::int64_t>(1 + rng.next() % 60) * kMinute;
    const auto ask = [&](const promql::Engine& engine) {
      return i % 3 == 0 ? engine.range(store, query, at, at + 7 * step, step) : engine.instant(store, query, at);
    };
    const auto a = ask(with);
    const auto b = ask(without);
    INFO(query << " at " << at << " step " << step << " seed " << seed);
    REQUIRE(a.has_value() == b.has_value());
    ++tally.queries;
    if (!a) {
      CHECK(a.error().message == b.error().message);
      ++tally.failures;
      continue;
    }
    check_same(*a, *b, tolerance_of(query, exact));
    tally.cheaper += a->stats.samples_decoded < b->stats.samples_decoded ? 1 : 0;
    tally.annotated += a->warnings.empty() && a->infos.empty() ? 0 : 1;
  }
}

TEST_CASE("answers from summaries equal those of a full scan, over the map") {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    MapStore store({.chunk_samples = static_cast<std::size_t>(1 + seed * seed % 47)});
    fill(store, seed, seed % 2 == 0);
    compare(store, seed, seed % 2 == 0, 60, tally, seed % 5 == 0);
  }
  INFO(tally.queries << " queries, " << tally.cheaper << " cheaper, " << tally.failures << " failures, "
                     << tally.annotated << " with annotations");
  CHECK(tally.cheaper > tally.queries / 3);
  CHECK(tally.failures < tally.queries / 5);
  CHECK(tally.failures > 0);
  CHECK(tally.annotated > 20);
}

TEST_CASE("answers from summaries equal those of a full scan, over the head") {
  Tally tally;
  for (std::uint64_t seed = 101; seed <= 106; ++seed) {
    MemFs fs;
    tsdb::TsdbOptions options;
    options.path = "/data";
    options.fs = &fs;
    options.threads = false;
    auto db = tsdb::Db::open(options);
    REQUIRE(db);
    fill(**db, seed, seed % 2 == 0);
    compare(**db, seed, seed % 2 == 0, 100, tally);
  }
  INFO(tally.queries << " queries, " << tally.cheaper << " cheaper");
  CHECK(tally.cheaper > tally.queries / 5);
}

/// Blocks of some hours of the map's samples, with its newest as they are: what a Db with a head is.
class BlocksAndMap final : public storage::Queryable {
 public:
  BlocksAndMap(MemFs& fs, MapStore& map, std::uint64_t seed, std::size_t most_in_chunk = 12)
      : newest_({.chunk_samples = 7}), most_in_chunk_(most_in_chunk) {
    Rng rng(seed);
    REQUIRE(fs.create_directories("/data"));
    for (Timestamp from = kFirst; from < kFirst + 450 * kMinute;) {
      const Timestamp to = from + static_cast<Timestamp>(40 + rng.next() % 200) * kMinute;
      add_block(fs, map, rng, from, to);
      from = head_ = to;
    }
    const auto appender = newest_.appender();
    for (const auto& series : read_all(map, head_, kMaxTimestamp, {})) {
      for (std::size_t i = 0; i < series.samples.size(); ++i) {
        const Timestamp t = series.samples.times[i];
        if (!series.samples.histograms.empty() && series.samples.histograms[i]) {
          appender->append_histogram(0, &series.labels, t, series.samples.histograms[i]);
        } else {
          appender->append(0, &series.labels, t, series.samples.values[i]);
        }
      }
    }
    REQUIRE(appender->commit());
  }

  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    std::vector<tsdb::MergeQuerier::Source> sources;
    TOCSIN_TRY(auto head, newest_.querier(start, end));
    sources.push_back({std::move(head), head_, kMaxTimestamp});
    for (const auto& block : blocks_) {
      sources.push_back(
          {block::make_block_querier(block, start, end, {}), block->meta().min_time, block->meta().max_time - 1});
    }
    return std::make_unique<tsdb::MergeQuerier>(std::move(sources));
  }
  const std::vector<std::shared_ptr<block::Block>>& blocks() const { return blocks_; }

 private:
  void add_block(MemFs& fs, MapStore& map, Rng& rng, Timestamp from, Timestamp to) {
    block::Meta meta;
    meta.ulid = block::Ulid::make(to, rng);
    meta.min_time = from;
    meta.max_time = to;
    auto writer = block::Writer::create(fs, "/data", meta, {});
    REQUIRE(writer);
    const auto all = read_all(map, from, to - 1, {});
    std::set<std::string_view> symbols;
    for (const auto& series : all) {
      for (const auto& label : series.labels) symbols.insert({label.name, label.value});
    }
    REQUIRE((*writer)->symbols(std::vector<std::string_view>(symbols.begin(), symbols.end())));
    for (const auto& series : all) {
      std::vector<chunkenc::EncodedChunk> chunks;
      chunkenc::encode_chunks(series.samples, 0, series.samples.size(),
                              {.max_samples = 1 + rng.next() % most_in_chunk_}, chunks);
      if (!chunks.empty()) REQUIRE((*writer)->add(series.labels, chunks));
    }
    REQUIRE((*writer)->finish());
    auto block = block::Block::open(fs, "/data/" + meta.ulid.text());
    REQUIRE(block);
    REQUIRE((*block)->sidecar() != nullptr);
    blocks_.push_back(std::move(*block));
  }

  MapStore newest_;
  std::size_t most_in_chunk_;
  Timestamp head_ = kFirst;
  std::vector<std::shared_ptr<block::Block>> blocks_;
};

TEST_CASE("answers from summaries equal those of a full scan, over blocks and what is not in blocks yet") {
  Tally tally;
  for (std::uint64_t seed = 201; seed <= 208; ++seed) {
    MemFs fs;
    MapStore map({.chunk_samples = 7});
    fill(map, seed, seed % 2 == 0);
    BlocksAndMap store(fs, map, seed);
    compare(store, seed, seed % 2 == 0, 60, tally);
    Rng rng(seed);
    for (const auto& block : store.blocks()) {
      block::Tombstones deleted;
      const auto refs = block->select({});
      REQUIRE(refs);
      for (const block::SeriesRef ref : *refs) {
        if (rng.next() % 3 != 0) continue;
        const Timestamp from = block->meta().min_time + static_cast<Timestamp>(rng.next() % (60 * kMinute));
        deleted[ref] = {{from, from + static_cast<Timestamp>(rng.next() % (50 * kMinute))}};
      }
      REQUIRE(block->remove(deleted));
    }
    compare(store, seed + 1000, seed % 2 == 0, 60, tally);
  }
  INFO(tally.queries << " queries, " << tally.cheaper << " cheaper");
  CHECK(tally.cheaper > tally.queries / 4);
}

TEST_CASE("summaries of blocks say what their samples say, with deletions and without") {
  MemFs fs;
  MapStore map;
  fill(map, 301, false);
  BlocksAndMap store(fs, map, 301);
  for (int round = 0; round < 2; ++round) {
    Rng rng(17);
    for (int i = 0; i < 40; ++i) {
      const Timestamp start = kFirst + static_cast<Timestamp>(rng.next() % (400 * kMinute));
      const Timestamp end = start + static_cast<Timestamp>(rng.next() % (300 * kMinute));
      const auto querier = store.querier(start, end);
      REQUIRE(querier);
      const auto set = (*querier)->select_summaries({.start = start, .end = end}, {});
      while (set->next()) check_summaries(*set, start, end);
      REQUIRE(set->status());
    }
    for (const auto& block : store.blocks()) {
      const auto refs = block->select({});
      REQUIRE(refs);
      const Timestamp from = block->meta().min_time;
      REQUIRE(block->remove(
          {{refs->front(), {{from + 9 * kMinute, from + 12 * kMinute}, {from + 20 * kMinute, from + 21 * kMinute}}}}));
    }
  }
}

TEST_CASE("answers from summaries equal those of a full scan, over a store that has cut blocks") {
  Tally tally;
  for (std::uint64_t seed = 401; seed <= 404; ++seed) {
    MemFs fs;
    tsdb::TsdbOptions options;
    options.path = "/data";
    options.fs = &fs;
    options.threads = false;
    options.retention = {};
    options.min_block_duration = std::chrono::hours(1);
    auto db = tsdb::Db::open(options);
    REQUIRE(db);
    fill(**db, seed, seed % 2 == 0);
    REQUIRE((*db)->maintain());
    const auto names = fs.list("/data");
    REQUIRE(names);
    CHECK(std::ranges::any_of(*names, [](const auto& name) { return block::Ulid::parse(name).has_value(); }));
    compare(**db, seed, seed % 2 == 0, 80, tally);
  }
  INFO(tally.queries << " queries, " << tally.cheaper << " cheaper");
  CHECK(tally.cheaper > tally.queries / 5);
}

/// Beside fill(): counters that are never reset, one that stops for a while, and what is no counter but never falls.
void fill_rising(storage::Appendable& store, std::uint64_t seed) {
  Rng rng(seed);
  const auto appender = store.appender();
  for (int series = 0; series < 5; ++series) {
    const model::Labels labels{{"__name__", "up_total"}, {"series", std::to_string(series)}};
    const std::uint64_t late = 1 + rng.next() % 20'000;
    double value = series == 4 ? -500 : 0;
    for (int i = 0; i < kSamples; ++i) {
      if (series == 1 && i % 100 > 40 && i % 100 < 70) continue;
      if (series == 2 && i == kSamples / 2) value = 0;
      value += series == 3 && i % 7 != 0 ? 0 : static_cast<double>(rng.next() % 1000) / 8;
      const Timestamp t = kFirst + i * kMinute + static_cast<Timestamp>(series == 0 ? 0 : rng.next() % late);
      appender->append(0, &labels, t, value);
    }
  }
  REQUIRE(appender->commit());
}

TEST_CASE("windows that lie apart or side by side are answered to the bit from their ends") {
  Tally tally;
  for (std::uint64_t seed = 501; seed <= 512; ++seed) {
    MemFs fs;
    MapStore map({.chunk_samples = 7});
    fill(map, seed, false);
    fill_rising(map, seed);
    BlocksAndMap store(fs, map, seed, seed % 3 == 0 ? 12 : 200);
    const promql::Engine with = engine_with(SummaryUse::kAlways);
    const promql::Engine without = engine_with(SummaryUse::kNever);
    Rng rng(seed);
    for (int i = 0; i < 60; ++i) {
      static constexpr const char* kFunctions[] = {"rate", "increase", "delta"};
      static constexpr const char* kSelectors[] = {"up_total", "up_total", "{kind=~\"0|1|2|3|4|6\"}", "x"};
      const std::int64_t step = static_cast<std::int64_t>(1 + rng.next() % 90) * kMinute + 1000 * (rng.next() % 2);
      const std::int64_t range = rng.next() % 2 == 0 ? step : 1000 + static_cast<std::int64_t>(rng.next() % step);
      const std::string query = fmt::format("{}({}[{}ms] offset {}s)", kFunctions[rng.next() % 3],
                                            kSelectors[rng.next() % 4], std::min(range, step), rng.next() % 300);
      const Timestamp at = kFirst + static_cast<Timestamp>(rng.next() % (200 * kMinute));
      const Timestamp end = at + static_cast<Timestamp>(rng.next() % (500 * kMinute));
      INFO(query << " from " << at << " to " << end << " step " << step << " seed " << seed);
      const auto a = with.range(store, query, at, end, step);
      const auto b = without.range(store, query, at, end, step);
      REQUIRE(a.has_value() == b.has_value());
      if (!a) continue;
      check_same(*a, *b, 0);
      CHECK(a->stats.total_samples == b->stats.total_samples);
      CHECK(a->stats.peak_samples == b->stats.peak_samples);
      ++tally.queries;
      tally.cheaper += a->stats.samples_decoded < b->stats.samples_decoded ? 1 : 0;
    }
  }
  INFO(tally.queries << " queries, " << tally.cheaper << " cheaper");
  CHECK(tally.cheaper > tally.queries / 8);
}

/// Windows in order that do not overlap, some of them side by side.
std::vector<storage::TimeRange> random_windows(Rng& rng) {
  std::vector<storage::TimeRange> out;
  Timestamp at = kFirst + static_cast<Timestamp>(rng.next() % (100 * kMinute));
  const std::uint64_t longest = 1 + rng.next() % (150 * kMinute);
  while (at < kFirst + kSamples * kMinute) {
    const Timestamp end = at + static_cast<Timestamp>(rng.next() % longest);
    out.push_back({at, end});
    at = end + 1 + (rng.next() % 2 == 0 ? 0 : static_cast<Timestamp>(rng.next() % longest));
  }
  return out;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

TEST_CASE("blocks say of windows what their samples say, and decode less") {
  std::size_t known = 0;
  std::size_t cheaper = 0;
  for (std::uint64_t seed = 601; seed <= 608; ++seed) {
    MemFs fs;
    MapStore map;
    fill(map, seed, false);
    fill_rising(map, seed);
    BlocksAndMap store(fs, map, seed, 120);
    Rng rng(seed);
    for (int i = 0; i < 20; ++i) {
      const auto windows = random_windows(rng);
      const auto querier = store.querier(windows.front().start, windows.back().end);
      REQUIRE(querier);
      const auto set = (*querier)->select({.start = windows.front().start, .end = windows.back().end}, {});
      auto* const reader = dynamic_cast<storage::WindowEndsReader*>(set.get());
      REQUIRE(reader != nullptr);
      while (set->next()) {
        INFO(set->labels().to_string() << " seed " << seed << " round " << i);
        storage::SampleColumns samples;
        REQUIRE(set->read(windows.front().start, windows.back().end, samples));
        storage::WindowEnds ends;
        const auto said = reader->window_ends(windows, ends);
        REQUIRE(said);
        if (!*said) continue;
        CHECK(samples.histograms.empty());
        storage::WindowEnds expected;
        storage::WindowEndsBuilder(windows, expected).add(samples.times, samples.values);
        REQUIRE(ends.windows.size() == windows.size());
        for (std::size_t w = 0; w < windows.size(); ++w) {
          const auto& a = ends.windows[w];
          const auto& b = expected.windows[w];
          REQUIRE(a.count == b.count);
          if (a.count == 0) continue;
          CHECK(a.first_time == b.first_time);
          CHECK(a.last_time == b.last_time);
          CHECK(same_bits(a.first, b.first));
          CHECK(same_bits(a.last, b.last));
        }
        REQUIRE(ends.resets.size() == expected.resets.size());
        for (std::size_t r = 0; r < ends.resets.size(); ++r) {
          CHECK(ends.resets[r].time == expected.resets[r].time);
          CHECK(same_bits(ends.resets[r].before, expected.resets[r].before));
        }
        ++known;
        cheaper += ends.decoded < samples.size() ? 1 : 0;
      }
      REQUIRE(set->status());
    }
  }
  CHECK(known > 600);
  CHECK(cheaper > 100);
}

TEST_CASE("summaries are asked for where they are cheaper: long windows, few steps") {
  MapStore store({.chunk_samples = 120});
  const model::Labels labels{{"__name__", "x_total"}};
  const auto appender = store.appender();
  for (int i = 0; i < 6000; ++i) appender->append(0, &labels, Timestamp{i} * 15'000, i);
  REQUIRE(appender->commit());
  const promql::Engine engine = engine_with(SummaryUse::kWhenCheaper);
  const auto read = [&](const std::string& query, Timestamp at) {
    const auto result = engine.instant(store, query, at);
    REQUIRE(result);
    return result->stats.samples_decoded;
  };
  constexpr Timestamp kEnd = Timestamp{5999} * 15'000;
  CHECK(read("rate(x_total[23h])", kEnd) < 300);
  CHECK(read("rate(x_total[1h])", kEnd) == 240);    // too short to ask
  CHECK(read("rate(x_total[3h])", kEnd) == 720);    // asked: does not pay
  CHECK(read("irate(x_total[23h])", kEnd) > 5000);  // cannot be answered so
  const auto range = engine.range(store, "rate(x_total[12h])", kEnd - 6 * 3'600'000, kEnd, 3 * 3'600'000);
  REQUIRE(range);
  CHECK(range->stats.samples_decoded < 1000);
  const auto dense = engine.range(store, "rate(x_total[12h])", kEnd - 6 * 3'600'000, kEnd, 60'000);
  REQUIRE(dense);
  CHECK(dense->stats.samples_decoded == 18 * 240);
}

TEST_CASE("a window of many resets that summaries do not keep is read") {
  MapStore store({.chunk_samples = 50});
  const model::Labels labels{{"__name__", "x_total"}};
  const auto appender = store.appender();
  for (int i = 0; i < 2000; ++i) appender->append(0, &labels, Timestamp{i} * 60'000, i % 2 + 0.1);
  REQUIRE(appender->commit());
  const auto result = engine_with(SummaryUse::kAlways).instant(store, "increase(x_total[30h])", 2000 * 60'000);
  REQUIRE(result);
  CHECK(result->stats.samples_decoded >= 1800);
}

}  // namespace
}  // namespace tocsin::test
