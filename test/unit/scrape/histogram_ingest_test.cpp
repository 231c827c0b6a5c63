#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "scrape/target_ingest.hpp"
#include "stored.hpp"
#include "support/histogram_text.hpp"
#include "support/proto_page.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using expo::HistogramOptions;
using expo::PageFormat;
using scrape::ScrapeOutcome;
using test::Pb;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;

using Lines = std::vector<std::string>;

/// A target without labels of its own, scraped every second.
struct Bench {
  VirtualLoop loop{kStart};
  test::MapStore store;
  scrape::TargetIngest ingest;
  std::shared_ptr<config::ScrapeConfig> config = std::make_shared<config::ScrapeConfig>();
  HistogramOptions histograms{.native = true};

  ScrapeOutcome page(std::string text, PageFormat format = PageFormat::kProtobuf) {
    loop.advance(1s);
    auto rules = std::make_shared<const scrape::IngestRules>(scrape::IngestRules{config, {}, histograms});
    return ingest.scrape({.rules = rules, .page = std::move(text), .format = format, .t = loop.now()}, store, loop);
  }

  /// `series value@time ...` of all that was scraped, times since kStart.
  Lines lines(const std::string& regex) {
    Lines out;
    auto querier = store.querier(kMinTimestamp, kMaxTimestamp);
    const std::vector<model::Matcher> matchers = {*model::Matcher::make(model::MatchOp::kRegex, "__name__", regex)};
    auto set = (*querier)->select({.start = kMinTimestamp, .end = kMaxTimestamp, .sorted = true}, matchers);
    storage::SampleColumns samples;
    while (set->next()) {
      std::string line = set->labels().to_series();
      REQUIRE(set->read(kMinTimestamp, kMaxTimestamp, samples));
      for (std::size_t i = 0; i < samples.size(); ++i) {
        const bool is_histogram = !samples.histograms.empty() && samples.histograms[i];
        line += fmt::format(" {}@{}",
                            is_histogram ? "(" + test::histogram_text(*samples.histograms[i]) + ")"
                                         : test::value_text(samples.values[i]),
                            samples.times[i] - kStart);
      }
      out.push_back(std::move(line));
    }
    return out;
  }
};

/// Schema 3, counts 1 to `buckets` in so many buckets from index 1 on.
Pb native(int buckets, std::int64_t schema = 3) {
  return Pb()
      .number(1, buckets * (buckets + 1) / 2)
      .real(2, 1.5)
      .zigzag_number(5, schema)
      .message(12, test::proto_span(1, buckets))
      .packed_zigzags(13, std::vector<std::int64_t>(static_cast<std::size_t>(buckets), 1));
}

std::string page_of(const Pb& histogram, const std::string& name = "h") {
  return test::proto_family(name, test::kProtoHistogram, {test::proto_histogram({{"a", "1"}}, histogram)});
}

}  // namespace

TEST_CASE("a page of protobuf is stored, and found by position when it comes again") {
  Bench bench;
  const std::string page =
      test::proto_family("c", test::kProtoCounter, {test::proto_counter({{"x", "y"}}, 1), test::proto_counter({}, 2)}) +
      page_of(native(2)) + test::proto_family("g", test::kProtoGauge, {test::proto_gauge({}, 3, kStart + 500)});
  const auto out = bench.page(page);
  CHECK(out.error.empty());
  CHECK(out.counts.fresh == 4);
  CHECK(out.counts.scraped == 4);
  CHECK(out.counts.series_added == 4);
  CHECK(bench.page(page).counts.by_position == 4);
  const std::string h = "(schema=3 zero=0/0 count=3 sum=1.5 pos=[1:2] 1,2)";
  CHECK(bench.lines("c|h|g") == Lines{"c 2@1000 2@2000", "c{x=\"y\"} 1@1000 1@2000", "g 3@500",
                                      fmt::format("h{{a=\"1\"}} {}@1000 {}@2000", h, h)});
}

