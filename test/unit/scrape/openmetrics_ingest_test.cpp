#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "scrape/target_ingest.hpp"
#include "stored.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using expo::PageFormat;
using scrape::MetricMetadata;
using scrape::ScrapeOutcome;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;

/// A target without labels of its own, scraped every second.
struct Bench {
  VirtualLoop loop{kStart};
  test::MapStore store;
  scrape::TargetIngest ingest;
  std::shared_ptr<config::ScrapeConfig> config = std::make_shared<config::ScrapeConfig>();
  std::shared_ptr<const scrape::IngestRules> rules =
      std::make_shared<const scrape::IngestRules>(scrape::IngestRules{config, {}});

  ScrapeOutcome page(std::string text, PageFormat format = PageFormat::kOpenMetrics) {
    loop.advance(1s);
    return ingest.scrape({.rules = rules, .page = std::move(text), .format = format, .t = loop.now()}, store, loop);
  }
  std::vector<std::string> lines(const std::string& regex) { return test::stored(store, kStart, regex); }
  /// "{labels} value@time" of each exemplar of a series.
  std::vector<std::string> exemplars(const model::Labels& series) {
    std::vector<std::string> out;
    for (const auto& e : store.exemplars(series)) {
      out.push_back(fmt::format("{} {}@{}", e.labels.to_string(), e.value, e.t - kStart));
    }
    return out;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a page of OpenMetrics is stored, and found by position when it comes again") {
  Bench bench;
  const std::string page =
      "# TYPE a counter\na_total{x=\"y\"} 1\na_created{x=\"y\"} 1.5\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\n"
      "{\"my.metric\"} 3 1700000000.5\n# EOF\n";
  const auto out = bench.page(page);
  CHECK(out.error.empty());
  CHECK(out.counts.fresh == 4);
  CHECK(bench.page(page).counts.by_position == 4);
  CHECK(bench.lines("a_.*|h_.*|my.*") == Lines{"a_created{x=\"y\"} 1.5@1000 1.5@2000", "a_total{x=\"y\"} 1@1000 1@2000",
                                               "h_bucket{le=\"1.0\"} 2@1000 2@2000", "{\"my.metric\"} 3@500"});
}

TEST_CASE("a page of OpenMetrics without an end fails the scrape") {
  Bench bench;
  bench.page("a 1\n# EOF\n");
  const auto out = bench.page("a 2\n");
  CHECK(out.error == "data does not end with # EOF at line 2, column 1: \"\"");
  CHECK(out.counts.scraped == 1);
  CHECK(bench.lines("a") == Lines{"a 1@1000 stale@2000"});
}

TEST_CASE("series of pages that fail in the same place are counted as added once") {
  Bench bench;
  CHECK(bench.page("a 1\nb 1\n").counts.series_added == 2);
  CHECK(bench.page("a 1\nb 1\n").counts.series_added == 0);
  CHECK(bench.page("a 1\nb 1\nc 1\n# EOF\n").counts.series_added == 1);
  CHECK(bench.page("a 1\nb 1\nc 1\nd 1\n").counts.series_added == 1);
  CHECK(bench.page("a 1\nb 1\nc 1\n# EOF\n").counts.series_added == 0);
}

TEST_CASE("a row whose labels are wrong is counted as scraped") {
  Bench bench;
  const auto out = bench.page("a 1\nb{c=\"d\",c=\"e\"} 1\n# EOF\n");
  CHECK(out.error == "label name \"c\" is not unique: invalid sample");
  CHECK(out.counts.scraped == 2);
  CHECK(out.counts.after_relabel == 1);
}

TEST_CASE("an empty page is a page in every format") {
  Bench bench;
  bench.page("a 1\n# EOF\n");
  CHECK(bench.page("").error.empty());
  CHECK(bench.lines("a|up") == Lines{"a 1@1000 stale@2000", "up 1@1000 1@2000"});
}

TEST_CASE("exemplars are appended with their own time or that of the sample") {
  Bench bench;
  bench.page("a_total 1 # {id=\"x\"} 0.5\nb_total 1 1700000000.25 # {} 2 1700000000.125\n# EOF\n");
  CHECK(bench.exemplars({{"__name__", "a_total"}}) == Lines{"{id=\"x\"} 0.5@1000"});
  CHECK(bench.exemplars({{"__name__", "b_total"}}) == Lines{"{} 2@125"});
  // By position: the same one is not new, an older one is out of order.
  const auto out = bench.page("a_total 2 # {id=\"y\"} 0.7\nb_total 1 1700000000.25 # {} 2 1699999999\n# EOF\n");
  CHECK(out.counts.by_position == 2);
  CHECK(out.counts.exemplars_out_of_order == 1);
  CHECK(bench.exemplars({{"__name__", "a_total"}}) == Lines{"{id=\"x\"} 0.5@1000", "{id=\"y\"} 0.7@2000"});
  CHECK(bench.exemplars({{"__name__", "b_total"}}).size() == 1);
}

TEST_CASE("timestamps of OpenMetrics are not honoured if the configuration says so") {
  Bench bench;
  bench.config->honor_timestamps = false;
  bench.page("a 1 5\n# EOF\n");
  CHECK(bench.lines("a") == Lines{"a 1@1000"});
}

TEST_CASE("metadata is told once, and again when it changed") {
  Bench bench;
  const std::string page =
      "# HELP b_seconds Say \\\"hi\\\".\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 1\n"
      "# TYPE a counter\na_total 1\n# EOF\n";
  auto out = bench.page(page);
  REQUIRE(out.metadata != nullptr);
  using enum model::MetricType;
  CHECK(*out.metadata ==
        std::vector<MetricMetadata>{{"a", kCounter, "", ""}, {"b_seconds", kGauge, "Say \"hi\".", "seconds"}});
  CHECK(bench.page(page).metadata == nullptr);
  // A failed page tells nothing.
  CHECK(bench.page("# HELP c x\n").metadata == nullptr);
  CHECK(bench.page(page).metadata == nullptr);
  out = bench.page("# HELP b_seconds \\\\n.\n# TYPE a counter\na_total 1\n# EOF\n");
  REQUIRE(out.metadata != nullptr);
  CHECK(*out.metadata ==
        std::vector<MetricMetadata>{{"a", kCounter, "", ""}, {"b_seconds", kGauge, "\\n.", "seconds"}});
}

TEST_CASE("a family that is missing is kept for ten pages") {
  Bench bench;
  const auto page = [&](std::string text) { return bench.page(std::move(text), PageFormat::kText).metadata; };
  page("# TYPE a counter\n# TYPE b gauge\nb 1\n");
  for (int i = 0; i < 5; ++i) CHECK(page("# TYPE a counter\n# TYPE b gauge\nb 1\n") == nullptr);
  const auto changed = page("# TYPE b gauge\nb 1\n");
  REQUIRE(changed != nullptr);
  CHECK(changed->size() == 2);
  for (int i = 0; i < 9; ++i) CHECK(page("# TYPE b gauge\nb 1\n") == nullptr);
  const auto gone = page("# TYPE b gauge\nb 1\n");
  REQUIRE(gone != nullptr);
  CHECK(gone->size() == 1);
  CHECK(page("# TYPE b gauge\nb 1\n") == nullptr);
}

TEST_CASE("metadata of one target is bounded in bytes") {
  Bench bench;
  const std::string help(3U << 20U, 'x');
  const auto out = bench.page("# HELP a " + help + "\n# HELP b " + help + "\n# HELP c short\nc 1\n", PageFormat::kText);
  REQUIRE(out.metadata != nullptr);
  REQUIRE(out.metadata->size() == 3);
  CHECK(out.metadata->at(0).help.size() == help.size());
  CHECK(out.metadata->at(1).help.empty());
  CHECK(out.metadata->at(2).help == "short");

  std::string many;
  for (int i = 0; i < 50'000; ++i) many += fmt::format("# TYPE f{} gauge\n", i);
  const auto families = bench.page(many, PageFormat::kText).metadata;
  REQUIRE(families != nullptr);
  CHECK(families->size() < 25'000);
}
