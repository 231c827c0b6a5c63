#include "remote/alertmanager_sender.hpp"

#include <algorithm>
#include <span>

#include <catch2/catch.hpp>

#include "base/mem_fs.hpp"
#include "remote/alert_json.hpp"
#include "support/fake_http_client.hpp"
#include "support/log_capture.hpp"
#include "support/test_loop.hpp"

using namespace tocsin;
using namespace std::chrono_literals;
using remote::AlertmanagerStatus;

namespace {

constexpr std::size_t kQueueCapacity = remote::SenderOptions{}.queue_capacity;
constexpr const char* kUrlA = "http://a:9093/api/v2/alerts";
constexpr const char* kUrlB = "http://b:9093/api/v2/alerts";

model::AlertPtr alert(std::size_t number) {
  auto out = std::make_shared<model::Alert>();
  out->labels = {{"alertname", "A"}, {"n", std::to_string(number)}};
  return out;
}

std::vector<model::AlertPtr> alerts(std::size_t count, std::size_t first = 0) {
  std::vector<model::AlertPtr> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(alert(first + i));
  return out;
}

config::AlertmanagerTarget target(std::vector<std::string> addresses, model::Labels labels = {}) {
  config::AlertmanagerTarget out;
  out.discovery.statics.push_back({std::move(addresses), std::move(labels)});
  return out;
}

struct Bench {
  test::LogCapture log;
  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  MemFs fs{loop.clock()};
  remote::AlertmanagerSender sender;

  explicit Bench(const std::vector<config::AlertmanagerTarget>& targets = {target({"a:9093"})},
                 remote::SenderOptions options = {})
      : sender(remote::Services{loop, loop.work(), client, fs}, options) {
    client.when("POST", "*", net::HttpResponse(200, ""));
    sender.apply(targets);
  }
  AlertmanagerStatus status(std::size_t index = 0) const { return sender.status().at(index); }
  /// What was sent to the URL, batch by batch.
  std::vector<std::string> bodies(const std::string& url = kUrlA) const {
    std::vector<std::string> out;
    for (const auto& sent : client.sent()) {
      if (sent.request.target == url) out.push_back(sent.request.body);
    }
    return out;
  }
  std::size_t lines_with(const std::string& text) const {
    const auto lines = log.lines();
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [&](const auto& l) { return l.find(text) != std::string::npos; }));
  }
};

}  // namespace

TEST_CASE("the body is API v2's list of postable alerts, byte for byte") {
  model::Alert full;
  full.labels = {{"alertname", "HighCPU"}, {"instance", "web-1:9100"}};
  full.annotations = {{"summary", "\"90 %\"\n\\ \xc3\xbc"}};
  full.starts_at = 1'700'000'000'000;
  full.ends_at = 1'700'000'240'120;
  full.generator_url = "http://p/graph?g0.expr=cpu+%3E+90&g0.tab=1";
  model::Alert bare;
  bare.labels = {{"alertname", "b\xff"}};
  CHECK(remote::alerts_json({}) == "[]");
  CHECK(remote::alerts_json(
            std::vector<model::AlertPtr>{std::make_shared<model::Alert>(full), std::make_shared<model::Alert>(bare)}) ==
        R"([{"labels":{"alertname":"HighCPU","instance":"web-1:9100"},"annotations":{"summary":"\"90 %\"\n\\ )"
        "\xc3\xbc"
        R"("},"startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:17:20.12Z",)"
        R"("generatorURL":"http://p/graph?g0.expr=cpu+%3E+90&g0.tab=1"},)"
        "{\"labels\":{\"alertname\":\"b\xef\xbf\xbd\"},\"annotations\":{}}]");
}

TEST_CASE("addresses come from scheme, target and path prefix, and from labels that override them") {
  const auto url_of = [](const std::string& scheme, const std::string& prefix, model::Labels labels) {
    config::AlertmanagerTarget one = target({"am:9093"}, std::move(labels));
    one.scheme = scheme;
    one.path_prefix = prefix;
    Bench bench({one});
    return bench.status().url;
  };
  CHECK(url_of("http", "/", {}) == "http://am:9093/api/v2/alerts");
  CHECK(url_of("https", "", {}) == "https://am:9093/api/v2/alerts");
  CHECK(url_of("http", "am", {}) == "http://am:9093/am/api/v2/alerts");
  CHECK(url_of("http", "//x/am/", {}) == "http://am:9093/x/am/api/v2/alerts");
  CHECK(url_of("http", "/x", {{"__scheme__", "https"}, {"__alerts_path__", "/y"}}) == "https://am:9093/y");
  CHECK(Bench({target({"a:1", "b:1", "a:1"}), target({"b:1"})}).sender.status().size() == 2);
  CHECK(Bench(std::vector<config::AlertmanagerTarget>()).sender.status().empty());
  Bench bad({target({"a/b", "c:1"}), target({"d:1"})});
  CHECK(bad.sender.status().size() == 1);
  CHECK(bad.lines_with("\"a/b\\\" is not a valid hostname") == 1);
}

