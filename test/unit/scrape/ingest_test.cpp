#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "scrape/target_ingest.hpp"
#include "stored.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using scrape::ScrapeOutcome;

namespace {

constexpr Timestamp kStart = 1'700'000'000'000;

/// A target without labels of its own, scraped every second.
struct Bench {
  explicit Bench(test::MapStoreOptions options = {}) : store(options) {}

  VirtualLoop loop{kStart};
  test::MapStore store;
  scrape::TargetIngest ingest;
  std::shared_ptr<config::ScrapeConfig> config = std::make_shared<config::ScrapeConfig>();
  model::Labels target;
  std::shared_ptr<const scrape::IngestRules> rules;

  ScrapeOutcome run(scrape::ScrapeInput input) {
    if (rules == nullptr || rules->config != config) {
      rules = std::make_shared<const scrape::IngestRules>(scrape::IngestRules{config, target});
    }
    loop.advance(1s);
    input.rules = rules;
    input.t = loop.now();
    input.started = loop.mono();
    return ingest.scrape(input, store, loop);
  }
  ScrapeOutcome page(std::string text) { return run({.page = std::move(text)}); }
  ScrapeOutcome failure(std::string error) { return run({.error = std::move(error)}); }
  /// The configuration as a reload would change it.
  config::ScrapeConfig& reload() {
    config = std::make_shared<config::ScrapeConfig>(*config);
    return *config;
  }
  std::vector<std::string> lines(const std::string& regex = "[a-rt-z].*") { return test::stored(store, kStart, regex); }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a page is stored with the scrape's time and reported") {
  Bench bench;
  bench.target = {{"instance", "i"}, {"job", "j"}};
  const auto out = bench.page("# TYPE a counter\na 1\nb{x=\"y\"} 2.5\n");
  CHECK(out.error.empty());
  CHECK(out.counts.fresh == 2);
  CHECK(test::stored(bench.store, kStart) ==
        Lines{"a{instance=\"i\", job=\"j\"} 1@1000", "b{instance=\"i\", job=\"j\", x=\"y\"} 2.5@1000",
              "scrape_duration_seconds{instance=\"i\", job=\"j\"} 0@1000",
              "scrape_samples_post_metric_relabeling{instance=\"i\", job=\"j\"} 2@1000",
              "scrape_samples_scraped{instance=\"i\", job=\"j\"} 2@1000",
              "scrape_series_added{instance=\"i\", job=\"j\"} 2@1000", "up{instance=\"i\", job=\"j\"} 1@1000"});
}

TEST_CASE("the second page of the same series is found by position") {
  Bench bench;
  bench.page("a 1\nb 2\n");
  const auto out = bench.page("# HELP a now with help\na 3\nb 4\n");
  CHECK(out.counts.by_position == 2);
  CHECK(out.counts.fresh == 0);
  CHECK(out.counts.series_added == 0);
  CHECK(bench.lines("[ab]") == Lines{"a 1@1000 3@2000", "b 2@1000 4@2000"});
}

TEST_CASE("blank lines and unusual spelling do not hide that a page is the last one") {
  Bench bench;
  const std::string page = "\n\na 1\n\n b 2\nc{x=\"y\"}3\nd\t4\ne  5\n\n";
  bench.page(page);
  CHECK(bench.page(page).counts.by_position == 5);
  CHECK(bench.lines("[a-e]").size() == 5);
}

TEST_CASE("a series that vanishes gets a staleness marker, once, and may come back") {
  Bench bench;
  bench.page("a 1\nb 2\nc 3\n");
  CHECK(bench.page("a 1\nc 3\n").counts.stale_markers == 1);
  CHECK(bench.page("a 1\nc 3\n").counts.stale_markers == 0);
  const auto out = bench.page("a 1\nb 5\nc 3\n");
  CHECK(out.counts.series_added == 1);
  CHECK(bench.lines("b") == Lines{"b 2@1000 stale@2000 5@4000"});
  CHECK(bench.page("a 1\n").counts.stale_markers == 2);
  CHECK(bench.lines("[bc]") ==
        Lines{"b 2@1000 stale@2000 5@4000 stale@5000", "c 3@1000 3@2000 3@3000 3@4000 stale@5000"});
}

TEST_CASE("an empty page ends every series") {
  Bench bench;
  bench.page("a 1\nb 2\n");
  const auto out = bench.page("");
  CHECK(out.error.empty());
  CHECK(out.counts.stale_markers == 2);
  CHECK(bench.lines("[ab]|up") == Lines{"a 1@1000 stale@2000", "b 2@1000 stale@2000", "up 1@1000 1@2000"});
}

TEST_CASE("a failed scrape ends every series, once, and up is 0") {
  Bench bench;
  bench.page("a 1\nb 2\n");
  const auto out = bench.failure("connection refused");
  CHECK(out.error == "connection refused");
  CHECK(out.counts.stale_markers == 2);
  CHECK(bench.failure("connection refused").counts.stale_markers == 0);
  const auto again = bench.page("a 3\nb 4\n");
  CHECK(again.counts.by_position == 2);
  CHECK(bench.lines("[ab]|up|scrape_samples_scraped") ==
        Lines{"a 1@1000 stale@2000 3@4000", "b 2@1000 stale@2000 4@4000",
              "scrape_samples_scraped 2@1000 0@2000 0@3000 2@4000", "up 1@1000 0@2000 0@3000 1@4000"});
}

TEST_CASE("a page that is wrong somewhere counts for nothing") {
  Bench bench;
  bench.page("a 1\nb 2\n");
  const auto out = bench.page("a 5\nnew 1\nb bad\n");
  CHECK(out.error == "invalid syntax of a number at line 3, column 3: \"b bad\"");
  CHECK(out.counts.scraped == 2);
  CHECK(bench.lines("a|b|new|up|scrape_samples_scraped") == Lines{"a 1@1000 stale@2000", "b 2@1000 stale@2000",
                                                                  "scrape_samples_scraped 2@1000 2@2000",
                                                                  "up 1@1000 0@2000"});
  CHECK(bench.page("a 6\nb 7\n").counts.by_position == 2);
  CHECK(bench.lines("[ab]") == Lines{"a 1@1000 stale@2000 6@3000", "b 2@1000 stale@2000 7@3000"});
}

TEST_CASE("series are found wherever they stand on the page") {
  Bench bench;
  bench.page("a 1\nb 1\nc 1\nd 1\ne 1\n");
  const auto out = bench.page("e 2\nc 2\nd 2\nx 2\nb 2\na 2\n");
  CHECK(out.counts.fresh == 1);
  CHECK(out.counts.by_text + out.counts.by_position == 5);
  CHECK(out.counts.by_position >= 1);  // d, behind c
  CHECK(out.counts.stale_markers == 0);
  CHECK(bench.page("e 3\nc 3\nd 3\nx 3\nb 3\na 3\n").counts.by_position == 6);
  CHECK(bench.lines("[a-ex]") == Lines{"a 1@1000 2@2000 3@3000", "b 1@1000 2@2000 3@3000", "c 1@1000 2@2000 3@3000",
                                       "d 1@1000 2@2000 3@3000", "e 1@1000 2@2000 3@3000", "x 2@2000 3@3000"});
}

TEST_CASE("a series whose labels change places is the same series") {
  Bench bench;
  bench.page("a{x=\"1\",y=\"2\"} 1\n");
  const auto out = bench.page("a{y=\"2\",x=\"1\"} 2\n");
  CHECK(out.counts.stale_markers == 0);
  CHECK(bench.lines("a") == Lines{"a{x=\"1\", y=\"2\"} 1@1000 2@2000"});
}

TEST_CASE("a series that stands twice on a page keeps its first value, and the second is counted") {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    const auto out = bench.page("a 1\nb 2\na 9\n");
    CHECK(out.error.empty());
    CHECK(out.counts.duplicates == 1);
    CHECK(out.counts.scraped == 3);
    CHECK(out.counts.after_relabel == 3);
  }
  CHECK(bench.lines("[ab]") == Lines{"a 1@1000 1@2000 1@3000", "b 2@1000 2@2000 2@3000"});
  SECTION("when the first goes, the second is the series") {
    const auto out = bench.page("b 2\na 5\n");
    CHECK(out.counts.duplicates == 0);
    CHECK(out.counts.stale_markers == 0);
    CHECK(bench.lines("a") == Lines{"a 1@1000 1@2000 1@3000 5@4000"});
  }
  SECTION("when both go, there is one marker") {
    CHECK(bench.page("b 2\n").counts.stale_markers == 1);
  }
  SECTION("when the page fails, there is one marker each") {
    CHECK(bench.failure("x").counts.stale_markers == 2);
  }
}

