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
/// A mail of HTML and text over SMTP.
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::EmailConfig config);
/// Events API v2 (routing key) and v1 (service key). https://developer.pagerduty.com/docs/events-api-v2-overview
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::PagerdutyConfig config);
/// Alert API v2, alias = hash of the group key. https://docs.opsgenie.com/docs/alert-api
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::OpsgenieConfig config);
/// An application message; the access token is kept. https://developer.work.weixin.qq.com/document/path/90236
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::WechatConfig config);
/// An attachment to an incoming webhook, or to chat.postMessage with an app's token.
/// https://api.slack.com/reference/messaging/attachments
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SlackConfig config);
/// REST endpoint of Splunk On-Call. https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::VictoropsConfig config);
/// Message API. https://pushover.net/api
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::PushoverConfig config);
/// Publish, signed with AWS Signature Version 4. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SnsConfig config);
/// sendMessage of the Bot API. https://core.telegram.org/bots/api#sendmessage
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::TelegramConfig config);
/// A webhook with one embed. https://discord.com/developers/docs/resources/webhook#execute-webhook
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::DiscordConfig config);
/// A message to a room. https://developer.webex.com/docs/api/v1/messages/create-a-message
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::WebexConfig config);
/// A MessageCard to an Office 365 connector.
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::MsteamsConfig config);
/// An Adaptive Card to a workflow. https://adaptivecards.io/explorer/AdaptiveCard.html
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::Msteamsv2Config config);
/// An issue, found again by its label, updated, moved to other states. REST API v2 and v3.
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::JiraConfig config);
/// The webhook's body to an alert source of incident.io.
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::IncidentioConfig config);
/// chat.postMessage. https://developer.rocket.chat/apidocs/post-message
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::RocketchatConfig config);
/// An incoming webhook. https://developers.mattermost.com/integrate/webhooks/incoming/
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::MattermostConfig config);
/// A text message for each recipient, through Twilio or another gateway.
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SmsConfig config);
/// An issue for each group of alerts. https://docs.github.com/en/rest/issues/issues
std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::GithubConfig config);

}  // namespace tocsin::notify
