// Every kind of integration that speaks HTTP: what it sends (test/data/notify), what answers mean, what never shows.

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include <catch2/catch.hpp>

#include "support/notify_bench.hpp"

using namespace tocsin;
using alerting::Delivery;
using test::high_cpu;
using test::notification_of;
using test::NotifyBench;

namespace {

struct Case {
  std::string name, config;
  struct Answer {
    std::string method, url, content_type, body;
    int status = 200;
  };
  std::vector<Answer> answers;
  std::vector<std::pair<std::string, std::string>> sends;  // "firing" or "resolved", the expected requests
};

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Case read_case(const std::filesystem::path& path) {
  Case out;
  out.name = path.stem().string();
  std::ifstream file(path);
  std::string line, section;
  std::map<std::string, std::string> bodies;
  std::vector<std::string> order;
  while (std::getline(file, line)) {
    if (line.starts_with("=== ")) {
      order.push_back(line.substr(4));
      bodies[order.back()];
    } else if (!order.empty()) {
      bodies[order.back()] += line + "\n";
    }
  }
  for (const std::string& title : order) {
    std::istringstream words(title);
    std::string word;
    words >> word;
    if (word == "config") out.config = bodies[title];
    if (word == "firing" || word == "resolved") out.sends.emplace_back(word, bodies[title]);
    if (word != "answer") continue;
    Case::Answer& answer = out.answers.emplace_back();
    words >> answer.method >> answer.url >> answer.status >> answer.content_type;
    answer.body = without_newline(bodies[title]);
  }
  return out;
}

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const auto& entry : std::filesystem::directory_iterator(TOCSIN_TEST_DATA)) {
    if (entry.path().extension() == ".txt") out.push_back(read_case(entry.path()));
  }
  std::sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return out;
}

std::shared_ptr<const config::AlertmanagerConfig> config_of(const Case& c) {
  std::string text = "route: {receiver: r}\nreceivers:\n- name: r\n";
  std::istringstream lines(c.config);
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  auto config = config::parse_alertmanager_config(text, c.name);
  if (!config) FAIL(config.error().message);
  return *config;
}

void script(NotifyBench& bench, const Case& c) {
  bench.client.when("", "http*", net::HttpResponse(200, "text/plain", "ok"));
  for (const Case::Answer& a : c.answers) {
    bench.client.when(a.method, a.url,
                      a.content_type.empty() ? net::HttpResponse(a.status, a.body)
                                             : net::HttpResponse(a.status, a.content_type, a.body));
  }
}

/// The requests as the case's text writes them, with the fields that it names.
void check_requests(const std::string& expected, const std::vector<test::FakeHttpClient::Sent>& sent) {
  std::istringstream lines(expected);
  std::string line;
  for (const auto& one : sent) {
    REQUIRE(std::getline(lines, line));
    CHECK(one.request.method + " " + one.request.target == line);
    while (std::getline(lines, line) && !line.empty()) {
      const std::size_t colon = line.find(": ");
      INFO(line);
      CHECK(one.request.headers.get(line.substr(0, colon)) == line.substr(colon + 2));
    }
    const std::string body = without_newline(one.request.body);
    if (body.empty()) continue;
    REQUIRE(std::getline(lines, line));
    CHECK(body == line);
  }
  while (std::getline(lines, line)) CHECK(line == "");
}

alerting::DeliveryResult send(NotifyBench& bench, const Case& c, bool resolved = false) {
  return bench.send(*config_of(c), notification_of({high_cpu(1, resolved)}));
}

}  // namespace

TEST_CASE("what each kind sends is what the services and Alertmanager's sources say") {
  for (const Case& c : all_cases()) {
    for (const auto& [state, requests] : c.sends) {
      INFO(c.name << " " << state);
      NotifyBench bench;
      script(bench, c);
      const auto result = send(bench, c, state == "resolved");
      CHECK(result.error == "");
      CHECK(result.delivery == Delivery::kDelivered);
      check_requests(requests, bench.client.sent());
    }
  }
}

