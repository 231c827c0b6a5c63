#include "api/envelope.hpp"

#include <charconv>
#include <cmath>

#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::api {
namespace {

constexpr std::size_t kMaxAnnotations = 10;
constexpr double kMaxSeconds = 9.2e15;  // milliseconds in 63 bits

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
    case Errc::kUnsupported:
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
  write_annotations(json_, "warnings", warnings);
  write_annotations(json_, "infos", infos);
  json_.end_object();
  return net::HttpResponse(200, "application/json", std::move(body_));
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
  if (parse_float(text, seconds)) {
    if (std::isfinite(seconds) && std::abs(seconds) < kMaxSeconds) {
      return static_cast<Timestamp>(std::llround(seconds * 1000));
    }
  } else if (Timestamp t = 0; parse_rfc3339(text, t)) {
    return t;
  }
  return fail(Errc::kInvalid, "cannot parse {} to a valid timestamp", go_quote(text));
}

Result<Duration> parse_duration_param(std::string_view text) {
  double seconds = 0;
  if (parse_float(text, seconds)) {
    if (!(std::abs(seconds) * 1e9 < 9.2e18)) {
      return fail(Errc::kInvalid, "cannot parse {} to a valid duration. It overflows int64", go_quote(text));
    }
    return Duration(static_cast<std::int64_t>(seconds * 1e9));
  }
  if (auto duration = parse_duration(text)) return *duration;
  return fail(Errc::kInvalid, "cannot parse {} to a valid duration", go_quote(text));
}

Result<Timestamp> time_param(const net::HttpRequest& request, std::string_view name, Timestamp otherwise) {
  const std::string text = request.param(name);
  if (text.empty()) return otherwise;
  auto t = parse_time(text);
  if (!t) return fail(invalid_parameter(name, t.error().message));
  return *t;
}

Result<std::size_t> limit_param(const net::HttpRequest& request) {
  const std::string text = request.param("limit");
  std::size_t limit = 0;
  if (text.empty()) return limit;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (status != std::errc() || end != text.data() + text.size()) {
    return fail(invalid_parameter("limit", fmt::format("cannot parse {} to a valid limit", go_quote(text))));
  }
  return limit;
}

}  // namespace tocsin::api
