#pragma once
// alertmanager.yml, read strictly: the language of Alertmanager 0.34. Unknown keys are errors; keys that Alertmanager
// knows and this build does not do yet load with one warning each. Source: Alertmanager config/config.go,
// config/notifiers.go, notify/*/config.go, docs/configuration.md.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "config/environment.hpp"
#include "config/http_client_config.hpp"
#include "config/matcher_parser.hpp"
#include "config/time_interval.hpp"
#include "model/matcher.hpp"

namespace tocsin::config {

/// A tree of values as written, with texts that are templates: PagerDuty's `details`, the webhook's `payload`.
struct ValueTree {
  enum class Kind { kNull, kBool, kInt, kDouble, kString, kList, kMap };
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;  // kString
  std::vector<ValueTree> list;
  std::vector<std::pair<std::string, ValueTree>> map;  // keys in the order of the document
  bool operator==(const ValueTree&) const = default;
};

/// Parses YAML text (a rendered template) into a tree: the webhook's payload re-types rendered texts with it.
Result<ValueTree> parse_value_tree(std::string text);

/// The fields of every integration. `http` is the receiver's http_config, or the global one if it has none.
struct NotifierConfig {
  bool send_resolved = true;
  HttpClientConfig http;
  std::string where;  // file:line:column, for messages
};

struct SlackField {
  std::string title, value;
  std::optional<bool> is_short;  // none: short_fields
};

struct SlackConfirm {
  std::string text, title, ok_text, dismiss_text;
};

/// Either `url` or `name` is set; with url the name, value and confirm are gone.
struct SlackAction {
  std::string type, text, url, style, name, value;
  std::optional<SlackConfirm> confirm;
};

/// Texts are templates unless said otherwise; defaults and global fallbacks are filled in.
struct SlackConfig : NotifierConfig {
  SlackConfig() { send_resolved = false; }
  // Where to: an app token (then to app_url, with `Authorization: Bearer`), else api_url, else the file's content. Not
  // templates. With a token, api_url and api_url_file are empty.
  Secret api_url;
  std::string api_url_file;
  Secret app_token;
  std::string app_token_file;
  std::string app_url;
  std::string channel;
  std::string username = R"({{ template "slack.default.username" . }})";
  std::string color = R"({{ template "slack.default.color" . }})";
  std::string title = R"({{ template "slack.default.title" . }})";
  std::string title_link = R"({{ template "slack.default.titlelink" . }})";
  std::string pretext = R"({{ template "slack.default.pretext" . }})";
  std::string text = R"({{ template "slack.default.text" . }})";
  std::string message_text;
  std::vector<SlackField> fields;
  bool short_fields = false;
  std::string footer = R"({{ template "slack.default.footer" . }})";
  std::string fallback = R"({{ template "slack.default.fallback" . }})";
  std::string callback_id = R"({{ template "slack.default.callbackid" . }})";
  std::string icon_emoji = R"({{ template "slack.default.iconemoji" . }})";
  std::string icon_url = R"({{ template "slack.default.iconurl" . }})";
  std::string image_url, thumb_url;
  bool link_names = false;
  std::vector<std::string> mrkdwn_in;  // empty: fallback, pretext, text. Not templates
  std::vector<SlackAction> actions;
  bool update_message = false;
  Duration timeout{0};  // 0: only the pipeline's own deadline; so everywhere
};

struct PagerdutyImage {
  std::string src, alt, href;
};

struct PagerdutyLink {
  std::string href, text;
};

struct PagerdutyConfig : NotifierConfig {
  // Exactly one kind of key: routing (Events v2) or service (Events v1), inline (a template) or from a file.
  Secret service_key;
  std::string service_key_file;
  Secret routing_key;
  std::string routing_key_file;
  std::string url;  // receiver's or global; not a template
  std::string client = R"({{ template "pagerduty.default.client" . }})";
  std::string client_url = R"({{ template "pagerduty.default.clientURL" . }})";
  std::string description = R"({{ template "pagerduty.default.description" .}})";
  /// User's details with the defaults (firing, resolved, num_firing, num_resolved) added where absent; sorted by key.
  std::vector<std::pair<std::string, ValueTree>> details;
  std::vector<PagerdutyImage> images;
  std::vector<PagerdutyLink> links;
  std::string source;  // default: client
  std::string severity, clazz, component, group;
  Duration timeout{0};
};

struct WebhookConfig : NotifierConfig {
  Secret url;  // a template if it has "{{"
  std::string url_file;
  std::uint64_t max_alerts = 0;  // 0: all
  Duration timeout{0};
  std::optional<ValueTree> payload;
};

/// An integration that Alertmanager has and this build has not; it is named in the warnings and never notified.
struct UnsupportedIntegration {
  std::string kind;  // "email", "opsgenie", ...
  std::string where;
};

struct ReceiverConfig {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted, without the implicit `name`
  std::vector<SlackConfig> slack;
  std::vector<PagerdutyConfig> pagerduty;
  std::vector<WebhookConfig> webhook;
  std::vector<UnsupportedIntegration> unsupported;
  std::string where;
};

/// A node of the routing tree as written: what is absent is inherited (alerting/route.hpp does that).
struct RouteConfig {
  std::string receiver;                              // "": inherit
  std::optional<std::vector<std::string>> group_by;  // none: inherit; sorted
  bool group_by_all = false;                         // `['...']`
  std::vector<model::Matcher> matchers;              // match, match_re and matchers together, sorted
  std::vector<std::string> mute_time_intervals, active_time_intervals;
  bool continue_matching = false;
  std::optional<Duration> group_wait, group_interval, repeat_interval;
  std::vector<std::pair<std::string, std::string>> labels;  // values are templates; sorted
  std::vector<RouteConfig> routes;
  std::string where;
};

struct InhibitRuleConfig {
  std::string name;
  std::vector<model::Matcher> source, target;
  std::vector<std::string> equal;  // sorted
};

struct AlertmanagerGlobal {
  Duration resolve_timeout = std::chrono::minutes(5);
  HttpClientConfig http;
  Secret slack_api_url;
  std::string slack_api_url_file;
  Secret slack_app_token;
  std::string slack_app_token_file;
  std::string slack_app_url = "https://slack.com/api/chat.postMessage";
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
};

struct AlertmanagerConfig {
  std::string file;
  std::string text;      // as read
  std::string original;  // marshalled again with defaults of `global` and secrets as <secret>: API v2 config.original
  AlertmanagerGlobal global;
  RouteConfig route;
  std::vector<ReceiverConfig> receivers;
  std::vector<InhibitRuleConfig> inhibit_rules;
  std::vector<NamedTimeIntervals> time_intervals;  // of both keys
  std::vector<std::string> templates;              // patterns, resolved against the configuration's folder
  std::vector<std::string> warnings;               // "file:line:column: ..."

  const ReceiverConfig* receiver(std::string_view name) const;
  const NamedTimeIntervals* time_interval(std::string_view name) const;
};

struct AlertmanagerParseOptions {
  MatcherMode matcher_mode = MatcherMode::kFallback;
  LoadOptions load;
};

/// Thread: any. Errors are kInvalid, "file:line:column: message" with Alertmanager's wording where it has one.
Result<std::shared_ptr<const AlertmanagerConfig>> load_alertmanager_config(Fs& fs, const std::string& path,
                                                                           AlertmanagerParseOptions options = {});
Result<std::shared_ptr<const AlertmanagerConfig>> parse_alertmanager_config(std::string text, const std::string& path,
                                                                            AlertmanagerParseOptions options = {});

}  // namespace tocsin::config