TEST_CASE("explicit timestamps are stored and keep staleness away") {
  Bench bench;
  const std::string early = std::to_string(kStart - 5000);
  bench.page("a 1 " + early + "\nb 2\n");
  CHECK(bench.lines("a") == Lines{"a 1@-5000"});
  CHECK(bench.page("b 2\n").counts.stale_markers == 0);
  CHECK(bench.lines("a") == Lines{"a 1@-5000"});

  SECTION("unless track_timestamps_staleness") {
    bench.reload().track_timestamps_staleness = true;
    bench.page("a 2 " + std::to_string(kStart + 2500) + "\nb 2\n");
    CHECK(bench.page("b 2\n").counts.stale_markers == 1);
    CHECK(bench.lines("a") == Lines{"a 1@-5000 2@2500 stale@4000"});
  }
  SECTION("unless honor_timestamps is off") {
    bench.reload().honor_timestamps = false;
    bench.page("a 2 123\nb 2\n");
    CHECK(bench.page("b 2\n").counts.stale_markers == 1);
    CHECK(bench.lines("a") == Lines{"a 1@-5000 2@3000 stale@4000"});
  }
  SECTION("a series may carry its time on one page and not on the next") {
    bench.page("a 2\nb 2\n");
    bench.page("a 3 " + std::to_string(kStart + 3500) + "\nb 2\n");
    CHECK(bench.page("b 2\n").counts.stale_markers == 0);
    CHECK(bench.lines("a") == Lines{"a 1@-5000 2@3000 3@3500"});
  }
  SECTION("the same series at several times is no duplicate") {
    const auto at = [](int ms) { return std::to_string(kStart + ms); };
    const auto out = bench.page("c 1 " + at(1000) + "\nc 2 " + at(2000) + "\nc 3 " + at(2500) + "\n");
    CHECK(out.counts.duplicates == 0);
    CHECK(bench.lines("c") == Lines{"c 1@1000 2@2000 3@2500"});
  }
}

