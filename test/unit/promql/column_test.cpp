// Columns, groups and claims: what operators are made of.

#include "promql/column.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/virtual_loop.hpp"
#include "promql/aggregate.hpp"
#include "promql/annotations.hpp"
#include "promql/label_ops.hpp"
#include "promql/materialize.hpp"
#include "promql/selector.hpp"

namespace tocsin::promql {
namespace {

Column column_of(std::vector<int> present) {
  Column out;
  out.reset(present.size());
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (present[i] != 0) out.set(i, static_cast<double>(present[i]));
  }
  out.finish();
  return out;
}

TEST_CASE("a column knows its span and whether it has gaps") {
  Column column = column_of({0, 1, 2, 0, 3, 0});
  CHECK(column.begin == 1);
  CHECK(column.end == 5);
  CHECK_FALSE(column.dense);
  CHECK(column.has(4));
  CHECK_FALSE(column.has(3));
  column.present[4] = 0;
  CHECK(column.trim());
  CHECK(column.end == 3);
  CHECK(column.dense);
  column.present[1] = column.present[2] = 0;
  CHECK_FALSE(column.trim());
  CHECK(column.span() == 0);
}

TEST_CASE("a stored column keeps its span and gives all of it back") {
  for (const std::vector<int>& samples : {std::vector<int>{0, 1, 2, 3, 0}, {4, 0, 5, 0, 0}, {7}}) {
    Column column = column_of(samples);
    column.labels = {{"a", "b"}};
    column.drop_name = true;
    const StoredColumn stored(column);
    CHECK(stored.span() == column.span());
    Column back;
    stored.expand(samples.size(), back);
    CHECK(back.labels == column.labels);
    CHECK(back.drop_name);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      CHECK(back.has(i) == (samples[i] != 0));
      CHECK(stored.has(i) == (samples[i] != 0));
      if (samples[i] != 0) CHECK(back.values[i] == samples[i]);
    }
  }
}

TEST_CASE("a grouping keeps what is named, or drops it together with the metric's name") {
  const model::Labels labels{{"__name__", "m"}, {"a", "1"}, {"b", "2"}};
  CHECK(Grouping({"b", "a", "b"}, false).of(labels) == model::Labels{{"a", "1"}, {"b", "2"}});
  CHECK(Grouping({"__name__"}, false).of(labels) == model::Labels{{"__name__", "m"}});
  CHECK(Grouping({"b"}, true).of(labels) == model::Labels{{"a", "1"}});
  CHECK(Grouping({}, true).of(labels) == model::Labels{{"a", "1"}, {"b", "2"}});
  CHECK(Grouping({}, false).of(labels).empty());
  GroupTable table(Grouping({"a"}, false));
  CHECK(table.find(labels) == 0);
  CHECK(table.find({{"a", "2"}}) == 1);
  CHECK(table.find({{"a", "1"}, {"z", "9"}}) == 0);
  CHECK(table.labels(1) == model::Labels{{"a", "2"}});
}

TEST_CASE("metadata labels go together") {
  CHECK(without_metadata({{"__name__", "m"}, {"__type__", "counter"}, {"__unit__", "s"}, {"__x__", "y"}, {"a", "b"}}) ==
        model::Labels{{"__x__", "y"}, {"a", "b"}});
}

TEST_CASE("a step is claimed once under a key") {
  StepClaims claims;
  CHECK(claims.claim(1, column_of({0, 1, 0, 1})));
  CHECK(claims.claim(1, column_of({1, 0, 1, 0})));
  CHECK_FALSE(claims.claim(1, column_of({0, 0, 0, 1})));
  CHECK(claims.claim(2, column_of({0, 0, 0, 1})));
  CHECK(claims.claimed(1, 2));
  CHECK_FALSE(claims.claimed(2, 0));
  CHECK_FALSE(claims.claimed(3, 0));
}

TEST_CASE("steps of a group grow in both directions") {
  GroupSteps<int> steps;
  steps.cover(5, 7);
  steps[5] = 50;
  steps[6] = 60;
  steps.cover(3, 6);
  steps.cover(4, 9);
  CHECK(steps.begin() == 3);
  CHECK(steps.end() == 9);
  CHECK(steps[3] == 0);
  CHECK(steps[5] == 50);
  CHECK(steps[6] == 60);
  CHECK(steps[8] == 0);
}

TEST_CASE("the steps of a subquery are multiples of its step, after the left edge and up to the right one") {
  const auto steps = [](Timestamp start, std::int64_t step, std::size_t count, std::int64_t range, std::int64_t inner) {
    const Grid grid = subquery_grid({start, step, count}, {}, range, inner);
    std::vector<Timestamp> out;
    for (std::size_t i = 0; i < grid.count; ++i) out.push_back(grid.at(i));
    return out;
  };
  CHECK(steps(100, 1, 1, 30, 10) == std::vector<Timestamp>{80, 90, 100});
  CHECK(steps(105, 1, 1, 30, 10) == std::vector<Timestamp>{80, 90, 100});
  CHECK(steps(100, 10, 3, 20, 20) == std::vector<Timestamp>{100, 120});
  CHECK(steps(-100, 1, 1, 30, 20) == std::vector<Timestamp>{-120, -100});
  CHECK(steps(-95, 1, 1, 4, 10).empty());
  CHECK(steps(5, 1, 1, 10, 10) == std::vector<Timestamp>{0});
}

TEST_CASE("annotations of one text are one, at its last place") {
  Annotations annotations;
  annotations.possible_non_counter("m", {7, 8});
  annotations.possible_non_counter("m", {2, 3});
  annotations.possible_non_counter("n", {2, 3});
  annotations.invalid_quantile(1e6, {0, 1});
  annotations.forced_monotonicity("", 60'000, 1, 2, 0.123, {0, 1});
  annotations.forced_monotonicity("", 0, 0.5, 1, 7, {0, 1});
  std::vector<std::string> warnings, infos;
  annotations.render("rate(\nm[5m])", warnings, infos);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front() == "PromQL warning: quantile value should be between 0 and 1, got 1e+06 (1:1)");
  REQUIRE(infos.size() == 3);
  CHECK(infos[0].ends_with("\"m\" (2:2)"));
  CHECK(infos[1].ends_with("\"n\" (1:3)"));
  CHECK(
      infos[2].ends_with(", from buckets 0.5 to 2, with a max diff of 7, over 2 samples from 1970-01-01T00:00:00Z to "
                         "1970-01-01T00:01:00Z (1:1)"));
  CHECK(annotations.additions() == 6);
}

TEST_CASE("annotations without end are cut off") {
  Annotations annotations;
  for (int i = 0; i < 20'000; ++i) annotations.possible_non_counter("m" + std::to_string(i), {0, 1});
  std::vector<std::string> warnings, infos;
  annotations.render("m", warnings, infos);
  CHECK(infos.size() == Annotations::kMax);
}

TEST_CASE("the budget is given back by who took it") {
  VirtualLoop loop;
  QueryContext::Settings settings;
  settings.max_samples = 10;
  settings.deadline = std::chrono::hours(1);
  QueryContext context(settings, loop);
  const std::size_t most = context.most_held();
  CHECK(most > 10);
  {
    HeldSamples a(context);
    CHECK(a.add(most - 3));
    HeldSamples b(context);
    CHECK_FALSE(b.add(4));
    CHECK(b.add(3));
    a.remove(2);
    CHECK(b.add(2));
    CHECK_FALSE(b.add(1));
  }
  HeldSamples again(context);
  CHECK(again.add(most));
}

}  // namespace
}  // namespace tocsin::promql