TEST_CASE("a request carries the content type, the timeout and the credentials of its configuration") {
  config::AlertmanagerTarget basic = target({"a:9093"});
  basic.timeout = 3s;
  basic.http.username = "aladdin";
  basic.http.password = Secret("opensesame");
  basic.http.follow_redirects = false;
  config::AlertmanagerTarget bearer = target({"b:9093"});
  bearer.http.authorization_credentials = Secret("token");
  Bench bench({basic, bearer, target({"c:9093"})});
  bench.sender.post(alerts(1));
  bench.loop.run_ready();
  const auto& sent = bench.client.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].request.headers.get("Content-Type") == "application/json");
  CHECK(sent[0].request.headers.get("Authorization") == "Basic YWxhZGRpbjpvcGVuc2VzYW1l");
  CHECK(sent[0].options.timeout == 3s);
  CHECK_FALSE(sent[0].options.follow_redirects);
  CHECK(sent[1].request.headers.get("Authorization") == "Bearer token");
  CHECK(sent[1].options.timeout == 10s);
  CHECK_FALSE(sent[2].request.headers.has("Authorization"));
}

TEST_CASE("alerts go in batches of 256, in order, one batch at a time, to each Alertmanager") {
  Bench bench({target({"a:9093", "b:9093"})});
  bench.client.set_delay(1s);
  bench.sender.post(alerts(300));
  bench.sender.post(alerts(300, 300));
  CHECK(bench.client.sent().empty());
  bench.loop.run_ready();
  CHECK(bench.client.in_flight() == 2);
  CHECK(bench.status().queue_length == 600 - 256);
  bench.loop.advance(1s);
  CHECK(bench.client.in_flight() == 2);
  CHECK(bench.status().sent == 256);
  bench.loop.advance(2s);
  CHECK(bench.client.in_flight() == 0);
  const auto all = alerts(600);
  const std::span<const model::AlertPtr> span(all);
  const std::vector<std::string> expected = {remote::alerts_json(span.subspan(0, 256)),
                                             remote::alerts_json(span.subspan(256, 256)),
                                             remote::alerts_json(span.subspan(512))};
  CHECK(bench.bodies(kUrlA) == expected);
  CHECK(bench.bodies(kUrlB) == expected);
  for (const AlertmanagerStatus& status : bench.sender.status()) {
    CHECK(status.sent == 600);
    CHECK(status.dropped == 0);
    CHECK(status.errors == 0);
    CHECK(status.queue_length == 0);
    CHECK(status.latency_count == 3);
    CHECK(status.latency_sum_seconds == Approx(3.0));
  }
}

TEST_CASE("a full queue drops the oldest alerts, and says so once") {
  Bench bench;
  bench.client.set_delay(1s);
  bench.sender.post(alerts(1));
  bench.loop.run_ready();  // on its way, not in the queue
  bench.sender.post(alerts(kQueueCapacity, 1));
  bench.loop.run_ready();
  CHECK(bench.status().dropped == 0);
  for (std::size_t i = 0; i < 3; ++i) {
    bench.sender.post(alerts(1, kQueueCapacity + 1 + i));
    bench.loop.run_ready();
  }
  CHECK(bench.status().queue_length == kQueueCapacity);
  CHECK(bench.status().dropped == 3);
  CHECK(bench.lines_with("queue full") == 1);
  bench.loop.advance(1min);
  CHECK(bench.status().sent == kQueueCapacity + 1);
  CHECK(bench.bodies().at(1) == remote::alerts_json(alerts(256, 4)));
}

TEST_CASE("capacity and batches are as large as the flags say; without draining a stop drops what waits") {
  Bench bench({target({"a:9093"})}, {.queue_capacity = 5, .batch_size = 2, .drain_on_stop = false});
  bench.sender.post(alerts(7));
  bench.loop.run_ready();
  CHECK(bench.status().dropped == 2);
  CHECK(bench.bodies() == std::vector{remote::alerts_json(alerts(2, 2)), remote::alerts_json(alerts(2, 4)),
                                      remote::alerts_json(alerts(1, 6))});
  bench.client.set_delay(200ms);
  bench.sender.post(alerts(4));
  bench.loop.run_ready();  // two are on their way
  bench.loop.spawn("stop", bench.sender.stop(10s));
  bench.loop.advance(1min);
  CHECK(bench.bodies().size() == 4);
  CHECK(bench.lines_with("alerts were not sent") == 1);
}

