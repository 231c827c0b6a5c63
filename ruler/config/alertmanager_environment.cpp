#include "config/alertmanager_environment.hpp"

#include "base/json_string.hpp"
#include "base/strings.hpp"

namespace tocsin::config {
namespace {

/// A text in double quotes, as YAML and JSON both read it.
std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

bool is_on(const Environment& environment, const std::string& channel) {
  const std::string value = to_lower(environment(channel + "_NOTIFICATIONS_ENABLED"));
  return value != "false" && value != "0" && value != "no" && value != "off";
}

std::string or_else(std::string value, std::string_view otherwise) {
  return value.empty() ? std::string(otherwise) : value;
}

std::string slack(const Environment& environment) {
  const std::string url = environment("SLACK_WEBHOOK_URL"), token = environment("SLACK_BOT_TOKEN");
  const std::string channel = environment("SLACK_OPERATIONS_CHANNEL_ID");
  if (!is_on(environment, "SLACK")) return "";
  const bool by_token = !token.empty() && !channel.empty();
  if (!by_token && url.empty()) return "";
  const std::string where =
      by_token ? "app_token: " + quoted(token) + ", channel: " + quoted(channel) : "api_url: " + quoted(url);
  return "    slack_configs:\n      - {" + where + ", send_resolved: true}\n";
}

std::string webhooks(const Environment& environment) {
  std::string out;
  if (!is_on(environment, "WEBHOOK")) return out;
  const std::string urls = environment("WEBHOOK_URLS");
  for (const std::string_view url : split(urls, ',')) {
    if (!trim(url).empty()) out += "      - url: " + quoted(trim(url)) + "\n";
  }
  return out.empty() ? out : "    webhook_configs:\n" + out;
}

std::string email(const Environment& environment) {
  const std::string recipients = environment("EMAIL_RECIPIENTS");
  if (recipients.empty() || !is_on(environment, "EMAIL")) return "";
  const std::string host = or_else(environment("SMTP_SMARTHOST"), "localhost:25");
  const bool here = host.starts_with("localhost:") || host.starts_with("127.0.0.1:") || host.starts_with("[::1]:");
  std::string out = "    email_configs:\n      - to: " + quoted(recipients) + "\n        smarthost: " + quoted(host) +
                    "\n        from: " + quoted(or_else(environment("SMTP_FROM"), "tocsin@localhost")) +
                    "\n        send_resolved: true\n        require_tls: " + (here ? "false" : "true") + "\n";
  if (const std::string user = environment("SMTP_USERNAME"); !user.empty()) {
    out += "        auth_username: " + quoted(user) +
           "\n        auth_password: " + quoted(environment("SMTP_PASSWORD")) + "\n";
  }
  return out;
}

std::string pagerduty(const Environment& environment) {
  const std::string key = environment("PAGERDUTY_ROUTING_KEY");
  return key.empty() ? "" : "    pagerduty_configs:\n      - routing_key: " + quoted(key) + "\n";
}

}  // namespace

std::optional<std::string> alertmanager_from_environment(const Environment& environment) {
  const std::string all = slack(environment) + webhooks(environment) + email(environment);
  const std::string pager = pagerduty(environment);
  if (all.empty() && pager.empty()) return std::nullopt;
  std::string out =
      "# Made of environment variables, because no file was given.\n"
      "route:\n"
      "  receiver: everybody\n"
      "  group_by: [alertname, service, job]\n";
  if (!all.empty() && !pager.empty()) {
    out +=
        "  routes:\n"
        "    - {receiver: pager, matchers: ['severity=\"critical\"'], continue: true}\n"
        "    - {receiver: everybody}\n";
  }
  out += "receivers:\n  - name: everybody\n" + (all.empty() ? pager : all);
  if (!all.empty() && !pager.empty()) out += "  - name: pager\n" + pager;
  return out;
}

}  // namespace tocsin::config
