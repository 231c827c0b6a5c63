// What the services' own clients send (@slack/webhook, @pagerduty/pdjs), as a server received it, beside what we send
// for the same message: the same members with the same types and nesting, the same values where both were given them.

#include <cstdlib>
#include <optional>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/strings.hpp"
#include "support/notify_bench.hpp"

using namespace tocsin;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;
namespace json = boost::json;

namespace {

struct Captured {
  std::string method, path, content_type;
  json::value body;
};

std::optional<Captured> capture(const std::string& name) {
  const char* corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora == nullptr) {
    WARN("TOCSIN_CORPORA is not set: the capture " << name << " was not compared");
    return std::nullopt;
  }
  const auto text = posix_fs().read_file(std::string(corpora) + "/clients/captures/" + name);
  REQUIRE(text);
  Captured out;
  std::string_view rest = *text;
  const auto line = [&rest] {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view one = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return one;
  };
  const std::string_view first = line();
  out.method = first.substr(0, first.find(' '));
  out.path = first.substr(first.find(' ') + 1);
  for (std::string_view field = line(); !field.empty(); field = line()) {
    if (field.starts_with("content-type: ")) out.content_type = field.substr(14);
  }
  out.body = json::parse({rest.data(), rest.size()});
  return out;
}

/// Every member of theirs is in ours, with the same type; texts are equal but where `free` names them.
void check_shape(const json::value& theirs, const json::value& ours, const std::string& path, const std::string& free) {
  INFO(path << ": " << json::serialize(ours));
  REQUIRE(theirs.kind() == ours.kind());
  if (theirs.is_object()) {
    for (const auto& [key, value] : theirs.as_object()) {
      const json::value* member = ours.as_object().if_contains(key);
      INFO(path << "." << std::string(key));
      REQUIRE(member != nullptr);
      check_shape(value, *member, path + "." + std::string(key), free);
    }
  } else if (theirs.is_array()) {
    REQUIRE(theirs.as_array().size() == ours.as_array().size());
    for (std::size_t i = 0; i < theirs.as_array().size(); ++i) {
      check_shape(theirs.as_array()[i], ours.as_array()[i], path + "[" + std::to_string(i) + "]", free);
    }
  } else if (path != free) {
    CHECK(json::serialize(theirs) == json::serialize(ours));
  }
}

void check_request(const Captured& theirs, const std::string& receiver, const std::string& answer,
                   const std::string& free = "") {
  const auto config =
      config::parse_alertmanager_config("route: {receiver: r}\nreceivers: [{name: r, " + receiver + "}]\n", "am.yml");
  if (!config) FAIL(config.error().message);
  NotifyBench bench;
  bench.client.when("POST", "http://sink/*", net::HttpResponse(202, "application/json", answer));
  const auto outcome = bench.send(**config, notification_of({high_cpu(1)}));
  INFO(outcome.error);
  CHECK(outcome.delivery == alerting::Delivery::kDelivered);
  REQUIRE(bench.client.sent().size() == 1);
  const net::HttpRequest& ours = bench.client.sent()[0].request;
  CHECK(ours.method == theirs.method);
  CHECK(ours.target == "http://sink" + theirs.path);
  // A charset beside JSON says nothing: it is UTF-8.
  const std::string media(theirs.content_type.substr(0, theirs.content_type.find(';')));
  CHECK(ours.headers.get("Content-Type") == media);
  check_shape(theirs.body, json::parse(bench.body()), "body", free);
}

}  // namespace

TEST_CASE("a message to Slack has the members of Slack's own client") {
  const auto theirs = capture("4_services_T_B_x.http");
  if (!theirs) return;
  check_request(*theirs,
                "slack_configs: [{api_url: 'http://sink/services/T/B/x', message_text: hi, color: danger, title: t}]",
                R"({"ok":true})");
}

TEST_CASE("an event for PagerDuty has the members of PagerDuty's own client") {
  const auto theirs = capture("5_v2_enqueue.http");
  if (!theirs) return;
  check_request(*theirs,
                "pagerduty_configs: [{url: 'http://sink/v2/enqueue', routing_key: RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR, "
                "description: s, source: h, severity: critical}]",
                R"({"status":"success","message":"Event processed","dedup_key":"k1"})", "body.dedup_key");
}
