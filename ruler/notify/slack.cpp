#include <boost/json.hpp>

#include "base/json_string.hpp"
#include "base/log.hpp"
#include "notify/kinds.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxTitleRunes = 1024;
constexpr const char* kUpdateUrl = "https://slack.com/api/chat.update";
// Where the place of a message is kept between notifications; the names are Alertmanager's.
constexpr const char* kThreadKey = "threadTs";
constexpr const char* kChannelKey = "channelId";

void append_item(std::string& list, std::string json) {
  list += list.size() > 1 ? "," : "";
  list += json;
}

std::string stored(const Notification& notification, const char* key) {
  auto it = notification.receiver_data.find(key);
  return it == notification.receiver_data.end() ? "" : it->second;
}

std::string text_member(const boost::json::object& object, const char* key) {
  const boost::json::value* member = object.if_contains(key);
  return member != nullptr && member->is_string() ? std::string(member->as_string()) : "";
}

class SlackReceiver final : public KindReceiver<config::SlackConfig> {
 public:
  using KindReceiver::KindReceiver;

  Result<Prepared> prepare(const Notification& notification) const override;
  SendOutcome judge(const Notification& notification, const Prepared& prepared,
                    const net::HttpResponse& response) const override;

 private:
  std::string attachment(const Notification& notification, Expander& expand) const;
  std::string fields(Expander& expand) const;
  std::string actions(Expander& expand) const;
  std::string markdown_in() const;
  Result<std::string> url() const;
};

std::string SlackReceiver::fields(Expander& expand) const {
  std::string out = "[";
  for (const config::SlackField& field : config_.fields) {
    tmpl::JsonObject json;
    json.text_if("title", expand(field.title)).text_if("value", expand(field.value));
    append_item(out, json.flag("short", field.is_short.value_or(config_.short_fields)).take());
  }
  return out + "]";
}

std::string SlackReceiver::actions(Expander& expand) const {
  std::string out = "[";
  for (const config::SlackAction& action : config_.actions) {
    tmpl::JsonObject json;
    json.text_if("type", expand(action.type)).text_if("text", expand(action.text)).text_if("url", expand(action.url));
    json.text_if("style", expand(action.style)).text_if("name", expand(action.name));
    json.text_if("value", expand(action.value));
    if (action.confirm) {
      tmpl::JsonObject confirm;
      confirm.text_if("text", expand(action.confirm->text)).text_if("title", expand(action.confirm->title));
      confirm.text_if("ok_text", expand(action.confirm->ok_text));
      json.raw("confirm", confirm.text_if("dismiss_text", expand(action.confirm->dismiss_text)).take());
    }
    append_item(out, json.take());
  }
  return out + "]";
}

std::string SlackReceiver::markdown_in() const {
  if (config_.mrkdwn_in.empty()) return R"(["fallback","pretext","text"])";
  std::string out = "[";
  for (const std::string& name : config_.mrkdwn_in) {
    std::string quoted;
    append_json_string(quoted, name, JsonStyle::kGo);
    append_item(out, std::move(quoted));
  }
  return out + "]";
}

std::string SlackReceiver::attachment(const Notification& notification, Expander& expand) const {
  bool truncated = false;
  const std::string title = tmpl::truncate_runes(expand(config_.title), kMaxTitleRunes, &truncated);
  if (truncated) {
    log::warn("notify", "truncated title", {{"group", notification.group_key}, {"max_runes", kMaxTitleRunes}});
  }
  tmpl::JsonObject json;
  json.text_if("title", title).text_if("title_link", expand(config_.title_link));
  json.text_if("pretext", expand(config_.pretext)).text("text", expand(config_.text));
  json.text("fallback", expand(config_.fallback)).text("callback_id", expand(config_.callback_id));
  if (!config_.fields.empty()) json.raw("fields", fields(expand));
  if (!config_.actions.empty()) json.raw("actions", actions(expand));
  json.text_if("image_url", expand(config_.image_url)).text_if("thumb_url", expand(config_.thumb_url));
  json.text("footer", expand(config_.footer)).text_if("color", expand(config_.color));
  return json.raw("mrkdwn_in", markdown_in()).take();
}

Result<std::string> SlackReceiver::url() const {
  if (!config_.app_token.empty() || !config_.app_token_file.empty()) return config_.app_url;
  return secret_or_file(config_.api_url, config_.api_url_file, "api_url");
}

Result<Prepared> SlackReceiver::prepare(const Notification& notification) const {
  const tmpl::AmData alerts = data(notification);
  Expander expand(templates(), alerts, notification.now);
  const std::string attached = attachment(notification, expand);
  std::string channel = expand(config_.channel);
  TOCSIN_TRY(std::string target, url());
  TOCSIN_TRY(const std::string token, secret_or_file(config_.app_token, config_.app_token_file, "app_token"));
  std::string thread;
  if (config_.update_message) {
    // The message of this group is edited instead of followed by another.
    thread = stored(notification, kThreadKey);
    const std::string where = stored(notification, kChannelKey);
    if (!thread.empty() && !where.empty()) {
      target = kUpdateUrl;
      channel = where;
    } else {
      thread.clear();
    }
  }
  tmpl::JsonObject json;
  json.text_if("channel", channel).text_if("ts", thread).text_if("username", expand(config_.username));
  json.text_if("icon_emoji", expand(config_.icon_emoji)).text_if("icon_url", expand(config_.icon_url));
  if (config_.link_names) json.flag("link_names", true);
  json.text_if("text", expand(config_.message_text)).raw("attachments", "[" + attached + "]");
  if (expand.error()) return fail(Error(*expand.error()));
  Prepared prepared{json_request(std::move(target), json.take()), std::move(channel), {}};
  if (!token.empty()) prepared.request.headers.set("Authorization", "Bearer " + token);
  return prepared;
}

SendOutcome SlackReceiver::judge(const Notification& notification, const Prepared& prepared,
                                 const net::HttpResponse& response) const {
  const std::string_view body = response.body.view();
  SendOutcome outcome = judge_status(response, body);
  auto in_channel = [&](std::string_view message) {
    return fmt::format("channel \"{}\": {}", prepared.channel, message);
  };
  if (outcome.delivery != alerting::Delivery::kDelivered) {
    outcome.error = in_channel(outcome.error);
    return outcome;
  }
  const auto refused = alerting::FailureReason::kClientError;
  if (!response.headers.get("Content-Type").starts_with("application/json")) {
    if (body == "ok") return outcome;
    return permanent(
        in_channel(fmt::format("received an error response from Slack: {}", tmpl::truncate_runes(body, 512))), refused);
  }
  boost::json::error_code error;
  const boost::json::value answer = boost::json::parse({body.data(), body.size()}, error);
  if (error || !answer.is_object()) {
    return retry(
        in_channel(fmt::format("could not unmarshal JSON response: {}", error ? error.message() : "not an object")),
        refused);
  }
  const boost::json::object& object = answer.as_object();
  const boost::json::value* ok = object.if_contains("ok");
  if (ok == nullptr || !ok->is_bool() || !ok->as_bool()) {
    return permanent(in_channel("error response from Slack: " + text_member(object, "error")), refused);
  }
  if (config_.update_message) {
    outcome.receiver_data = notification.receiver_data;
    const std::string thread = text_member(object, "ts"), where = text_member(object, "channel");
    if (!thread.empty() && !where.empty()) {
      outcome.receiver_data[kThreadKey] = thread;
      outcome.receiver_data[kChannelKey] = where;
    }
  }
  return outcome;
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SlackConfig config) {
  return std::make_shared<SlackReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
