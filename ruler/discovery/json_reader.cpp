#include "discovery/json_reader.hpp"

#include "base/strings.hpp"

namespace tocsin::discovery {
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxDepth = 64;

const json::object& no_object() {
  static const json::object none;
  return none;
}

const json::array& no_array() {
  static const json::array none;
  return none;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::stream_parser parser(std::move(storage), options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (error) return fail(Errc::kInvalid, "invalid JSON at byte {}: {}", read, error.message());
  if (read < text.size() && !trim(text.substr(read)).empty()) {
    return fail(Errc::kInvalid, "invalid JSON at byte {}: extra data", read);
  }
  return parser.release();
}

const json::value* JsonReader::find(const json::object& object, std::string_view key) const {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

void JsonReader::wrong(std::string_view key, std::string_view wanted) {
  fail_with(fmt::format("field {} is not {}", go_quote(key), wanted));
}

std::string JsonReader::checked(std::string_view key, const json::string& text) {
  if (text.size() <= kMaxText) return std::string(text);
  fail_with(fmt::format("field {} has more than {} bytes", go_quote(key.substr(0, 100)), kMaxText));
  return "";
}

std::optional<std::string> JsonReader::optional_text(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string()) return checked(key, *text);
  wrong(key, "a text");
  return std::nullopt;
}

std::string JsonReader::text(const json::object& object, std::string_view key) {
  return optional_text(object, key).value_or("");
}

std::optional<std::int64_t> JsonReader::optional_integer(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (const std::int64_t* number = value->if_int64()) return *number;
  wrong(key, "a whole number");
  return std::nullopt;
}

std::int64_t JsonReader::integer(const json::object& object, std::string_view key) {
  return optional_integer(object, key).value_or(0);
}

std::optional<bool> JsonReader::optional_flag(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (const bool* flag = value->if_bool()) return *flag;
  wrong(key, "true or false");
  return std::nullopt;
}

const json::object& JsonReader::object(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return no_object();
  if (const json::object* found = value->if_object()) return *found;
  wrong(key, "an object");
  return no_object();
}

const json::array& JsonReader::array(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return no_array();
  if (const json::array* found = value->if_array()) return *found;
  wrong(key, "an array");
  return no_array();
}

const json::object& JsonReader::element(const json::value& value, std::string_view what) {
  if (const json::object* found = value.if_object()) return *found;
  if (!value.is_null()) fail_with(fmt::format("an element of {} is not an object", go_quote(what)));
  return no_object();
}

std::vector<std::string> JsonReader::texts(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  for (const json::value& value : array(object, key)) {
    if (const json::string* text = value.if_string()) {
      out.push_back(checked(key, *text));
    } else {
      wrong(key, "an array of texts");
    }
  }
  return out;
}

TextPairs JsonReader::pairs(const json::object& object, std::string_view key) {
  TextPairs out;
  for (const auto& [name, value] : this->object(object, key)) {
    const json::string* text = value.if_string();
    if (text == nullptr && !value.is_null()) {
      wrong(key, "a map of texts");
    } else if (name.size() > kMaxText) {
      fail_with(fmt::format("a key of {} has more than {} bytes", go_quote(key), kMaxText));
    } else {
      out.add(name, text != nullptr ? checked(name, *text) : "");
    }
  }
  out.shrink();
  return out;
}

Result<void> JsonReader::finish() const {
  if (!error_.empty()) return fail(Errc::kInvalid, "{}", error_);
  return {};
}

}  // namespace tocsin::discovery
