#include "support/storage_suite.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace tocsin::test {
namespace {

std::string value_text(double v) {
  if (model::is_stale(v)) return "stale";
  if (std::isnan(v)) return fmt::format("nan:{:x}", std::bit_cast<std::uint64_t>(v));
  return fmt::format("{}", v);
}

/// Each bucket that is not empty with its index: a store may add empty ones, and bring spans into another form.
std::string buckets_text(const std::vector<model::HistogramSpan>& spans, const std::vector<double>& counts, char sign) {
  std::string out;
  std::int64_t index = 0;
  std::size_t at = 0;
  for (const auto& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      if (counts.at(at) != 0) out += fmt::format(" {}{}:{}", sign, index, counts[at]);
    }
  }
  REQUIRE(at == counts.size());
  return out;
}

}  // namespace

std::string histogram_text(const model::FloatHistogram& h) {
  if (model::is_stale(h)) return "stale";
  std::string out =
      fmt::format("hist({},{},{},{},{},{}", h.reset_hint == model::CounterReset::kGauge ? "gauge" : "counter", h.schema,
                  h.zero_threshold, h.zero_count, h.count, value_text(h.sum));
  out += buckets_text(h.positive_spans, h.positive_buckets, '+');
  out += buckets_text(h.negative_spans, h.negative_buckets, '-');
  for (const double b : h.custom_values) out += fmt::format(" c{}", b);
  return out + ")";
}

std::vector<StorageCase> storage_suite() {
  std::vector<StorageCase> all = storage_append_cases();
  for (auto& one : storage_select_cases()) all.push_back(one);
  for (auto& one : storage_random_cases()) all.push_back(one);
  for (auto& one : storage_late_cases()) all.push_back(one);
  for (auto& one : storage_feed_cases()) all.push_back(one);
  return all;
}

std::vector<ReadSeries> read_all(storage::Querier& querier, Timestamp start, Timestamp end,
                                 const std::vector<model::Matcher>& matchers) {
  storage::SelectHints hints;
  hints.start = start;
  hints.end = end;
  auto set = querier.select(hints, matchers);
  std::vector<ReadSeries> all;
  while (set->next()) {
    ReadSeries one{set->labels(), set->id(), {}};
    const auto read = set->read(start, end, one.samples);
    INFO((read ? std::string() : read.error().message));
    REQUIRE(read);
    if (one.samples.size() != 0) all.push_back(std::move(one));
  }
  REQUIRE(set->status());
  std::ranges::sort(all, [](const ReadSeries& a, const ReadSeries& b) { return a.labels < b.labels; });
  return all;
}

std::vector<ReadSeries> read_all(storage::Queryable& store, Timestamp start, Timestamp end,
                                 const std::vector<model::Matcher>& matchers) {
  auto querier = store.querier(start, end);
  REQUIRE(querier);
  return read_all(**querier, start, end, matchers);
}

std::string describe(const ReadSeries& series) {
  const auto& s = series.samples;
  REQUIRE(s.values.size() == s.times.size());
  REQUIRE((s.starts.empty() || s.starts.size() == s.times.size()));
  REQUIRE((s.histograms.empty() || s.histograms.size() == s.times.size()));
  std::string out = series.labels.to_string();
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool histogram = !s.histograms.empty() && s.histograms[i];
    out += fmt::format(" {}@{}", histogram ? histogram_text(*s.histograms[i]) : value_text(s.values[i]), s.times[i]);
    if (!s.starts.empty() && s.starts[i] != 0) out += fmt::format("/{}", s.starts[i]);
  }
  return out;
}

std::string describe(const std::vector<ReadSeries>& all) {
  std::string out;
  for (const auto& one : all) out += describe(one) + "\n";
  return out;
}

std::string dump(storage::Queryable& store) {
  return describe(read_all(store, storage::kOldestTime, storage::kNewestTime, {}));
}

model::Matcher matcher(model::MatchOp op, const char* name, const char* value) {
  auto made = model::Matcher::make(op, name, value);
  REQUIRE(made);
  return *made;
}

model::HistogramPtr some_histogram(double scale) {
  model::FloatHistogram h;
  h.schema = 3;
  h.zero_threshold = 1e-128;
  h.zero_count = scale;
  h.count = 10 * scale;
  h.sum = 12.5 * scale;
  h.positive_spans = {{-2, 2}, {3, 1}};
  h.positive_buckets = {scale, 3 * scale, 2.5};
  h.negative_spans = {{0, 1}};
  h.negative_buckets = {4 * scale};
  return std::make_shared<model::FloatHistogram>(h);
}

}  // namespace tocsin::test
