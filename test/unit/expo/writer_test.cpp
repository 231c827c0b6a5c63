#include "expo/writer.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace tocsin;
using expo::CachedFamily;
using model::LabelView;
using model::MetricType;

namespace {

std::string rendered(CachedFamily& family) {
  std::string out;
  family.render(out);
  return out;
}

}  // namespace

TEST_CASE("a family is written with its header and one line per sample") {
  std::string out;
  expo::TextWriter writer(out);
  writer.family("node_load1", "1m load average.", MetricType::kGauge);
  writer.sample(0.21);
  writer.family("http_requests_total", "", MetricType::kCounter);
  writer.sample({{"code", "200"}, {"method", "get"}}, 1027);
  writer.sample("", {{"code", "400"}, {"method", "get"}}, 3, Timestamp{1395066363000});
  CHECK(out ==
        "# HELP node_load1 1m load average.\n"
        "# TYPE node_load1 gauge\n"
        "node_load1 0.21\n"
        "# TYPE http_requests_total counter\n"
        "http_requests_total{code=\"200\",method=\"get\"} 1027\n"
        "http_requests_total{code=\"400\",method=\"get\"} 3 1395066363000\n");
}

TEST_CASE("each type has its word of text 0.0.4") {
  const std::pair<MetricType, std::string> cases[] = {
      {MetricType::kUnknown, "untyped"}, {MetricType::kCounter, "counter"},
      {MetricType::kGauge, "gauge"},     {MetricType::kHistogram, "histogram"},
      {MetricType::kSummary, "summary"}, {MetricType::kGaugeHistogram, "histogram"},
      {MetricType::kInfo, "gauge"},      {MetricType::kStateset, "gauge"},
  };
  for (const auto& [type, word] : cases) {
    std::string out;
    expo::append_family_header(out, "x", "", type);
    CHECK(out == "# TYPE x " + word + "\n");
  }
}

TEST_CASE("heads are escaped, sorted, quoted where names need it, and keep empty values") {
  const auto head = [](std::string_view name, std::vector<LabelView> labels, LabelView extra = {}) {
    std::string out;
    expo::append_head(out, name, "", labels, extra);
    return out;
  };
  CHECK(head("a", {}) == "a ");
  CHECK(head("a", {{"empty", ""}}) == "a{empty=\"\"} ");
  CHECK(head("a", {{"z", "1"}, {"b", "2"}}) == "a{b=\"2\",z=\"1\"} ");
  CHECK(head("a", {{"b", "back\\slash \"quote\"\nline"}}) == "a{b=\"back\\\\slash \\\"quote\\\"\\nline\"} ");
  CHECK(head("a", {{"z", "1"}}, {"le", "0.5"}) == "a{z=\"1\",le=\"0.5\"} ");
  CHECK(head("my.metric", {}) == "{\"my.metric\"} ");
  CHECK(head("my.metric", {{"a.b", "c"}}) == "{\"my.metric\",\"a.b\"=\"c\"} ");
  CHECK(head("a", {{"b", "ok \xC3\xA9 \xF0\x9F\x94\x94"}}) == "a{b=\"ok \xC3\xA9 \xF0\x9F\x94\x94\"} ");
  CHECK(head("a", {{"b", "bad \xFF\xFE."}}) == "a{b=\"bad \xEF\xBF\xBD.\"} ");
  CHECK(head("a", {{"b", "cut \xE2\x82"}}) == "a{b=\"cut \xEF\xBF\xBD\"} ");
}

TEST_CASE("help text escapes backslash and newline but not quotes") {
  std::string out;
  expo::append_family_header(out, "x", "a \"b\" \\ c\nd", MetricType::kGauge);
  CHECK(out == "# HELP x a \"b\" \\\\ c\\nd\n# TYPE x gauge\n");
}

