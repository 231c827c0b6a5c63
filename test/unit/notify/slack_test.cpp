#include <catch2/catch.hpp>

#include "support/notify_bench.hpp"

using namespace tocsin;
using alerting::Delivery;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;

namespace {

config::SlackConfig slack() {
  config::SlackConfig out;
  out.api_url = Secret("http://slack/T0/B0/token");
  out.channel = "#alerts";
  return out;
}

net::HttpResponse json_answer(const char* body) {
  return {200, "application/json; charset=utf-8", body};
}

}  // namespace

TEST_CASE("the default Slack message is one attachment, byte for byte") {
  NotifyBench bench;
  bench.client.when("POST", "http://slack/*", net::HttpResponse(200, "ok"));
  REQUIRE(bench.send(NotifyBench::with(slack()), notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body() ==
        R"j({"channel":"#alerts","username":"Alertmanager","attachments":[{)j"
        R"j("title":"[FIRING:1] HighCPU (web-1:9100 node critical)",)j"
        R"j("title_link":"http://am.example:9093/#/alerts?receiver=r","text":"",)j"
        R"j("fallback":"[FIRING:1] HighCPU (web-1:9100 node critical) | http://am.example:9093/#/alerts?receiver=r",)j"
        R"j("callback_id":"","footer":"","color":"danger","mrkdwn_in":["fallback","pretext","text"]}]})j");
  REQUIRE(bench.send(NotifyBench::with(slack()), notification_of({high_cpu(1, true)})).error == "");
  CHECK(bench.body(1).find(R"j("title":"[RESOLVED] HighCPU (web-1:9100 node critical)")j") != std::string::npos);
  CHECK(bench.body(1).find(R"j("color":"good")j") != std::string::npos);
}

TEST_CASE("every field of a Slack configuration is a template and has its place") {
  NotifyBench bench;
  bench.client.when("POST", "http://slack/*", net::HttpResponse(200, "ok"));
  config::SlackConfig config = slack();
  config.channel = "#{{ .Status }}";
  config.username = "bot {{ .Receiver }}";
  config.icon_emoji = ":{{ .Status }}:";
  config.icon_url = "http://icon";
  config.link_names = true;
  config.message_text = "mt {{ .Status }}";
  config.title = "t";
  config.title_link = "l";
  config.pretext = "p";
  config.text = "{{ range .Alerts }}{{ .Labels.instance }} {{ end }}";
  config.fallback = "f";
  config.callback_id = "c";
  config.image_url = "http://image";
  config.thumb_url = "http://thumb";
  config.footer = "foot";
  config.color = "{{ if eq .Status \"firing\" }}#f00{{ end }}";
  config.mrkdwn_in = {"text"};
  config.short_fields = true;
  config.fields = {{"a", "{{ .Status }}", {}}, {"b", "v", false}};
  config::SlackAction link{"button", "Go", "http://go", "danger", "", "", {}};
  config::SlackAction ask{
      "button", "Ack", "", "", "ack", "{{ .Status }}", config::SlackConfirm{"sure?", "T", "yes", "no"}};
  config.actions = {link, ask};
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1), high_cpu(2)})).error == "");
  CHECK(
      bench.body() ==
      R"j({"channel":"#firing","username":"bot r","icon_emoji":":firing:","icon_url":"http://icon","link_names":true,)j"
      R"j("text":"mt firing","attachments":[{"title":"t","title_link":"l","pretext":"p",)j"
      R"j("text":"web-1:9100 web-2:9100 ","fallback":"f","callback_id":"c",)j"
      R"j("fields":[{"title":"a","value":"firing","short":true},{"title":"b","value":"v","short":false}],)j"
      R"j("actions":[{"type":"button","text":"Go","url":"http://go","style":"danger"},)j"
      R"j({"type":"button","text":"Ack","name":"ack","value":"firing","confirm":{"text":"sure?","title":"T",)j"
      R"j("ok_text":"yes","dismiss_text":"no"}}],"image_url":"http://image","thumb_url":"http://thumb",)j"
      R"j("footer":"foot","color":"#f00","mrkdwn_in":["text"]}]})j");
}

TEST_CASE("a Slack title ends with an ellipsis after 1023 runes") {
  NotifyBench bench;
  bench.client.when("POST", "http://slack/*", net::HttpResponse(200, "ok"));
  config::SlackConfig config = slack();
  config.title = std::string(1024, 'x');
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body().find("\"" + std::string(1024, 'x') + "\"") != std::string::npos);
  config.title += "é";
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).error == "");
  CHECK(bench.body(1).find("\"" + std::string(1023, 'x') + "…\"") != std::string::npos);
}

