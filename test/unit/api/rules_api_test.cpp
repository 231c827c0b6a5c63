#include "api/rules_api.hpp"

#include <catch2/catch.hpp>

#include "harness.hpp"

namespace tocsin::api {
namespace {

model::Labels labels(std::string_view name, std::string_view value) {
  return model::LabelsBuilder().set(name, value).build();
}

rules::RuleStatus alert(std::string name, std::string_view severity) {
  rules::RuleStatus rule;
  rule.alerting = true;
  rule.name = std::move(name);
  rule.query = "up == 0";
  rule.labels = labels("severity", severity);
  rule.state = rules::AlertState::kFiring;
  rule.health = rules::Health::kGood;
  rules::AlertStatus firing;
  firing.labels = labels("alertname", rule.name);
  firing.state = rules::AlertState::kFiring;
  firing.active_at = 1'000'000;
  firing.value = 1;
  rule.alerts = {firing};
  return rule;
}

rules::RuleStatus record(std::string name) {
  rules::RuleStatus rule;
  rule.name = std::move(name);
  rule.query = "sum(up)";
  return rule;
}

rules::GroupStatus group(std::string file, std::string name, std::vector<rules::RuleStatus> rules) {
  rules::GroupStatus group;
  group.file = std::move(file);
  group.name = std::move(name);
  group.interval = std::chrono::seconds(15);
  group.rules = std::move(rules);
  return group;
}

struct RulesHarness : Harness {
  RulesHarness() {
    add_rules_api(router, lane, [] {
      return std::vector<rules::GroupStatus>{
          group("a.yml", "one", {alert("Down", "page"), record("job:up:sum")}),
          group("a.yml", "two", {record("job:up:avg")}),
          group("b.yml", "one", {alert("Slow", "ticket")}),
      };
    });
  }
  /// The names in the answer, in order: "file;group:rule,rule ...".
  std::string shown(std::string query) {
    const auto value = boost::json::parse(body("/api/v1/rules" + query));
    std::string out;
    for (const auto& one : value.at("data").at("groups").as_array()) {
      out += out.empty() ? "" : " ";
      out += std::string_view(one.at("file").as_string());
      out += ";";
      out += std::string_view(one.at("name").as_string());
      for (const auto& rule : one.at("rules").as_array()) {
        out += ":";
        out += std::string_view(rule.at("name").as_string());
      }
    }
    const auto& data = value.at("data").as_object();
    if (const auto* token = data.if_contains("groupNextToken"))
      next = std::string_view(token->as_string());
    else
      next.clear();
    return out;
  }
  std::string next;
};

TEST_CASE("rules are filtered, and groups without a rule left are not shown") {
  RulesHarness h;
  CHECK(h.shown("") == "a.yml;one:Down:job:up:sum a.yml;two:job:up:avg b.yml;one:Slow");
  CHECK(h.shown("?type=alert") == "a.yml;one:Down b.yml;one:Slow");
  CHECK(h.shown("?type=RECORD") == "a.yml;one:job:up:sum a.yml;two:job:up:avg");
  CHECK(h.shown("?rule_name[]=Slow&rule_name[]=job:up:avg") == "a.yml;two:job:up:avg b.yml;one:Slow");
  CHECK(h.shown("?rule_group[]=one") == "a.yml;one:Down:job:up:sum b.yml;one:Slow");
  CHECK(h.shown("?file[]=b.yml") == "b.yml;one:Slow");
  CHECK(h.shown("?match[]=%7Bseverity=%22page%22%7D") == "a.yml;one:Down");
  CHECK(h.shown("?match[]=%7Bseverity=%22page%22%7D&match[]=%7Bseverity=%22ticket%22%7D") ==
        "a.yml;one:Down b.yml;one:Slow");
  CHECK(h.shown("?rule_name[]=None").empty());
  CHECK(h.shown("?something=else").size() > 10);
}

TEST_CASE("page by page, each page names the next") {
  RulesHarness h;
  CHECK(h.shown("?group_limit=2") == "a.yml;one:Down:job:up:sum a.yml;two:job:up:avg");
  // printf 'b.yml;one' | sha256sum
  CHECK(h.next == "d0c8de1b71abeb92ba49bdfdbd475757bba62bd10fb29260952160daaa92c226");
  const std::string token = h.next;
  CHECK(h.shown("?group_limit=2&group_next_token=" + token) == "b.yml;one:Slow");
  CHECK(h.next.empty());
  CHECK(h.shown("?group_limit=1&type=alert") == "a.yml;one:Down");
  CHECK(h.next == token);
  CHECK(
      h.error("/api/v1/rules?group_limit=1&group_next_token=x") ==
      "400 bad_data: invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?");
}

TEST_CASE("wrong filters are told in Prometheus' words") {
  RulesHarness h;
  CHECK(h.error("/api/v1/rules?type=foo") == "400 bad_data: invalid parameter \"type\": not supported value \"foo\"");
  CHECK(
      h.error("/api/v1/rules?exclude_alerts=maybe") ==
      "400 bad_data: invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing "
      "\"maybe\": invalid syntax");
  CHECK(
      h.error("/api/v1/rules?group_next_token=x") ==
      "400 bad_data: invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over "
      "the groups");
  CHECK(h.error("/api/v1/rules?group_limit=x") ==
        "400 bad_data: invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: "
        "parsing \"x\": invalid syntax");
  CHECK(h.error("/api/v1/rules?group_limit=-1") ==
        "400 bad_data: invalid parameter \"group_limit\": group_limit needs to be greater than 0");
  CHECK(h.error("/api/v1/rules?match[]=%7B%7D") == "400 bad_data: match[] must contain at least one non-empty matcher");
}

TEST_CASE("alerts of rules can be left out; labels are there even if empty") {
  RulesHarness h;
  CHECK(h.body("/api/v1/rules?rule_name[]=Down").find(R"("value":"1e+00"}],"health":"ok")") != std::string::npos);
  CHECK(h.body("/api/v1/rules?rule_name[]=Down&exclude_alerts=true").find(R"("alerts":null,"health":"ok")") !=
        std::string::npos);
  CHECK(h.body("/api/v1/rules?type=record").find(R"x("query":"sum(up)","labels":{},"health":"unknown")x") !=
        std::string::npos);
  CHECK(
      h.data("/api/v1/alerts") ==
      R"({"alerts":[{"labels":{"alertname":"Down"},"annotations":{},"state":"firing","activeAt":"1970-01-01T00:16:40Z","value":"1e+00"},)"
      R"({"labels":{"alertname":"Slow"},"annotations":{},"state":"firing","activeAt":"1970-01-01T00:16:40Z","value":"1e+00"}]})");
}

}  // namespace
}  // namespace tocsin::api
