#pragma once
// From the configuration of an integration to who sends its notifications: one function per kind, each in a file of its
// own (slack.cpp). The sources are Alertmanager 0.34's notify/<kind> and what the service documents.

#include <memory>

#include "config/receiver_config.hpp"
#include "notify/http_receiver.hpp"
#include "notify/receiver.hpp"

namespace tocsin::notify {

using RenderingPtr = std::shared_ptr<const Rendering>;

/// The generic webhook, payload version 4.
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::WebhookConfig config);
/// Events API v2 (routing key) and v1 (service key). https://developer.pagerduty.com/docs/events-api-v2-overview
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::PagerdutyConfig config);
/// An attachment to an incoming webhook, or to chat.postMessage with an app's token.
/// https://api.slack.com/reference/messaging/attachments
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SlackConfig config);

}  // namespace tocsin::notify
