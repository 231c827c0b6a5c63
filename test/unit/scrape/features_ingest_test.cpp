// What features add to a scrape: start timestamps, labels of type and unit, metadata of series.
#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "scrape/family.hpp"
#include "scrape/label_rules.hpp"
#include "scrape/target_ingest.hpp"
#include "stored.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using expo::PageFormat;
using model::Labels;
using model::MetricType;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;

struct Bench {
  VirtualLoop loop{kStart};
  test::MapStore store;
  scrape::TargetIngest ingest;
  scrape::IngestRules rules{std::make_shared<config::ScrapeConfig>(), {}};

  scrape::ScrapeOutcome page(std::string text, PageFormat format = PageFormat::kOpenMetrics) {
    loop.advance(1s);
    if (!shared_) shared_ = std::make_shared<const scrape::IngestRules>(rules);
    auto out =
        ingest.scrape({.rules = shared_, .page = std::move(text), .format = format, .t = loop.now()}, store, loop);
    CHECK(out.error.empty());
    return out;
  }
  std::vector<std::string> lines(const std::string& regex) { return test::stored(store, kStart, regex); }
  /// The start timestamps of the samples of a series.
  std::vector<Timestamp> starts(const Labels& series) {
    const auto querier = *store.querier(kMinTimestamp, kMaxTimestamp);
    std::vector<model::Matcher> matchers;
    for (const auto label : series) {
      matchers.push_back(model::Matcher::equal(std::string(label.name), std::string(label.value)));
    }
    const auto set = querier->select({.start = kMinTimestamp, .end = kMaxTimestamp}, matchers);
    storage::SampleColumns samples;
    REQUIRE(set->next());
    REQUIRE(set->read(kMinTimestamp, kMaxTimestamp, samples));
    return samples.starts;
  }
  /// "type|unit|help", "none"
  std::string metadata(const Labels& series) {
    const auto found = store.metadata(series);
    if (!found) return "none";
    return fmt::format("{}|{}|{}", model::metric_type_text(found->type), found->unit, found->help);
  }

