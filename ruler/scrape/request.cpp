#include "scrape/request.hpp"

#include <algorithm>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "config/authorization.hpp"
#include "net/http_text.hpp"

namespace tocsin::scrape {
namespace {

/// Without a limit of its own a page is still not taken without end.
constexpr std::size_t kMaxBodyBytes = 512U << 20U;

constexpr std::string_view kTextType = "text/plain";
constexpr std::string_view kOpenMetricsType = "application/openmetrics-text";
constexpr std::string_view kProtobufType = "application/vnd.google.protobuf";

/// The media type that a fallback_scrape_protocol stands for; "" for none.
std::string_view protocol_media_type(std::string_view protocol) {
  if (protocol.starts_with("PrometheusText")) return kTextType;
  if (protocol.starts_with("OpenMetricsText")) return kOpenMetricsType;
  return protocol == "PrometheusProto" ? kProtobufType : std::string_view();
}

bool is_token(std::string_view text) {
  return !text.empty() && net::is_token(text);
}

/// `name=value` of a media type, value a token or quoted; moves `text` behind it.
bool take_parameter(std::string_view& text) {
  const std::size_t equal = text.find('=');
  if (equal == std::string_view::npos || !is_token(trim(text.substr(0, equal)))) return false;
  text = trim(text.substr(equal + 1));
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const bool valid = is_token(trim(text.substr(0, end)));
    text.remove_prefix(end);
    return valid;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text = trim(text.substr(i + 1));
      return text.empty() || text.front() == ';';
    }
  }
  return false;
}

/// The type that the page is read as, which may be one that this build does not read.
/// Source: Prometheus model/textparse/interface.go, extractMediaType.
Result<std::string> page_type(std::string_view content_type, std::string_view fallback) {
  auto type = content_type.empty() ? Result<std::string>(std::string()) : media_type(content_type);
  if (type && (*type == kTextType || *type == kOpenMetricsType || *type == kProtobufType)) return type;
  if (!fallback.empty()) return std::string(fallback);
  if (content_type.empty()) {
    return fail(Errc::kInvalid,
                "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for "
                "target");
  }
  if (!type) {
    return fail(Errc::kInvalid, "cannot parse Content-Type {} and no fallback_scrape_protocol for target: {}",
                go_quote(content_type), type.error().message);
  }
  return fail(Errc::kInvalid,
              "received unsupported Content-Type {} and no fallback_scrape_protocol specified for target",
              go_quote(content_type));
}

}  // namespace

std::string accept_header() {
  return "text/plain;version=0.0.4;q=0.6,*/*;q=0.5";
}

net::HttpRequest make_request(const config::ScrapeConfig& config, const std::string& url, Duration timeout) {
  net::HttpRequest request("GET", url);
  request.headers.set("Accept", accept_header());
  if (!config.enable_compression) request.headers.set("Accept-Encoding", "identity");
  request.headers.set("X-Prometheus-Scrape-Timeout-Seconds", format_float_f(to_seconds(timeout)));
  if (const std::string value = config::authorization_field(config.http); !value.empty()) {
    request.headers.set("Authorization", value);
  }
  return request;
}

net::SendOptions make_send_options(const config::ScrapeConfig& config, Duration timeout) {
  net::SendOptions options;
  options.timeout = timeout;
  options.accept_gzip = config.enable_compression;
  options.follow_redirects = config.http.follow_redirects;
  // A page of just the limit is already too long.
  options.max_body_bytes = config.body_size_limit == 0 ? kMaxBodyBytes : config.body_size_limit - 1;
  return options;
}

Result<void> check_response(const config::ScrapeConfig& config, const net::HttpResponse& response) {
  if (response.status != 200) {
    const std::string_view reason = net::reason_phrase(response.status);
    return fail(Errc::kInvalid, "server returned HTTP status {}{}{}", response.status, reason.empty() ? "" : " ",
                reason);
  }
  const std::string_view content_type = response.headers.get("Content-Type");
  TOCSIN_TRY(const std::string type, page_type(content_type, protocol_media_type(config.fallback_scrape_protocol)));
  if (type != kTextType) {
    return fail(Errc::kUnsupported, "received Content-Type {}, which this build does not read: only {}",
                go_quote(content_type), kTextType);
  }
  return {};
}

Result<std::string> media_type(std::string_view content_type) {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  const std::string type = to_lower(trim(content_type.substr(0, end)));
  const std::size_t slash = type.find('/');
  const bool valid = slash == std::string::npos
                         ? is_token(type)
                         : is_token(type.substr(0, slash)) && is_token(std::string_view(type).substr(slash + 1));
  if (!valid) return fail(Errc::kInvalid, "mime: invalid media type");
  std::string_view rest = content_type.substr(end);
  while (!rest.empty()) {
    rest = trim(rest.substr(1));
    if (rest.empty()) break;
    if (!take_parameter(rest)) return fail(Errc::kInvalid, "mime: invalid media parameter");
  }
  return type;
}

}  // namespace tocsin::scrape