TEST_CASE("series of a page of protobuf that come, go and change places are told apart") {
  Bench bench;
  const auto gauges = [](const std::vector<std::string>& values) {
    std::vector<Pb> metrics;
    for (const auto& value : values) metrics.push_back(test::proto_gauge({{"v", value}}, 1));
    return test::proto_family("g", test::kProtoGauge, metrics);
  };
  bench.page(gauges({"a", "b", "c", "d"}));
  const auto second = bench.page(gauges({"a", "new", "other", "c", "d", "b"}));
  CHECK(second.counts.by_position + second.counts.by_text == 4);
  CHECK(second.counts.fresh == 2);
  CHECK(second.counts.stale_markers == 0);
  CHECK(bench.page(gauges({"a", "new", "other", "c", "d", "b"})).counts.by_position == 6);
  CHECK(bench.page(gauges({"b"})).counts.stale_markers == 5);
}

TEST_CASE("a native histogram that vanishes gets a staleness marker, and so does one whose sum is one") {
  Bench bench;
  bench.page(page_of(native(1)));
  CHECK(bench.page("").counts.stale_markers == 1);
  bench.page(page_of(native(1)));
  bench.page(page_of(Pb().number(1, 0).real(2, model::stale_nan()).message(12, test::proto_span(0, 0))));
  const std::string h = "(schema=3 zero=0/0 count=1 sum=1.5 pos=[1:1] 1)";
  CHECK(bench.lines("h") == Lines{fmt::format("h{{a=\"1\"}} {}@1000 stale@2000 {}@3000 stale@4000", h, h)});
}

TEST_CASE("native_histogram_bucket_limit makes histograms coarser, and refuses the page if that is not enough") {
  Bench bench;
  bench.config->native_histogram_bucket_limit = 2;
  CHECK(bench.page(page_of(native(4))).error.empty());
  CHECK(bench.lines("h") == Lines{"h{a=\"1\"} (schema=2 zero=0/0 count=10 sum=1.5 pos=[1:2] 3,7)@1000"});
  // Far apart at the coarsest schema, too.
  const Pb far =
      Pb().number(1, 3).zigzag_number(5, -4).message(12, test::proto_span(0, 3)).packed_zigzags(13, {1, 0, 0});
  const auto out = bench.page(test::proto_family("g", test::kProtoGauge, {test::proto_gauge({}, 1)}) + page_of(far));
  CHECK(out.error == "histogram bucket limit exceeded");
  CHECK(out.error_code == Errc::kLimit);
  CHECK(out.counts.scraped == 2);
  CHECK(out.counts.after_relabel == 2);
  CHECK(bench.lines("g").empty());
  // sample_limit goes first.
  bench.config->sample_limit = 1;
  CHECK(bench
            .page(test::proto_family("g", test::kProtoGauge,
                                     {test::proto_gauge({}, 1), test::proto_gauge({{"a", "b"}}, 1)}) +
                  page_of(far))
            .error == "sample limit exceeded");
}

TEST_CASE("native_histogram_min_bucket_factor makes histograms as coarse as it says") {
  Bench bench;
  const std::vector<std::pair<double, std::string>> cases = {{0, "schema=3"},     {1, "schema=3"}, {1.09, "schema=3"},
                                                             {1.1, "schema=2"},   {2, "schema=0"}, {65536, "schema=-4"},
                                                             {1e300, "schema=-4"}};
  for (const auto& [factor, want] : cases) {
    bench.config->native_histogram_min_bucket_factor = factor;
    bench.page(page_of(native(4)));
    CAPTURE(factor);
    const std::string line = bench.lines("h").at(0);
    CHECK_THAT(line.substr(line.rfind('(')), Catch::StartsWith("(" + want + " "));
  }
}

TEST_CASE("a native histogram that makes no sense fails the scrape in Prometheus' words") {
  Bench bench;
  CHECK(bench.page(page_of(native(1, 9))).error.empty());  // read at schema 8
  CHECK(bench.page(page_of(native(1, -5))).error ==
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom "
        "buckets, got schema -5");
  const Pb negative =
      Pb().number(1, 1).zigzag_number(5, 0).message(12, test::proto_span(0, 1)).packed_zigzags(13, {-1});
  CHECK_THAT(bench.page(page_of(negative)).error,
             Catch::StartsWith("positive side: bucket number 1 has observation count of -1"));
  const Pb wrong_count = native(2).number(1, 5);
  CHECK_THAT(bench.page(page_of(wrong_count)).error,
             Catch::StartsWith("3 observations found in buckets, but the Count field is 5"));
}