TEST_CASE("histograms and summaries are written with all their lines") {
  std::string out;
  expo::TextWriter writer(out);
  const LabelView labels[] = {{"handler", "/"}};
  const expo::Bucket buckets[] = {{0.1, 2}, {1, 5}};
  writer.family("d_seconds", "", MetricType::kHistogram);
  writer.histogram(labels, buckets, 3.5, 6);
  const expo::Quantile quantiles[] = {{0.5, 0.2}};
  writer.family("s_seconds", "", MetricType::kSummary);
  writer.summary(labels, quantiles, 7, 8);
  CHECK(out ==
        "# TYPE d_seconds histogram\n"
        "d_seconds_bucket{handler=\"/\",le=\"0.1\"} 2\n"
        "d_seconds_bucket{handler=\"/\",le=\"1\"} 5\n"
        "d_seconds_bucket{handler=\"/\",le=\"+Inf\"} 6\n"
        "d_seconds_sum{handler=\"/\"} 3.5\n"
        "d_seconds_count{handler=\"/\"} 6\n"
        "# TYPE s_seconds summary\n"
        "s_seconds{handler=\"/\",quantile=\"0.5\"} 0.2\n"
        "s_seconds_sum{handler=\"/\"} 7\n"
        "s_seconds_count{handler=\"/\"} 8\n");
}

TEST_CASE("an infinity bucket that is given is not written twice") {
  std::string out;
  expo::TextWriter writer(out);
  const expo::Bucket buckets[] = {{std::numeric_limits<double>::infinity(), 4}};
  writer.family("d", "", MetricType::kHistogram);
  writer.histogram({}, buckets, 1, 4);
  CHECK(out == "# TYPE d histogram\nd_bucket{le=\"+Inf\"} 4\nd_sum 1\nd_count 4\n");
}

TEST_CASE("a cached family writes what was put in the last round, in order of label values") {
  CachedFamily family("cpu_seconds_total", "Seconds.", MetricType::kCounter);
  family.begin();
  family.put({{"cpu", "1"}, {"mode", "idle"}}, 10);
  family.put({{"cpu", "0"}, {"mode", "user"}}, 2);
  family.put({{"cpu", "0"}, {"mode", "idle"}}, 11);
  family.end();
  const std::string header = "# HELP cpu_seconds_total Seconds.\n# TYPE cpu_seconds_total counter\n";
  CHECK(rendered(family) == header +
                                "cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 11\n"
                                "cpu_seconds_total{cpu=\"0\",mode=\"user\"} 2\n"
                                "cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 10\n");
  CHECK(family.size() == 3);

  SECTION("values change, heads stay") {
    family.begin();
    family.put({{"cpu", "1"}, {"mode", "idle"}}, 12);
    family.put({{"cpu", "0"}, {"mode", "user"}}, 3);
    family.put({{"cpu", "0"}, {"mode", "idle"}}, 13);
    family.end();
    CHECK(rendered(family) == header +
                                  "cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 13\n"
                                  "cpu_seconds_total{cpu=\"0\",mode=\"user\"} 3\n"
                                  "cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 12\n");
  }
  SECTION("series go, come and change places") {
    family.begin();
    family.put({{"cpu", "0"}, {"mode", "idle"}}, 20);
    family.put({{"cpu", "2"}, {"mode", "idle"}}, 1);
    family.put({{"cpu", "1"}, {"mode", "idle"}}, 21);
    family.end();
    CHECK(rendered(family) == header +
                                  "cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 20\n"
                                  "cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 21\n"
                                  "cpu_seconds_total{cpu=\"2\",mode=\"idle\"} 1\n");
    CHECK(family.size() == 3);
  }
  SECTION("nothing is written, not even the header, when all series are gone") {
    family.begin();
    family.end();
    CHECK(rendered(family).empty());
    CHECK(family.size() == 0);
  }
  SECTION("a label set put twice keeps the last value") {
    family.begin();
    family.put({{"cpu", "1"}, {"mode", "idle"}}, 1);
    family.put({{"cpu", "1"}, {"mode", "idle"}}, 2);
    family.put({{"cpu", "0"}, {"mode", "user"}}, 3);
    family.put({{"cpu", "1"}, {"mode", "idle"}}, 4);
    family.end();
    CHECK(rendered(family) == header +
                                  "cpu_seconds_total{cpu=\"0\",mode=\"user\"} 3\n"
                                  "cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 4\n");
  }
  SECTION("a round that was begun and not ended leaves no trace") {
    family.begin();
    family.put({{"cpu", "9"}, {"mode", "idle"}}, 1);
    family.begin();
    family.put({{"cpu", "0"}, {"mode", "idle"}}, 5);
    family.end();
    CHECK(rendered(family) == header + "cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 5\n");
  }
}

