#include "api/federate.hpp"

#include <catch2/catch.hpp>

#include "expo/protobuf_parser.hpp"
#include "harness.hpp"
#include "support/map_store.hpp"
#include "support/storage_suite.hpp"

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

model::HistogramPtr custom_histogram() {
  model::FloatHistogram h;
  h.schema = model::kCustomBucketsSchema;
  h.custom_values = {0.5, 1, 2.5};
  h.positive_spans = {{0, 1}, {1, 2}};
  h.positive_buckets = {2, 3, 1};
  h.count = 6;
  h.sum = 7.5;
  return std::make_shared<const model::FloatHistogram>(h);
}

void add_histogram(FederateHarness& h, std::string_view name, model::HistogramPtr histogram) {
  auto appender = h.store.appender();
  const model::Labels labels = model::LabelsBuilder().set(model::kMetricName, name).set("job", "x").build();
  CHECK(appender->append_histogram(0, &labels, h.now, std::move(histogram)).status == storage::AppendStatus::kOk);
  REQUIRE(appender->commit());
}

TEST_CASE("a histogram with custom buckets is a classic one; an exponential one is left out of text") {
  FederateHarness h;
  add_histogram(h, "c", custom_histogram());
  add_histogram(h, "e", test::some_histogram(4));
  h.add("f", "x", 0, 1);
  CHECK(h.page("?match[]=%7Bjob=%22x%22%7D") ==
        "# TYPE c histogram\n"
        "c_bucket{job=\"x\",instance=\"\",le=\"0.5\"} 2 1700000000000\n"
        "c_bucket{job=\"x\",instance=\"\",le=\"1\"} 2 1700000000000\n"
        "c_bucket{job=\"x\",instance=\"\",le=\"2.5\"} 5 1700000000000\n"
        "c_bucket{job=\"x\",instance=\"\",le=\"+Inf\"} 6 1700000000000\n"
        "c_sum{job=\"x\",instance=\"\"} 7.5 1700000000000\n"
        "c_count{job=\"x\",instance=\"\"} 6 1700000000000\n"
        "# TYPE f untyped\nf{job=\"x\",instance=\"\"} 1 1700000000000\n");
  CHECK(h.page("?match[]=%7B__name__=~%22.*%22%7D") == h.page("?match[]=%7Bjob=%22x%22%7D"));
  CHECK(h.page("?match[]=%7B%7D") == h.page("?match[]=%7Bjob=%22x%22%7D"));
}

TEST_CASE("who asks for protobuf gets histograms, and the same floats as text has") {
  constexpr const char* kProtobuf =
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
      "text/plain;version=0.0.4;q=0.2";
  FederateHarness h;
  h.external = model::LabelsBuilder().set("zone", "z").build();
  add_histogram(h, "c", custom_histogram());
  const auto exponential = test::some_histogram(4);
  add_histogram(h, "e", exponential);
  model::FloatHistogram gauge = *exponential;
  gauge.reset_hint = model::CounterReset::kGauge;
  add_histogram(h, "g", std::make_shared<const model::FloatHistogram>(gauge));
  add_histogram(h, "gone", std::make_shared<const model::FloatHistogram>(*exponential));
  h.store.add(model::LabelsBuilder().set(model::kMetricName, "gone").set("job", "x").build(), h.now + 1,
              model::stale_nan());
  h.loop.advance(std::chrono::milliseconds(1));
  h.add("f", "x", 0, 1.5);
  net::HttpRequest request("GET", "/federate?match[]=%7Bjob=%22x%22%7D");
  request.headers.set("Accept", kProtobuf);
  const net::HttpResponse response = h.ask(std::move(request));
  CHECK(response.headers.get("content-type") ==
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; "
        "escaping=underscores");
  expo::ProtobufParser parser(response.body.view(), {.native = true});
  std::vector<std::string> seen;
  std::vector<model::LabelView> labels;
  expo::Row row;
  while (parser.next(row) != expo::RowKind::kEnd) {
    REQUIRE(row.kind != expo::RowKind::kError);
    if (row.kind == expo::RowKind::kType) seen.push_back(fmt::format("{} {}", row.name, row.text));
    if (row.kind != expo::RowKind::kSeries && row.kind != expo::RowKind::kHistogram) continue;
    REQUIRE(parser.labels(row, labels) == expo::ParseErrc::kNone);
    CHECK(row.timestamp == h.now);
    CHECK(std::ranges::find(labels, "instance", &model::LabelView::name) != labels.end());  // empty, to keep one away
    const std::string text = model::Labels::from(labels).to_string();
    if (row.kind == expo::RowKind::kSeries) {
      seen.push_back(fmt::format("{} {}", text, row.value));
      continue;
    }
    const auto histogram = parser.histogram();
    model::FloatHistogram wanted = *exponential;
    wanted.reset_hint = histogram->reset_hint;
    CHECK(*histogram == wanted);
    seen.push_back(text);
  }
  const auto of = [](const char* name, const char* le = "") {
    return fmt::format("{{__name__=\"{}\", job=\"x\", {}zone=\"z\"}}", name, le);
  };
  CHECK(seen == std::vector<std::string>{"c histogram", of("c_count") + " 6", of("c_sum") + " 7.5",
                                         of("c_bucket", "le=\"0.5\", ") + " 2", of("c_bucket", "le=\"1.0\", ") + " 2",
                                         of("c_bucket", "le=\"2.5\", ") + " 5", of("c_bucket", "le=\"+Inf\", ") + " 6",
                                         "e histogram", of("e"), "f unknown", of("f") + " 1.5", "g gaugehistogram",
                                         of("g")});
}

TEST_CASE("samples of one name and of two types are two families") {
  FederateHarness h;
  h.store.add(model::LabelsBuilder().set(model::kMetricName, "m").set("job", "a").build(), h.now, 1);
  add_histogram(h, "m", custom_histogram());
  h.store.add(model::LabelsBuilder().set(model::kMetricName, "m").set("job", "z").build(), h.now, 2);
  const std::string page = h.page("?match[]=m");
  CHECK(
      page.starts_with("# TYPE m untyped\nm{job=\"a\",instance=\"\"} 1 1700000000000\n# TYPE m histogram\nm_bucket{"));
  CHECK(page.ends_with("# TYPE m untyped\nm{job=\"z\",instance=\"\"} 2 1700000000000\n"));
}

}  // namespace
}  // namespace tocsin::api
