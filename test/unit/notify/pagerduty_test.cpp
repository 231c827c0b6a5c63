#include <catch2/catch.hpp>

#include "notify/digest.hpp"
#include "support/notify_bench.hpp"

using namespace tocsin;
using alerting::Delivery;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;

namespace {

config::ValueTree text_tree(std::string text) {
  config::ValueTree out;
  out.kind = config::ValueTree::Kind::kString;
  out.text = std::move(text);
  return out;
}

config::PagerdutyConfig pagerduty() {
  config::PagerdutyConfig out;
  out.url = "http://pd/v2/enqueue";
  out.routing_key = Secret("0123456789abcdef0123456789abcdef");
  return out;
}

constexpr const char* kKey = "9f2a099adf99adbf3e1d24abbd84835468e75b8b96fca010db3f2b763340e4c1";

}  // namespace

TEST_CASE("PagerDuty knows a group by the SHA-256 of its key") {
  CHECK(notify::group_key_hash(R"j({}:{alertname="HighCPU"})j") == kKey);
}

TEST_CASE("the default event of PagerDuty, byte for byte") {
  NotifyBench bench;
  bench.client.when("POST", "http://pd/*", net::HttpResponse(202, R"j({"status":"success"})j"));
  config::PagerdutyConfig config = pagerduty();
  config.details = {{"firing", text_tree("{{ .Alerts.Firing | toJson }}")},
                    {"num_firing", text_tree("{{ .Alerts.Firing | len }}")},
                    {"num_resolved", text_tree("{{ .Alerts.Resolved | len }}")},
                    {"resolved", text_tree("{{ .Alerts.Resolved | toJson }}")}};
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1, true)})).error == "");
  CHECK(bench.body().starts_with(
      std::string(R"j({"routing_key":"0123456789abcdef0123456789abcdef","dedup_key":")j") + kKey +
      R"j(","event_action":"resolve","payload":{"summary":)j" +
      R"j("[RESOLVED] HighCPU (web-1:9100 node critical)","source":"Alertmanager",)j" +
      R"j("severity":"error","custom_details":{"firing":[],"num_firing":0,"num_resolved":1,)j" +
      R"j("resolved":[{"annotations":{"runbook_url":)j"));
  CHECK(bench.body().ends_with(
      R"j(},"client":"Alertmanager","client_url":"http://am.example:9093/#/alerts?receiver=r"})j"));
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1), high_cpu(2, true)})).error == "");
  CHECK(bench.body(1).find(R"j("event_action":"trigger")j") != std::string::npos);
}

TEST_CASE("links and images of PagerDuty need their targets") {
  NotifyBench bench;
  bench.client.when("POST", "http://pd/*", net::HttpResponse(202, ""));
  config::PagerdutyConfig config = pagerduty();
  config.images = {{"http://i/{{ .Status }}.png", "alt", "http://i"}, {"{{ .CommonLabels.nope }}", "none", ""}};
  config.links = {{"http://l", "{{ .Status }}"}, {"", "none"}};
  config.source = "src";
  config.severity = "{{ .CommonLabels.severity }}";
  config.clazz = "cl";
  config.component = "co";
  config.group = "gr";
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body().find(R"j("source":"src","severity":"critical","class":"cl","component":"co","group":"gr"})j") !=
        std::string::npos);
  CHECK(bench.body().ends_with(R"j("images":[{"src":"http://i/firing.png","alt":"alt","href":"http://i"}],)j"
                               R"j("links":[{"href":"http://l","text":"firing"}]})j"));
}

TEST_CASE("a long PagerDuty summary is cut to 1024 runes") {
  NotifyBench bench;
  bench.client.when("POST", "http://pd/*", net::HttpResponse(202, ""));
  config::PagerdutyConfig config = pagerduty();
  config.description = std::string(2000, 'x');
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body().find("\"" + std::string(1023, 'x') + "…\"") != std::string::npos);
}

TEST_CASE("an event over 512000 bytes loses its details and says so") {
  NotifyBench bench;
  bench.client.when("POST", "http://pd/*", net::HttpResponse(202, ""));
  config::PagerdutyConfig config = pagerduty();
  config.details = {{"big", text_tree(std::string(512000, 'x'))}};
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body().find(R"j("custom_details":{"error":"Custom details have been removed because the original event )j"
                          R"j(exceeds the maximum size of 512KB"})j") != std::string::npos);
  CHECK(bench.body().size() < 1000);
}

TEST_CASE("a service key speaks version 1 of the events API") {
  NotifyBench bench;
  bench.client.when("POST", "https://events.pagerduty.com/*", net::HttpResponse(403, ""));
  config::PagerdutyConfig config = pagerduty();
  config.routing_key = {};
  config.service_key_file = "/key";
  REQUIRE(bench.fs.write_file_atomic("/key", "svc\n").has_value());
  const auto limited = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(limited.delivery == Delivery::kRetry);
  CHECK(bench.body() ==
        std::string(R"j({"service_key":"svc","incident_key":")j") + kKey +
            R"j(","event_type":"trigger","description":"[FIRING:1] HighCPU (web-1:9100 node critical)",)j" +
            R"j("event_action":"","payload":null,"client":"Alertmanager",)j" +
            R"j("client_url":"http://am.example:9093/#/alerts?receiver=r"})j");
}

TEST_CASE("what an answer of PagerDuty means") {
  struct Row {
    net::HttpResponse answer;
    Delivery delivery;
    const char* error;
  };
  const Row rows[] = {
      {{202, "{}"}, Delivery::kDelivered, ""},
      {{400, R"j({"status":"invalid event","message":"Event object is invalid","errors":["a","b"]})j"},
       Delivery::kPermanent,
       "unexpected status code 400: Event object is invalid: a,b"},
      {{400, "no JSON"}, Delivery::kPermanent, "unexpected status code 400"},
      {{403, ""}, Delivery::kPermanent, "unexpected status code 403"},
      {{429, "x"}, Delivery::kRetry, "unexpected status code 429"},
      {{502, ""}, Delivery::kRetry, "unexpected status code 502"},
  };
  for (const Row& row : rows) {
    NotifyBench bench;
    bench.client.when("POST", "http://pd/*", row.answer);
    const auto result = bench.send(NotifyBench::with(pagerduty()), notification_of({high_cpu(1)}));
    CHECK(result.delivery == row.delivery);
    CHECK(result.error == row.error);
  }
}

TEST_CASE("an empty routing key and a failing detail are permanent") {
  NotifyBench bench;
  config::PagerdutyConfig config = pagerduty();
  config.routing_key = Secret("{{ .CommonLabels.nope }}");
  CHECK(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).error == "routing key cannot be empty");
  config = pagerduty();
  config.details = {{"x", text_tree("{{ index .Alerts 7 }}")}};
  const auto result = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(result.delivery == Delivery::kPermanent);
  CHECK(result.error.starts_with("failed to render details: template: :1:3: executing \"\" at <index .Alerts 7>:"));
  CHECK(bench.client.sent().empty());
}
