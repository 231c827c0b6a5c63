// Any bytes as a query over a small store with floats, native and classic histograms, gaps and ends of series. It
// answers or fails with an error of its own kind, keeps the limits of samples and time, and an instant query answers
// what a range query of one step does. The first byte chooses the feature switches, the second one the moment.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/strings.hpp"
#include "promql/engine.hpp"
#include "support/map_store.hpp"

namespace {

using namespace tocsin;

constexpr std::size_t kMaxSamples = 20'000;
constexpr auto kTimeout = std::chrono::milliseconds(500);
constexpr auto kLongest = std::chrono::seconds(5);  // a step of work between two looks at the clock, on a busy machine

void require(bool condition, std::string_view what, std::string_view query) {
  if (condition) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(query.size()),
               query.data());
  std::abort();
}

model::HistogramPtr histogram(double n, bool custom) {
  model::FloatHistogram h;
  h.schema = custom ? model::kCustomBucketsSchema : static_cast<int>(n) % 3;
  if (custom) h.custom_values = {0.5, 1, 2.5};
  h.positive_spans = {{0, 2}, {custom ? 0 : 3, 1}};
  h.positive_buckets = {n, 2 * n, n + 1};
  h.count = 4 * n + 1;
  if (!custom) {
    h.zero_threshold = 0.001;
    h.zero_count = n;
    h.negative_spans = {{-1, 1}};
    h.negative_buckets = {n / 2};
    h.count += 1.5 * n;
  }
  h.sum = 3 * n;
  return std::make_shared<const model::FloatHistogram>(std::move(h));
}

struct Store : test::MapStore {
  Store() {
    const auto appender = this->appender();
    for (const std::string_view inst : {"a", "b", "c"}) {
      const model::Labels counter{{"__name__", "c"}, {"inst", inst}, {"job", "x"}};
      const model::Labels gauge{{"__name__", "g"}, {"inst", inst}};
      const model::Labels native{{"__name__", "h"}, {"inst", inst}};
      const model::Labels mixed{{"__name__", "m"}, {"inst", inst}};
      const model::Labels bounds{{"__name__", "n"}, {"inst", inst}};
      const model::Labels info{{"__name__", "target_info"}, {"instance", inst}, {"job", "x"}, {"version", "1"}};
      for (int i = 0; i < 40; ++i) {
        const Timestamp t = 1000 + i * 15'000;
        if (i % 11 == 7) continue;
        appender->append(0, &counter, t, i % 17);
        appender->append(0, &gauge, t,
                         i % 13 == 5   ? model::stale_nan()
                         : i % 7 == 3  ? std::numeric_limits<double>::infinity()
                         : i % 19 == 2 ? std::numeric_limits<double>::quiet_NaN()
                                       : 8 - 0.5 * i);
        appender->append_histogram(0, &native, t, histogram(i % 16, false));
        appender->append_histogram(0, &bounds, t, histogram(i, true));
        if (i % 3 == 0) {
          appender->append(0, &mixed, t, i);
        } else {
          appender->append_histogram(0, &mixed, t, histogram(i, i % 5 == 0));
        }
        appender->append(0, &info, t, 1);
        double total = 0;
        for (const std::string_view le : {"0.1", "1", "+Inf"}) {
          const model::Labels bucket{{"__name__", "b_bucket"}, {"inst", inst}, {"le", le}};
          appender->append(0, &bucket, t, total += i);
        }
      }
    }
    require(appender->commit().has_value(), "the store takes no samples", "");
  }
};

struct Point {
  double v = 0;
  model::HistogramPtr h;
};

bool operator==(const Point& a, const Point& b) {
  if ((a.h == nullptr) != (b.h == nullptr)) return false;
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  if (a.h == nullptr) return equal(a.v, b.v);
  return a.h->schema == b.h->schema && equal(a.h->count, b.h->count) && equal(a.h->sum, b.h->sum) &&
         equal(a.h->zero_count, b.h->zero_count) && a.h->positive_spans == b.h->positive_spans &&
         std::ranges::equal(a.h->positive_buckets, b.h->positive_buckets, equal) &&
         std::ranges::equal(a.h->negative_buckets, b.h->negative_buckets, equal);
}

using Points = std::multimap<model::Labels, Point>;

Points points_of(const promql::Value& value) {
  Points out;
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) out.emplace(model::Labels(), Point{scalar->v, nullptr});
  if (const auto* vector = std::get_if<promql::Vector>(&value)) {
    for (const auto& sample : *vector) out.emplace(sample.labels, Point{sample.v, sample.h});
  }
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) {
    for (const auto& series : *matrix) {
      for (const auto& sample : series.floats) out.emplace(series.labels, Point{sample.v, nullptr});
      for (const auto& point : series.histograms) out.emplace(series.labels, Point{0, point.h});
    }
  }
  return out;
}

bool is_budget(const Result<promql::QueryResult>& result) {
  return !result && (result.error().code == Errc::kLimit || result.error().code == Errc::kTimeout);
}

template <typename Ask>
Result<promql::QueryResult> within_limits(std::string_view query, Ask&& ask) {
  const auto started = std::chrono::steady_clock::now();
  auto result = ask();
  require(std::chrono::steady_clock::now() - started < kTimeout + kLongest, "longer than the timeout", query);
  if (result) {
    require(result->stats.peak_samples <= kMaxSamples, "more samples than the limit", query);
  } else {
    const Errc code = result.error().code;
    require(!result.error().message.empty(), "an error without a text", query);
    require(code == Errc::kInvalid || code == Errc::kExecution || code == Errc::kTimeout || code == Errc::kLimit,
            "an error of another kind", query);
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static Store store;
  promql::EngineOptions options;
  options.max_samples = kMaxSamples;
  options.timeout = kTimeout;
  options.parser.experimental_functions = (data[0] & 1U) == 0;
  options.parser.binop_fill_modifiers = (data[0] & 2U) == 0;
  options.parser.extended_range_selectors = (data[0] & 4U) == 0;
  options.delayed_name_removal = (data[0] & 8U) != 0;
  options.use_start_timestamps = (data[0] & 16U) != 0;
  options.type_and_unit_labels = (data[0] & 32U) != 0;
  const promql::Engine engine(options, system_clock());
  const std::string query(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto expr = promql::parser::parse_expr(query, options.parser);
  if (!expr) return 0;  // promql_parse looks at these
  const Timestamp t = data[1] * 2'621;

  (void)within_limits(query, [&] { return engine.range(store, **expr, t, t + 300'000, 41'000); });
  const auto instant = within_limits(query, [&] { return engine.instant(store, **expr, t); });
  const auto type = (*expr)->type();
  if (type != promql::parser::ValueType::kScalar && type != promql::parser::ValueType::kVector) return 0;
  const auto one_step = within_limits(query, [&] { return engine.range(store, **expr, t, t, 1); });
  // step() is another number; what is answered within the budget may depend on how it is asked.
  if (is_budget(instant) || is_budget(one_step) || to_lower(query).find("step") != std::string::npos) return 0;
  require(instant.has_value() == one_step.has_value(), "an instant query fails or answers where a range does not",
          query);
  if (instant) require(points_of(instant->value) == points_of(one_step->value), "instant and range differ", query);
  return 0;
}
