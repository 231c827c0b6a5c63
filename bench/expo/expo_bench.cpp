// Reading text 0.0.4 and OpenMetrics and writing text 0.0.4, in nanoseconds a sample and bytes a second.

#include <string>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>

#include "expo/openmetrics_parser.hpp"
#include "expo/page.hpp"
#include "expo/proto_page.hpp"
#include "expo/protobuf_parser.hpp"
#include "expo/text_parser.hpp"
#include "expo/writer.hpp"

using namespace tocsin;

namespace {

/// Eight pages with the same series and other values, more than fits into the first caches. In OpenMetrics they differ
/// by their end alone.
template <typename Parser>
const std::vector<std::string>& pages() {
  static const std::vector<std::string> made = [] {
    bench::PageMaker maker(1);
    bench::ProtoPageMaker proto_maker(1);
    std::vector<std::string> out;
    for (int i = 0; i < 8; ++i) {
      if (std::is_same_v<Parser, expo::ProtobufParser>) {
        out.push_back(proto_maker.page());
        continue;
      }
      out.push_back(maker.page());
      if (std::is_same_v<Parser, expo::OpenMetricsParser>) out.back() += "# EOF\n";
    }
    return out;
  }();
  return made;
}

void report(benchmark::State& state, std::size_t samples, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["ns/sample"] =
      benchmark::Counter(static_cast<double>(samples) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <typename Parser>
void read_new(benchmark::State& state) {
  std::size_t samples = 0, bytes = 0, round = 0;
  std::vector<model::LabelView> labels;
  for (auto _ : state) {
    const std::string& page = pages<Parser>()[round++ % 8];
    Parser parser(page);
    expo::Row row;
    while (parser.next(row) != expo::RowKind::kEnd) {
      if (row.kind != expo::RowKind::kSeries) continue;
      parser.labels(row, labels);
      benchmark::DoNotOptimize(labels.data());
      benchmark::DoNotOptimize(row.value);
      ++samples;
    }
    bytes += page.size();
  }
  report(state, samples, bytes);
}
BENCHMARK(read_new<expo::TextParser>);
BENCHMARK(read_new<expo::OpenMetricsParser>);
BENCHMARK(read_new<expo::ProtobufParser>);

template <typename Parser>
void read_rows(benchmark::State& state) {
  std::size_t samples = 0, bytes = 0, round = 0;
  for (auto _ : state) {
    const std::string& page = pages<Parser>()[round++ % 8];
    Parser parser(page);
    expo::Row row;
    while (parser.next(row) != expo::RowKind::kEnd) {
      benchmark::DoNotOptimize(row.value);
      samples += row.kind == expo::RowKind::kSeries ? 1 : 0;
    }
    bytes += page.size();
  }
  report(state, samples, bytes);
}
BENCHMARK(read_rows<expo::TextParser>);
BENCHMARK(read_rows<expo::OpenMetricsParser>);
BENCHMARK(read_rows<expo::ProtobufParser>);

template <typename Parser>
void read_known(benchmark::State& state) {
  std::vector<std::string> series;
  std::vector<std::uint32_t> shared;
  Parser first(pages<Parser>()[0]);
  expo::Row row;
  std::string last;
  while (first.next(row) != expo::RowKind::kEnd) {
    if (row.kind != expo::RowKind::kSeries) continue;
    std::size_t same = 0;
    while (same < last.size() && same < row.series.size() && last[same] == row.series[same]) ++same;
    shared.push_back(static_cast<std::uint32_t>(same));
    series.emplace_back(row.series.substr(same));
    last = row.series;
  }
  std::size_t samples = 0, bytes = 0, round = 0;
  for (auto _ : state) {
    const std::string& page = pages<Parser>()[round++ % 8];
    Parser parser(page);
    std::string_view before;
    std::size_t i = 0;
    while (true) {
      if (i < series.size() && parser.next_known(before.substr(0, shared[i]), series[i], row)) {
        ++i;
      } else if (parser.next(row) == expo::RowKind::kEnd) {
        break;
      } else if (row.kind != expo::RowKind::kSeries) {
        continue;
      }
      before = row.series;
      benchmark::DoNotOptimize(row.value);
      ++samples;
    }
    bytes += page.size();
  }
  report(state, samples, bytes);
}
BENCHMARK(read_known<expo::TextParser>);
BENCHMARK(read_known<expo::OpenMetricsParser>);
BENCHMARK(read_known<expo::ProtobufParser>);

/// Native histograms, each made as the store gets it.
void read_native(benchmark::State& state) {
  bench::ProtoPageMaker maker(1);
  std::vector<std::string> made;
  for (int i = 0; i < 8; ++i) made.push_back(maker.native_page());
  std::size_t samples = 0, bytes = 0, round = 0;
  for (auto _ : state) {
    const std::string& page = made[round++ % 8];
    expo::ProtobufParser parser(page, {.native = true});
    expo::Row row;
    while (parser.next(row) != expo::RowKind::kEnd) {
      if (row.kind != expo::RowKind::kHistogram) continue;
      benchmark::DoNotOptimize(parser.histogram());
      ++samples;
    }
    bytes += page.size();
  }
  report(state, samples, bytes);
}
BENCHMARK(read_native);

void write_anew(benchmark::State& state) {
  std::size_t samples = 0, bytes = 0;
  std::string out;
  for (auto _ : state) {
    out.clear();
    expo::TextWriter writer(out);
    writer.family("http_requests_total", "Requests.", model::MetricType::kCounter);
    for (int i = 0; i < 1000; ++i) {
      writer.sample({{"code", "200"}, {"handler", "/api/v1/resource"}, {"method", "get"}}, i * 977);
    }
    bytes += out.size();
    samples += 1000;
  }
  report(state, samples, bytes);
}
BENCHMARK(write_anew);

void write_cached(benchmark::State& state) {
  std::size_t samples = 0, bytes = 0;
  expo::CachedFamily family("http_requests_total", "Requests.", model::MetricType::kCounter);
  std::vector<std::string> handlers;
  for (int i = 0; i < 1000; ++i) handlers.push_back(fmt::format("/api/v1/resource/{}", i));
  std::string out;
  for (auto _ : state) {
    out.clear();
    family.begin();
    for (int i = 0; i < 1000; ++i) {
      family.put({{"code", "200"}, {"handler", handlers[static_cast<std::size_t>(i)]}, {"method", "get"}}, i * 977);
    }
    family.end();
    family.render(out);
    bytes += out.size();
    samples += 1000;
  }
  report(state, samples, bytes);
}
BENCHMARK(write_cached);

void render_cached(benchmark::State& state) {
  std::size_t samples = 0, bytes = 0;
  expo::CachedFamily family("http_requests_total", "Requests.", model::MetricType::kCounter);
  family.begin();
  for (int i = 0; i < 1000; ++i) {
    const std::string handler = fmt::format("/api/v1/resource/{}", i);
    family.put({{"code", "200"}, {"handler", handler}, {"method", "get"}}, i * 977);
  }
  family.end();
  std::string out;
  for (auto _ : state) {
    out.clear();
    family.render(out);
    bytes += out.size();
    samples += 1000;
  }
  report(state, samples, bytes);
}
BENCHMARK(render_cached);

}  // namespace
