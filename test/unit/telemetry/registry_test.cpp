#include "telemetry/registry.hpp"

#include <limits>

#include <catch2/catch.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/summary.h>

#include "base/log.hpp"

using namespace tocsin;
using telemetry::Registry;
using telemetry::Sink;

TEST_CASE("families of prometheus-cpp are written by our writer: escaped help, all digits, NaN") {
  Registry registry;
  auto& counter = prometheus::BuildCounter().Name("b_total").Help("a \\ and\na newline").Register(registry.families());
  counter.Add({{"path", "/a\"b"}}).Increment(0.1 + 0.2);
  auto& gauge = prometheus::BuildGauge().Name("a").Help("").Register(registry.families());
  gauge.Add({}).Set(std::numeric_limits<double>::quiet_NaN());
  CHECK(registry.render()->text ==
        "# TYPE a gauge\na NaN\n# HELP b_total a \\\\ and\\na newline\n# TYPE b_total counter\n"
        "b_total{path=\"/a\\\"b\"} 0.30000000000000004\n");
}

TEST_CASE("histograms and summaries of prometheus-cpp") {
  Registry registry;
  auto& summary = prometheus::BuildSummary().Name("s").Help("S.").Register(registry.families());
  summary.Add({{"a", "b"}}, prometheus::Summary::Quantiles{{0.5, 0.05}}).Observe(3);
  auto& histogram = prometheus::BuildHistogram().Name("h").Help("H.").Register(registry.families());
  auto& h = histogram.Add({}, prometheus::Histogram::BucketBoundaries{1, 2});
  h.Observe(0.5);
  h.Observe(5);
  CHECK(registry.render()->text ==
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum "
        "5.5\nh_count 2\n# HELP s S.\n# TYPE s summary\ns{a=\"b\",quantile=\"0.5\"} 3\ns_sum{a=\"b\"} 3\n"
        "s_count{a=\"b\"} 1\n");
}

TEST_CASE("probes put plain numbers; what a probe no longer puts is gone") {
  Registry registry;
  int rounds = 0;
  registry.add([&](Sink& sink) {
    sink.counter("c_total", "C.", {{"job", "x"}}, 7);
    if (++rounds == 1) sink.gauge("g", "G.", 1);
    const expo::Bucket buckets[] = {{0.5, 1}};
    sink.histogram("d_seconds", "D.", {}, buckets, 2, 3);
  });
  CHECK_THAT(registry.render()->text, Catch::Contains("c_total{job=\"x\"} 7\n") && Catch::Contains("g 1\n") &&
                                          Catch::Contains("d_seconds_bucket{le=\"+Inf\"} 3\n"));
  CHECK_THAT(registry.render()->text, !Catch::Contains("g 1\n"));
}

namespace {

struct Broken final : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override {
    if (broken) throw std::runtime_error("broken");
    return {};
  }
  bool broken = true;
};

int error_lines = 0;

}  // namespace

TEST_CASE("a collectable that throws or dies does not take the others with it; the log says so once") {
  error_lines = 0;
  log::set_sink([](log::Level, std::string_view) { ++error_lines; });
  Registry registry;
  auto broken = std::make_shared<Broken>();
  registry.add(broken);
  registry.add([](Sink& sink) { sink.gauge("alive", "", 1); });
  for (int i = 0; i < 3; ++i) CHECK_THAT(registry.render()->text, Catch::Contains("alive 1\n"));
  CHECK_THAT(registry.render()->text, Catch::Contains("tocsin_collect_failures_total 4\n"));
  CHECK(error_lines == 1);
  broken->broken = false;
  registry.render();
  broken->broken = true;
  registry.render();
  CHECK(error_lines == 2);
  broken.reset();
  CHECK_THAT(registry.render()->text, Catch::Contains("alive 1\n"));
  log::set_sink(nullptr);
}

TEST_CASE("the process tells its CPU time, memory, descriptors and start") {
  Registry registry;
  registry.add(telemetry::make_process_probe(posix_fs(), "/proc"));
  const std::string text = registry.render()->text;
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_open_fds", "process_max_fds", "process_start_time_seconds"}) {
    CHECK_THAT(text, Catch::Contains(std::string("\n") + name + " "));
  }
}
