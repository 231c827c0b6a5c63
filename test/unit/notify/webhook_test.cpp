#include <catch2/catch.hpp>

#include "support/notify_bench.hpp"

using namespace tocsin;
using alerting::Delivery;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;

namespace {

config::WebhookConfig hook(const std::string& url) {
  config::WebhookConfig out;
  out.url = Secret(url);
  return out;
}

config::ValueTree text_tree(std::string text) {
  config::ValueTree out;
  out.kind = config::ValueTree::Kind::kString;
  out.text = std::move(text);
  return out;
}

}  // namespace

TEST_CASE("the webhook's payload is version 4, byte for byte") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, "ok"));
  alerting::Notification n = notification_of({high_cpu(1), high_cpu(2, true)});
  n.route_labels = {{"owner", "{{ .GroupLabels.alertname }}-team"}};
  const auto result = bench.send(NotifyBench::with(hook("http://hook/x")), n);
  CHECK(result.error == "");
  REQUIRE(result.delivery == Delivery::kDelivered);
  CHECK(bench.client.sent().at(0).request.headers.get("Content-Type") == "application/json");
  const std::string common =
      R"("annotations":{"runbook_url":"https://runbooks.example/cpu","summary":"CPU above 90%"},)"
      R"("startsAt":"2023-11-14T22:13:20Z",)";
  const std::string link = R"("generatorURL":"http://prom.example:9090/graph?g0.expr=cpu+%3E+90\u0026g0.tab=1",)";
  CHECK(bench.body() ==
        R"({"receiver":"r","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"HighCPU",)"
        R"("instance":"web-1:9100","job":"node","severity":"critical"},)" +
            common + R"("endsAt":"0001-01-01T00:00:00Z",)" + link + R"("fingerprint":"ab906f89a7cb9bdc"},)" +
            R"({"status":"resolved","labels":{"alertname":"HighCPU","instance":"web-2:9100","job":"node",)" +
            R"("severity":"critical"},)" + common + R"("endsAt":"2023-11-14T22:14:20Z",)" + link +
            R"("fingerprint":"039e18ef8070187b"}],"notification_reason":"first notification",)"
            R"("groupLabels":{"alertname":"HighCPU"},"commonLabels":{"alertname":"HighCPU","job":"node",)"
            R"("severity":"critical"},"commonAnnotations":{"runbook_url":"https://runbooks.example/cpu",)"
            R"("summary":"CPU above 90%"},"routeLabels":{"owner":"HighCPU-team"},)"
            R"("externalURL":"http://am.example:9093","version":"4",)"
            R"("groupKey":"{}:{alertname=\"HighCPU\"}","truncatedAlerts":0})");
}

TEST_CASE("max_alerts cuts the list and says by how much") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, ""));
  config::WebhookConfig config = hook("http://hook/x");
  config.max_alerts = 1;
  REQUIRE(bench.send(NotifyBench::with(config), notification_of({high_cpu(1), high_cpu(2), high_cpu(3)})).delivery ==
          Delivery::kDelivered);
  CHECK(bench.body().find("web-1") != std::string::npos);
  CHECK(bench.body().find("web-2") == std::string::npos);
  CHECK(bench.body().ends_with(R"("truncatedAlerts":2})"));
}

TEST_CASE("a custom payload is a tree of templates whose results take the type that YAML sees in them") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, ""));
  config::WebhookConfig config = hook("http://hook/x");
  config::ValueTree tree, list, number;
  list.kind = config::ValueTree::Kind::kList;
  number.kind = config::ValueTree::Kind::kInt;
  number.integer = 2;
  list.list = {text_tree("{{ .Status }}"), number};
  tree.kind = config::ValueTree::Kind::kMap;
  tree.map = {{"title", text_tree("{{ .CommonLabels.alertname }}")},
              {"n", text_tree("{{ len .Alerts }}")},
              {"all", text_tree("{{ .GroupLabels | toJson }}")},
              {"colon", text_tree(R"({{ "value:" }})")},
              {"{{ .Status }}-list", list}};
  config.payload = tree;
  const auto result = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(result.error == "");
  CHECK(bench.body() == R"({"all":{"alertname":"HighCPU"},"colon":{"value":null},"firing-list":["firing",2],"n":1,)"
                        R"("title":"HighCPU"})");
}

