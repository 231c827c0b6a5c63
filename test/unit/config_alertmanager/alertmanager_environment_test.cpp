#include "config/alertmanager_environment.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "config/alertmanager_config.hpp"

namespace tocsin::config {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<std::string> made(const Variables& variables) {
  return alertmanager_from_environment([&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

std::shared_ptr<const AlertmanagerConfig> parsed(const Variables& variables) {
  const auto text = made(variables);
  REQUIRE(text.has_value());
  INFO(*text);
  auto config = parse_alertmanager_config(*text, "environment");
  INFO((config ? std::string() : config.error().message));
  REQUIRE(config.has_value());
  CHECK((*config)->warnings.empty());
  return *config;
}

}  // namespace

TEST_CASE("no variable, no receivers") {
  CHECK_FALSE(made({}).has_value());
  CHECK_FALSE(made({{"SLACK_BOT_TOKEN", "xoxb-1"}}).has_value());  // no channel
  CHECK_FALSE(made({{"SLACK_WEBHOOK_URL", "https://hooks.slack.com/x"}, {"SLACK_NOTIFICATIONS_ENABLED", "False"}}));
}

TEST_CASE("each channel of the environment becomes an integration") {
  const auto config = parsed({{"SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/\"x"},
                              {"WEBHOOK_URLS", "https://a.example/hook, https://b.example/hook,"},
                              {"EMAIL_RECIPIENTS", "ops@example.com, \"Last, First\" <x@example.com>"},
                              {"SMTP_SMARTHOST", "mail.example:587"},
                              {"SMTP_USERNAME", "u"},
                              {"SMTP_PASSWORD", "p: \\ #"},
                              {"PAGERDUTY_ROUTING_KEY", "key"}});
  const ReceiverConfig* everybody = config->receiver("everybody");
  REQUIRE(everybody != nullptr);
  CHECK(everybody->slack.at(0).api_url.reveal() == "https://hooks.slack.com/services/T/B/\"x");
  CHECK(everybody->slack.at(0).send_resolved);
  REQUIRE(everybody->webhook.size() == 2);
  CHECK(everybody->webhook[1].url.reveal() == "https://b.example/hook");
  REQUIRE(everybody->email.size() == 1);
  CHECK(everybody->email[0].to == "ops@example.com, \"Last, First\" <x@example.com>");
  CHECK(everybody->email[0].auth_password.reveal() == "p: \\ #");
  CHECK(everybody->email[0].require_tls == true);
  const ReceiverConfig* pager = config->receiver("pager");
  REQUIRE(pager != nullptr);
  CHECK(pager->pagerduty.at(0).routing_key.reveal() == "key");
  REQUIRE(config->route.routes.size() == 2);
  CHECK(config->route.routes[0].receiver == "pager");
  CHECK(config->route.routes[0].continue_matching);
}

TEST_CASE("a pager alone is told everything, and mail of this host needs no TLS") {
  const auto pager = parsed({{"PAGERDUTY_ROUTING_KEY", "key"}});
  CHECK(pager->route.routes.empty());
  CHECK(pager->receiver("everybody")->pagerduty.size() == 1);
  const auto mail = parsed({{"EMAIL_RECIPIENTS", "root@localhost"}});
  CHECK(mail->receiver("everybody")->email.at(0).require_tls == false);
  const auto token = parsed({{"SLACK_BOT_TOKEN", "xoxb-1"}, {"SLACK_OPERATIONS_CHANNEL_ID", "C1"}});
  CHECK(token->receiver("everybody")->slack.at(0).channel == "C1");
}

}  // namespace tocsin::config
