// A delivery through a role: STS gives keys for a while, Publish is signed with them.

#include <catch2/catch.hpp>

#include "support/notify_bench.hpp"

using namespace tocsin;
using alerting::Delivery;
using test::high_cpu;
using test::notification_of;

namespace {

constexpr const char* kSts = "https://sts.eu-west-1.amazonaws.com/";
constexpr const char* kSns = "https://sns.eu-west-1.amazonaws.com/";

constexpr std::string_view kConfig = R"(
route: {receiver: r}
receivers:
- name: r
  sns_configs:
  - sigv4: {region: eu-west-1, access_key: AKIDBASE, secret_key: base-secret, role_arn: 'arn:aws:iam::1:role/pager', external_id: ext}
    topic_arn: 'arn:aws:sns:eu-west-1:1:t'
    subject: s
    message: m
)";

net::HttpResponse session(const std::string& name, const std::string& expires) {
  return net::HttpResponse(
      200, "text/xml",
      fmt::format("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{0}"
                  "</AccessKeyId><SecretAccessKey>secret-{0}</SecretAccessKey><SessionToken>token-{0}"
                  "</SessionToken><Expiration>{1}</Expiration></Credentials></AssumeRoleResult>",
                  name, expires));
}

/// One receiver for many notifications: it keeps the session.
class RoleBench {
 public:
  RoleBench() {
    const auto config = config::parse_alertmanager_config(std::string(kConfig), "am.yml");
    REQUIRE(config);
    auto map = notify::make_receivers(**config, "http://am:9093", {loop, loop.work(), client, smtp, fs});
    REQUIRE(map);
    integration = map->at("r").at(0);
    client.when("POST", kSns, net::HttpResponse(200, "<PublishResponse/>"));
  }

  alerting::DeliveryResult send() {
    alerting::DeliveryResult result;
    bool done = false;
    integration.notify(std::make_shared<const alerting::Notification>(notification_of({high_cpu(1)})),
                       loop.clock().mono() + std::chrono::seconds(10), [&](alerting::DeliveryResult r) {
                         result = std::move(r);
                         done = true;
                       });
    loop.run_until([&done] { return done; });
    return result;
  }

  test::TestLoop loop;
  test::FakeHttpClient client{loop};
  test::FakeSmtpClient smtp;
  MemFs fs;
  alerting::Integration integration;
};

std::string scope(const net::HttpRequest& request) {
  const std::string text(request.headers.get("Authorization"));
  return text.substr(0, text.find(", Signature="));
}

}  // namespace

TEST_CASE("a role is assumed with the keys, and what is published is signed with those of the role") {
  RoleBench bench;
  bench.client.when("POST", kSts, session("1", "2023-11-14T23:00:00Z"));
  REQUIRE(bench.send().delivery == Delivery::kDelivered);
  REQUIRE(bench.client.sent().size() == 2);
  const net::HttpRequest& assume = bench.client.sent()[0].request;
  CHECK(assume.target == kSts);
  CHECK(assume.body ==
        "Action=AssumeRole&DurationSeconds=900&ExternalId=ext&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpager&"
        "RoleSessionName=tocsin-1700000000000&Version=2011-06-15");
  CHECK(scope(assume) ==
        "AWS4-HMAC-SHA256 Credential=AKIDBASE/20231114/eu-west-1/sts/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date");
  const net::HttpRequest& publish = bench.client.sent()[1].request;
  CHECK(publish.target == kSns);
  CHECK(publish.headers.get("X-Amz-Security-Token") == "token-1");
  CHECK(scope(publish) ==
        "AWS4-HMAC-SHA256 Credential=ASIA1/20231114/eu-west-1/sns/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token");
}

TEST_CASE("the keys of a role are kept until a minute before they end") {
  RoleBench bench;
  bench.client.when_in_turn("POST", kSts, {session("1", "2023-11-14T22:28:20Z"), session("2", "2023-11-14T22:43:20Z")});
  const auto asked = [&bench] {
    return std::ranges::count_if(bench.client.sent(), [](const auto& one) { return one.request.target == kSts; });
  };
  REQUIRE(bench.send().delivery == Delivery::kDelivered);
  bench.loop.advance(std::chrono::minutes(13));
  REQUIRE(bench.send().delivery == Delivery::kDelivered);
  CHECK(asked() == 1);
  bench.loop.advance(std::chrono::minutes(2));
  REQUIRE(bench.send().delivery == Delivery::kDelivered);
  CHECK(asked() == 2);
  CHECK(bench.client.sent().back().request.headers.get("X-Amz-Security-Token") == "token-2");
}

TEST_CASE("a role that is refused is no reason to publish, and the error names no secret") {
  RoleBench bench;
  bench.client.when(
      "POST", kSts,
      net::HttpResponse(403, "text/xml", "<Error><Message>not authorized, base-secret</Message></Error>"));
  auto outcome = bench.send();
  CHECK(outcome.delivery == Delivery::kPermanent);
  CHECK(outcome.error.find("not authorized") != std::string::npos);
  CHECK(outcome.error.find("base-secret") == std::string::npos);
  bench.client.when("POST", kSts, net::HttpResponse(503, "text/xml", ""));
  CHECK(bench.send().delivery == Delivery::kRetry);
  bench.client.when("POST", kSts, net::HttpResponse(200, "text/xml", "<html>captive portal</html>"));
  CHECK(bench.send().delivery == Delivery::kRetry);
  CHECK(std::ranges::none_of(bench.client.sent(), [](const auto& one) { return one.request.target == kSns; }));
  bench.client.when("POST", kSts, session("1", "2023-11-14T23:00:00Z"));
  CHECK(bench.send().delivery == Delivery::kDelivered);
}