TEST_CASE("which refusals are tried again is Alertmanager's table") {
  // Those of the 4xx codes; 5xx always is.
  const std::map<std::string, std::vector<int>> again = {
      {"pagerduty", {429}},     {"opsgenie", {429}},    {"jira_create", {429}},
      {"jira_reopen", {429}},   {"incidentio", {429}},  {"telegram", {400, 401, 403, 404, 429}},
      {"sms_twilio", {429}},    {"sms_gateway", {429}}, {"github_open", {429}},
      {"github_update", {429}},
  };
  for (const Case& c : all_cases()) {
    for (const int status : {400, 401, 403, 404, 429, 500, 502, 503}) {
      INFO(c.name << " " << status);
      NotifyBench bench;
      bench.client.when("", "http*", net::HttpResponse(status, "why"));
      const auto result = send(bench, c);
      const auto found = again.find(c.name);
      const bool listed = found != again.end() && std::count(found->second.begin(), found->second.end(), status) > 0;
      CHECK((result.delivery == Delivery::kRetry) == (status >= 500 || listed));
      CHECK(result.error.find(std::to_string(status)) != std::string::npos);
      CHECK(result.reason != alerting::FailureReason::kOther);
    }
  }
}

TEST_CASE("no secret is in the text of a failure, even if the service sends back all that it got") {
  for (const Case& c : all_cases()) {
    INFO(c.name);
    NotifyBench bench;
    bench.client.when("", "http*", [](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      std::string echo = request.target + " " + request.body;
      for (const auto& [name, value] : request.headers.fields()) echo += " " + name + ": " + value;
      return net::HttpResponse(400, echo);
    });
    const auto result = send(bench, c);
    CHECK(result.delivery != Delivery::kDelivered);
    INFO(result.error);
    CHECK(result.error.find("s3cr3t") == std::string::npos);
    CHECK(result.error.find("dTpzM2NyM3Q") == std::string::npos);  // of u:s3cr3t in Base64
    NotifyBench cut_off;
    cut_off.client.when("", "http*", [](const net::HttpRequest& request) -> Result<net::HttpResponse> {
      return fail(Errc::kIo, "{}: connection reset by peer", request.target);
    });
    const auto lost = send(cut_off, c);
    CHECK(lost.delivery == Delivery::kRetry);
    CHECK(lost.error.find("s3cr3t") == std::string::npos);
    CHECK(lost.error.find("connection reset by peer") != std::string::npos);
  }
}

