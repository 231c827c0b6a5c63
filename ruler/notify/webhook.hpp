#pragma once
// The generic webhook, payload version 4. Source: Alertmanager 0.34 notify/webhook and docs/configuration.md.

#include <memory>
#include <string>

#include "notify/http_receiver.hpp"

namespace tocsin::notify {

class WebhookReceiver final : public HttpReceiver {
 public:
  WebhookReceiver(Services services, std::shared_ptr<const Rendering> rendering, config::WebhookConfig config)
      : HttpReceiver(services, std::move(rendering), "webhook", config.timeout, config.http),
        config_(std::move(config)) {}

 protected:
  Result<Prepared> prepare(const Notification& notification) const override;
  SendOutcome judge(const Notification& notification, const Prepared& prepared,
                    const net::HttpResponse& response) const override;

 private:
  Result<std::string> payload(const Notification& notification, const tmpl::AmData& data) const;
  Result<std::string> custom_payload(const Notification& notification, const tmpl::AmData& data) const;

  config::WebhookConfig config_;
};

}  // namespace tocsin::notify