 private:
  std::shared_ptr<const scrape::IngestRules> shared_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("start timestamps of a page reach the store, page after page") {
  Bench bench;
  bench.rules.histograms.starts = true;
  const std::string page =
      "# TYPE a counter\na_total{x=\"1\"} 1\na_created{x=\"1\"} 1699999999\na_total{x=\"2\"} 1\n"
      "# TYPE g gauge\ng 1\n# EOF\n";
  CHECK(bench.page(page).counts.fresh == 3);
  CHECK(bench.page(page).counts.by_position == 3);
  CHECK(bench.starts({{"__name__", "a_total"}, {"x", "1"}}) == std::vector<Timestamp>(2, 1'699'999'999'000));
  CHECK(bench.starts({{"__name__", "a_total"}, {"x", "2"}}).empty());
  CHECK(bench.starts({{"__name__", "g"}}).empty());
  CHECK(bench.lines("a_created").empty());
}

TEST_CASE("a converted histogram has the start of its rows") {
  Bench bench;
  bench.rules.histograms.starts = bench.rules.histograms.convert = true;
  bench.page(
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\nh_created 5\n# EOF\n");
  CHECK(bench.starts({{"__name__", "h"}}) == std::vector<Timestamp>{5000});
}

TEST_CASE("series have labels of type and unit, which take the place of labels that the page shows") {
  Bench bench;
  bench.rules.type_and_unit_labels = true;
  bench.page(
      "# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n"
      "# TYPE b gauge\n# UNIT b \nb{__type__=\"mine\",__unit__=\"mine\"} 2\n"
      "# TYPE c unknown\nc{__type__=\"mine\"} 3\n# EOF\n");
  CHECK(bench.lines("[abc].*") == Lines{"a_seconds_total{__type__=\"counter\", __unit__=\"seconds\"} 1@1000",
                                        "b{__type__=\"gauge\", __unit__=\"mine\"} 2@1000",
                                        "c{__type__=\"mine\"} 3@1000"});
}

TEST_CASE("labels of type are there for relabelling") {
  Bench bench;
  bench.rules.type_and_unit_labels = true;
  auto config = std::make_shared<config::ScrapeConfig>();
  config::RelabelConfig drop;
  drop.source_labels = {"__type__"};
  drop.action = config::RelabelAction::kDrop;
  drop.regex = *model::AnchoredRegex::make("gauge");
  config->metric_relabel_configs = {drop};
  bench.rules.config = config;
  bench.page("# TYPE a gauge\na 1\n# TYPE b counter\nb_total 1\n", PageFormat::kText);
  CHECK(bench.lines("[ab].*") == Lines{"b_total{__type__=\"counter\"} 1@1000"});
}

TEST_CASE("the store is told the metadata of series, of known ones again when it changes") {
  Bench bench;
  bench.rules.metadata = true;
  const Labels a{{"__name__", "a_total"}};
  const Labels b{{"__name__", "b_bucket"}, {"le", "1.0"}};
  bench.page(
      "# HELP a_total how many\n# TYPE a_total counter\na_total 1\n# TYPE b histogram\nb_bucket{le=\"1\"} 1\nc 1\n",
      PageFormat::kText);
  CHECK(bench.metadata(a) == "counter||how many");
  CHECK(bench.metadata(b) == "histogram||");
  CHECK(bench.metadata({{"__name__", "c"}}) == "none");  // stands behind b's lines, and is none of its series
  bench.page(
      "# HELP a_total how many\n# TYPE a_total counter\na_total 1\na_total{x=\"1\"} 1\n# TYPE b histogram\n"
      "b_bucket{le=\"1\"} 1\nc 1\n",
      PageFormat::kText);
  CHECK(bench.metadata({{"__name__", "a_total"}, {"x", "1"}}) == "counter||how many");
  bench.page("# HELP a_total new words\n# TYPE a_total counter\na_total 1\n", PageFormat::kText);
  CHECK(bench.metadata(a) == "counter||new words");
  CHECK(bench.metadata({{"__name__", "a_total"}, {"x", "1"}}) == "counter||how many");
}

TEST_CASE("without the features, pages have neither starts nor labels nor metadata in the store") {
  Bench bench;
  bench.page("# TYPE a counter\na_total 1\na_created 5\n# EOF\n");
  CHECK(bench.lines("a.*") == Lines{"a_created 5@1000", "a_total 1@1000"});
  CHECK(bench.starts({{"__name__", "a_total"}}).empty());
  CHECK(bench.metadata({{"__name__", "a_total"}}) == "none");
}

TEST_CASE("a series belongs to a family by the endings of its type") {
  struct Case {
    const char* series;
    const char* family;
    MetricType type;
    bool is_part;
  };
  const Case cases[] = {
      {"a_total", "a", MetricType::kCounter, true},
      {"a_total", "a_total", MetricType::kCounter, true},
      {"a", "a", MetricType::kCounter, true},
      {"a_sum", "a", MetricType::kCounter, false},
      {"b_bucket", "b", MetricType::kHistogram, true},
      {"b_sum", "b", MetricType::kHistogram, true},
      {"b_count", "b", MetricType::kHistogram, true},
      {"b", "b", MetricType::kHistogram, true},
      {"b_gsum", "b", MetricType::kHistogram, false},
      {"b_gsum", "b", MetricType::kGaugeHistogram, true},
      {"b_gcount", "b", MetricType::kGaugeHistogram, true},
      {"b_sum", "b", MetricType::kGaugeHistogram, false},
      {"s_sum", "s", MetricType::kSummary, true},
      {"s_bucket", "s", MetricType::kSummary, false},
      {"i_info", "i", MetricType::kInfo, true},
      {"i_info", "i_info", MetricType::kInfo, true},
      {"g", "g", MetricType::kGauge, true},
      {"g_total", "g", MetricType::kGauge, false},
      {"x", "a", MetricType::kGauge, false},
  };
  for (const Case& c : cases) {
    INFO(c.series << " of " << c.family);
    CHECK(scrape::is_series_of_family(c.series, c.family, c.type) == c.is_part);
  }
}
