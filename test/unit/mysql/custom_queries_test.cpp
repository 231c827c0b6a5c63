#include "exporters/mysql/custom_queries.hpp"

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "fake_connection.hpp"

namespace tocsin::exporters::mysql {
namespace {

struct Fixture {
  std::map<std::string, test::Answer> answers;
  std::vector<std::string> asked;
  std::shared_ptr<const sql::CustomQueries> queries;
  std::optional<CustomCollector> collector;
  std::string version = "10.11.6-MariaDB";
  Result<void> result;

  explicit Fixture(const std::string& yaml) {
    MemFs fs;
    REQUIRE(fs.write_file_atomic("/q.yml", yaml));
    auto loaded = sql::CustomQueries::load(fs, "/q.yml");
    REQUIRE(loaded);
    queries = std::make_shared<const sql::CustomQueries>(std::move(*loaded));
    collector.emplace(queries);
  }
  std::string page_at(MonoTime now) {
    test::FakeConnection connection(answers, &asked);
    const Server server = *Server::of(version);
    const CollectorOptions options = default_options();
    expo::Page page;
    page.begin();
    result = collector->collect(collector->queries().front(), Round{connection, page, server, options, MonoTime::max()},
                                now);
    page.end();
    return page.render();
  }
};

}  // namespace

TEST_CASE("the columns of a custom query are labels and values by their usage", "[mysql]") {
  Fixture f(
      "shop:\n  query: SELECT\n  metrics:\n"
      "    - state: {usage: LABEL, description: x}\n"
      "    - count: {usage: COUNTER, description: Orders}\n"
      "    - mode: {usage: MAPPEDMETRIC, description: Mode, metric_mapping: {slow: 1, fast: 2}}\n"
      "    - age: {usage: DURATION, description: Age}\n"
      "    - secret: {usage: DISCARD, description: x}\n");
  f.answers["SELECT"] = {{"state", "count", "mode", "age", "secret", "extra", "text"},
                         {{"open", "3", "fast", "1m", "9", "7", "abc"},
                          {"done", std::nullopt, std::nullopt, std::nullopt, "9", "8", "def"}},
                         {},
                         0};
  CHECK(f.page_at(MonoTime::zero()) ==
        "# HELP shop_age_milliseconds Age\n# TYPE shop_age_milliseconds gauge\n"
        "shop_age_milliseconds{state=\"open\"} 60000\n"
        "# HELP shop_count Orders\n# TYPE shop_count counter\n"
        "shop_count{state=\"done\"} NaN\nshop_count{state=\"open\"} 3\n"
        "# HELP shop_extra Unknown metric from shop\n# TYPE shop_extra untyped\n"
        "shop_extra{state=\"done\"} 8\nshop_extra{state=\"open\"} 7\n"
        "# HELP shop_mode Mode\n# TYPE shop_mode gauge\nshop_mode{state=\"open\"} 2\n");
  CHECK(f.result);
}

TEST_CASE("a column that is not what its usage says is an error, and the others are there", "[mysql]") {
  Fixture f("shop:\n  query: SELECT\n  metrics:\n    - a: {usage: GAUGE}\n    - b: {usage: GAUGE}\n");
  f.answers["SELECT"] = {{"a", "b"}, {{"many", "2"}}, {}, 0};
  CHECK(f.page_at(MonoTime::zero()) == "# TYPE shop_b gauge\nshop_b 2\n");
  REQUIRE_FALSE(f.result);
  CHECK(f.result.error().message == "column a is not what its usage says");
}

TEST_CASE("the answer of a custom query is shown again for as long as it says", "[mysql]") {
  Fixture f("shop:\n  query: SELECT\n  cache_seconds: 10\n  metrics:\n    - a: {usage: GAUGE}\n");
  f.answers["SELECT"] = {{"a"}, {{"1"}}, {}, 0};
  const std::string page = f.page_at(std::chrono::seconds(100));
  f.answers["SELECT"].rows = {};
  CHECK(f.page_at(std::chrono::seconds(109)) == page);
  CHECK(f.asked.size() == 1);
  CHECK(f.page_at(std::chrono::seconds(110)).empty());
  CHECK(f.page_at(std::chrono::seconds(119)).empty());  // no rows are an answer, too
  CHECK(f.asked.size() == 2);
  f.answers["SELECT"] = test::refusal(1146);
  f.page_at(std::chrono::seconds(120));
  CHECK_FALSE(f.result);
  f.answers["SELECT"] = {{"a"}, {{"1"}}, {}, 0};
  CHECK(f.page_at(std::chrono::seconds(121)) == page);  // a failure is not kept
}

TEST_CASE("a custom query is for the versions that it names", "[mysql]") {
  Fixture f("shop:\n  query: SELECT\n  runonserver: '>=10.0.0'\n  metrics:\n    - a: {usage: GAUGE}\n");
  f.answers["SELECT"] = {{"a"}, {{"1"}}, {}, 0};
  f.version = "8.0.36";
  CHECK(f.page_at(MonoTime::zero()).empty());
  CHECK(f.asked.empty());
  f.version = "10.11.6-MariaDB";
  CHECK_FALSE(f.page_at(MonoTime::zero()).empty());
}

TEST_CASE("arrays are nothing that MySQL has", "[mysql]") {
  const Fixture f("shop:\n  query: SELECT\n  metrics:\n    - a: {usage: HISTOGRAM}\n");
  const auto checked = CustomCollector::check(*f.queries);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == "/q.yml:1:1: column a: MySQL has no arrays for a HISTOGRAM");
}

}  // namespace tocsin::exporters::mysql
