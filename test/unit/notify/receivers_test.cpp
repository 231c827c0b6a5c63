#include "notify/receivers.hpp"

#include <catch2/catch.hpp>

#include "notify/check_texts.hpp"
#include "support/notify_bench.hpp"

using namespace tocsin;
using alerting::Delivery;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;

TEST_CASE("a receiver's integrations stand in Alertmanager's order, each kind counted by itself") {
  NotifyBench bench;
  config::AlertmanagerConfig config;
  config::ReceiverConfig& r = config.receivers.emplace_back();
  r.name = "r";
  r.slack.resize(2);
  r.pagerduty.resize(1);
  r.webhook.resize(2);
  config.receivers.emplace_back().name = "nobody";
  const auto map =
      notify::make_receivers(config, "http://x", {bench.loop, bench.loop.work(), bench.client, bench.smtp, bench.fs});
  REQUIRE(map.has_value());
  std::string order;
  for (const auto& integration : map->at("r")) {
    order += integration.name + std::to_string(integration.index) + (integration.send_resolved ? "+ " : "- ");
  }
  CHECK(order == "webhook0+ webhook1+ pagerduty0+ slack0- slack1- ");
  CHECK(map->at("nobody").empty());
}

TEST_CASE("template files of the user replace the defaults") {
  NotifyBench bench;
  bench.client.when("POST", "http://slack/*", net::HttpResponse(200, "ok"));
  REQUIRE(bench.fs.create_directories("/t").has_value());
  REQUIRE(bench.fs.write_file_atomic("/t/a.tmpl", R"({{ define "slack.default.username" }}me{{ end }})").has_value());
  REQUIRE(
      bench.fs.write_file_atomic("/t/b.tmpl", R"({{ define "my.title" }}{{ .Status | title }}{{ end }})").has_value());
  config::SlackConfig slack;
  slack.api_url = Secret("http://slack/x");
  slack.title = R"({{ template "my.title" . }})";
  config::AlertmanagerConfig config = NotifyBench::with(slack);
  config.templates = {"/t/*.tmpl", "/none/*.tmpl"};
  REQUIRE(bench.send(config, notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body().starts_with(R"({"username":"me","attachments":[{"title":"Firing",)"));

  REQUIRE(bench.fs.write_file_atomic("/t/c.tmpl", "\n{{ define \"x\" }}").has_value());
  const auto broken = notify::load_templates(bench.fs, config);
  REQUIRE_FALSE(broken.has_value());
  CHECK(broken.error().message == "template: c.tmpl:2: unexpected EOF");
}

TEST_CASE("route labels may refer to one another; a circle leaves them out") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, ""));
  config::WebhookConfig hook;
  hook.url = Secret("http://hook/x");
  alerting::Notification n = notification_of({high_cpu(1)});
  n.route_labels = {{"a", R"({{ routeLabels "b" }}!)"},
                    {"b", "{{ .Status }}"},
                    {"c", R"({{ routeLabels "d" }})"},
                    {"d", R"({{ routeLabels "c" }})"}};
  REQUIRE(bench.send(NotifyBench::with(hook), n).error == "");
  CHECK(bench.body().find(R"("routeLabels":{"a":"firing!","b":"firing"})") != std::string::npos);
}

TEST_CASE(
    "texts that do not parse, or fail on an example, are named before they are needed, secrets without their text") {
  NotifyBench bench;
  config::AlertmanagerConfig config;
  config::ReceiverConfig& r = config.receivers.emplace_back();
  r.slack.resize(1);
  r.slack[0].where = "am.yml:5:7";
  r.slack[0].title = "{{ .Status";
  r.slack[0].actions.resize(1);
  r.slack[0].actions[0].text = "{{ nope }}";
  r.slack[0].text = R"({{ template "nowhere" . }})";
  r.slack[0].footer = "{{ (index .Alerts 2).Status }} {{ .CommonLabels.absent }}";
  r.webhook.resize(1);
  r.webhook[0].where = "am.yml:9:7";
  r.webhook[0].url = Secret("http://token/{{");
  config.route.where = "am.yml:1:1";
  config.route.labels = {{"good", "{{ .Status }}"}, {"loop", R"({{ routeLabels "loop" }})"}, {"owner", "{{ end }}"}};
  const auto templates = notify::load_templates(bench.fs, config);
  REQUIRE(templates.has_value());
  CHECK(
      notify::check_texts(config, *templates) ==
      std::vector<std::string>{
          "am.yml:9:7: webhook_configs url: is not a template that can run",
          "am.yml:5:7: slack_configs title: template: :1: unclosed action",
          R"(am.yml:5:7: slack_configs text: template: :1:12: executing "" at <{{template "nowhere" .}}>: template "nowhere" not defined)",
          "am.yml:5:7: slack_configs actions text: template: :1: function \"nope\" not defined",
          R"(am.yml:1:1: route labels loop: template: :1:3: executing "" at <routeLabels "loop">: error calling routeLabels: route label cycle detected: loop -> loop)",
          "am.yml:1:1: route labels owner: template: :1: unexpected {{end}}",
      });
}
