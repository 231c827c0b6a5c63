// What Alertmanager sent in the recorded scenarios, and what we send for the same group.

#include <cstdlib>
#include <optional>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "support/notify_bench.hpp"

using namespace tocsin;
using test::high_cpu;
using test::NotifyBench;
namespace json = boost::json;

namespace {

std::optional<json::value> golden(const std::string& name) {
  const char* corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora == nullptr) {
    WARN("TOCSIN_CORPORA is not set: the golden " << name << " was not compared");
    return std::nullopt;
  }
  auto file = posix_fs().read_file(std::string(corpora) + "/alertmanager/golden/" + name + ".json");
  REQUIRE(file.has_value());
  return json::parse(*file);
}

/// Every member of the golden is in the payload with its value; the placeholder of times stands for any.
void check_contains(const json::value& golden, const json::value& actual, const std::string& path) {
  if (golden.is_object() && actual.is_object()) {
    for (const auto& [key, value] : golden.as_object()) {
      const json::value* member = actual.as_object().if_contains(key);
      INFO(path << "." << std::string(key));
      REQUIRE(member != nullptr);
      check_contains(value, *member, path + "." + std::string(key));
    }
    return;
  }
  if (golden.is_array() && actual.is_array() && golden.as_array().size() == actual.as_array().size()) {
    for (std::size_t i = 0; i < golden.as_array().size(); ++i) {
      check_contains(golden.as_array()[i], actual.as_array()[i], path + "[" + std::to_string(i) + "]");
    }
    return;
  }
  if (golden.is_string() && golden.as_string() == "<TS>") return;
  INFO(path);
  CHECK(json::serialize(actual) == json::serialize(golden));
}

void check_golden(const std::string& name, const config::AlertmanagerConfig& config,
                  const std::vector<alerting::Notification>& notifications,
                  const std::vector<std::pair<std::string, std::string>>& templates = {}) {
  const auto recorded = golden(name);
  if (!recorded) return;
  NotifyBench bench;
  bench.client.when("POST", "http://sink/*", net::HttpResponse(200, "text/plain", "ok"));
  for (const auto& [path, text] : templates) REQUIRE(bench.fs.write_file_atomic(path, text).has_value());
  const auto& sent = recorded->at("notifications").as_array();
  REQUIRE(sent.size() == notifications.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto result = bench.send(config, notifications[i]);
    REQUIRE(result.error == "");
    check_contains(sent[i].at("body"), json::parse(bench.body(i)), name);
  }
}

config::SlackConfig slack() {
  config::SlackConfig out;
  out.api_url = Secret("http://sink/slack");
  out.channel = "#alerts";
  return out;
}

alerting::Notification lonely() {
  auto alert = std::make_shared<model::Alert>();
  alert->labels = model::Labels({{"alertname", "Lonely"}});
  alerting::Notification n = test::notification_of({{alert, false}});
  n.group_labels = alert->labels;
  n.group_key = R"({}:{alertname="Lonely"})";
  return n;
}

constexpr const char* kUserTemplates = R"j({{ define "slack.default.username" }}overridden{{ end }}
{{ define "my.title" }}{{ .Status | toUpper }}/{{ .Status | title }}/{{ "ABC" | toLower }}/{{ .GroupLabels.SortedPairs.Names | join "," }}{{ end }}
{{ define "my.text" -}}
match={{ match "^High" .CommonLabels.alertname }} re={{ reReplaceAll "(\\w+):(\\d+)" "$2:$1" (index .Alerts 0).Labels.instance }}
ss={{ stringSlice "a" "b" | join "-" }} trim=[{{ len .Alerts.Firing }}] rm={{ (.CommonLabels.Remove (stringSlice "job")).Names | join "," }}
{{ range $i, $a := .Alerts }}{{ if $i }}, {{ end }}{{ $a.Labels.instance }}{{ end }} missing=[{{ .CommonLabels.nope }}] fp={{ (index .Alerts 0).Fingerprint }}
kv={{ .CommonLabels }} pairs={{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }} q={{ "a b&c" | urlquery }} js={{ js "it's" }} p={{ printf "%05.1f|%q|%v" 3.14159 "x" true }}
{{ with .CommonAnnotations.nope }}yes{{ else }}no{{ end }} {{ and true .Status }} {{ or "" "dflt" }} {{ not true }} {{ lt 1 2 }} {{ slice "abcdef" 1 3 }} {{ html "<a>" }}
{{- end }}
)j";

}  // namespace

TEST_CASE("payloads are what Alertmanager's recordings hold") {
  const auto firing = test::notification_of({high_cpu(1)}), resolved = test::notification_of({high_cpu(1, true)});
  check_golden("slack_default", NotifyBench::with(slack()), {firing, resolved});
  check_golden("slack_default_nolabels", NotifyBench::with(slack()), {lonely()});

  config::PagerdutyConfig pagerduty;
  pagerduty.url = "http://sink/v2/enqueue";
  pagerduty.routing_key = Secret("0123456789abcdef0123456789abcdef");
  check_golden("pd_default", NotifyBench::with(pagerduty), {firing, resolved});

  config::WebhookConfig webhook;
  webhook.url = Secret("http://sink/hook");
  check_golden("wh_resolved", NotifyBench::with(webhook), {firing, resolved});

  config::SlackConfig custom = slack();
  custom.title = R"({{ template "my.title" . }})";
  custom.text = R"({{ template "my.text" . }})";
  config::AlertmanagerConfig with_files = NotifyBench::with(custom);
  with_files.templates = {"/x.tmpl"};
  check_golden("slack_templates", with_files, {test::notification_of({high_cpu(1), high_cpu(2)})},
               {{"/x.tmpl", kUserTemplates}});
}
