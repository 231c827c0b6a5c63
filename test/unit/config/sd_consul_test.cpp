#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/discovery_config.hpp"

using namespace tocsin;
using config::ConsulSdConfig;

namespace {

Result<ConsulSdConfig> read(const std::string& text) {
  std::vector<std::string> warnings;
  const auto node = yaml::parse(text, "p.yml");
  REQUIRE(node);
  return config::read_consul_sd_config(*node, warnings);
}

struct Case {
  std::string text, message;
};

}  // namespace

TEST_CASE("a consul_sd_config has Prometheus' defaults") {
  const auto config = read("{}\n");
  REQUIRE(config);
  CHECK(config->server == "localhost:8500");
  CHECK(config->tag_separator == ",");
  CHECK(config->scheme == "http");
  CHECK(config->allow_stale);
  CHECK(config->refresh_interval == std::chrono::seconds(30));
}

TEST_CASE("a consul_sd_config with all of its own keys is read") {
  const auto config = read(R"(
server: consul.example:8501
path_prefix: /consul
token: t0ken
datacenter: dc2
namespace: ns1
partition: part1
tag_separator: "|"
scheme: https
allow_stale: false
refresh_interval: 1m
services: [web, db]
tags: [prod]
node_meta: {rack: r2, az: a}
filter: 'NodeMeta.rack == "r2"'
health_filter: 'Service.Tags contains "canary"'
)");
  REQUIRE(config);
  CHECK(config->server == "consul.example:8501");
  CHECK(config->path_prefix == "/consul");
  CHECK(config->token.reveal() == "t0ken");
  CHECK(config->datacenter == "dc2");
  CHECK(config->namespace_ == "ns1");
  CHECK(config->partition == "part1");
  CHECK(config->tag_separator == "|");
  CHECK(config->scheme == "https");
  CHECK_FALSE(config->allow_stale);
  CHECK(config->refresh_interval == std::chrono::minutes(1));
  CHECK(config->services == std::vector<std::string>{"web", "db"});
  CHECK(config->tags == std::vector<std::string>{"prod"});
  CHECK(config->node_meta == std::vector<std::pair<std::string, std::string>>{{"az", "a"}, {"rack", "r2"}});
  CHECK(config->filter == "NodeMeta.rack == \"r2\"");
  CHECK(config->health_filter == "Service.Tags contains \"canary\"");
}

TEST_CASE("username and password of a consul_sd_config are its basic auth") {
  const auto config = read("username: u\npassword: p\n");
  REQUIRE(config);
  CHECK(config->http.has_basic_auth);
  CHECK(config->http.username == "u");
  CHECK(config->http.password.reveal() == "p");
}

TEST_CASE("consul_sd_configs that Prometheus refuses are refused in its words") {
  const std::vector<Case> cases = {
      {"server: ''\n", "p.yml:1:9: consul SD configuration requires a server address"},
      {"server: '  '\n", "consul SD configuration requires a server address"},
      {"username: u\nbasic_auth: {username: v}\n",
       "at most one of consul SD configuration username and password and basic auth can be configured"},
      {"token: t\nauthorization: {credentials: c}\n",
       "at most one of consul SD token, authorization, or oauth2 can be configured"},
      {"username: u\nbearer_token: c\n",
       "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
      {"password: u\nauthorization: {credentials: c}\n",
       "at most one of basic_auth, oauth2 & authorization must be configured"},
      {"basic_auth: {username: v}\nauthorization: {credentials: c}\n",
       "at most one of basic_auth, oauth2 & authorization must be configured"},
      {"node_meta: [a]\n", "cannot unmarshal !!seq into map[string]string"},
      {"consul: 1\n", "field consul not found in type consul.plain"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto config = read(c.text);
    REQUIRE_FALSE(config);
    CHECK_THAT(config.error().message, Catch::Contains(c.message));
  }
}
