#include "alerting/api_json.hpp"

#include <utility>

#include "base/strings.hpp"

namespace tocsin::alerting {
namespace {

namespace json = boost::json;

/// Go's name of a JSON value.
std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      return "object";
    case json::kind::array:
      return "array";
    case json::kind::string:
      return "string";
    case json::kind::bool_:
      return "bool";
    case json::kind::null:
      return "null";
    default:
      return "number";
  }
}

}  // namespace

std::unexpected<Error> unreadable(std::string_view name, std::string_view why) {
  return fail(Errc::kCorrupt, "parsing {} body from \"\" failed, because {}", name, why);
}

std::unexpected<Error> not_readable(std::string_view name, const json::value& value, std::string_view target) {
  return unreadable(name, fmt::format("json: cannot unmarshal {} into Go {}", kind_name(value), target));
}

Result<json::value> parse_api_body(std::string_view body, std::string_view name, json::storage_ptr memory) {
  if (trim(body).empty()) return fail(Errc::kInvalid, "{} in body is required", name);
  json::parse_options options;
  options.max_depth = 8;
  boost::system::error_code error;
  json::stream_parser parser(std::move(memory), options);
  parser.write_some(body.data(), body.size(), error);
  if (!error && !parser.done()) parser.finish(error);
  if (error == json::error::incomplete) return unreadable(name, "unexpected EOF");
  if (error) return unreadable(name, error.message());
  return parser.release();
}

bool parse_api_time(std::string_view text, Timestamp& out) {
  if (parse_rfc3339(text, out)) return true;
  std::string full(text);
  if (full.size() == 10) full += "T00:00:00";
  if (full.size() < 16) return false;
  if (full[10] == ' ') full[10] = 'T';
  const bool without_seconds = full.size() == 16 || full[16] != ':';
  if (without_seconds) full.insert(16, ":00");
  const std::size_t sign = full.find_first_of("+-", 19);
  if (sign != std::string::npos && full.size() == sign + 5) full.insert(sign + 3, ":");
  if (sign == std::string::npos && !full.ends_with('Z')) full += 'Z';
  return parse_rfc3339(full, out);
}

}  // namespace tocsin::alerting
