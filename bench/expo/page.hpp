#pragma once
// A page of 1,000 series in the mix of a service: counters, histograms, gauges, some with all their digits.

#include <string>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/rng.hpp"

namespace tocsin::bench {

class PageMaker {
 public:
  explicit PageMaker(std::uint64_t seed) : rng_(seed) {}

  /// 64 float counters, 200 whole counters, 30 histograms of 10 buckets, 350 gauges and byte counters: 1,000 or so
  /// lines.
  std::string page() {
    out_.clear();
    header("process_cpu_seconds_total", "counter");
    for (int i = 0; i < 64; ++i) {
      line(fmt::format("process_cpu_seconds_total{{core=\"{}\",mode=\"user\"}}", i), 0.01 * below(100'000'000));
    }
    header("http_requests_total", "counter");
    for (int i = 0; i < 200; ++i) {
      line(fmt::format("http_requests_total{{code=\"{}\",handler=\"/api/v1/resource/{}\",method=\"{}\"}}",
                       200 + i % 4 * 100, i % 25, i % 2 == 0 ? "get" : "post"),
           below(1'000'000));
    }
    header("http_request_duration_seconds", "histogram");
    static constexpr const char* kBounds[] = {"0.005", "0.01", "0.025", "0.05", "0.1",
                                              "0.25",  "0.5",  "1",     "2.5",  "+Inf"};
    for (int h = 0; h < 30; ++h) {
      double count = 0;
      for (const char* bound : kBounds) {
        count += below(50'000);
        line(fmt::format("http_request_duration_seconds_bucket{{handler=\"/api/v1/resource/{}\",le=\"{}\"}}", h, bound),
             count);
      }
      line(fmt::format("http_request_duration_seconds_sum{{handler=\"/api/v1/resource/{}\"}}", h), noise());
      line(fmt::format("http_request_duration_seconds_count{{handler=\"/api/v1/resource/{}\"}}", h), count);
    }
    header("app_gauge", "gauge");
    for (int i = 0; i < 376; ++i) {
      const double value = i % 4 == 0 ? noise() : i % 4 == 1 ? 1 : below(5'000'000);
      line(fmt::format("app_gauge{{name=\"gauge_{}\",pool=\"{}\"}}", i, i % 7), value);
    }
    return out_;
  }

 private:
  double below(std::uint64_t limit) { return static_cast<double>(rng_.next() % limit); }
  double noise() { return rng_.uniform() * 1000; }
  void header(const char* name, const char* type) {
    out_ += fmt::format("# HELP {} A metric of a service.\n# TYPE {} {}\n", name, name, type);
  }
  void line(const std::string& series, double value) {
    out_ += series;
    out_ += ' ';
    append_float_expo(out_, value);
    out_ += '\n';
  }
  Rng rng_;
  std::string out_;
};

}  // namespace tocsin::bench
