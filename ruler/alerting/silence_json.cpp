#include "alerting/silence_json.hpp"

#include <utility>

#include <boost/json.hpp>

#include "alerting/api_json.hpp"
#include "base/strings.hpp"

namespace tocsin::alerting {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxMatchers = 1000;

constexpr std::string_view kBody = "silence";

std::unexpected<Error> missing(std::string_view where) {
  return fail(Errc::kInvalid, "{} in body is required", where);
}

std::unexpected<Error> wrong_type(const json::value& value, std::string_view member, std::string_view type) {
  return not_readable(kBody, value, fmt::format("struct field {} of type {}", member, type));
}

/// @param member  as Go names it in an error. @return whether it is there.
Result<bool> read_text(const json::object& object, std::string_view key, std::string_view member, std::string& out) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_string()) return wrong_type(*value, member, "string");
  out = std::string(value->get_string());
  return true;
}

Result<bool> read_time(const json::object& object, std::string_view key, std::string_view member, Timestamp& out) {
  std::string text;
  TOCSIN_TRY(const bool there, read_text(object, key, member, text));
  if (!text.empty() && !parse_api_time(text, out)) {
    return unreadable(kBody, fmt::format("{} is no date-time: {}", key, go_quote(text)));
  }
  return there;
}

Result<bool> read_bool(const json::object& object, std::string_view key, std::string_view member, bool& out) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool()) return wrong_type(*value, member, "bool");
  out = value->get_bool();
  return true;
}

Result<SilenceMatcher> read_matcher(const json::value& value, std::size_t index) {
  if (value.is_null()) return missing(fmt::format("matchers.{}", index));
  if (!value.is_object()) return wrong_type(value, "Silence.matchers", "models.Matcher");
  SilenceMatcher matcher;
  const json::object& object = value.get_object();
  TOCSIN_TRY(const bool name, read_text(object, "name", "Matcher.matchers.name", matcher.name));
  TOCSIN_TRY(const bool text, read_text(object, "value", "Matcher.matchers.value", matcher.value));
  TOCSIN_TRY(const bool regex, read_bool(object, "isRegex", "Matcher.matchers.isRegex", matcher.is_regex));
  TOCSIN_OK(read_bool(object, "isEqual", "Matcher.matchers.isEqual", matcher.is_equal));
  for (const auto& [member, there] : {std::pair("isRegex", regex), std::pair("name", name), std::pair("value", text)}) {
    if (!there) return missing(fmt::format("matchers.{}.{}", index, member));
  }
  return matcher;
}

Result<void> read_matchers(const json::object& object, Silence& silence) {
  const json::value* matchers = object.if_contains("matchers");
  if (matchers == nullptr || matchers->is_null()) return missing("matchers");
  if (!matchers->is_array()) return wrong_type(*matchers, "Silence.matchers", "models.Matchers");
  const json::array& list = matchers->get_array();
  if (list.empty()) return fail(Errc::kInvalid, "matchers in body should have at least 1 items");
  if (list.size() > kMaxMatchers) {
    return fail(Errc::kInvalid, "matchers in body should have at most {} items", kMaxMatchers);
  }
  Result<void> missing_in_one;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Result<SilenceMatcher> matcher = read_matcher(list[i], i);
    if (!matcher && matcher.error().code == Errc::kCorrupt) return fail(std::move(matcher).error());
    if (!matcher && missing_in_one) missing_in_one = fail(std::move(matcher).error());
    if (matcher) silence.matchers.push_back(std::move(*matcher));
  }
  return missing_in_one;
}

Result<void> read_annotations(const json::object& object, Silence& silence) {
  const json::value* annotations = object.if_contains("annotations");
  if (annotations == nullptr || annotations->is_null()) return {};
  if (!annotations->is_object()) return wrong_type(*annotations, "Silence.annotations", "models.LabelSet");
  for (const auto& [name, value] : annotations->get_object()) {
    if (!value.is_string()) return wrong_type(value, "Silence.annotations", "string");
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
  json::object annotations;
  for (const auto& [name, value] : silence.annotations) annotations[name] = value;
  object["annotations"] = std::move(annotations);  // the schema requires it
  object["comment"] = silence.comment;
  object["createdBy"] = silence.created_by;
  object["endsAt"] = api_time(silence.ends_at);
  object["matchers"] = std::move(matchers);
  object["startsAt"] = api_time(silence.starts_at);
  return json::serialize(object);
}

Result<Silence> parse_silence_json(std::string_view text) {
  TOCSIN_TRY(const json::value root, parse_api_body(text, kBody));
  static const json::object kNothing;
  if (!root.is_object() && !root.is_null()) {
    return not_readable(kBody, root, "value of type models.PostableSilence");
  }
  const json::object& object = root.is_null() ? kNothing : root.get_object();
  Silence silence;
  TOCSIN_OK(read_text(object, "id", ".id", silence.id));
  TOCSIN_TRY(const bool comment, read_text(object, "comment", "Silence.comment", silence.comment));
  TOCSIN_TRY(const bool author, read_text(object, "createdBy", "Silence.createdBy", silence.created_by));
  TOCSIN_TRY(const bool end, read_time(object, "endsAt", "Silence.endsAt", silence.ends_at));
  TOCSIN_TRY(const bool start, read_time(object, "startsAt", "Silence.startsAt", silence.starts_at));
  // Of no silence that is posted, whatever stands there.
  (void)read_time(object, "updatedAt", ".updatedAt", silence.updated_at);
  TOCSIN_OK(read_annotations(object, silence));
  Result<void> matchers = read_matchers(object, silence);
  if (!matchers && matchers.error().code == Errc::kCorrupt) return fail(std::move(matchers).error());
  // What cannot be read comes first, then what is missing, in the order in which Alertmanager looks: it tells the
  // first.
  if (!comment) return missing("comment");
  if (!author) return missing("createdBy");
  if (!end) return missing("endsAt");
  TOCSIN_OK(std::move(matchers));
  if (!start) return missing("startsAt");
  return silence;
}

}  // namespace tocsin::alerting
