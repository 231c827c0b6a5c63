// Chunks written and read, in nanoseconds a sample: XOR chunks of the usual kinds of series, and histograms.

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/rng.hpp"
#include "chunkenc/chunk.hpp"
#include "model/histogram.hpp"

using namespace tocsin;
using namespace tocsin::chunkenc;

namespace {

enum Kind { kConstant, kCounter, kBusyCounter, kGauge, kJitter, kNoise, kMix };
constexpr const char* kNames[] = {"constant", "counter", "busy counter", "gauge", "jitter", "noise", "mix"};
/// Few enough for the second cache, and too many for the processor to learn by heart which way each branch goes: of 64
/// series it does, and jittered ones are then read in two thirds of the time.
constexpr int kSeries = 2048;
constexpr int kSamples = 120;

/// One value after the other of a series of a kind.
double next_value(Kind kind, double last, Rng& rng) {
  switch (kind) {
    case kConstant:
      return last;
    case kCounter:
      return last + static_cast<double>(rng.next() % 4 == 0 ? rng.next() % 5 : 0);
    case kBusyCounter:
    case kJitter:
      return last + static_cast<double>(rng.next() % 2000);
    case kGauge:
      return std::round((50 + 10 * rng.uniform()) * 100) / 100;
    default:
      return rng.uniform() * 1e6;
  }
}

storage::SampleColumns series(Kind kind, Rng& rng) {
  storage::SampleColumns out;
  Timestamp t = 1'700'000'000'000;
  double value = static_cast<double>(rng.next() % 1'000'000);
  for (int i = 0; i < kSamples; ++i) {
    t += 15'000 + (kind == kJitter ? static_cast<Timestamp>(rng.next() % 7) - 3 : 0);
    value = next_value(kind, value, rng);
    out.times.push_back(t);
    out.values.push_back(value);
  }
  return out;
}

/// As on a usual page: most do not move, many count.
std::vector<storage::SampleColumns> all_series(Kind kind) {
  Rng rng(1);
  std::vector<storage::SampleColumns> out;
  constexpr Kind kMixed[] = {kConstant, kConstant, kConstant, kCounter, kCounter, kBusyCounter, kGauge, kNoise};
  for (int i = 0; i < kSeries; ++i) out.push_back(series(kind == kMix ? kMixed[i % 8] : kind, rng));
  return out;
}

std::vector<EncodedChunk> encode(const storage::SampleColumns& columns) {
  std::vector<EncodedChunk> chunks;
  encode_chunks(columns, 0, columns.size(), {}, chunks);
  return chunks;
}

void report(benchmark::State& state, std::size_t samples) {
  state.counters["ns/sample"] =
      benchmark::Counter(static_cast<double>(samples) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void read_all(benchmark::State& state, const std::vector<EncodedChunk>& chunks) {
  storage::SampleColumns out;
  std::size_t samples = 0;
  std::size_t bytes = 0;
  for (const auto& chunk : chunks) bytes += chunk.data.size();
  std::size_t of_all = 0;
  for (const auto& chunk : chunks) of_all += chunk.count;
  for (auto _ : state) {
    for (const auto& chunk : chunks) {
      out.clear();
      decode_chunk(chunk.encoding, chunk.data, out);
      benchmark::DoNotOptimize(out.values.data());
      samples += out.size();
    }
  }
  report(state, samples);
  state.counters["bytes/sample"] = static_cast<double>(bytes) / static_cast<double>(of_all);
}

void read_xor(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  std::vector<EncodedChunk> chunks;
  for (const auto& columns : all_series(kind)) {
    for (auto& chunk : encode(columns)) chunks.push_back(std::move(chunk));
  }
  state.SetLabel(kNames[kind]);
  read_all(state, chunks);
}
BENCHMARK(read_xor)->DenseRange(kConstant, kMix);

/// As a long query reads a series: a day of it at once.
void read_xor_together(benchmark::State& state) {
  constexpr std::size_t kTogether = 32;
  const auto kind = static_cast<Kind>(state.range(0));
  std::vector<EncodedChunk> chunks;
  for (const auto& columns : all_series(kind)) {
    for (auto& chunk : encode(columns)) chunks.push_back(std::move(chunk));
  }
  std::vector<std::string_view> bytes;
  for (const auto& chunk : chunks) bytes.push_back(chunk.data);
  storage::SampleColumns out;
  std::size_t samples = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < bytes.size(); at += kTogether) {
      out.clear();
      decode_xor_chunks(std::span(bytes).subspan(at, std::min(kTogether, bytes.size() - at)), out);
      benchmark::DoNotOptimize(out.values.data());
      samples += out.size();
    }
  }
  state.SetLabel(kNames[kind]);
  report(state, samples);
}
BENCHMARK(read_xor_together)->DenseRange(kConstant, kMix);

void write_xor(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const auto all = all_series(kind);
  std::size_t samples = 0;
  std::vector<EncodedChunk> out;
  for (auto _ : state) {
    for (const auto& columns : all) {
      out.clear();
      encode_chunks(columns, 0, columns.size(), {}, out);
      benchmark::DoNotOptimize(out.data());
      samples += columns.size();
    }
  }
  state.SetLabel(kNames[kind]);
  report(state, samples);
}
BENCHMARK(write_xor)->DenseRange(kConstant, kMix);

/// 40 buckets, of which some count at each scrape.
storage::SampleColumns histograms(bool integer) {
  Rng rng(2);
  storage::SampleColumns out;
  model::FloatHistogram h;
  h.integer = integer;
  h.schema = 3;
  h.zero_threshold = 0x1p-128;
  h.positive_spans = {{-10, 40}};
  h.positive_buckets.assign(40, 0);
  for (int i = 0; i < 480; ++i) {
    for (int k = 0; k < 60; ++k) h.positive_buckets[(rng.next() % 40 + rng.next() % 40) / 2] += 1;
    h.count += 60;
    h.sum += 60 * rng.uniform();
    out.times.push_back(1'700'000'000'000 + i * 15'000);
    out.values.push_back(0);
    out.histograms.push_back(std::make_shared<model::FloatHistogram>(h));
  }
  return out;
}

void read_histograms(benchmark::State& state) {
  read_all(state, encode(histograms(state.range(0) != 0)));
  state.SetLabel(state.range(0) != 0 ? "integers" : "floats");
}
BENCHMARK(read_histograms)->Arg(1)->Arg(0);

void write_histograms(benchmark::State& state) {
  const auto columns = histograms(state.range(0) != 0);
  std::size_t samples = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode(columns));
    samples += columns.size();
  }
  state.SetLabel(state.range(0) != 0 ? "integers" : "floats");
  report(state, samples);
}
BENCHMARK(write_histograms)->Arg(1)->Arg(0);

}  // namespace