TEST_CASE("what waits for the loop is bounded too") {
  Bench bench;
  bench.sender.post(alerts(kQueueCapacity));
  bench.sender.post(alerts(5, kQueueCapacity));
  bench.loop.run_ready();
  CHECK(bench.status().dropped == 5);
  CHECK(bench.status().sent == kQueueCapacity);
  CHECK(bench.bodies().at(0) == remote::alerts_json(alerts(256, 5)));
}

TEST_CASE("a failed batch is dropped and counted, and the next one is sent") {
  Bench bench;
  bench.client.when_in_turn("POST", kUrlA,
                            {fail(Errc::kIo, "dial tcp: connection refused"), net::HttpResponse(500, "no"),
                             net::HttpResponse(202, ""), net::HttpResponse(400, "")});
  bench.sender.post(alerts(256 + 256 + 10));
  bench.loop.run_ready();
  CHECK(bench.bodies().size() == 3);
  CHECK(bench.status().errors == 512);
  CHECK(bench.status().dropped == 512);
  CHECK(bench.status().sent == 10);
  CHECK(bench.status().latency_count == 1);
  CHECK(bench.status().last_error.empty());
  CHECK(bench.lines_with("connection refused") == 1);
  CHECK(bench.lines_with("error sending alerts") == 1);
  CHECK(bench.lines_with("reach the Alertmanager again") == 1);
  bench.sender.post(alerts(1));
  bench.sender.post(alerts(1));
  bench.loop.run_ready();
  CHECK(bench.status().last_error == "bad response status 400 Bad Request");
  CHECK(bench.lines_with("error sending alerts") == 2);
}

TEST_CASE("an Alertmanager that hangs delays no other") {
  config::AlertmanagerTarget slow = target({"a:9093"});
  slow.timeout = 2s;
  Bench bench({slow, target({"b:9093"})});
  bench.client.set_delay(5s);
  bench.sender.post(alerts(1));
  bench.loop.advance(5s);
  CHECK(bench.status(0).last_error == "context deadline exceeded");
  CHECK(bench.status(0).errors == 1);
  CHECK(bench.status(1).sent == 1);
}

TEST_CASE("a reload keeps the queues of Alertmanagers that stay and drops those of others") {
  Bench bench({target({"a:9093", "b:9093"})});
  bench.client.set_delay(1s);
  bench.sender.post(alerts(600));
  bench.loop.run_ready();
  config::AlertmanagerTarget changed = target({"c:9093", "b:9093"});
  changed.timeout = 7s;
  bench.sender.apply({changed});
  REQUIRE(bench.sender.status().size() == 2);
  CHECK(bench.status(0).url == "http://c:9093/api/v2/alerts");
  CHECK(bench.status(0).queue_length == 0);
  CHECK(bench.status(1).url == kUrlB);
  CHECK(bench.status(1).queue_length == 600 - 256);
  bench.loop.advance(10s);
  CHECK(bench.bodies(kUrlA).size() == 1);
  CHECK(bench.bodies(kUrlB).size() == 3);
  CHECK(bench.client.sent().back().options.timeout == 7s);
  CHECK(bench.status(0).sent == 0);
  CHECK(bench.status(1).sent == 600);
  CHECK(bench.lines_with("not used any more") == 1);
  bench.sender.apply({});
  bench.sender.post(alerts(1));
  bench.loop.run_ready();
  CHECK(bench.client.sent().size() == 4);
}

TEST_CASE("stop sends what was posted before it, and takes nothing after") {
  Bench bench;
  bench.client.set_delay(1s);
  bench.sender.post(alerts(300));
  bench.loop.run(bench.sender.stop(10s));
  CHECK(bench.status().sent == 300);
  CHECK(bench.status().dropped == 0);
  bench.sender.post(alerts(1));
  bench.loop.advance(1min);
  CHECK(bench.client.sent().size() == 2);
}

TEST_CASE("stop ends at its limit and drops the rest") {
  Bench bench;
  bench.client.set_delay(1h);
  bench.sender.post(alerts(300));
  const MonoTime before = bench.loop.clock().mono();
  bench.loop.run(bench.sender.stop(2s));
  CHECK(bench.loop.clock().mono() - before == 2s);
  bench.loop.advance(1h);
  CHECK(bench.client.sent().size() == 1);
  CHECK(bench.status().dropped == 300);
  CHECK(bench.loop.failures().empty());
}

