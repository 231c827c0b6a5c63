// 30 days of 1,000 counters at one sample a minute, in blocks as compaction leaves them, and rate(x[30d]) over all:
// from summaries, and by a scan of all samples. Half of the counters count whole things, half hundredths.
//
//   summaries_bench FOLDER [one]     makes the blocks if they are not there (`one`: all in one block, as an import may
//                                    leave them), measures, prints; answers to FOLDER.answers
//   summaries_bench FOLDER storage     only the part of the storage, 300 times: for a profiler
//   bench/summaries/peer.py FOLDER   asks Debian's Prometheus about the same blocks, compares the answers to the bit
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <time.h>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/rng.hpp"
#include "block/block.hpp"
#include "block/sidecar.hpp"
#include "block/writer.hpp"
#include "promql/engine.hpp"
#include "tsdb/merge_querier.hpp"

using namespace tocsin;

namespace {

constexpr int kSeries = 1000;
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr Timestamp kEnd = 1'790'000'000'000 / (54 * kHour) * (54 * kHour) + 17 * kHour;  // within a block
constexpr std::int64_t kWindow = 30 * 24 * kHour;
constexpr Timestamp kStart = kEnd - kWindow - 3 * kHour;
constexpr int kRuns = 15;

[[noreturn]] void die(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::exit(1);
}
template <typename T>
T must(Result<T> result) {
  if (!result) die(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

model::Labels labels_of(int series) {
  char number[16];
  std::snprintf(number, sizeof number, "%04d", series);
  return {{"__name__", "x_total"}, {"instance", std::string("host") + number + ":9100"}, {"job", "node"}};
}

/// A counter through all of the time; about one reset in four days.
storage::SampleColumns samples_of(int series) {
  Rng rng(static_cast<std::uint64_t>(series));
  storage::SampleColumns out;
  const Timestamp offset = static_cast<Timestamp>(rng.next() % 60'000);
  double hundredths = std::floor(rng.uniform() * 1e9);
  for (Timestamp t = kStart + offset; t <= kEnd; t += kMinute) {
    const auto step = static_cast<double>(rng.next() % 5'000);
    hundredths = rng.next() % 6'000 == 0 ? step : hundredths + step;
    out.times.push_back(t);
    out.values.push_back(series % 2 == 0 ? hundredths : hundredths / 100);
  }
  return out;
}

/// The ranges of blocks: three times as long from level to level, at most a tenth of a retention of 32 days.
std::vector<std::pair<Timestamp, Timestamp>> block_times(bool one) {
  if (one) return {{kStart, kEnd + 1}};
  std::vector<std::pair<Timestamp, Timestamp>> out;
  for (Timestamp t = kStart / (54 * kHour) * (54 * kHour); t <= kEnd;) {
    std::int64_t length = 54 * kHour;
    while (length > 2 * kHour && (t % length != 0 || t + length > kEnd)) length /= 3;
    out.emplace_back(t, t + length);
    t += length;
  }
  return out;
}

void make_blocks(Fs& fs, const std::string& folder, bool one) {
  must(fs.create_directories(folder));
  std::vector<std::string> texts = {"__name__", "instance", "job", "node", "x_total"};
  std::vector<storage::SampleColumns> columns;
  for (int i = 0; i < kSeries; ++i) {
    texts.emplace_back(labels_of(i).get("instance"));
    columns.push_back(samples_of(i));
  }
  std::ranges::sort(texts);
  const std::vector<std::string_view> symbols(texts.begin(), texts.end());
  Rng rng(1);
  std::vector<chunkenc::EncodedChunk> chunks;
  for (const auto& [from, to] : block_times(one)) {
    block::Meta meta;
    meta.ulid = block::Ulid::make(to, rng);
    meta.min_time = from;
    meta.max_time = to;
    meta.compaction.sources = {meta.ulid};
    const auto writer = must(block::Writer::create(fs, folder, meta, {}));
    must(writer->symbols(symbols));
    for (int i = 0; i < kSeries; ++i) {
      const auto& times = columns[static_cast<std::size_t>(i)].times;
      const auto first = std::ranges::lower_bound(times, from) - times.begin();
      const auto last = std::ranges::lower_bound(times, to) - times.begin();
      chunks.clear();
      chunkenc::encode_chunks(columns[static_cast<std::size_t>(i)], static_cast<std::size_t>(first),
                              static_cast<std::size_t>(last), {}, chunks);
      if (!chunks.empty()) must(writer->add(labels_of(i), chunks));
    }
    must(writer->finish());
  }
}

/// The blocks of a folder as one store.
class Blocks final : public storage::Queryable {
 public:
  Blocks(Fs& fs, const std::string& folder) {
    for (const std::string& name : must(fs.list(folder))) {
      if (block::Ulid::parse(name)) blocks_.push_back(must(block::Block::open(fs, folder + "/" + name)));
    }
  }
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    std::vector<tsdb::MergeQuerier::Source> sources;
    for (const auto& block : blocks_) {
      const block::Meta& meta = block->meta();
      if (meta.min_time > end || meta.max_time <= start) continue;
      sources.push_back({block::make_block_querier(block, start, end, {}), meta.min_time, meta.max_time - 1});
    }
    return std::make_unique<tsdb::MergeQuerier>(std::move(sources));
  }
  const std::vector<std::shared_ptr<block::Block>>& blocks() const { return blocks_; }

 private:
  std::vector<std::shared_ptr<block::Block>> blocks_;
};

/// Median and spread of the CPU time of some runs.
template <typename Run>
void measure(const char* what, int runs, Run&& run) {
  std::vector<double> all;
  for (int i = 0; i < runs; ++i) {
    const double before = cpu_ms();
    run();
    all.push_back(cpu_ms() - before);
  }
  std::ranges::sort(all);
  std::printf("%-44s %9.3f ms CPU  [%.3f-%.3f]  %d runs\n", what, all[all.size() / 2], all.front(), all.back(), runs);
}

/// What the storage does for such a query: selection, summaries, and the samples at the edges.
struct StorageWork {
  std::size_t series = 0, summaries = 0, ranges = 0, samples = 0;
};
StorageWork storage_part(storage::Queryable& store) {
  const model::Matcher matchers[] = {*model::Matcher::make(model::MatchOp::kEqual, "__name__", "x_total")};
  const Timestamp start = kEnd - kWindow + 1;
  const auto querier = must(store.querier(start, kEnd));
  const auto set = querier->select_summaries({.start = start, .end = kEnd, .range_ms = kWindow}, matchers);
  StorageWork work;
  std::vector<storage::ChunkSummary> summaries;
  std::vector<storage::TimeRange> rest;
  storage::SampleColumns samples;
  while (set->next()) {
    ++work.series;
    must(set->summaries(start, kEnd, summaries, rest));
    work.summaries += summaries.size();
    for (const storage::TimeRange& range : rest) {
      must(set->read(range.start, range.end, samples));
      work.samples += samples.size();
      ++work.ranges;
    }
  }
  must(set->status());
  return work;
}

promql::QueryResult ask(storage::Queryable& store, promql::SummaryUse use, const std::string& query) {
  promql::EngineOptions options;
  options.summaries = use;
  return must(promql::Engine(options, system_clock()).instant(store, query, kEnd));
}

std::size_t different_bits(const promql::Value& a, const promql::Value& b) {
  const auto& left = std::get<promql::Vector>(a);
  const auto& right = std::get<promql::Vector>(b);
  std::size_t different = left.size() == right.size() ? 0 : kSeries;
  for (std::size_t i = 0; different < kSeries && i < left.size(); ++i) {
    const bool same = left[i].labels == right[i].labels &&
                      std::bit_cast<std::uint64_t>(left[i].v) == std::bit_cast<std::uint64_t>(right[i].v);
    different += same ? 0 : 1;
  }
  return different;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: summaries_bench FOLDER [one]\n");
    return 1;
  }
  const std::string folder = argv[1];
  Fs& fs = posix_fs();
  if (!fs.exists(folder)) make_blocks(fs, folder, argc > 2 && std::string_view(argv[2]) == "one");
  Blocks store(fs, folder);
  std::uint64_t samples = 0, bytes = 0, sidecar = 0;
  for (const auto& block : store.blocks()) {
    samples += block->meta().stats.samples;
    bytes += block->bytes();
    if (block->sidecar() != nullptr) sidecar += block->sidecar()->bytes();
  }
  std::printf("%zu blocks, %llu samples; sidecar %.3f bytes a sample, of %.3f in all\n", store.blocks().size(),
              static_cast<unsigned long long>(samples), static_cast<double>(sidecar) / static_cast<double>(samples),
              static_cast<double>(bytes) / static_cast<double>(samples));

  const StorageWork work = storage_part(store);
  std::printf("%zu series, %.1f summaries, %.1f ranges and %.1f samples each\n", work.series,
              static_cast<double>(work.summaries) / kSeries, static_cast<double>(work.ranges) / kSeries,
              static_cast<double>(work.samples) / kSeries);
  const bool only_storage = argc > 2 && std::string_view(argv[2]) == "storage";
  measure("storage: selection, summaries, edges", only_storage ? 300 : kRuns, [&] { storage_part(store); });
  if (only_storage) return 0;

  std::ofstream answers(folder + ".answers");
  for (const char* const function :
       {"rate", "increase", "delta", "resets", "changes", "count_over_time", "sum_over_time", "avg_over_time",
        "min_over_time", "max_over_time", "stddev_over_time", "last_over_time"}) {
    const std::string query = std::string(function) + "(x_total[30d])";
    const promql::QueryResult quick = ask(store, promql::SummaryUse::kWhenCheaper, query);
    const promql::QueryResult slow = ask(store, promql::SummaryUse::kNever, query);
    std::printf("%s: %zu of %d differ from the scan\n", query.c_str(), different_bits(quick.value, slow.value),
                kSeries);
    for (const promql::VectorSample& sample : std::get<promql::Vector>(quick.value)) {
      char value[64];
      std::snprintf(value, sizeof value, "%.17g", sample.v);
      answers << function << ' ' << sample.labels.get("instance") << ' ' << value << '\n';
    }
  }
  const std::string query = "rate(x_total[30d])";
  measure("query from summaries", kRuns, [&] { ask(store, promql::SummaryUse::kWhenCheaper, query); });
  measure("query by a scan", 5, [&] { ask(store, promql::SummaryUse::kNever, query); });
  std::printf("at %.3f\n", static_cast<double>(kEnd) / 1000);
  return 0;
}