TEST_CASE("label names and values that run together are not the same series") {
  CachedFamily family("x", "", MetricType::kGauge);
  family.begin();
  family.put({{"a", "bc"}}, 1);
  family.put({{"ab", "c"}}, 2);
  family.end();
  CHECK(rendered(family) == "# TYPE x gauge\nx{a=\"bc\"} 1\nx{ab=\"c\"} 2\n");
}

TEST_CASE("a cached histogram follows its values and its bounds") {
  CachedFamily family("d", "", MetricType::kHistogram);
  const LabelView labels[] = {{"h", "x"}};
  const auto round = [&](std::vector<expo::Bucket> buckets, double sum, double count) {
    family.begin();
    family.put_histogram(labels, buckets, sum, count);
    family.end();
    return rendered(family);
  };
  const std::string header = "# TYPE d histogram\n";
  CHECK(round({{1, 2}}, 3, 4) ==
        header +
            "d_bucket{h=\"x\",le=\"1\"} 2\nd_bucket{h=\"x\",le=\"+Inf\"} 4\nd_sum{h=\"x\"} 3\nd_count{h=\"x\"} 4\n");
  CHECK(round({{1, 5}}, 6, 7) ==
        header +
            "d_bucket{h=\"x\",le=\"1\"} 5\nd_bucket{h=\"x\",le=\"+Inf\"} 7\nd_sum{h=\"x\"} 6\nd_count{h=\"x\"} 7\n");
  CHECK(round({{2, 5}}, 6, 7) ==
        header +
            "d_bucket{h=\"x\",le=\"2\"} 5\nd_bucket{h=\"x\",le=\"+Inf\"} 7\nd_sum{h=\"x\"} 6\nd_count{h=\"x\"} 7\n");
}

TEST_CASE("a cached summary is written with its quantiles") {
  CachedFamily family("s", "", MetricType::kSummary);
  const expo::Quantile quantiles[] = {{0.5, 1}, {0.99, 2}};
  family.begin();
  family.put_summary({}, quantiles, 3, 4);
  family.end();
  CHECK(rendered(family) == "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.99\"} 2\ns_sum 3\ns_count 4\n");
}

TEST_CASE("pages are merged in order of family names, each name with one header") {
  expo::Page first, second;
  const auto put = [](expo::Page& page, std::string_view name, std::string_view label, double value) {
    page.family(name, "Help of " + std::string(name), MetricType::kGauge).put({{"from", label}}, value);
  };
  first.begin();
  first.family("b", "Help of b", MetricType::kGauge);
  first.begin();
  put(first, "c", "first", 1);
  put(first, "b", "first", 2);
  first.end();
  second.begin();
  put(second, "b", "second", 3);
  put(second, "a", "second", 4);
  second.end();
  expo::RenderedPage one, two;
  first.render(one);
  second.render(two);
  const expo::RenderedPage* pages[] = {&one, &two};
  std::string out;
  expo::append_merged(out, pages);
  CHECK(out ==
        "# HELP a Help of a\n# TYPE a gauge\na{from=\"second\"} 4\n"
        "# HELP b Help of b\n# TYPE b gauge\nb{from=\"first\"} 2\nb{from=\"second\"} 3\n"
        "# HELP c Help of c\n# TYPE c gauge\nc{from=\"first\"} 1\n");
  CHECK(first.render() ==
        "# HELP b Help of b\n# TYPE b gauge\nb{from=\"first\"} 2\n"
        "# HELP c Help of c\n# TYPE c gauge\nc{from=\"first\"} 1\n");
}
