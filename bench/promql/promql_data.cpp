// The samples of the twelve queries: 30 days at a minute of 1,000 request counters, 500 latency buckets with their sums
// and counts, and 50 recorded error ratios of 50 services: 71,280,000 samples. The same on every machine and each time.
//
//   promql_data info                            first and last second asked about, parts, samples
//   promql_data part N openmetrics|prometheus   part N (from 0) to the standard output, in either text format
//
// A part ends where a block of 54 h does. All values have the same text in both formats. Samples lie seven seconds
// behind the minute: no window of a query that starts and steps by 15 s, minutes or hours begins or ends at one, so
// that it does not matter on which side windows are open.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/rng.hpp"

using namespace tocsin;

namespace {

constexpr std::int64_t kBlock = 54 * 3600;
constexpr std::int64_t kEnd = 1'749'930'480;  // seven tenths into a block of 54 h
constexpr std::int64_t kStart = kEnd - 30 * 86'400;
constexpr std::int64_t kStep = 60;
constexpr std::int64_t kOffset = 7;
constexpr std::int64_t kParts = (kEnd - 1) / kBlock - kStart / kBlock + 1;

constexpr std::size_t kServices = 50, kInstances = 5;
constexpr std::string_view kCodes[] = {"200", "404", "500", "503"};
constexpr std::string_view kBounds[] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"};
/// Share of requests between the bound before and this one.
constexpr double kShares[] = {0.05, 0.1, 0.25, 0.25, 0.15, 0.1, 0.05, 0.03, 0.015, 0.005};
/// What such a request takes, seconds.
constexpr double kSeconds[] = {0.004, 0.008, 0.018, 0.037, 0.07, 0.16, 0.35, 0.7, 1.6, 4};
constexpr std::size_t kCodeCount = std::size(kCodes), kBoundCount = std::size(kBounds);
constexpr std::size_t kSeries = kServices * (kCodeCount * kInstances + kBoundCount + 3);

struct Service {
  double requests[kCodeCount][kInstances] = {};
  double buckets[kBoundCount] = {};  // cumulative
  double sum = 0;
  double error_ratio = 0;
};

/// 50 services through time. Traffic follows the day; errors are rare but in incidents of half an hour, one in 400.
class Shop {
 public:
  void step(std::int64_t t) {
    const double day = 1 + 0.5 * std::sin(static_cast<double>(t) * 2 * std::numbers::pi / 86'400);
    for (std::size_t i = 0; i < kServices; ++i) step(services_[i], i, in_incident(i, t), day);
  }
  const Service& at(std::size_t i) const { return services_[i]; }

 private:
  static bool in_incident(std::size_t service, std::int64_t t) {
    return Rng(static_cast<std::uint64_t>(t / 1800) * kServices + service).next() % 400 == 0;
  }
  /// A whole number about `mean`, up to `spread` of it more or less.
  double around(double mean, double spread) {
    return std::floor(mean * (1 - spread + 2 * spread * rng_.uniform()) + rng_.uniform());
  }
  void step(Service& service, std::size_t index, bool incident, double day) {
    const double errors_a_second = incident ? 2 : 0.01;
    const double a_second[kCodeCount] = {20.0 + static_cast<double>(index), 0.5, errors_a_second, errors_a_second};
    double all = 0, errors = 0;
    for (std::size_t code = 0; code < kCodeCount; ++code) {
      for (double& count : service.requests[code]) {
        const double more = around(a_second[code] * day * kStep, 0.3);
        count += more;
        all += more;
        if (code >= 2) errors += more;
      }
    }
    double below = 0;
    for (std::size_t b = 0; b < kBoundCount; ++b) {
      const double more = around(all / kInstances * kShares[b], 0.2);
      below += more;
      service.buckets[b] += below;
      service.sum += more * kSeconds[b];
    }
    service.error_ratio = errors / all;
  }

  Service services_[kServices];
  Rng rng_{42};
};

/// Series by series to the standard output, as exporters of history do.
class Text {
 public:
  Text(bool openmetrics, std::int64_t first) : openmetrics_(openmetrics), first_(first) {}
  void type(std::string_view family, std::string_view type) {
    if (openmetrics_) out_ += fmt::format("# TYPE {} {}\n", family, type);
  }
  template <typename ValueAt>
  void series(const std::string& name, std::size_t count, ValueAt&& value_at) {
    for (std::size_t k = 0; k < count; ++k) {
      out_ += name;
      append_float_expo(out_, value_at(k));
      // Seconds in OpenMetrics, milliseconds in Prometheus' text.
      out_ += fmt::format(" {}{}\n", first_ + static_cast<std::int64_t>(k) * kStep, openmetrics_ ? "" : "000");
    }
    flush();
  }
  void end() {
    if (openmetrics_) out_ += "# EOF\n";
    flush();
  }

