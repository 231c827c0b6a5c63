#include "rules/scrape_index.hpp"

#include <catch2/catch.hpp>

#include "promql/parser/parser.hpp"

using namespace tocsin;
using namespace tocsin::rules;
using model::Labels;

namespace {

std::vector<Input> inputs(const std::string& query) {
  const auto expr = promql::parser::parse_expr(query);
  REQUIRE(expr.has_value());
  return inputs_of(**expr);
}

std::unordered_set<std::uint64_t> names(std::initializer_list<const char*> texts) {
  std::unordered_set<std::uint64_t> out;
  for (const char* text : texts) out.insert(xxhash64(text));
  return out;
}

}  // namespace

TEST_CASE("What an expression reads: all of its selectors") {
  const auto all =
      inputs("sum(rate(a{job='x'}[5m])) / on() b > max_over_time(c{i=~'y.*'}[1h:1m] offset 5m) or {z='1'}");
  REQUIRE(all.size() == 4);
  CHECK(all[0].name == "a");
  REQUIRE(all[0].matchers.size() == 1);
  CHECK(all[0].matchers[0].name() == "job");
  CHECK(all[1].name == "b");
  CHECK(all[2].name == "c");
  CHECK(all[3].name.empty());
  CHECK(inputs("{__name__='a'}").at(0).name == "a");
  CHECK(inputs("{__name__=~'a|b'}").at(0).name.empty());
  CHECK(inputs("{__name__!='a', x='1'}").at(0).name.empty());
  CHECK(inputs("vector(1) + time()").empty());
}

TEST_CASE("A scrape concerns those who read one of its names, or any, and whose matchers its labels may meet") {
  struct Case {
    const char* query;
    bool concerned;
  };
  const Labels labels{{"instance", "h:1"}, {"job", "node"}};
  const auto written = names({"up", "load1", "errors_total"});
  for (const Case& one : std::vector<Case>{
           {"up == 0", true},
           {"up{job='node'} == 0", true},
           {"up{job='other'} == 0", false},
           {"up{job=~'no.*', instance!='h:2'} == 0", true},
           {"up{job!='node'}", false},
           {"up{cluster='x'}", true},  // the page may have it
           {"gone > 1", false},
           {"gone > 1 or rate(errors_total[5m]) > 0", true},
           {"absent(load1{job='node'})", true},
           {"{__name__=~'lo.*'}", true},
           {"{job='other'}", false},
           {"vector(time()) > 1", false},
       }) {
    INFO(one.query);
    ScrapeIndex index;
    index.add(0, inputs(one.query));
    CHECK((index.find({7, labels, &written, 1}).size() == 1) == one.concerned);
  }
}

TEST_CASE("Labels that are not known may be any, names too") {
  ScrapeIndex index;
  index.add(0, inputs("up{job='other'}"));
  index.add(1, inputs("gone"));
  const auto written = names({"up"});
  CHECK(index.find({1, {}, &written, 1}) == std::vector<std::uint32_t>{0});
  CHECK(index.find({2, {}, nullptr, 1}) == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("What is known of a target holds until its names are others, or the readers are") {
  ScrapeIndex index;
  CHECK(index.empty());
  index.add(0, inputs("a"));
  index.add(1, inputs("b + b"));
  CHECK_FALSE(index.empty());
  auto written = names({"a"});
  CHECK(index.find({1, {}, &written, 1}) == std::vector<std::uint32_t>{0});
  written.insert(xxhash64("b"));
  CHECK(index.find({1, {}, &written, 1}) == std::vector<std::uint32_t>{0});  // not told
  CHECK(index.find({1, {}, &written, 2}) == std::vector<std::uint32_t>{0, 1});
  CHECK(index.find({2, {}, &written, 2}) == std::vector<std::uint32_t>{0, 1});
  index.add(2, inputs("b"));
  CHECK(index.find({1, {}, &written, 2}) == std::vector<std::uint32_t>{0, 1, 2});
  index.clear();
  CHECK(index.empty());
  CHECK(index.find({1, {}, &written, 2}).empty());
}
