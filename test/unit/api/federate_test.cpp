#include "api/federate.hpp"

#include <catch2/catch.hpp>

#include "harness.hpp"
#include "support/map_store.hpp"

namespace tocsin::api {
namespace {

struct FederateHarness : Harness {
  test::MapStore store;
  model::Labels external;
  Timestamp now = 0;

  FederateHarness() {
    now = loop.clock().now();
    add_federate(router, {lane, store, std::chrono::minutes(5), [this] { return external; }});
  }
  void add(std::string_view name, std::string_view job, Timestamp age, double value) {
    store.add(model::LabelsBuilder().set(model::kMetricName, name).set("job", job).build(), now - age, value);
  }
  std::string page(const std::string& query, const std::string& accept = "") {
    net::HttpRequest request("GET", "/federate" + query);
    if (!accept.empty()) request.headers.set("Accept", accept);
    return std::string(ask(std::move(request)).body.view());
  }
};

TEST_CASE("the newest samples of the look-back, by name, stale ones and old ones left out") {
  FederateHarness h;
  h.add("b", "x", 60'000, 1);
  h.add("b", "x", 30'000, 2.5);
  h.add("a", "y", 1000, 1e9);
  h.add("gone", "y", 2000, 1);
  h.add("gone", "y", 1000, model::stale_nan());
  h.add("old", "y", 400'000, 1);
  CHECK(h.page("?match[]=%7Bjob=~%22.%2B%22%7D") ==
        "# TYPE a untyped\na{job=\"y\",instance=\"\"} 1e+09 1699999999000\n"
        "# TYPE b untyped\nb{job=\"x\",instance=\"\"} 2.5 1699999970000\n");
  const net::HttpResponse response = h.get("/federate?match[]=a");
  CHECK(response.headers.get("content-type") == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
}

TEST_CASE("external labels are added in order where a series lacks them") {
  FederateHarness h;
  h.external = model::LabelsBuilder().set("cluster", "c").set("zone", "z\"1").set("job", "other").build();
  h.add("a", "y", 0, 1);
  CHECK(h.page("?match[]=a") ==
        "# TYPE a untyped\na{job=\"y\",cluster=\"c\",instance=\"\",zone=\"z\\\"1\"} 1 1700000000000\n");
  h.external = model::LabelsBuilder().set("instance", "i").build();
  CHECK(h.page("?match[]=a") == "# TYPE a untyped\na{job=\"y\",instance=\"i\"} 1 1700000000000\n");
}

TEST_CASE("a series that several selectors find stands once; nothing asked is nothing told") {
  FederateHarness h;
  h.add("a", "y", 0, 1);
  CHECK(h.page("?match[]=a&match[]=%7Bjob=%22y%22%7D") == h.page("?match[]=a"));
  CHECK(h.page("").empty());
  CHECK(h.get("/federate").status == 200);
  const net::HttpResponse wrong = h.get("/federate?match[]=(");
  CHECK(wrong.status == 400);
  CHECK(wrong.headers.get("content-type") == "text/plain; charset=utf-8");
  CHECK(std::string(wrong.body.view()).find("parse error") != std::string::npos);
}

TEST_CASE("names of UTF-8 are quoted for a reader that takes them, else written with underscores") {
  FederateHarness h;
  h.store.add(model::LabelsBuilder().set(model::kMetricName, "my.metric").set("a.b", "x").set("j", "1").build(), h.now,
              1);
  const std::string all = "?match[]=%7Bj=%221%22%7D";
  CHECK(h.page(all) == "# TYPE my_metric untyped\nmy_metric{a_b=\"x\",j=\"1\",instance=\"\"} 1 1700000000000\n");
  CHECK(h.page(all, "text/plain;version=0.0.4;escaping=values").find("U__my_2e_metric{U__a_2e_b=") !=
        std::string::npos);
  CHECK(h.page(all, "*/*;q=0.1;escaping=values,text/plain;q=0.5;escaping=dots").find("my_dot_metric{a_dot_b=") !=
        std::string::npos);
  CHECK(h.page(all, "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1") ==
        "# TYPE \"my.metric\" untyped\n{\"my.metric\",\"a.b\"=\"x\",j=\"1\",instance=\"\"} 1 1700000000000\n");
}

}  // namespace
}  // namespace tocsin::api
