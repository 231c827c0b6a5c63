#include <stdexcept>

#include <catch2/catch.hpp>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "agent_fixture.hpp"

using namespace tocsin;

namespace {

class Broken : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override { throw std::runtime_error("no"); }
};

}  // namespace

TEST_CASE("collectables of an embedding program are on /metrics in every format, and a broken one harms nobody") {
  test::AgentFixture fixture("");
  REQUIRE(fixture.start() == "");
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name("jobs_total").Help("Jobs.").Register(*registry).Add({{"kind", "a"}}).Increment(3);
  const auto broken = std::make_shared<Broken>();
  fixture.thread.call([&] {
    fixture.agent->add(broken);
    fixture.agent->add(registry);
  });
  const auto metrics = [&](std::string_view accept) {
    net::HttpRequest request;
    request.headers.set("Accept", accept);
    return fixture.get("/metrics", 0, std::move(request));
  };
  const net::HttpResponse text = metrics("text/plain");
  CHECK(text.body.view().find("# TYPE jobs_total counter\njobs_total{kind=\"a\"} 3\n") != std::string_view::npos);
  CHECK(text.body.view().find("tocsin_collect_failures_total 1\n") != std::string_view::npos);
  const net::HttpResponse openmetrics = metrics("application/openmetrics-text;version=1.0.0");
  CHECK(openmetrics.headers.get("Content-Type").starts_with("application/openmetrics-text; version=1.0.0;"));
  CHECK(openmetrics.body.view().find("# TYPE jobs counter\njobs_total{kind=\"a\"} 3\n") != std::string_view::npos);
  CHECK(openmetrics.body.view().ends_with("# EOF\n"));
  const net::HttpResponse protobuf =
      metrics("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited");
  CHECK(protobuf.headers.get("Content-Type").starts_with("application/vnd.google.protobuf;"));
  CHECK(protobuf.body.view().find("jobs_total") != std::string_view::npos);
  registry.reset();
  CHECK(metrics("").body.view().find("jobs_total") == std::string_view::npos);
}
