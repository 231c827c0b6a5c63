#include "api/envelope.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::api {
namespace {

constexpr std::size_t kMaxAnnotations = 10;
constexpr double kMaxSeconds = 9e12;  // kAllEnd
// What Prometheus' clients send for "all of it". Source: web/api/v1/api.go, MinTime and MaxTime.
constexpr std::string_view kMinTimeText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxTimeText = "292277025-08-18T07:12:54.999999999Z";

void write_annotations(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  for (std::size_t i = 0; i < texts.size() && i < kMaxAnnotations; ++i) json.text(texts[i]);
  if (texts.size() > kMaxAnnotations) {
    const std::string_view kind = name == "infos" ? "info" : "warning";
    json.text(fmt::format("{} more {} annotations omitted", texts.size() - kMaxAnnotations, kind));
  }
  json.end_array();
}

/// strconv.ParseFloat of Go, which takes digits with underscores between them, and no number beyond a double.
bool parse_go_float(std::string_view text, double& value) {
  std::string digits;
  bool after_digit = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (text[i] != '_') {
      digits += text[i];
    } else if (!after_digit || i + 1 == text.size() || text[i + 1] < '0' || text[i + 1] > '9') {
      return false;
    }
    after_digit = is_digit;
  }
  if (!parse_float(digits, value)) return false;
  return !std::isinf(value) || digits.find_first_of("iI") != std::string::npos;
}

struct ErrorKind {
  int status;
  std::string_view type;
};

ErrorKind error_kind(Errc code) {
  switch (code) {
    case Errc::kInvalid:
      return {400, "bad_data"};
    case Errc::kExecution:
    case Errc::kLimit:
      return {422, "execution"};
    case Errc::kTimeout:
      return {503, "timeout"};
    case Errc::kCanceled:
      return {499, "canceled"};
    case Errc::kNotFound:
      return {404, "not_found"};
    case Errc::kUnavailable:
      return {500, "unavailable"};
    default:
      return {500, "internal"};
  }
}

}  // namespace

net::HttpResponse SuccessBody::finish(const std::vector<std::string>& warnings, const std::vector<std::string>& infos) {
  finish_success(json_, warnings, infos);
  return net::HttpResponse(200, "application/json", std::move(body_));
}

void finish_success(JsonWriter& json, const std::vector<std::string>& warnings, const std::vector<std::string>& infos) {
  write_annotations(json, "warnings", warnings);
  write_annotations(json, "infos", infos);
  json.end_object();
}

net::HttpResponse no_content() {
  net::HttpResponse response;
  response.status = 204;
  return response;
}

net::HttpResponse plain_error(int status, std::string_view text) {
  net::HttpResponse response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

net::HttpResponse error_response(const Error& error) {
  const ErrorKind kind = error_kind(error.code);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("status").text("error");
  json.key("errorType").text(kind.type).key("error").text(error.message).end_object();
  return net::HttpResponse(kind.status, "application/json", std::move(body));
}

Error invalid_parameter(std::string_view name, std::string_view message) {
  return Error{Errc::kInvalid, fmt::format("invalid parameter \"{}\": {}", name, message)};
}

Result<Timestamp> parse_time(std::string_view text) {
  double seconds = 0;
  if (parse_go_float(text, seconds)) {
    if (std::isfinite(seconds) && std::abs(seconds) < kMaxSeconds) {
      double whole = 0;
      const double part = std::modf(seconds, &whole);  // rounded alone, as there: 1.0005 is 1
      return static_cast<Timestamp>(whole) * 1000 + std::llround(part * 1000);
    }
  } else if (Timestamp t = 0; text.find_first_of("tz") == std::string_view::npos && parse_rfc3339(text, t)) {
    return t;
  } else if (text == kMinTimeText) {
    return kAllStart;
  } else if (text == kMaxTimeText) {
    return kAllEnd;
  }
  return fail(Errc::kInvalid, "cannot parse {} to a valid timestamp", go_quote(text));
}

Result<Duration> parse_duration_param(std::string_view text) {
  double seconds = 0;
  if (parse_go_float(text, seconds)) {
    if (!(std::abs(seconds * 1e9) < 0x1p63)) {
      return fail(Errc::kInvalid, "cannot parse {} to a valid duration. It overflows int64", go_quote(text));
    }
    return Duration(static_cast<std::int64_t>(seconds * 1e9));
  }
  if (auto duration = parse_duration(text)) return *duration;
  return fail(Errc::kInvalid, "cannot parse {} to a valid duration", go_quote(text));
}

Result<std::int64_t> parse_go_int(std::string_view function, std::string_view text, int bits) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || status == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    return fail(Errc::kInvalid, "strconv.{}: parsing {}: invalid syntax", function, go_quote(text));
  }
  const std::int64_t limit =
      bits >= 64 ? std::numeric_limits<std::int64_t>::max() : (std::int64_t{1} << (bits - 1)) - 1;
  if (status == std::errc::result_out_of_range || value > limit || value < -limit - 1) {
    return fail(Errc::kInvalid, "strconv.{}: parsing {}: value out of range", function, go_quote(text));
  }
  return value;
}

Result<bool> parse_go_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return fail(Errc::kInvalid, "strconv.ParseBool: parsing {}: invalid syntax", go_quote(text));
}

}  // namespace tocsin::api
