#include "alerting/silence_json.hpp"

#include <boost/json.hpp>

#include "base/strings.hpp"

namespace tocsin::alerting {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxMatchers = 1000;

std::unexpected<Error> wrong(std::string_view where, std::string_view what) {
  return fail(Errc::kInvalid, "{} in body {}", where, what);
}

Result<void> read_text(const json::object& object, std::string_view key, bool required, std::string& out) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return required ? Result<void>(wrong(key, "is required")) : Result<void>{};
  if (!value->is_string()) return wrong(key, "must be of type string");
  out = std::string(value->get_string());
  return {};
}

Result<void> read_time(const json::object& object, std::string_view key, bool required, Timestamp& out) {
  std::string text;
  TOCSIN_OK(read_text(object, key, required, text));
  if (text.empty()) return {};
  if (!parse_rfc3339(text, out)) return wrong(key, "must be of type date-time: " + go_quote(text));
  return {};
}

Result<void> read_bool(const json::object& object, std::string_view key, bool& out) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_bool()) return wrong(key, "must be of type boolean");
  out = value->get_bool();
  return {};
}

Result<SilenceMatcher> read_matcher(const json::value& value) {
  if (!value.is_object()) return wrong("matchers", "must be of type object");
  SilenceMatcher matcher;
  const json::object& object = value.get_object();
  TOCSIN_OK(read_text(object, "name", true, matcher.name));
  TOCSIN_OK(read_text(object, "value", true, matcher.value));
  if (!object.contains("isRegex")) return wrong("isRegex", "is required");
  TOCSIN_OK(read_bool(object, "isRegex", matcher.is_regex));
  TOCSIN_OK(read_bool(object, "isEqual", matcher.is_equal));
  return matcher;
}

Result<void> read_matchers(const json::object& object, Silence& silence) {
  const json::value* matchers = object.if_contains("matchers");
  if (matchers == nullptr || matchers->is_null()) return wrong("matchers", "is required");
  if (!matchers->is_array()) return wrong("matchers", "must be of type array");
  const json::array& list = matchers->get_array();
  if (list.empty()) return wrong("matchers", "should have at least 1 items");
  if (list.size() > kMaxMatchers) return wrong("matchers", fmt::format("should have at most {} items", kMaxMatchers));
  for (const json::value& value : list) {
    TOCSIN_TRY(SilenceMatcher matcher, read_matcher(value));
    silence.matchers.push_back(std::move(matcher));
  }
  return {};
}

Result<void> read_annotations(const json::object& object, Silence& silence) {
  const json::value* annotations = object.if_contains("annotations");
  if (annotations == nullptr || annotations->is_null()) return {};
  if (!annotations->is_object()) return wrong("annotations", "must be of type object");
  for (const auto& [name, value] : annotations->get_object()) {
    if (!value.is_string()) return wrong("annotations", "must be texts");
    silence.annotations.emplace(name, value.get_string());
  }
  return {};
}

}  // namespace

std::string_view silence_state_text(SilenceState state) {
  switch (state) {
    case SilenceState::kActive:
      return "active";
    case SilenceState::kPending:
      return "pending";
    case SilenceState::kExpired:
      break;
  }
  return "expired";
}

std::string api_time(Timestamp t) {
  std::string text = format_rfc3339(t);
  text.pop_back();  // Z
  const std::size_t dot = text.find('.');
  const std::size_t digits = dot == std::string::npos ? 0 : text.size() - dot - 1;
  if (dot == std::string::npos) text += '.';
  return text + std::string(3 - digits, '0') + "Z";
}

std::string silence_json(const Silence& silence, Timestamp now) {
  json::array matchers;
  for (const SilenceMatcher& m : silence.matchers) {
    matchers.push_back({{"isEqual", m.is_equal}, {"isRegex", m.is_regex}, {"name", m.name}, {"value", m.value}});
  }
  json::object object;
  object["id"] = silence.id;
  object["status"] = {{"state", silence_state_text(silence.state_at(now))}};
  object["updatedAt"] = api_time(silence.updated_at);
  if (!silence.annotations.empty()) {
    json::object annotations;
    for (const auto& [name, value] : silence.annotations) annotations[name] = value;
    object["annotations"] = std::move(annotations);
  }
  object["comment"] = silence.comment;
  object["createdBy"] = silence.created_by;
  object["endsAt"] = api_time(silence.ends_at);
  object["matchers"] = std::move(matchers);
  object["startsAt"] = api_time(silence.starts_at);
  return json::serialize(object);
}

Result<Silence> parse_silence_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 8;
  boost::system::error_code error;
  const json::value root = json::parse(text, error, {}, options);
  if (error) return fail(Errc::kInvalid, "parsing body body: {}", error.message());
  if (!root.is_object()) return wrong("body", "must be of type object");
  const json::object& object = root.get_object();
  Silence silence;
  TOCSIN_OK(read_text(object, "id", false, silence.id));
  TOCSIN_OK(read_matchers(object, silence));
  TOCSIN_OK(read_time(object, "startsAt", true, silence.starts_at));
  TOCSIN_OK(read_time(object, "endsAt", true, silence.ends_at));
  TOCSIN_OK(read_time(object, "updatedAt", false, silence.updated_at));
  TOCSIN_OK(read_text(object, "createdBy", true, silence.created_by));
  TOCSIN_OK(read_text(object, "comment", true, silence.comment));
  TOCSIN_OK(read_annotations(object, silence));
  return silence;
}

}  // namespace tocsin::alerting