TEST_CASE("samples out of order, twice at a time, or beyond the future are dropped and counted") {
  Bench bench;
  const auto at = [](std::int64_t ms) { return std::to_string(kStart + ms); };
  bench.page("a 1 " + at(1000) + "\nb 1 " + at(1000) + "\nc 1\n");
  const auto out = bench.page("a 2 " + at(500) + "\nb 2 " + at(1000) + "\nc 2\nd 1 " + at(660'000) + "\n");
  CHECK(out.error.empty());
  CHECK(out.counts.out_of_order == 1);
  CHECK(out.counts.duplicates == 1);
  CHECK(out.counts.out_of_bounds == 1);
  CHECK(bench.lines("[a-d]") == Lines{"a 1@1000", "b 1@1000", "c 1@1000 2@2000"});
  CHECK(bench.page("a 3 " + at(2500) + "\nb 3 " + at(2500) + "\nc 3\nd 2 " + at(2500) + "\n").error.empty());
  CHECK(bench.lines("[a-d]") == Lines{"a 1@1000 3@2500", "b 1@1000 3@2500", "c 1@1000 2@2000 3@3000", "d 2@2500"});
}

TEST_CASE("sample_limit refuses the whole page and says how long it was") {
  Bench bench;
  bench.config->sample_limit = 2;
  bench.page("a 1\nb 2\n");
  const auto out = bench.page("a 1\nb 2\nc 3\nd 4\n");
  CHECK(out.error == "sample limit exceeded");
  CHECK(out.error_code == Errc::kLimit);
  CHECK(bench.lines("[a-d]|up|scrape_samples.*") == Lines{"a 1@1000 stale@2000", "b 2@1000 stale@2000",
                                                          "scrape_samples_post_metric_relabeling 2@1000 4@2000",
                                                          "scrape_samples_scraped 2@1000 4@2000", "up 1@1000 0@2000"});
  CHECK(bench.page("a 1\nb 2\n").error.empty());
}

TEST_CASE("dropped series cost no samples, no limit and no look at their labels") {
  Bench bench;
  config::RelabelConfig drop;
  drop.source_labels = {"__name__"};
  drop.regex = *model::AnchoredRegex::make("go_.*");
  drop.action = config::RelabelAction::kDrop;
  bench.config->metric_relabel_configs = {drop};
  bench.config->sample_limit = 1;
  bench.page("go_a 1\na 1\ngo_b 1\n");
  const auto out = bench.page("go_a 1\na 2\ngo_b 1\n");
  CHECK(out.error.empty());
  CHECK(out.counts.by_position == 3);
  CHECK(out.counts.scraped == 3);
  CHECK(out.counts.after_relabel == 1);
  CHECK(bench.page("a 3\n").counts.stale_markers == 0);
  CHECK(bench.lines("a|go_.*") == Lines{"a 1@1000 2@2000 3@3000"});
}

TEST_CASE("label names that stand twice, label limits and giant series refuse the page") {
  Bench bench;
  CHECK(bench.page("a{b=\"1\",b=\"2\"} 1\n").error == "label name \"b\" is not unique: invalid sample");
  CHECK(bench.page("a{__name__=\"x\"} 1\n").error == "label name \"__name__\" is not unique: invalid sample");
  const auto giant = bench.page("a{b=\"" + std::string(2U << 20U, 'x') + "\"} 1\n");
  CHECK(giant.error.starts_with("series is longer than 1048576 bytes: "));
  bench.reload().label_limit = 1;
  CHECK(bench.page("a{b=\"1\"} 1\n").error == "label_limit exceeded (metric: a, number of labels: 2, limit: 1)");
}

TEST_CASE("when the rules of labels change, series go on or end as they come out") {
  Bench bench;
  bench.page("keep 1\nrename{secret=\"x\"} 2\n");
  config::RelabelConfig drop;
  drop.regex = *model::AnchoredRegex::make("secret");
  drop.action = config::RelabelAction::kLabelDrop;
  bench.reload().metric_relabel_configs = {drop};
  const auto out = bench.page("keep 3\nrename{secret=\"x\"} 4\n");
  CHECK(out.counts.fresh == 2);
  CHECK(out.counts.stale_markers == 1);
  CHECK(bench.lines("keep|rename") ==
        Lines{"keep 1@1000 3@2000", "rename 4@2000", "rename{secret=\"x\"} 2@1000 stale@2000"});

  SECTION("and end if the first page after it fails") {
    bench.reload().metric_relabel_configs.clear();
    CHECK(bench.failure("gone").counts.stale_markers == 2);
    CHECK(bench.failure("gone").counts.stale_markers == 0);
  }
  SECTION("a reload that changes none of them keeps the cache") {
    bench.reload().sample_limit = 100;
    CHECK(bench.page("keep 5\nrename{secret=\"x\"} 6\n").counts.by_position == 2);
  }
}

TEST_CASE("when the store has no room for new series, known ones go on and new ones are tried again") {
  Bench bench({.max_age_ms = {}, .series_limit = 7});
  const auto out = bench.page("a 1\nb 1\nc 1\n");  // with the five of the report, one too many
  CHECK(out.error.empty());
  CHECK(out.counts.series_limit == 0);
  Bench full({.max_age_ms = {}, .series_limit = 2});
  full.page("a 1\nb 1\nc 1\n");
  const auto second = full.page("a 2\nb 2\nc 2\n");
  CHECK(second.error.empty());
  CHECK(second.counts.series_limit == 1);
  CHECK(second.counts.by_position == 3);
  CHECK(full.lines("[abc]") == Lines{"a 1@1000 2@2000", "b 1@1000 2@2000"});
}

TEST_CASE("when the store refuses a batch, nothing of it is remembered") {
  Bench bench;
  bench.page("a 1\nb 1\n");
  bench.store.fail_commits(Error{Errc::kIo, "disk full"});
  const auto out = bench.page("a 2\nc 2\n");
  CHECK(out.error.empty());
  CHECK(out.commit_error == "disk full");
  bench.store.fail_commits(std::nullopt);
  CHECK(bench.page("a 3\nc 3\n").counts.stale_markers == 1);
  CHECK(bench.lines("[abc]") == Lines{"a 1@1000 3@3000", "b 1@1000 stale@3000", "c 3@3000"});
}

TEST_CASE("a target that is gone ends its series and its report") {
  Bench bench;
  bench.page("a 1\n");
  CHECK(bench.ingest.end(*bench.rules, kStart + 1500, bench.store));
  CHECK(bench.lines("a|up") == Lines{"a 1@1000 stale@1500", "up 1@1000 stale@1500"});
}

TEST_CASE("the cache stays small") {
  Bench bench;
  std::string page;
  for (int i = 0; i < 1000; ++i) {
    page +=
        fmt::format("http_requests_total{{code=\"200\",handler=\"/api/v1/resource/{}\",method=\"get\"}} {}\n", i, i);
  }
  bench.page(page);
  const auto out = bench.page(page);
  CHECK(out.counts.by_position == 1000);
  CHECK(out.cache_bytes < 33 * 1000);
}