TEST_CASE("an app token goes to the app's URL as a bearer token") {
  NotifyBench bench;
  bench.client.when("POST", "http://app/chat", json_answer(R"j({"ok":true,"ts":"1.2","channel":"C1"})j"));
  config::SlackConfig config = slack();
  config.api_url = {};
  config.app_url = "http://app/chat";
  config.app_token = Secret("xoxb-1");
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).delivery == Delivery::kDelivered);
  CHECK(bench.client.sent().at(0).request.headers.get("Authorization") == "Bearer xoxb-1");
}

TEST_CASE("an updated message is found again by what was kept of the last one") {
  NotifyBench bench;
  bench.client.when("POST", "https://slack.com/*", json_answer(R"j({"ok":true,"ts":"1.2","channel":"C1"})j"));
  config::SlackConfig config = slack();
  config.api_url = {};
  config.app_url = "https://slack.com/api/chat.postMessage";
  config.app_token = Secret("xoxb-1");
  config.update_message = true;
  const auto first = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(first.receiver_data == std::map<std::string, std::string>{{"channelId", "C1"}, {"threadTs", "1.2"}});
  CHECK(bench.client.sent().at(0).request.target == "https://slack.com/api/chat.postMessage");
  alerting::Notification again = notification_of({high_cpu(1, true)});
  again.receiver_data = first.receiver_data;
  REQUIRE(bench.send(NotifyBench::with(config), again).delivery == Delivery::kDelivered);
  CHECK(bench.client.sent().at(1).request.target == "https://slack.com/api/chat.update");
  CHECK(bench.body(1).starts_with(R"j({"channel":"C1","ts":"1.2",)j"));
}

TEST_CASE("what an answer of Slack means") {
  struct Row {
    Result<net::HttpResponse> answer;
    Delivery delivery;
    const char* error;
  };
  const Row rows[] = {
      {net::HttpResponse(200, "text/plain", "ok"), Delivery::kDelivered, ""},
      {net::HttpResponse(200, "text/plain", "no_text"), Delivery::kPermanent,
       "channel \"#alerts\": received an error response from Slack: no_text"},
      {json_answer(R"j({"ok":true})j"), Delivery::kDelivered, ""},
      {json_answer(R"j({"ok":false,"error":"channel_not_found"})j"), Delivery::kPermanent,
       "channel \"#alerts\": error response from Slack: channel_not_found"},
      {json_answer("{"), Delivery::kRetry, "channel \"#alerts\": could not unmarshal JSON response: incomplete JSON"},
      {net::HttpResponse(429, "slow down"), Delivery::kPermanent,
       "channel \"#alerts\": unexpected status code 429: slow down"},
      {net::HttpResponse(500, ""), Delivery::kRetry, "channel \"#alerts\": unexpected status code 500"},
      {fail(Errc::kIo, "dial tcp: lookup http://slack/T0/B0/token: no such host"), Delivery::kRetry,
       "Post \"<redacted>\": dial tcp: lookup <redacted>: no such host"},
  };
  for (const Row& row : rows) {
    NotifyBench bench;
    bench.client.when("POST", "http://slack/*", row.answer);
    const auto result = bench.send(NotifyBench::with(slack()), notification_of({high_cpu(1)}));
    INFO(row.error);
    CHECK(result.delivery == row.delivery);
    CHECK(result.error == row.error);
  }
}

TEST_CASE("a template that fails sends nothing and names the place") {
  NotifyBench bench;
  config::SlackConfig config = slack();
  config.title = "{{ .Nope.Field }}";
  const auto result = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(result.delivery == Delivery::kPermanent);
  CHECK(result.error ==
        R"j(template: :1:8: executing "" at <.Nope.Field>: can't evaluate field Nope in type *template.Data)j");
  CHECK(bench.client.sent().empty());
}

TEST_CASE("a file with the URL that cannot be read is permanent and names the file") {
  NotifyBench bench;
  config::SlackConfig config = slack();
  config.api_url = {};
  config.api_url_file = "/missing";
  const auto result = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(result.delivery == Delivery::kPermanent);
  CHECK(result.error.find("/missing") != std::string::npos);
}
