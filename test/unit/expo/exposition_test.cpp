#include "expo/exposition.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "expo/openmetrics_check.hpp"
#include "expo/protobuf_parser.hpp"
#include "expo/writer.hpp"
#include "wire/metric_family.hpp"

using namespace tocsin;
using expo::EscapingScheme;
using expo::PageFormat;
using model::MetricType;

namespace {

std::string exposed(const expo::Page& page, PageFormat format, EscapingScheme escaping = EscapingScheme::kUnderscores) {
  expo::RenderedPage rendered;
  page.render(rendered);
  const expo::RenderedPage* pages[] = {&rendered};
  return expo::expose(pages, {format, escaping, {}});
}

/// OpenMetrics that the strict checker takes.
std::string openmetrics(const expo::Page& page, EscapingScheme escaping = EscapingScheme::kUnderscores) {
  std::string text = exposed(page, PageFormat::kOpenMetrics, escaping);
  if (escaping != EscapingScheme::kAllowUtf8) {
    const auto violation = expo::check_openmetrics(text);
    INFO(text);
    INFO((violation ? violation->message : ""));
    CHECK_FALSE(violation);
  }
  return text;
}

/// Every kind of metric, with all that a source can say about it.
expo::Page full_page() {
  expo::Page page;
  page.begin();
  auto& requests = page.family("http_requests_total", "Requests, \"all\".", MetricType::kCounter);
  requests.put({{"code", "200"}}, 7);
  requests.set_created(1'700'000'000'500);
  requests.set_exemplar({{{"trace_id", "a\"b"}}, 1, 1'700'000'001'250});
  requests.put({{"code", "500"}}, 2);
  auto& times = page.family("http_request_duration_seconds", "Times.", MetricType::kHistogram);
  const expo::Bucket buckets[] = {{0.5, 3}, {1, 4}};
  times.put_histogram({}, buckets, 3.5, 5);
  times.set_created(1'700'000'000'000);
  times.set_exemplar(1, {{{"trace_id", "x"}}, 0.75, {}});
  auto& sizes = page.family("size_bytes", "Sizes.", MetricType::kSummary);
  const expo::Quantile quantiles[] = {{0.5, 10}, {1, 20}};
  sizes.put_summary({}, quantiles, 100, 9);
  page.family("temp_celsius", "", MetricType::kGauge).put({}, 21.5, Timestamp{1'700'000'000'250});
  page.family("legacy_count_all", "No _total.", MetricType::kCounter).put(3);
  page.family("build_info", "Build.", MetricType::kInfo).put({{"version", "1"}}, 1);
  page.family("whatever", "", MetricType::kUnknown).put(-1);
  page.end();
  return page;
}

}  // namespace

TEST_CASE("a page in OpenMetrics has units, canonical bounds, seconds, exemplars and creation times") {
  CHECK(openmetrics(full_page()) ==
        "# HELP build Build.\n# TYPE build info\nbuild_info{version=\"1\"} 1\n"
        "# HELP http_request_duration_seconds Times.\n# TYPE http_request_duration_seconds histogram\n"
        "# UNIT http_request_duration_seconds seconds\n"
        "http_request_duration_seconds_bucket{le=\"0.5\"} 3\n"
        "http_request_duration_seconds_bucket{le=\"1.0\"} 4 # {trace_id=\"x\"} 0.75\n"
        "http_request_duration_seconds_bucket{le=\"+Inf\"} 5\n"
        "http_request_duration_seconds_sum 3.5\n"
        "http_request_duration_seconds_count 5\n"
        "http_request_duration_seconds_created 1700000000\n"
        "# HELP http_requests Requests, \\\"all\\\".\n# TYPE http_requests counter\n"
        "http_requests_total{code=\"200\"} 7 # {trace_id=\"a\\\"b\"} 1 1700000001.250\n"
        "http_requests_created{code=\"200\"} 1700000000.500\n"
        "http_requests_total{code=\"500\"} 2\n"
        "# HELP legacy_count_all No _total.\n# TYPE legacy_count_all unknown\nlegacy_count_all 3\n"
        "# HELP size_bytes Sizes.\n# TYPE size_bytes summary\n# UNIT size_bytes bytes\n"
        "size_bytes{quantile=\"0.5\"} 10\nsize_bytes{quantile=\"1.0\"} 20\nsize_bytes_sum 100\nsize_bytes_count 9\n"
        "# TYPE temp_celsius gauge\n# UNIT temp_celsius celsius\ntemp_celsius 21.5 1700000000.250\n"
        "# TYPE whatever unknown\nwhatever -1\n"
        "# EOF\n");
}

TEST_CASE("text 0.0.4 shows nothing of what it cannot say") {
  const std::string text = exposed(full_page(), PageFormat::kText);
  CHECK(text.find(" # {") == std::string::npos);
  CHECK(text.find("_created") == std::string::npos);
  CHECK(text.find("temp_celsius 21.5 1700000000250\n") != std::string::npos);
  CHECK(text == full_page().render());
}

