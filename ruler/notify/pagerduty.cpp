#include <boost/json.hpp>

#include "base/log.hpp"
#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxSummaryRunes = 1024;
constexpr std::size_t kMaxEventBytes = 512000;
constexpr const char* kUrlV1 = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
constexpr const char* kDetailsRemoved =
    R"({"error":"Custom details have been removed because the original event exceeds the maximum size of 512KB"})";

/// What a 400 says: `{"message": "...", "errors": [...]}`.
std::string refusal(const net::HttpResponse& response) {
  if (response.status != 400) return "";
  const std::string_view body = response.body.view();
  boost::json::error_code error;
  const boost::json::value answer = boost::json::parse({body.data(), body.size()}, error);
  if (error || !answer.is_object()) return "";
  std::string message, errors;
  if (const auto* text = answer.as_object().if_contains("message"); text != nullptr && text->is_string()) {
    message = std::string(text->as_string());
  }
  if (const auto* list = answer.as_object().if_contains("errors"); list != nullptr && list->is_array()) {
    for (const boost::json::value& item : list->as_array()) {
      if (item.is_string()) errors += (errors.empty() ? "" : ",") + std::string(item.as_string());
    }
  }
  return message + ": " + errors;
}

class PagerdutyReceiver final : public KindReceiver<config::PagerdutyConfig> {
 public:
  using KindReceiver::KindReceiver;

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
};

Result<std::string> PagerdutyReceiver::details(Expander& expand) const {
  tmpl::MapData map;
  for (const auto& [key, tree] : config_.details) map.insert_or_assign(key, render_tree(tree, expand));
  if (expand.error()) return fail(Error(*expand.error()).wrap("failed to render details"));
  if (map.empty()) return std::string();
  return tmpl::to_json(tmpl::Value::map(std::move(map)));
}

std::string PagerdutyReceiver::summary(const Notification& n, Expander& expand) const {
  bool truncated = false;
  std::string text = tmpl::truncate_runes(expand(config_.description), kMaxSummaryRunes, &truncated);
  if (truncated) {
    log::warn("notify", "truncated summary", {{"group", n.group_key}, {"max_runes", kMaxSummaryRunes}});
  }
  return text;
}

std::string PagerdutyReceiver::images(Expander& expand) const {
  std::string out = "[";
  for (const config::PagerdutyImage& image : config_.images) {
    const std::string src = expand(image.src), alt = expand(image.alt), href = expand(image.href);
    if (src.empty()) continue;
    if (out.size() > 1) out += ',';
    out += tmpl::JsonObject().text("src", src).text("alt", alt).text("href", href).take();
  }
  return out + "]";
}

std::string PagerdutyReceiver::links(Expander& expand) const {
  std::string out = "[";
  for (const config::PagerdutyLink& link : config_.links) {
    const std::string href = expand(link.href), text = expand(link.text);
    if (href.empty()) continue;
    if (out.size() > 1) out += ',';
    out += tmpl::JsonObject().text("href", href).text("text", text).take();
  }
  return out + "]";
}

std::string PagerdutyReceiver::payload_v2(const Notification& n, Expander& expand, const std::string& custom) const {
  tmpl::JsonObject json;
  json.text("summary", summary(n, expand));
  json.text("source", expand(config_.source.empty() ? config_.client : config_.source));
  json.text("severity", expand(config_.severity.empty() ? "error" : config_.severity));
  json.text_if("class", expand(config_.clazz)).text_if("component", expand(config_.component));
  json.text_if("group", expand(config_.group));
  if (!custom.empty()) json.raw("custom_details", custom);
  return json.take();
}

Result<std::string> PagerdutyReceiver::message_v2(const Notification& n, Expander& expand,
                                                  const std::string& custom) const {
  TOCSIN_TRY(const std::string key_text, secret_or_file(config_.routing_key, config_.routing_key_file, "routing key"));
  const std::string key = expand(key_text);
  if (expand.error()) return fail(Errc::kInvalid, "failed to template PagerDuty v2 routing key");
  keep_secret(key);
  if (key.empty()) return fail(Errc::kInvalid, "routing key cannot be empty");
  tmpl::JsonObject json;
  json.text("routing_key", key).text("dedup_key", group_key_hash(n.group_key));
  json.text("event_action", n.firing() ? "trigger" : "resolve").raw("payload", payload_v2(n, expand, custom));
  json.text_if("client", expand(config_.client)).text_if("client_url", expand(config_.client_url));
  if (const std::string list = images(expand); list != "[]") json.raw("images", list);
  if (const std::string list = links(expand); list != "[]") json.raw("links", list);
  if (expand.error()) return fail(Error(*expand.error()).wrap("failed to template PagerDuty v2 message"));
  return json.take();
}

Result<std::string> PagerdutyReceiver::message_v1(const Notification& n, Expander& expand,
                                                  const std::string& custom) const {
  TOCSIN_TRY(const std::string key_text, secret_or_file(config_.service_key, config_.service_key_file, "service key"));
  const std::string key = expand(key_text);
  if (expand.error()) return fail(Errc::kInvalid, "failed to template PagerDuty v1 service key");
  keep_secret(key);
  if (key.empty()) return fail(Errc::kInvalid, "service key cannot be empty");
  tmpl::JsonObject json;
  json.text("service_key", key).text("incident_key", group_key_hash(n.group_key));
  json.text("event_type", n.firing() ? "trigger" : "resolve").text_if("description", summary(n, expand));
  json.text("event_action", "").raw("payload", "null");
  if (n.firing()) json.text_if("client", expand(config_.client)).text_if("client_url", expand(config_.client_url));
  if (!custom.empty()) json.raw("details", custom);
  if (expand.error()) return fail(Error(*expand.error()).wrap("failed to template PagerDuty v1 message"));
  return json.take();
}

Result<Prepared> PagerdutyReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  auto message = [&](const std::string& custom) {
    return is_v1() ? message_v1(n, expand, custom) : message_v2(n, expand, custom);
  };
  TOCSIN_TRY(const std::string custom, details(expand));
  TOCSIN_TRY(std::string body, message(custom));
  if (body.size() + 1 > kMaxEventBytes) {
    log::warn("notify", "removed the details of an event that is too long",
              {{"group", n.group_key}, {"bytes", body.size()}, {"max_bytes", kMaxEventBytes}});
    TOCSIN_TRY(body, message(kDetailsRemoved));
  }
  return Prepared{json_request(is_v1() ? kUrlV1 : config_.url, std::move(body)), "", {}};
}

SendOutcome PagerdutyReceiver::judge(const Notification&, const Prepared&, const net::HttpResponse& response) const {
  constexpr int kTooManyRequests = 429, kForbidden = 403;  // what each version limits rates with
  return judge_status(response, refusal(response), is_v1() ? kForbidden : kTooManyRequests);
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::PagerdutyConfig config) {
  return std::make_shared<PagerdutyReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