TEST_CASE("an answer of any size and shape leaves a short text and no crash; every request has its limits") {
  const std::string answers[] = {"",
                                 "<html>",
                                 std::string(900'000, 'x'),
                                 "{",
                                 std::string(100'000, '['),
                                 R"({"ok":1,"success":"yes","issues":[1],"access_token":7})",
                                 "null",
                                 "\xff\xfe\0"};
  for (const Case& c : all_cases()) {
    for (const std::string& answer : answers) {
      for (const int status : {200, 302, 400}) {
        INFO(c.name << " " << status << " " << answer.substr(0, 20));
        NotifyBench bench;
        bench.client.when("", "http*", net::HttpResponse(status, "application/json", answer));
        const auto result = send(bench, c);
        CHECK(result.error.size() < 4096);
        if (status != 200) CHECK(result.delivery != Delivery::kDelivered);
        for (const auto& sent : bench.client.sent()) {
          CHECK(sent.options.max_body_bytes <= 1U << 20U);
          CHECK(sent.options.timeout <= std::chrono::seconds(10));
          CHECK(sent.options.timeout > Duration::zero());
        }
      }
    }
  }
}

TEST_CASE("a service that hangs costs no more than the deadline, over all requests of an attempt") {
  for (const Case& c : all_cases()) {
    INFO(c.name);
    NotifyBench bench;
    script(bench, c);
    bench.client.set_delay(std::chrono::seconds(4));
    const MonoTime start = bench.loop.clock().mono();
    const auto result = bench.send(*config_of(c), notification_of({high_cpu(1)}), std::chrono::seconds(6));
    CHECK(bench.loop.clock().mono() - start <= std::chrono::seconds(6));
    if (bench.client.sent().size() > 1) CHECK(result.reason == alerting::FailureReason::kContextDeadline);
  }
}

TEST_CASE("texts are cut to what the services take") {
  const std::string long_text(40'000, 'x');
  const auto sent_length = [&](const std::string& config, const std::string& before) {
    NotifyBench bench;
    Case c;
    c.config = config;
    bench.client.when("", "http*",
                      net::HttpResponse(200, "application/json", R"({"ok":true,"success":true,"issues":[]})"));
    CHECK(send(bench, c).error == "");
    const net::HttpRequest& request = bench.client.sent().back().request;
    const std::string text = request.body.empty() ? request.target : request.body;
    const std::size_t at = text.find(before);
    REQUIRE(at != std::string::npos);
    const std::size_t start = at + before.size();
    return text.find_first_not_of('x', start) - start;
  };
  const std::string t = "'" + long_text + "'";
  CHECK(sent_length("discord_configs: [{webhook_url: 'http://h/', title: " + t + "}]", R"("title":")") == 255);
  CHECK(sent_length("discord_configs: [{webhook_url: 'http://h/', message: " + t + "}]", R"("description":")") == 4095);
  CHECK(sent_length("discord_configs: [{webhook_url: 'http://h/', content: " + t + "}]", R"("content":")") == 1999);
  CHECK(sent_length("opsgenie_configs: [{api_key: k, message: " + t + "}]", R"("message":")") == 129);
  CHECK(sent_length("victorops_configs: [{api_key: k, routing_key: r, state_message: " + t + "}]",
                    R"("state_message":")") == 20479);
  CHECK(sent_length("pushover_configs: [{user_key: k, token: r, title: " + t + "}]", "&title=") == 249);
  CHECK(sent_length("pushover_configs: [{user_key: k, token: r, message: " + t + "}]", "&message=") == 1023);
  CHECK(sent_length("pushover_configs: [{user_key: k, token: r, url: " + t + "}]", "&url=") == 511);
  CHECK(sent_length("telegram_configs: [{bot_token: k, chat_id: 1, parse_mode: '', message: " + t + "}]",
                    R"("text":")") == 4095);
  CHECK(sent_length("telegram_configs: [{bot_token: k, chat_id: 1, message: " + t + "}]",
                    R"("text":"Alertmanager notification could not be sent: message length e)") == 1);
  CHECK(sent_length("webex_configs: [{room_id: r, http_config: {authorization: {credentials: c}}, message: " + t + "}]",
                    R"("markdown":")") == 7436);
  CHECK(sent_length("rocketchat_configs: [{token: k, token_id: i, title: " + t + "}]", R"("title":")") == 1023);
  CHECK(sent_length("mattermost_configs: [{webhook_url: 'http://h/', text: " + t + ", attachments: [{text: a}]}]",
                    R"({"text":")") == 16382);
  CHECK(sent_length("jira_configs: [{api_url: 'http://j/', project: p, issue_type: t, summary: " + t + "}]",
                    R"("summary":")") == 254);
  CHECK(sent_length("jira_configs: [{api_url: 'http://j/', project: p, issue_type: t, description: " + t + "}]",
                    R"("description":")") == 32766);
  CHECK(sent_length(
            "sns_configs: [{sigv4: {region: r, access_key: a, secret_key: b}, phone_number: '+1', message: " + t + "}]",
            "&Message=") == 1600);
}

TEST_CASE("an SMS through SNS has 1600 bytes of whole characters and says that it was cut") {
  NotifyBench bench;
  Case c;
  std::string text = "a";
  for (int i = 0; i < 1000; ++i) text += "é";
  c.config =
      "sns_configs: [{sigv4: {region: r, access_key: a, secret_key: b}, phone_number: '+1', message: " + text + "}]";
  bench.client.when("", "http*", net::HttpResponse(200, "ok"));
  REQUIRE(send(bench, c).error == "");
  const std::string& body = bench.client.sent().at(0).request.body;
  const std::size_t at = body.find("Message=a");
  REQUIRE(at != std::string::npos);
  CHECK(body.find('&', at) - at == std::string("Message=a").size() + 799 * std::string("%C3%A9").size());
  CHECK(body.find("MessageAttributes.entry.1.Name=truncated") != std::string::npos);
}

TEST_CASE("a WeChat token is kept for two hours and fetched again when it is refused") {
  NotifyBench bench;
  Case c;
  c.config = "wechat_configs: [{api_url: 'http://w/', api_secret: secret, corp_id: c}]";
  bench.client.when("GET", "http://w/gettoken*", net::HttpResponse(200, R"({"access_token":"token-1"})"));
  bench.client.when_in_turn("POST", "http://w/*",
                            {net::HttpResponse(200, R"({"errcode":0})"),
                             net::HttpResponse(200, R"({"errcode":42001,"errmsg":"expired token-1"})"),
                             net::HttpResponse(200, R"({"errcode":0})"),
                             net::HttpResponse(200, R"({"errcode":60020,"errmsg":"not allowed"})")});
  const auto config = config_of(c);
  auto map =
      notify::make_receivers(*config, "http://x", {bench.loop, bench.loop.work(), bench.client, bench.smtp, bench.fs});
  REQUIRE(map);
  std::vector<alerting::DeliveryResult> results;
  const auto again = [&] {
    const std::size_t before = results.size();
    map->at("r").at(0).notify(std::make_shared<const alerting::Notification>(notification_of({high_cpu(1)})),
                              bench.loop.clock().mono() + std::chrono::seconds(10),
                              [&](alerting::DeliveryResult r) { results.push_back(std::move(r)); });
    bench.loop.run_until([&] { return results.size() > before; });
    return results.back();
  };
  CHECK(again().delivery == Delivery::kDelivered);
  const auto expired = again();
  CHECK(expired.delivery == Delivery::kRetry);
  CHECK(expired.error == "expired <secret> (errcode 42001)");
  CHECK(again().delivery == Delivery::kDelivered);
  CHECK(again().delivery == Delivery::kPermanent);
  std::string methods;
  for (const auto& sent : bench.client.sent()) methods += sent.request.method + " ";
  CHECK(methods == "GET POST POST GET POST POST ");
}

TEST_CASE("keys and tokens in files are read for each notification") {
  const std::string rows[][2] = {
      {"opsgenie_configs: [{api_key_file: /k}]", "Authorization"},
      {"incidentio_configs: [{url: 'http://h/', alert_source_token_file: /k}]", "Authorization"},
      {"rocketchat_configs: [{token_file: /k, token_id: i}]", "X-Auth-Token"},
      {"slack_configs: [{app_token_file: /k}]", "Authorization"},
  };
  for (const auto& [config, field] : rows) {
    INFO(config);
    NotifyBench bench;
    Case c;
    c.config = config;
    bench.client.when("", "http*", net::HttpResponse(200, "application/json", R"({"ok":true,"success":true})"));
    CHECK(send(bench, c).error.find("/k") != std::string::npos);
    REQUIRE(bench.fs.write_file_atomic("/k", " first-key\n"));
    CHECK(send(bench, c).error == "");
    REQUIRE(bench.fs.write_file_atomic("/k", "second-key"));
    CHECK(send(bench, c).error == "");
    REQUIRE(bench.client.sent().size() == 2);
    CHECK(std::string(bench.client.sent()[0].request.headers.get(field)).ends_with("first-key"));
    CHECK(std::string(bench.client.sent()[1].request.headers.get(field)).ends_with("second-key"));
  }
}

TEST_CASE("a text message that reached somebody is not sent again by a further attempt") {
  NotifyBench bench;
  Case c;
  c.config = "sms_configs: [{to: ['+1', '+2'], gateway: {url: 'http://sms/{to}', method: GET}}]";
  bench.client.when_in_turn("GET", "http://sms/%2B1", {net::HttpResponse(503, ""), net::HttpResponse(200, "")});
  bench.client.when("GET", "http://sms/%2B2", net::HttpResponse(200, ""));
  const auto config = config_of(c);
  auto map =
      notify::make_receivers(*config, "http://x", {bench.loop, bench.loop.work(), bench.client, bench.smtp, bench.fs});
  REQUIRE(map);
  const auto same = std::make_shared<const alerting::Notification>(notification_of({high_cpu(1)}));
  const auto send_once = [&](alerting::NotificationPtr n) {
    std::optional<alerting::DeliveryResult> result;
    map->at("r").at(0).notify(std::move(n), bench.loop.clock().mono() + std::chrono::seconds(10),
                              [&](alerting::DeliveryResult r) { result = std::move(r); });
    bench.loop.run_until([&] { return result.has_value(); });
    return result->delivery;
  };
  CHECK(send_once(same) == Delivery::kRetry);
  CHECK(send_once(same) == Delivery::kDelivered);
  CHECK(bench.client.sent().size() == 3);
  CHECK(send_once(std::make_shared<const alerting::Notification>(*same)) == Delivery::kDelivered);
  CHECK(bench.client.sent().size() == 5);
}

TEST_CASE("the number of a group's issue is kept, and looked for by label when it is another's") {
  NotifyBench bench;
  Case c;
  c.config = "github_configs: [{repository: a/b, token: token, title: t, body: b, comment: ''}]";
  const std::string marker = "<!-- alert group 9f2a099adf99adbf3e1d24abbd84835468e75b8b96fca010db3f2b763340e4c1 -->";
  bench.client.when("GET", "https://api.github.com/repos/a/b/issues/5",
                    net::HttpResponse(200, R"({"number":5,"state":"open","body":")" + marker + R"("})"));
  bench.client.when("GET", "https://api.github.com/repos/a/b/issues/6",
                    net::HttpResponse(200, R"({"number":6,"state":"open","body":"another"})"));
  bench.client.when("GET", "https://api.github.com/repos/a/b/issues?*", net::HttpResponse(200, "[]"));
  bench.client.when("POST", "https://api.github.com/repos/a/b/issues",
                    net::HttpResponse(201, R"({"number":7,"body":""})"));
  bench.client.when("PATCH", "https://api.github.com/*", net::HttpResponse(200, "{}"));
  alerting::Notification n = notification_of({high_cpu(1)});
  n.receiver_data = {{"issue", "5"}};
  auto result = bench.send(*config_of(c), n);
  CHECK(result.error == "");
  CHECK(result.receiver_data.at("issue") == "5");
  n.receiver_data = {{"issue", "6"}};
  result = bench.send(*config_of(c), n);
  CHECK(result.error == "");
  CHECK(result.receiver_data.at("issue") == "7");
  std::string log;
  for (const auto& sent : bench.client.sent()) log += sent.request.method + " ";
  CHECK(log == "GET PATCH GET GET POST ");

  bench.client.when("GET", "https://api.github.com/repos/a/b/issues?*",
                    [](const net::HttpRequest&) -> Result<net::HttpResponse> {
                      net::HttpResponse limited(403, "slow down");
                      limited.headers.set("X-RateLimit-Remaining", "0");
                      return limited;
                    });
  CHECK(bench.send(*config_of(c), notification_of({high_cpu(1)})).delivery == Delivery::kRetry);
}