TEST_CASE("the webhook's URL may be a template, come from a file, and must not end up empty") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/*", net::HttpResponse(200, ""));
  REQUIRE(
      bench.send(NotifyBench::with(hook("http://hook/{{ .GroupLabels.alertname }}")), notification_of({high_cpu(1)}))
          .delivery == Delivery::kDelivered);
  CHECK(bench.client.sent().at(0).request.target == "http://hook/HighCPU");

  config::WebhookConfig from_file;
  from_file.url_file = "/url";
  REQUIRE(bench.fs.write_file_atomic("/url", " http://hook/file\n").has_value());
  REQUIRE(bench.send(NotifyBench::with(from_file), notification_of({high_cpu(1)})).delivery == Delivery::kDelivered);
  CHECK(bench.client.sent().at(1).request.target == "http://hook/file");

  const auto empty = bench.send(NotifyBench::with(hook("{{ .CommonLabels.nope }}")), notification_of({high_cpu(1)}));
  CHECK(empty.delivery == Delivery::kPermanent);
  CHECK(empty.error == "webhook URL is empty after templating");

  const auto wrong = bench.send(NotifyBench::with(hook("http://token/{{ .Nope }}")), notification_of({high_cpu(1)}));
  CHECK(wrong.delivery == Delivery::kPermanent);
  CHECK(wrong.error == "failed to template webhook URL");
}

TEST_CASE("credentials of http_config go into the request") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, ""));
  config::WebhookConfig basic = hook("http://hook/x"), bearer = hook("http://hook/x");
  basic.http.username = "u";
  basic.http.password = Secret("p:w");
  bearer.http.authorization_credentials = Secret("tok");
  bearer.http.follow_redirects = false;
  bench.send(NotifyBench::with(basic), notification_of({high_cpu(1)}));
  bench.send(NotifyBench::with(bearer), notification_of({high_cpu(1)}));
  CHECK(bench.client.sent().at(0).request.headers.get("Authorization") == "Basic dTpwOnc=");
  CHECK(bench.client.sent().at(1).request.headers.get("Authorization") == "Bearer tok");
  CHECK(bench.client.sent().at(0).options.follow_redirects);
  CHECK_FALSE(bench.client.sent().at(1).options.follow_redirects);
}

TEST_CASE("headers, TLS and token of http_config reach the request, a missing file is tried again") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, ""));
  bench.client.when("POST", "http://login/", net::HttpResponse(200, "application/json", R"({"access_token":"one"})"));
  config::WebhookConfig config = hook("http://hook/x");
  config.http.http_headers = {{"X-Key", {}, {}, {"/key"}}};
  config.http.tls.server_name = "hook.test";
  config::OAuth2Config oauth2;
  oauth2.client_id = "me";
  oauth2.token_url = "http://login/";
  config.http.oauth2 = oauth2;
  const auto missing = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}));
  CHECK(missing.delivery == Delivery::kRetry);
  CHECK(missing.error == "Post \"<redacted>\": unable to read headers file /key: open /key: no such file or directory");
  REQUIRE(bench.fs.write_file_atomic("/key", "secret\n"));
  CHECK(bench.send(NotifyBench::with(config), notification_of({high_cpu(1)})).delivery == Delivery::kDelivered);
  const auto& sent = bench.client.sent().back();
  CHECK(sent.request.headers.get("X-Key") == "secret");
  CHECK(sent.request.headers.get("Authorization") == "Bearer one");
  CHECK(sent.options.tls->server_name == "hook.test");
}

TEST_CASE("what an answer means for a webhook") {
  struct Row {
    int status;
    Delivery delivery;
    alerting::FailureReason reason;
    const char* error;
  };
  using alerting::FailureReason;
  const Row rows[] = {
      {200, Delivery::kDelivered, FailureReason::kOther, ""},
      {204, Delivery::kDelivered, FailureReason::kOther, ""},
      {302, Delivery::kPermanent, FailureReason::kOther, "unexpected status code 302: why"},
      {400, Delivery::kPermanent, FailureReason::kClientError, "unexpected status code 400: why"},
      {401, Delivery::kPermanent, FailureReason::kAuthError, "unexpected status code 401: why"},
      {403, Delivery::kPermanent, FailureReason::kAuthError, "unexpected status code 403: why"},
      {429, Delivery::kPermanent, FailureReason::kRateLimited, "unexpected status code 429: why"},
      {500, Delivery::kRetry, FailureReason::kServerError, "unexpected status code 500: why"},
      {503, Delivery::kRetry, FailureReason::kServerError, "unexpected status code 503: why"},
  };
  for (const Row& row : rows) {
    NotifyBench bench;
    bench.client.when("POST", "http://hook/x", net::HttpResponse(row.status, "why"));
    const auto result = bench.send(NotifyBench::with(hook("http://hook/x")), notification_of({high_cpu(1)}));
    INFO(row.status);
    CHECK(result.delivery == row.delivery);
    CHECK(result.error == row.error);
    CHECK(result.reason == row.reason);
  }
}

TEST_CASE("a transport error is tried again and does not show the URL") {
  NotifyBench bench;
  const std::string url = "http://hook/secret-path";
  bench.client.when("POST", url, fail(Errc::kIo, "{}: dial tcp 10.0.0.1:80: connect: connection refused", url));
  const auto result = bench.send(NotifyBench::with(hook(url)), notification_of({high_cpu(1)}));
  CHECK(result.delivery == Delivery::kRetry);
  CHECK(result.error == "Post \"<redacted>\": <redacted>: dial tcp 10.0.0.1:80: connect: connection refused");
}

TEST_CASE("an attempt ends at its own timeout or at the deadline, whichever is first") {
  NotifyBench bench;
  bench.client.when("POST", "http://hook/x", net::HttpResponse(200, ""));
  bench.client.set_delay(std::chrono::minutes(5));
  config::WebhookConfig config = hook("http://hook/x");
  config.timeout = std::chrono::seconds(3);
  const auto own = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}), std::chrono::seconds(60));
  CHECK(own.delivery == Delivery::kRetry);
  CHECK(own.reason == alerting::FailureReason::kContextDeadline);
  CHECK(own.error == "Post \"<redacted>\": context deadline exceeded: configured webhook timeout reached (3s)");
  CHECK(bench.client.sent().at(0).options.timeout == std::chrono::seconds(3));
  const auto late = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}), std::chrono::seconds(1));
  CHECK(late.error == "Post \"<redacted>\": context deadline exceeded");
  const auto never = bench.send(NotifyBench::with(config), notification_of({high_cpu(1)}), std::chrono::seconds(0));
  CHECK(never.delivery == Delivery::kRetry);
  CHECK(bench.client.sent().size() == 2);
}
