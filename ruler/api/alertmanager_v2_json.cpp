#include "api/alertmanager_v2_json.hpp"

#include <boost/json.hpp>

#include "alerting/api_json.hpp"
#include "alerting/identity.hpp"
#include "alerting/silence_json.hpp"
#include "api/json_writer.hpp"
#include "api/posted_alerts.hpp"
#include "base/strings.hpp"
#include "model/annotations.hpp"

namespace tocsin::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kBody = "alerts";

std::unexpected<Error> wrong_type(const json::value& value, std::string_view member, std::string_view type) {
  return alerting::not_readable(kBody, value, fmt::format("struct field {} of type {}", member, type));
}

enum class Texts { kLabels, kAnnotations };  // an empty annotation is one, an empty label is none

/// A map of texts as it stands, with what is wrong in it as labels in `error`.
Result<model::Labels> read_labels(const json::object& alert, std::string_view key, std::string_view member, Texts kind,
                                  std::string& error) {
  const json::value* value = alert.if_contains(key);
  if (value == nullptr || value->is_null()) return model::Labels();
  if (!value->is_object()) return wrong_type(*value, member, "models.LabelSet");
  std::vector<model::LabelView> labels;
  for (const auto& [name, text] : value->get_object()) {
    if (!text.is_string() && !text.is_null()) return wrong_type(text, member, "string");
    const std::string_view content = text.is_null() ? std::string_view() : std::string_view(text.get_string());
    if (content.size() > kMaxPostedText || name.size() > kMaxPostedText) {
      return fail(Errc::kInvalid, "{} in body has a text of more than {} bytes", key, kMaxPostedText);
    }
    if (content.empty() && kind == Texts::kLabels) continue;
    if (!model::is_valid_name(name) && error.empty()) error = fmt::format("invalid name {}", go_quote(name));
    labels.push_back({name, content});
  }
  return kind == Texts::kLabels ? model::Labels::from(std::move(labels)) : model::make_annotations(labels);
}

Result<void> read_time(const json::object& alert, std::string_view key, Timestamp& out) {
  const json::value* value = alert.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) return wrong_type(*value, fmt::format(".{}", key), "string");
  const std::string text(value->get_string());
  if (!read_posted_time(text, out)) {
    return alerting::unreadable(kBody, fmt::format("{} is no date-time: {}", key, go_quote(text)));
  }
  return {};
}

/// One alert; the message of what is wrong with it, if anything, in `invalid`.
Result<model::Alert> read_alert(const json::value& value, std::size_t index, Timestamp now, Duration resolve_timeout,
                                std::string& invalid) {
  if (value.is_null()) return fail(Errc::kInvalid, "{} in body is required", index);
  if (!value.is_object()) return alerting::not_readable(kBody, value, "value of type models.PostableAlert");
  const json::object& object = value.get_object();
  model::Alert alert;
  std::string wrong_label, wrong_annotation;
  TOCSIN_TRY(alert.labels, read_labels(object, "labels", "Alert.labels", Texts::kLabels, wrong_label));
  TOCSIN_TRY(alert.annotations,
             read_labels(object, "annotations", ".annotations", Texts::kAnnotations, wrong_annotation));
  TOCSIN_OK(read_time(object, "startsAt", alert.starts_at));
  TOCSIN_OK(read_time(object, "endsAt", alert.ends_at));
  if (const json::value* url = object.if_contains("generatorURL"); url != nullptr && !url->is_null()) {
    if (!url->is_string()) return wrong_type(*url, "Alert.generatorURL", "string");
    alert.generator_url = std::string(url->get_string());
  }
  const json::value* labels = object.if_contains("labels");
  if (labels == nullptr || labels->is_null()) return fail(Errc::kInvalid, "{}.labels in body is required", index);
  if (!complete(alert, now, resolve_timeout)) {
    invalid = "start time must be before end time";
  } else if (alert.labels.empty()) {
    invalid = "at least one label pair required";
  } else if (!wrong_label.empty()) {
    invalid = "invalid label set: " + wrong_label;
  } else if (!wrong_annotation.empty()) {
    invalid = "invalid annotations: " + wrong_annotation;
  }
  return alert;
}

void append_texts(JsonWriter& writer, std::string_view key, const std::vector<std::string>& texts) {
  writer.key(key).begin_array();
  for (const std::string& text : texts) writer.text(text);
  writer.end_array();
}

}  // namespace

Result<PostedAlerts> parse_posted_alerts(std::string_view body, Timestamp now, Duration resolve_timeout) {
  if (std::optional<PostedAlerts> posted = read_plain_alerts(body, now, resolve_timeout)) return std::move(*posted);
  return parse_posted_tree(body, now, resolve_timeout);
}

Result<PostedAlerts> parse_posted_tree(std::string_view body, Timestamp now, Duration resolve_timeout) {
  json::monotonic_resource memory;
  TOCSIN_TRY(const json::value root, alerting::parse_api_body(body, kBody, &memory));
  PostedAlerts posted;
  if (root.is_null()) return posted;
  if (!root.is_array()) return alerting::not_readable(kBody, root, "value of type models.PostableAlerts");
  std::size_t index = 0;
  Result<void> missing;  // the first member that is; what cannot be read anywhere in the body goes first
  for (const json::value& value : root.get_array()) {
    std::string invalid;
    Result<model::Alert> alert = read_alert(value, index++, now, resolve_timeout, invalid);
    if (!alert && alert.error().code == Errc::kCorrupt) return fail(std::move(alert).error());
    if (!alert) {
      if (missing) missing = fail(std::move(alert).error());
    } else if (invalid.empty()) {
      posted.valid.push_back(std::make_shared<const model::Alert>(std::move(*alert)));
    } else {
      posted.invalid.push_back(std::move(invalid));
    }
  }
  TOCSIN_OK(std::move(missing));
  return posted;
}

void append_alert(std::string& out, const alerting::AlertView& view) {
  const model::Alert& alert = *view.alert;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("annotations").labels(alert.annotations);
  writer.key("endsAt").text(alerting::api_time(alert.ends_at));
  writer.key("fingerprint").text(alerting::fingerprint_text(alert.labels.fingerprint()));
  writer.key("receivers").begin_array();
  for (const std::string& name : view.receivers) writer.begin_object().key("name").text(name).end_object();
  writer.end_array();
  writer.key("startsAt").text(alerting::api_time(alert.starts_at));
  writer.key("status").begin_object();
  append_texts(writer, "inhibitedBy", view.inhibited_by);
  append_texts(writer, "mutedBy", view.muted_by);
  append_texts(writer, "silencedBy", view.silenced_by);
  writer.key("state").text(view.suppressed() ? "suppressed" : "active");
  writer.end_object();
  writer.key("updatedAt").text(alerting::api_time(alert.updated_at));
  if (!alert.generator_url.empty()) writer.key("generatorURL").text(alert.generator_url);
  writer.key("labels").labels(alert.labels);
  writer.end_object();
}

void append_group(std::string& out, const alerting::GroupView& group) {
  JsonWriter writer(out);
  writer.begin_object().key("alerts").begin_array();
  for (const alerting::AlertView& alert : group.alerts) {
    std::string text;
    append_alert(text, alert);
    writer.raw(text);
  }
  writer.end_array();
  writer.key("labels").labels(group.labels);
  writer.key("receiver").begin_object().key("name").text(group.receiver).end_object();
  writer.key("routeLabels").begin_object();
  for (const auto& [name, value] : group.route_labels) writer.key(name).text(value);
  writer.end_object().end_object();
}

}  // namespace tocsin::api