TEST_CASE("a page in protobuf says all that its source said") {
  const std::string page = exposed(full_page(), PageFormat::kProtobuf);
  wire::MetricFamilyReader reader(page);
  std::vector<std::string> seen;
  while (reader.next_family() == wire::MetricFamilyReader::Step::kOne) {
    const wire::ProtoFamily family = reader.family();
    while (reader.next_metric() == wire::MetricFamilyReader::Step::kOne) {
      const wire::ProtoMetric& metric = reader.metric();
      std::vector<model::LabelView> labels;
      reader.read_labels(metric.labels, labels);
      std::string text(family.name);
      for (const auto& label : labels) text += "," + std::string(label.name) + "=" + std::string(label.value);
      seen.push_back(text);
      if (text == "http_requests_total,code=200") {
        CHECK(family.help == "Requests, \"all\".");
        CHECK(family.type == static_cast<int>(wire::ProtoType::kCounter));
        CHECK(metric.value == 7);
        CHECK(metric.start == 1'700'000'000'500);
        wire::ProtoExemplar exemplar;
        REQUIRE(metric.exemplar.is_set);
        REQUIRE(reader.read_exemplar(metric.exemplar.bytes, exemplar) == wire::MetricFamilyReader::Step::kOne);
        CHECK(exemplar.value == 1);
        CHECK(exemplar.timestamp == 1'700'000'001'250);
      } else if (text == "http_request_duration_seconds") {
        CHECK(family.unit == "seconds");
        CHECK(metric.histogram.sample_count == 5);
        CHECK(metric.histogram.sample_sum == 3.5);
        CHECK(metric.start == 1'700'000'000'000);
        REQUIRE(metric.histogram.buckets.size() == 2);
        CHECK(metric.histogram.buckets[1].upper_bound == 1);
        CHECK(metric.histogram.buckets[1].cumulative_count == 4);
        CHECK(metric.histogram.buckets[1].exemplar.is_set);
      } else if (text == "size_bytes") {
        CHECK(metric.summary_count == 9);
        REQUIRE(metric.quantiles.size() == 2);
        CHECK(metric.quantiles[1].value == 20);
      } else if (text == "temp_celsius") {
        CHECK(metric.timestamp == 1'700'000'000'250);
      }
    }
  }
  CHECK(reader.error().empty());
  CHECK(seen == std::vector<std::string>{"build_info,version=1", "http_request_duration_seconds",
                                         "http_requests_total,code=200", "http_requests_total,code=500",
                                         "legacy_count_all", "size_bytes", "temp_celsius", "whatever"});
}

TEST_CASE("a counter whose name without _total is taken is of an unknown type in OpenMetrics") {
  expo::Page page;
  page.begin();
  page.family("reads", "Now.", MetricType::kGauge).put(1);
  page.family("reads_active", "", MetricType::kGauge).put(1);
  page.family("reads_total", "Ever.", MetricType::kCounter).put(2);
  page.end();
  CHECK(openmetrics(page) ==
        "# HELP reads Now.\n# TYPE reads gauge\nreads 1\n# TYPE reads_active gauge\nreads_active 1\n"
        "# HELP reads_total Ever.\n# TYPE reads_total unknown\nreads_total 2\n# EOF\n");
}

