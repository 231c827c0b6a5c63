#include "model/histogram_text.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "model/histogram_bounds.hpp"

namespace tocsin::model {
namespace {

TEST_CASE("bounds of exponential buckets are Prometheus' to the bit") {
  // Source: Prometheus model/histogram/generic_test.go (TestGetBoundExponential) and generic.go.
  CHECK(exponential_bound(-1, -1) == 0.25);
  CHECK(exponential_bound(-1, 0) == 1);
  CHECK(exponential_bound(-1, 512) == std::numeric_limits<double>::max());
  CHECK(exponential_bound(-1, 513) == std::numeric_limits<double>::infinity());
  CHECK(exponential_bound(0, -1) == 0.5);
  CHECK(exponential_bound(0, 1024) == std::numeric_limits<double>::max());
  CHECK(exponential_bound(0, 1025) == std::numeric_limits<double>::infinity());
  CHECK(exponential_bound(2, -1) == 0.8408964152537144);
  CHECK(exponential_bound(2, 4) == 2);
  CHECK(exponential_bound(2, 4096) == std::numeric_limits<double>::max());
  CHECK(exponential_bound(2, 4097) == std::numeric_limits<double>::infinity());
  CHECK(exponential_bound(1, 1) == 2 * 0.7071067811865475);
  CHECK(exponential_bound(8, 256) == 2);
  CHECK(exponential_bound(8, std::numeric_limits<std::int64_t>::max()) == std::numeric_limits<double>::infinity());
  CHECK(exponential_bound(8, std::numeric_limits<std::int64_t>::min()) == 0);
}

TEST_CASE("a histogram prints as Prometheus prints it") {
  FloatHistogram h;
  CHECK(histogram_text(h) == "{count:0, sum:0}");
  h.schema = 0;
  h.count = 1'000'000;
  h.sum = -2.5;
  h.zero_threshold = 0.001;
  h.zero_count = 1.5;
  h.positive_spans = {{0, 2}, {1, 1}};
  h.positive_buckets = {1, 0, 2};
  h.negative_spans = {{-1, 1}, {0, 1}};
  h.negative_buckets = {3, 4};
  CHECK(histogram_text(h) ==
        "{count:1e+06, sum:-2.5, [-1,-0.5):4, [-0.5,-0.25):3, [-0.001,0.001]:1.5, (0.5,1]:1, (4,8]:2}");
  h.integer = true;
  h.zero_count = 1;
  CHECK(histogram_text(h) ==
        "{count:1000000, sum:-2.5, [-1,-0.5):4, [-0.5,-0.25):3, [-0.001,0.001]:1, (0.5,1]:1, (4,8]:2}");
}

TEST_CASE("custom buckets print with their bounds, the first and the last without end") {
  FloatHistogram h;
  h.schema = kCustomBucketsSchema;
  h.count = 6;
  h.sum = 3;
  h.custom_values = {0.5, 10};
  h.positive_spans = {{0, 3}};
  h.positive_buckets = {1, 2, 3};
  CHECK(histogram_text(h) == "{count:6, sum:3, [-Inf,0.5]:1, (0.5,10]:2, (10,+Inf]:3}");
}

}  // namespace
}  // namespace tocsin::model
