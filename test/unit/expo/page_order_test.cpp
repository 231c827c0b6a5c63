#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "expo/writer.hpp"

namespace tocsin::expo {

namespace {

/// One round of a page: each name once, with its place as the value.
std::string round_of(Page& page, const std::vector<std::string>& names) {
  page.begin();
  double value = 0;
  for (const std::string& name : names) page.family(name, "Help of " + name, model::MetricType::kGauge).put(++value);
  page.end();
  return page.render();
}

}  // namespace

TEST_CASE("a page is the same whatever the order in which its families were asked for before", "[expo]") {
  const std::vector<std::vector<std::string>> rounds = {{"d", "a", "c", "b"},
                                                        {"d", "a", "c", "b"},
                                                        {"c", "b", "a", "d"},
                                                        {"a"},
                                                        {"a", "a", "d"},
                                                        {"b", "e", "a", "c"},
                                                        {"f", "e", "d"},
                                                        {"d", "a", "c", "b", "e", "f", "g"},
                                                        {"d", "b", "f"},
                                                        {},
                                                        {"g", "f", "e", "d", "c", "b", "a"}};
  Page kept;
  for (const auto& names : rounds) {
    Page fresh;
    CHECK(round_of(kept, names) == round_of(fresh, names));
  }
}

TEST_CASE("families are found in any order among thousands", "[expo]") {
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) names.push_back(fmt::format("family_{}", i * 7919 % 3000));
  Page kept;
  round_of(kept, names);
  std::reverse(names.begin(), names.end());
  Page fresh;
  CHECK(round_of(kept, names) == round_of(fresh, names));
}

}  // namespace tocsin::expo