TEST_CASE("names of UTF-8 are escaped as the scraper asks, in all formats") {
  expo::Page page;
  page.begin();
  page.family("my.requests_total", "Dots.", MetricType::kCounter).put({{"a b", "} x"}, {"ok", "1"}}, 1);
  page.family("my.requests_total", "Dots.", MetricType::kCounter).set_created(1000);
  page.family("plain_name", "", MetricType::kGauge).put({{"b", "2"}}, 2);
  page.end();
  CHECK(exposed(page, PageFormat::kText, EscapingScheme::kAllowUtf8) ==
        "# HELP \"my.requests_total\" Dots.\n# TYPE \"my.requests_total\" counter\n"
        "{\"my.requests_total\",\"a b\"=\"} x\",ok=\"1\"} 1\n# TYPE plain_name gauge\nplain_name{b=\"2\"} 2\n");
  CHECK(exposed(page, PageFormat::kText) ==
        "# HELP my_requests_total Dots.\n# TYPE my_requests_total counter\n"
        "my_requests_total{a_b=\"} x\",ok=\"1\"} 1\n# TYPE plain_name gauge\nplain_name{b=\"2\"} 2\n");
  CHECK(exposed(page, PageFormat::kText, EscapingScheme::kDots) ==
        "# HELP my_dot_requests__total Dots.\n# TYPE my_dot_requests__total counter\n"
        "my_dot_requests__total{a__b=\"} x\",ok=\"1\"} 1\n# TYPE plain__name gauge\nplain__name{b=\"2\"} 2\n");
  CHECK(exposed(page, PageFormat::kText, EscapingScheme::kValues) ==
        "# HELP U__my_2e_requests__total Dots.\n# TYPE U__my_2e_requests__total counter\n"
        "U__my_2e_requests__total{U__a_20_b=\"} x\",ok=\"1\"} 1\n# TYPE plain_name gauge\nplain_name{b=\"2\"} 2\n");
  CHECK(openmetrics(page) ==
        "# HELP my_requests Dots.\n# TYPE my_requests counter\n"
        "my_requests_total{a_b=\"} x\",ok=\"1\"} 1\nmy_requests_created{a_b=\"} x\",ok=\"1\"} 1\n"
        "# TYPE plain_name gauge\nplain_name{b=\"2\"} 2\n# EOF\n");
  CHECK(openmetrics(page, EscapingScheme::kAllowUtf8) ==
        "# HELP \"my.requests\" Dots.\n# TYPE \"my.requests\" counter\n"
        "{\"my.requests_total\",\"a b\"=\"} x\",ok=\"1\"} 1\n{\"my.requests_created\",\"a b\"=\"} x\",ok=\"1\"} 1\n"
        "# TYPE plain_name gauge\nplain_name{b=\"2\"} 2\n# EOF\n");
  CHECK(exposed(page, PageFormat::kProtobuf, EscapingScheme::kUnderscores).find("my_requests_total") !=
        std::string::npos);
  CHECK(exposed(page, PageFormat::kProtobuf, EscapingScheme::kAllowUtf8).find("my.requests_total") !=
        std::string::npos);
}

TEST_CASE("bytes that no page may have in a name become underscores, and the rest of the page stays") {
  expo::Page page;
  page.begin();
  page.family("a\\b\"c\nd", "Odd.", MetricType::kGauge).put({{"l\"", "a\"}\\,\n{"}, {"k", ""}}, 1);
  page.family(std::string_view("zero\0name\xff", 10), "", MetricType::kGauge).put({}, 2);
  page.family(std::string_view("zero\0of", 7), "", MetricType::kGauge).put({{"cpu", "0"}}, 3);
  page.end();
  CHECK(exposed(page, PageFormat::kText) ==
        "# HELP a_b_c_d Odd.\n# TYPE a_b_c_d gauge\na_b_c_d{k=\"\",l_=\"a\\\"}\\\\,\\n{\"} 1\n"
        "# TYPE zero_name_ gauge\nzero_name_ 2\n# TYPE zero_of gauge\nzero_of{cpu=\"0\"} 3\n");
  CHECK_THAT(openmetrics(page), Catch::Contains("zero_of{cpu=\"0\"} 3\n# EOF\n"));
}

TEST_CASE("exemplars and creation times go with their round, and with a series that is cut") {
  expo::Page page;
  page.limit_series(2);
  page.begin();
  auto& reads = page.family("reads_total", "", MetricType::kCounter);
  for (int i = 0; i < 20; ++i) {
    const std::string id = std::to_string(i);
    const model::LabelView labels[] = {{"id", id}};
    reads.put(labels, i);
    reads.set_created(1000 * i);
    reads.set_exemplar({{{"a", std::string(200, 'x')}}, 1, {}});  // longer than OpenMetrics allows
  }
  page.end();
  CHECK(openmetrics(page) ==
        "# TYPE reads counter\nreads_total{id=\"19\"} 19\nreads_created{id=\"19\"} 19\n"
        "reads_total{id=\"other\"} 171\n# EOF\n");
  page.begin();
  reads.put({{"id", "19"}}, 20);
  page.end();
  CHECK(openmetrics(page) == "# TYPE reads counter\nreads_total{id=\"19\"} 20\n# EOF\n");
}

TEST_CASE("a family of several pages has one header in every format") {
  expo::Page first, second;
  for (expo::Page* page : {&first, &second}) {
    page->begin();
    page->family("x_total", "X.", MetricType::kCounter).put({{"page", page == &first ? "1" : "2"}}, 1);
    page->end();
  }
  expo::RenderedPage a, b;
  first.render(a);
  second.render(b);
  const expo::RenderedPage* pages[] = {&a, &b};
  CHECK(expo::expose(pages, {PageFormat::kOpenMetrics, EscapingScheme::kUnderscores, {}}) ==
        "# HELP x X.\n# TYPE x counter\nx_total{page=\"1\"} 1\nx_total{page=\"2\"} 1\n# EOF\n");
  const std::string proto = expo::expose(pages, {PageFormat::kProtobuf, EscapingScheme::kUnderscores, {}});
  wire::MetricFamilyReader reader(proto);
  CHECK(reader.next_family() == wire::MetricFamilyReader::Step::kOne);
  CHECK(reader.next_family() == wire::MetricFamilyReader::Step::kEnd);
}