TEST_CASE("exemplars of a native histogram are stored in order of time, and told if none is new") {
  Bench bench;
  const auto with = [](const std::vector<std::int64_t>& times) {
    Pb h = native(1);
    for (const std::int64_t t : times) {
      h.message(16, test::proto_exemplar({{"id", std::to_string(t)}}, 1, kStart + t));
    }
    return page_of(h);
  };
  const auto ids = [&bench] {
    std::string out;
    for (const auto& e : bench.store.exemplars({{"__name__", "h"}, {"a", "1"}}))
      out += std::string(e.labels.get("id")) + " ";
    return out;
  };
  CHECK(bench.page(with({300, 100, 200})).counts.exemplars_out_of_order == 0);
  CHECK(ids() == "100 200 300 ");
  CHECK(bench.page(with({100, 400, 200})).counts.exemplars_out_of_order == 0);
  CHECK(ids() == "100 200 300 400 ");
  CHECK(bench.page(with({100, 200})).counts.exemplars_out_of_order == 2);
}

TEST_CASE("classic histograms of a text are converted, and their series stay known") {
  Bench bench;
  bench.histograms = {.convert = true};
  const auto page = [](int count) {
    return fmt::format(
        "# TYPE h histogram\nh_bucket{{a=\"1\",le=\"1\"}} 1\nh_bucket{{a=\"1\",le=\"+Inf\"}} {0}\n"
        "h_sum{{a=\"1\"}} 9\nh_count{{a=\"1\"}} {0}\n# TYPE b gauge\nb 1\n",
        count);
  };
  CHECK(bench.page(page(2), PageFormat::kText).counts.scraped == 2);
  CHECK(bench.page(page(3), PageFormat::kText).counts.by_position == 2);
  CHECK(bench.lines("h.*|b") == Lines{"b 1@1000 1@2000",
                                      "h{a=\"1\"} (schema=-53 zero=0/0 count=2 sum=9 pos=[0:2] 1,1 bounds=1)@1000 "
                                      "(schema=-53 zero=0/0 count=3 sum=9 pos=[0:2] 1,2 bounds=1)@2000"});
  bench.histograms = {.classic = true, .convert = true};
  CHECK(bench.page(page(4), PageFormat::kText).counts.scraped == 6);
  CHECK(bench.page(page(4), PageFormat::kText).counts.by_position == 6);
  bench.histograms = {};
  CHECK(bench.page(page(4), PageFormat::kText).counts.stale_markers == 1);
}

TEST_CASE("metadata of a page of protobuf is as it stands there") {
  Bench bench;
  const auto families = bench
                            .page(test::proto_family("h", test::kProtoGaugeHistogram,
                                                     {test::proto_histogram({}, native(1))}, "a\\nb", "u"))
                            .metadata;
  REQUIRE(families);
  CHECK(*families == std::vector<scrape::MetricMetadata>{{"h", model::MetricType::kGaugeHistogram, "a\\nb", "u"}});
}

TEST_CASE("a page of protobuf that is wrong somewhere counts for nothing") {
  Bench bench;
  const std::string good = test::proto_family("g", test::kProtoGauge, {test::proto_gauge({}, 1)});
  bench.page(good);
  const auto out = bench.page(good + "\x7f");
  CHECK(out.error == "insufficient length of buffer, expected at least 127 bytes, got 0 bytes at byte 19");
  CHECK(bench.lines("g") == Lines{"g 1@1000 stale@2000"});
  CHECK(bench.page(test::proto_family("g", test::kProtoGauge, {test::proto_gauge({{"", "x"}}, 1)})).error ==
        "invalid label name: \"\" at byte 3");
}
