#pragma once
// PagerDuty: Events API v2 (routing key) and v1 (service key).
// Source: Alertmanager 0.34 notify/pagerduty; https://developer.pagerduty.com/docs/events-api-v2-overview.

#include <memory>
#include <string>

#include "notify/http_receiver.hpp"

namespace tocsin::notify {

class PagerdutyReceiver final : public HttpReceiver {
 public:
  PagerdutyReceiver(Services services, std::shared_ptr<const Rendering> rendering, config::PagerdutyConfig config)
      : HttpReceiver(services, std::move(rendering), "pagerduty", config.timeout, config.http),
        config_(std::move(config)) {}

 protected:
  Result<Prepared> prepare(const Notification& notification) const override;
  SendOutcome judge(const Notification& notification, const Prepared& prepared,
                    const net::HttpResponse& response) const override;

 private:
  bool is_v1() const { return !config_.service_key.empty() || !config_.service_key_file.empty(); }
  /// The body with these details; called again with others if it is too long.
  Result<std::string> message_v1(const Notification& n, Expander& expand, const std::string& details) const;
  Result<std::string> message_v2(const Notification& n, Expander& expand, const std::string& details) const;
  std::string payload_v2(const Notification& n, Expander& expand, const std::string& details) const;
  std::string summary(const Notification& n, Expander& expand) const;
  std::string images(Expander& expand) const;
  std::string links(Expander& expand) const;
  Result<std::string> details(Expander& expand) const;

  config::PagerdutyConfig config_;
};

/// The key under which PagerDuty knows a group: SHA-256 in hex.
std::string dedup_key(std::string_view group_key);

}  // namespace tocsin::notify
