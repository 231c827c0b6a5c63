#include <catch2/catch.hpp>

#include "discovery/discoverer.hpp"
#include "support/fake_http_client.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using discovery::TargetGroup;

namespace {

std::vector<TargetGroup> first_word(discovery::Discoverer& discoverer) {
  std::vector<TargetGroup> out;
  discoverer.start([&out](std::vector<TargetGroup> groups) { out = std::move(groups); });
  return out;
}

}  // namespace

TEST_CASE("static configurations become one group each, told at once") {
  const auto discoverer = discovery::make_static_discoverer({
      {.targets = {"a:1", "b:2"}, .labels = {{"env", "prod"}}},
      {.targets = {"c:3"}, .labels = {}},
  });
  const auto groups = first_word(*discoverer);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0] == TargetGroup{"0", {{{"__address__", "a:1"}}, {{"__address__", "b:2"}}}, {{"env", "prod"}}});
  CHECK(groups[1] == TargetGroup{"1", {{{"__address__", "c:3"}}}, {}});
}

TEST_CASE("a static configuration without targets is a group without targets") {
  const auto discoverer = discovery::make_static_discoverer({{.targets = {}, .labels = {{"a", "b"}}}});
  const auto groups = first_word(*discoverer);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].targets.empty());
}

TEST_CASE("a configuration always has its static discoverer, also when it says nothing") {
  test::TestLoop loop;
  test::FakeHttpClient client(loop);
  const discovery::Services services{loop, loop.work(), client, posix_fs()};
  config::DiscoveryConfigs configs;
  CHECK(discovery::make_discoverers(configs, services).size() == 1);
  CHECK(first_word(*discovery::make_discoverers(configs, services)[0]).empty());
  configs.statics.push_back({.targets = {"x:1"}, .labels = {}});
  const auto groups = first_word(*discovery::make_discoverers(configs, services)[0]);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].targets[0].get("__address__") == "x:1");
}