TEST_CASE("a sender may go while a batch is on its way and alerts wait for the loop") {
  test::TestLoop loop;
  test::FakeHttpClient client(loop);
  client.when("POST", "*", net::HttpResponse(200, ""));
  client.set_delay(1s);
  {
    MemFs fs;
    remote::AlertmanagerSender sender(remote::Services{loop, loop.work(), client, fs});
    sender.apply({target({"a:9093"})});
    sender.post(alerts(300));
    loop.run_ready();
    sender.post(alerts(1));
  }
  loop.advance(1min);
  CHECK(client.sent().size() == 1);
  CHECK(loop.failures().empty());
}

namespace {

config::RelabelConfig rule(config::RelabelAction action, const char* source, const char* regex, const char* to = "",
                           const char* replacement = "$1") {
  config::RelabelConfig out;
  out.action = action;
  out.source_labels = {source};
  out.regex = model::AnchoredRegex::make(regex).value();
  out.target_label = to;
  out.replacement = replacement;
  return out;
}

}  // namespace

TEST_CASE("relabel_configs choose Alertmanagers and their addresses; what they drop is told") {
  config::AlertmanagerTarget one = target({"a:9093", "b:9093", "c:9093"}, {{"env", "x"}});
  one.relabel_configs = {
      rule(config::RelabelAction::kDrop, "__address__", "b.*"),
      rule(config::RelabelAction::kReplace, "env", "(.*)", "__alerts_path__", "/$1/push"),
      rule(config::RelabelAction::kReplace, "__address__", "c:.*", "__scheme__", "https"),
  };
  Bench bench({one});
  REQUIRE(bench.sender.status().size() == 2);
  CHECK(bench.status(0).url == "http://a:9093/x/push");
  CHECK(bench.status(1).url == "https://c:9093/x/push");
  CHECK(bench.sender.dropped_urls() == std::vector<std::string>{"http://b:9093/api/v2/alerts"});
  bench.sender.apply({target({"a:9093"})});
  CHECK(bench.sender.dropped_urls().empty());
}

TEST_CASE("alert_relabel_configs change and drop alerts for their own Alertmanagers only") {
  config::AlertmanagerTarget picky = target({"a:9093"});
  picky.alert_relabel_configs = {rule(config::RelabelAction::kDrop, "n", "1"),
                                 rule(config::RelabelAction::kReplace, "n", "(.*)", "number", "no. $1")};
  config::AlertmanagerTarget none = target({"c:9093"});
  none.alert_relabel_configs = {rule(config::RelabelAction::kDrop, "n", ".*")};
  Bench bench({picky, target({"b:9093"}), none});
  bench.sender.post(alerts(2));
  bench.loop.run_ready();
  CHECK(bench.bodies(kUrlA) ==
        std::vector<std::string>{R"([{"labels":{"alertname":"A","n":"0","number":"no. 0"},"annotations":{}}])"});
  CHECK(bench.bodies(kUrlB) == std::vector<std::string>{remote::alerts_json(alerts(2))});
  CHECK(bench.client.sent().size() == 2);
  CHECK(bench.status(0).sent == 1);
}

TEST_CASE("Alertmanagers are found by any discovery, when and as it finds them") {
  config::AlertmanagerTarget found;
  found.discovery.https.push_back({"http://sd/alertmanagers", 1min, {}});
  found.http.has_authorization = true;
  found.http.authorization_credentials = Secret("token");
  Bench bench(std::vector<config::AlertmanagerTarget>{});
  const auto answer = [](const char* body) { return net::HttpResponse(200, "application/json", body); };
  bench.client.when_in_turn("GET", "http://sd/*",
                            {answer(R"([{"targets":["a:9093"]}])"), answer(R"([{"targets":["b:9093"]}])")});
  bench.sender.apply({found});
  bench.loop.run_until([&] { return !bench.sender.status().empty(); });
  CHECK(bench.status().url == kUrlA);
  bench.sender.post(alerts(1));
  bench.loop.run_ready();
  CHECK(bench.bodies(kUrlA).size() == 1);
  CHECK(bench.client.sent().back().request.headers.get("Authorization") == "Bearer token");
  bench.loop.advance(2min);
  REQUIRE(bench.sender.status().size() == 1);
  CHECK(bench.status().url == kUrlB);
}