 private:
  void flush() {
    if (std::fwrite(out_.data(), 1, out_.size(), stdout) != out_.size()) {
      std::perror("promql_data: writing");
      std::exit(1);
    }
    out_.clear();
  }
  const bool openmetrics_;
  const std::int64_t first_;
  std::string out_;
};

void write(Text& text, const std::vector<Shop>& shops) {
  const auto name = [](std::size_t i) { return fmt::format("svc-{:02}", i); };
  const auto labels = [&](std::size_t i) { return fmt::format("job=\"shop\",service=\"{}\"", name(i)); };
  const auto series = [&](const std::string& head, auto&& value_of) {
    text.series(head + " ", shops.size(), [&](std::size_t k) { return value_of(shops[k]); });
  };
  text.type("http_requests", "counter");
  for (std::size_t i = 0; i < kServices; ++i) {
    for (std::size_t c = 0; c < kCodeCount; ++c) {
      for (std::size_t n = 0; n < kInstances; ++n) {
        series(
            fmt::format("http_requests_total{{{},code=\"{}\",instance=\"10.0.0.{}:8080\"}}", labels(i), kCodes[c], n),
            [&](const Shop& shop) { return shop.at(i).requests[c][n]; });
      }
    }
  }
  for (std::size_t i = 0; i < kServices; ++i) {
    for (std::size_t b = 0; b < kBoundCount; ++b) {
      series(fmt::format("http_request_duration_seconds_bucket{{{},instance=\"10.0.0.0:8080\",le=\"{}\"}}", labels(i),
                         kBounds[b]),
             [&](const Shop& shop) { return shop.at(i).buckets[b]; });
    }
  }
  for (std::size_t i = 0; i < kServices; ++i) {
    const std::string rest = fmt::format("{{{},instance=\"10.0.0.0:8080\"}}", labels(i));
    series("http_request_duration_seconds_sum" + rest, [&](const Shop& shop) { return shop.at(i).sum; });
    series("http_request_duration_seconds_count" + rest,
           [&](const Shop& shop) { return shop.at(i).buckets[kBoundCount - 1]; });
  }
  text.type("slo:sli_error:ratio_rate5m", "gauge");
  for (std::size_t i = 0; i < kServices; ++i) {
    series(fmt::format("slo:sli_error:ratio_rate5m{{sloth_id=\"{0}-availability\",sloth_service=\"{0}\","
                       "sloth_slo=\"availability\",sloth_window=\"5m\"}}",
                       name(i)),
           [&](const Shop& shop) { return shop.at(i).error_ratio; });
  }
  text.end();
}

int part(std::int64_t number, bool openmetrics) {
  if (number < 0 || number >= kParts) {
    std::fprintf(stderr, "promql_data: there are parts 0 to %lld\n", static_cast<long long>(kParts - 1));
    return 1;
  }
  const std::int64_t from = std::max(kStart, (kStart / kBlock + number) * kBlock);
  const std::int64_t to = std::min(kEnd, (kStart / kBlock + number + 1) * kBlock);
  Shop shop;
  std::vector<Shop> shops;
  std::int64_t first = 0;
  for (std::int64_t t = kStart + kOffset; t < to; t += kStep) {
    shop.step(t);
    if (t < from) continue;
    if (shops.empty()) first = t;
    shops.push_back(shop);
  }
  Text text(openmetrics, first);
  write(text, shops);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  const std::string_view format = argc > 3 ? argv[3] : "";
  if (command == "info" && argc == 2) {
    fmt::print("{} {} {} {}\n", kStart, kEnd, kParts, kSeries * static_cast<std::size_t>((kEnd - kStart) / kStep));
    return 0;
  }
  if (command == "part" && argc == 4 && (format == "openmetrics" || format == "prometheus")) {
    return part(std::atoll(argv[2]), format == "openmetrics");
  }
  std::fprintf(stderr, "usage: promql_data info\n       promql_data part N openmetrics|prometheus\n");
  return 1;
}
