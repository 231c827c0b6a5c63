#pragma once
// Slack: an attachment to an incoming webhook, or to chat.postMessage with an app's token.
// Source: Alertmanager 0.34 notify/slack; https://api.slack.com/reference/messaging/attachments.

#include <memory>
#include <string>

#include "notify/http_receiver.hpp"

namespace tocsin::notify {

class SlackReceiver final : public HttpReceiver {
 public:
  SlackReceiver(Services services, std::shared_ptr<const Rendering> rendering, config::SlackConfig config)
      : HttpReceiver(services, std::move(rendering), "slack", config.timeout, config.http),
        config_(std::move(config)) {}

 protected:
  Result<Prepared> prepare(const Notification& notification) const override;
  SendOutcome judge(const Notification& notification, const Prepared& prepared,
                    const net::HttpResponse& response) const override;

 private:
  std::string attachment(const Notification& notification, Expander& expand) const;
  std::string fields(Expander& expand) const;
  std::string actions(Expander& expand) const;
  std::string markdown_in() const;
  Result<std::string> url() const;

  config::SlackConfig config_;
};

}  // namespace tocsin::notify
