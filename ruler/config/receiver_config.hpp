#pragma once
// A receiver with its integrations, and the list of all kinds of them.

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/receiver_discord.hpp"
#include "config/receiver_email.hpp"
#include "config/receiver_github.hpp"
#include "config/receiver_incidentio.hpp"
#include "config/receiver_jira.hpp"
#include "config/receiver_mattermost.hpp"
#include "config/receiver_msteams.hpp"
#include "config/receiver_opsgenie.hpp"
#include "config/receiver_pagerduty.hpp"
#include "config/receiver_pushover.hpp"
#include "config/receiver_rocketchat.hpp"
#include "config/receiver_slack.hpp"
#include "config/receiver_sms.hpp"
#include "config/receiver_sns.hpp"
#include "config/receiver_telegram.hpp"
#include "config/receiver_victorops.hpp"
#include "config/receiver_webex.hpp"
#include "config/receiver_webhook.hpp"
#include "config/receiver_wechat.hpp"

namespace tocsin::config {

/// Another receiver that is told when deliveries to this one have failed for a while. Not in Alertmanager.
struct FallbackConfig {
  std::string receiver;  // exists, and is another one
  Duration after = std::chrono::minutes(5);
};

struct ReceiverConfig {
  std::string name;
  TextMap labels;  // without the implicit `name`
  std::vector<WebhookConfig> webhook;
  std::vector<EmailConfig> email;
  std::vector<PagerdutyConfig> pagerduty;
  std::vector<OpsgenieConfig> opsgenie;
  std::vector<WechatConfig> wechat;
  std::vector<SlackConfig> slack;
  std::vector<VictoropsConfig> victorops;
  std::vector<PushoverConfig> pushover;
  std::vector<SnsConfig> sns;
  std::vector<TelegramConfig> telegram;
  std::vector<DiscordConfig> discord;
  std::vector<WebexConfig> webex;
  std::vector<MsteamsConfig> msteams;
  std::vector<Msteamsv2Config> msteamsv2;
  std::vector<JiraConfig> jira;
  std::vector<IncidentioConfig> incidentio;
  std::vector<RocketchatConfig> rocketchat;
  std::vector<MattermostConfig> mattermost;
  std::vector<SmsConfig> sms;        // not in Alertmanager; nor is
  std::vector<GithubConfig> github;  // this one
  std::optional<FallbackConfig> fallback;
  std::string where;
};

/// Calls `f` with the member of ReceiverConfig for each kind (`std::vector<SlackConfig> ReceiverConfig::*`), in the
/// order in which Alertmanager makes integrations; ours are the last. Source of the order: config/receiver/receiver.go.
template <typename F>
void for_each_kind(F&& f) {
  std::apply([&f](auto... kind) { (f(kind), ...); },
             std::make_tuple(&ReceiverConfig::webhook, &ReceiverConfig::email, &ReceiverConfig::pagerduty,
                             &ReceiverConfig::opsgenie, &ReceiverConfig::wechat, &ReceiverConfig::slack,
                             &ReceiverConfig::victorops, &ReceiverConfig::pushover, &ReceiverConfig::sns,
                             &ReceiverConfig::telegram, &ReceiverConfig::discord, &ReceiverConfig::webex,
                             &ReceiverConfig::msteams, &ReceiverConfig::msteamsv2, &ReceiverConfig::jira,
                             &ReceiverConfig::incidentio, &ReceiverConfig::rocketchat, &ReceiverConfig::mattermost,
                             &ReceiverConfig::sms, &ReceiverConfig::github));
}

/// The type of configuration behind a member that for_each_kind() gives.
template <typename Member>
struct ConfigOfKind;
template <typename Config>
struct ConfigOfKind<std::vector<Config> ReceiverConfig::*> {
  using type = Config;
};
template <typename Member>
using config_of_kind = typename ConfigOfKind<Member>::type;

/// The integrations of one kind.
template <typename Config>
std::vector<Config>& integrations_of(ReceiverConfig& receiver) {
  std::vector<Config>* found = nullptr;
  for_each_kind([&](auto kind) {
    if constexpr (std::same_as<config_of_kind<decltype(kind)>, Config>) found = &(receiver.*kind);
  });
  return *found;
}

}  // namespace tocsin::config
