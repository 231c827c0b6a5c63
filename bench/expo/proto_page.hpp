#pragma once
// Pages of protobuf: the mix of page.hpp, or native histograms alone.

#include <limits>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "support/proto_page.hpp"

namespace tocsin::bench {

class ProtoPageMaker {
 public:
  explicit ProtoPageMaker(std::uint64_t seed) : rng_(seed) {}

  /// 264 counters, 30 classic histograms of 10 buckets, 376 gauges: 1,000 samples.
  std::string page() {
    std::vector<test::Pb> counters, histograms, gauges;
    for (int i = 0; i < 264; ++i) {
      counters.push_back(test::proto_counter({{"code", std::to_string(200 + i % 4 * 100)},
                                              {"handler", "/api/v1/resource/" + std::to_string(i / 8)},
                                              {"method", i % 2 == 0 ? "get" : "post"}},
                                             below(1'000'000)));
    }
    for (int h = 0; h < 30; ++h) {
      test::Pb histogram;
      std::int64_t count = 0;
      for (int b = 0; b < 10; ++b) {
        count += static_cast<std::int64_t>(below(50'000));
        const double bound = b == 9 ? std::numeric_limits<double>::infinity() : 0.005 * (1 << b);
        histogram.message(3, test::proto_bucket(bound, count));
      }
      histogram.number(1, count).real(2, below(1000));
      histograms.push_back(test::proto_histogram({{"handler", "/api/v1/resource/" + std::to_string(h)}}, histogram));
    }
    for (int i = 0; i < 376; ++i) {
      gauges.push_back(
          test::proto_gauge({{"name", "gauge_" + std::to_string(i)}, {"pool", std::to_string(i % 7)}}, rng_.uniform()));
    }
    return test::proto_family("http_requests_total", test::kProtoCounter, counters, "A metric of a service.") +
           test::proto_family("http_request_duration_seconds", test::kProtoHistogram, histograms,
                              "A metric of a service.") +
           test::proto_family("app_gauge", test::kProtoGauge, gauges, "A metric of a service.");
  }

  /// 200 native histograms of 20 buckets in three spans.
  std::string native_page() {
    std::vector<test::Pb> histograms;
    for (int h = 0; h < 200; ++h) {
      std::vector<std::int64_t> deltas;
      std::int64_t count = 0, last = 0;
      for (int b = 0; b < 20; ++b) {
        const auto now = static_cast<std::int64_t>(1 + below(1000));
        deltas.push_back(now - last);
        last = now;
        count += now;
      }
      test::Pb histogram;
      histogram.number(1, count).real(2, rng_.uniform() * 1000).zigzag_number(5, 3).real(6, 1e-128);
      histogram.message(12, test::proto_span(-10, 8))
          .message(12, test::proto_span(3, 8))
          .message(12, test::proto_span(2, 4));
      histogram.packed_zigzags(13, deltas);
      histograms.push_back(test::proto_histogram({{"handler", "/api/v1/resource/" + std::to_string(h)}}, histogram));
    }
    return test::proto_family("http_request_duration_seconds", test::kProtoHistogram, histograms,
                              "A metric of a service.");
  }

 private:
  double below(std::uint64_t limit) { return static_cast<double>(rng_.next() % limit); }
  Rng rng_;
};

}  // namespace tocsin::bench
