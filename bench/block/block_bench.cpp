// A block of two hours, 10,000 series of 480 samples: opening it, choosing series, reading all samples, writing it.
#include <filesystem>
#include <map>
#include <set>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "block/block.hpp"
#include "block/writer.hpp"

namespace {

using namespace tocsin;

constexpr std::size_t kInstances = 1000;
constexpr std::size_t kMetrics = 10;
constexpr std::size_t kSamples = 480;
constexpr Timestamp kStart = 1'700'006'400'000;
constexpr Timestamp kEnd = kStart + 7'200'000;

using Series = std::map<model::Labels, std::vector<chunkenc::EncodedChunk>>;

/// Half counters, half gauges of three digits behind the point.
Series make_series() {
  Rng rng(1);
  Series all;
  for (std::size_t i = 0; i < kInstances * kMetrics; ++i) {
    const bool counter = i % 2 == 0;
    storage::SampleColumns samples;
    double value = 0;
    for (std::size_t s = 0; s < kSamples; ++s) {
      samples.times.push_back(kStart + static_cast<Timestamp>(s * 15'000 + rng.next() % 5));
      value =
          counter ? value + static_cast<double>(rng.next() % 100) : static_cast<double>(rng.next() % 100'000) / 1000;
      samples.values.push_back(value);
    }
    auto& chunks = all[{{"__name__", "metric_" + std::to_string(i % kMetrics)},
                        {"instance", "host-" + std::to_string(i / kMetrics) + ":9100"},
                        {"job", i % 20 < 10 ? "api" : "db"}}];
    chunkenc::encode_chunks(samples, 0, samples.size(), {}, chunks);
  }
  return all;
}

const Series& series() {
  static const Series all = make_series();
  return all;
}

std::string write(const std::string& folder, std::uint64_t number) {
  std::set<std::string_view> symbols;
  for (const auto& [labels, chunks] : series()) {
    for (const model::LabelView& label : labels) {
      symbols.insert(label.name);
      symbols.insert(label.value);
    }
  }
  block::Meta meta;
  meta.ulid = {static_cast<std::uint64_t>(kEnd) << 16U, number};
  meta.min_time = kStart;
  meta.max_time = kEnd;
  const auto writer = block::Writer::create(posix_fs(), folder, meta, {}).value();
  writer->symbols(std::vector<std::string_view>(symbols.begin(), symbols.end())).value();
  for (const auto& [labels, chunks] : series()) writer->add(labels, chunks).value();
  writer->finish().value();
  return folder + "/" + meta.ulid.text();
}

/// In a folder that goes when the program ends.
struct Folder {
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  const std::string path = std::filesystem::temp_directory_path() / ("block_bench_" + std::to_string(::getpid()));
};

const std::string& folder() {
  static const Folder one;
  return one.path;
}

std::shared_ptr<block::Block> opened() {
  static const auto one = block::Block::open(posix_fs(), write(folder(), 0)).value();
  return one;
}

void open_block(benchmark::State& state) {
  const std::string path = opened()->path();
  for (auto _ : state) benchmark::DoNotOptimize(block::Block::open(posix_fs(), path).value());
}

void select(benchmark::State& state, model::MatchOp op, const char* name, const char* value) {
  const std::vector<model::Matcher> matchers = {model::Matcher::equal("__name__", "metric_3"),
                                                *model::Matcher::make(op, name, value)};
  const auto block = opened();
  std::size_t found = 0;
  for (auto _ : state) found = block->select(matchers).value().size();
  state.counters["series"] = static_cast<double>(found);
}

void scan(benchmark::State& state, std::vector<model::Matcher> matchers) {
  const auto block = opened();
  storage::SelectHints hints;
  hints.start = kStart;
  hints.end = kEnd;
  storage::SampleColumns samples;
  std::size_t read = 0;
  for (auto _ : state) {
    const auto querier = block::make_block_querier(block, kStart, kEnd, {});
    const auto set = querier->select(hints, matchers);
    while (set->next()) {
      set->read(kStart, kEnd, samples).value();
      read += samples.size();
    }
    check(set->status().has_value(), "the block is whole");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(read));
}

void write_block(benchmark::State& state) {
  std::uint64_t number = 1;
  for (auto _ : state) std::filesystem::remove_all(write(folder(), ++number));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kInstances * kMetrics));
}

BENCHMARK(open_block)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(select, one_value, model::MatchOp::kEqual, "instance", "host-77:9100")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(select, prefix, model::MatchOp::kRegex, "instance", "host-9.*")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(select, expression, model::MatchOp::kRegex, "instance", ".*-[0-9]+7:.*")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(select, not_equal, model::MatchOp::kNotEqual, "job", "db")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(scan, all, {})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scan, one_metric, {model::Matcher::equal("__name__", "metric_3")})->Unit(benchmark::kMillisecond);
BENCHMARK(write_block)->Unit(benchmark::kMillisecond);

}  // namespace
