#include <iterator>

#include <fmt/format.h>

#include "base/json_string.hpp"
#include "notify/kinds.hpp"
#include "notify/message_data.hpp"
#include "notify/webhook_body.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

/// So much text is rendered in about a fifth of a millisecond: no longer than it takes to hand it to a worker and back.
constexpr std::size_t kQuickAlerts = 128, kQuickBytes = std::size_t{64} << 10U;

/// The data's JSON with the members of the webhook's own.
std::string with_version(std::string body, const Notification& notification, std::size_t max_alerts) {
  const std::size_t count = notification.alerts.size();
  const std::size_t cut = max_alerts != 0 && count > max_alerts ? count - max_alerts : 0;
  body.back() = ',';
  body += R"("version":"4","groupKey":)";
  append_json_string(body, notification.group_key, JsonStyle::kGo);
  fmt::format_to(std::back_inserter(body), R"(,"truncatedAlerts":{}}})", cut);
  return body;
}

}  // namespace

Result<std::string> webhook_body(const tmpl::Value& data, const Notification& notification, std::size_t max_alerts) {
  TOCSIN_TRY(std::string body, tmpl::to_json(data));
  return with_version(std::move(body), notification, max_alerts);
}

namespace {

class WebhookReceiver final : public KindReceiver<config::WebhookConfig> {
 public:
  using KindReceiver::KindReceiver;

  Result<Prepared> prepare(const Notification& notification) const override;
  bool is_quick(const Notification& notification) const override {
    return is_plain(notification) && is_small(notification);
  }

 private:
  static bool is_small(const Notification& notification) {
    if (notification.alerts.size() > kQuickAlerts) return false;
    std::size_t bytes = notification.group_key.size() + notification.group_labels.bytes();
    for (const alerting::NotifiedAlert& one : notification.alerts) {
      bytes += one.alert->labels.bytes() + one.alert->annotations.bytes() + one.alert->generator_url.size();
    }
    return bytes <= kQuickBytes;
  }
  /// Nothing in it is a template, nor in a file.
  bool is_plain(const Notification& notification) const {
    return !config_.payload && notification.route_labels.empty() && !config_.url.empty() &&
           config_.url.reveal().find("{{") == std::string::npos;
  }
  Result<std::string> payload(const Notification& notification, const tmpl::AmData& data) const;
  Result<std::string> custom_payload(const Notification& notification, const tmpl::AmData& data) const;
};

Result<std::string> WebhookReceiver::payload(const Notification& notification, const tmpl::AmData& data) const {
  if (config_.payload) return custom_payload(notification, data);
  return webhook_body(data.value(), notification, config_.max_alerts);
}

Result<std::string> WebhookReceiver::custom_payload(const Notification& notification, const tmpl::AmData& data) const {
  Expander expand(templates(), data, notification.now);
  const tmpl::Value tree = render_tree(*config_.payload, expand);
  if (expand.error()) return fail(Error(*expand.error()).wrap("failed to render custom payload"));
  return tmpl::to_json(tree);
}

Result<Prepared> WebhookReceiver::prepare(const Notification& notification) const {
  if (is_plain(notification)) {
    TOCSIN_TRY(std::string json, tmpl::am_data_json(message_input(rendering(), notification, config_.max_alerts)));
    keep_secret(config_.url.reveal());
    return Prepared{
        json_request(config_.url.reveal(), with_version(std::move(json), notification, config_.max_alerts)), "", {}};
  }
  const tmpl::AmData alerts = data(notification, config_.max_alerts);
  TOCSIN_TRY(std::string body, payload(notification, alerts));
  TOCSIN_TRY(const std::string text, secret_or_file(config_.url, config_.url_file, "url"));
  Expander expand(templates(), alerts, notification.now);
  std::string url = expand(text);
  // The text of the URL may be a secret, and the error quotes it.
  if (expand.error()) return fail(Errc::kInvalid, "failed to template webhook URL");
  if (url.empty()) return fail(Errc::kInvalid, "webhook URL is empty after templating");
  return Prepared{json_request(std::move(url), std::move(body)), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::WebhookConfig config) {
  return std::make_shared<WebhookReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
