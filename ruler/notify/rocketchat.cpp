#include <boost/json.hpp>

#include "base/strings.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxTitleRunes = 1024;

class RocketchatReceiver final : public KindReceiver<config::RocketchatConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
  SendOutcome judge(const Notification& n, const Prepared& prepared, const net::HttpResponse& response) const override;

 private:
  std::string attachment(const Notification& n, Expander& expand) const;
  std::string fields(Expander& expand) const;
  std::string actions(Expander& expand) const;
};

std::string RocketchatReceiver::fields(Expander& expand) const {
  std::string out;
  for (const config::RocketchatField& field : config_.fields) {
    tmpl::JsonObject json;
    json.flag("short", field.is_short.value_or(config_.short_fields));
    json.text_if("title", expand(field.title)).text_if("value", expand(field.value));
    (out += out.empty() ? "" : ",") += json.take();
  }
  return "[" + out + "]";
}

std::string RocketchatReceiver::actions(Expander& expand) const {
  std::string out;
  for (const config::RocketchatAction& action : config_.actions) {
    tmpl::JsonObject json;
    json.text("type", "button").text_if("text", expand(action.text)).text_if("url", expand(action.url));
    json.flag("is_webview", false).text_if("msg", expand(action.msg)).flag("msg_in_chat_window", false);
    (out += out.empty() ? "" : ",") += json.take();
  }
  return "[" + out + "]";
}

std::string RocketchatReceiver::attachment(const Notification& n, Expander& expand) const {
  tmpl::JsonObject json;
  json.text_if("title", truncated(expand(config_.title), kMaxTitleRunes, "title", n));
  json.text_if("title_link", expand(config_.title_link)).text_if("text", expand(config_.text));
  json.text_if("image_url", expand(config_.image_url)).text_if("thumb_url", expand(config_.thumb_url));
  json.text_if("color", expand(config_.color));
  if (!config_.fields.empty()) json.raw("fields", fields(expand));
  if (!config_.actions.empty()) json.raw("actions", actions(expand));
  return json.take();
}

Result<Prepared> RocketchatReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  const std::string attached = attachment(n, expand);
  std::string channel = expand(config_.channel);
  tmpl::JsonObject json;
  json.text_if("channel", channel).text_if("emoji", expand(config_.emoji));
  json.text_if("avatar", expand(config_.icon_url)).raw("attachments", "[" + attached + "]");
  if (expand.error()) return fail(Error(*expand.error()));
  TOCSIN_TRY(const std::string token, secret_or_file(config_.token, config_.token_file, "token"));
  TOCSIN_TRY(const std::string id, secret_or_file(config_.token_id, config_.token_id_file, "token_id"));
  Prepared prepared{
      json_request(join_path(config_.api_url, "api/v1/chat.postMessage"), json.take()), std::move(channel), {}};
  prepared.request.headers.set("X-Auth-Token", token);
  prepared.request.headers.set("X-User-Id", id);
  return prepared;
}

SendOutcome RocketchatReceiver::judge(const Notification&, const Prepared& prepared,
                                      const net::HttpResponse& response) const {
  const std::string_view body = response.body.view();
  SendOutcome outcome = judge_status(response, body);
  const std::string place = fmt::format("channel {}: ", go_quote(prepared.channel));
  if (outcome.delivery != alerting::Delivery::kDelivered) {
    outcome.error = place + outcome.error;
    return outcome;
  }
  const auto refused = alerting::FailureReason::kClientError;
  boost::json::error_code error;
  const boost::json::value answer = boost::json::parse({body.data(), body.size()}, error);
  if (error || !answer.is_object()) return retry(place + "could not unmarshal JSON response", refused);
  const auto* success = answer.as_object().if_contains("success");
  if (success != nullptr && success->is_bool() && success->as_bool()) return outcome;
  const auto* why = answer.as_object().if_contains("error");
  const std::string text = why != nullptr && why->is_string() ? std::string(why->as_string()) : "";
  return permanent(place + "error response from Rocketchat: " + tmpl::truncate_runes(text, 512), refused);
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::RocketchatConfig config) {
  return std::make_shared<RocketchatReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
