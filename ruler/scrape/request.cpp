#include "scrape/request.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "net/http_text.hpp"
#include "scrape/scrape_body.hpp"

namespace tocsin::scrape {
namespace {

struct Protocol {
  std::string_view name, header;
  bool escapes;  // newer ones say how names that are not legacy are to be written
};

/// In the order of Prometheus' default, where the first is only offered if native histograms are wanted. Source:
/// Prometheus config/config.go, ScrapeProtocolsHeaders, DefaultProtoFirstScrapeProtocols.
constexpr std::array<Protocol, 5> kProtocols = {{
    {"PrometheusProto", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
     false},
    {"OpenMetricsText1.0.0", "application/openmetrics-text;version=1.0.0", true},
    {"OpenMetricsText0.0.1", "application/openmetrics-text;version=0.0.1", false},
    {"PrometheusText1.0.0", "text/plain;version=1.0.0", true},
    {"PrometheusText0.0.4", "text/plain;version=0.0.4", false},
}};
constexpr int kFirstWeight = 6;  // one more than there are protocols

const Protocol* find_protocol(std::string_view name) {
  const auto* const found =
      std::find_if(kProtocols.begin(), kProtocols.end(), [name](const Protocol& known) { return known.name == name; });
  return found == kProtocols.end() ? nullptr : found;
}

/// The media type that a fallback_scrape_protocol stands for; "" for none.
std::string_view protocol_media_type(std::string_view name) {
  const Protocol* known = find_protocol(name);
  return known == nullptr ? std::string_view() : known->header.substr(0, known->header.find(';'));
}

std::string_view escaping(const config::ScrapeConfig& config) {
  if (!config.metric_name_escaping_scheme.empty()) return config.metric_name_escaping_scheme;
  return config.metric_name_validation_scheme == "legacy" ? "underscores" : "allow-utf-8";
}

/// Moves `text` behind the token at its front. Source: Go mime, consumeToken.
std::string_view take_token(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && net::is_token(text.substr(size, 1))) ++size;
  const std::string_view token = text.substr(0, size);
  text.remove_prefix(size);
  return token;
}

/// Source: Go mime, checkMediaTypeDisposition.
Result<void> check_type(std::string_view type) {
  if (take_token(type).empty()) return fail(Errc::kInvalid, "mime: no media type");
  if (type.empty()) return {};
  if (type.front() != '/') return fail(Errc::kInvalid, "mime: expected slash after first token");
  type.remove_prefix(1);
  if (take_token(type).empty()) return fail(Errc::kInvalid, "mime: expected token after slash");
  if (!type.empty()) return fail(Errc::kInvalid, "mime: unexpected content after media subtype");
  return {};
}

/// A token, or a text in quotes. Source: Go mime, consumeValue.
bool take_value(std::string_view& text, std::string& value) {
  if (!text.starts_with('"')) {
    value = take_token(text);
    return !value.empty();
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    if (text[i] == '\r' || text[i] == '\n') return false;
    value += text[i];
  }
  return false;
}

/// `; name=value` from the front of `text`. Source: Go mime, consumeMediaParam.
bool take_parameter(std::string_view& text, std::string& name, std::string& value) {
  text = trim(text);
  if (!text.starts_with(';')) return false;
  text = trim(text.substr(1));
  name = to_lower(take_token(text));
  text = trim(text);
  if (name.empty() || !text.starts_with('=')) return false;
  text = trim(text.substr(1));
  return take_value(text, value);
}

/// The type that the page is read as.
Result<std::string> page_type(std::string_view content_type, std::string_view fallback) {
  auto type = content_type.empty() ? Result<std::string>(std::string()) : media_type(content_type);
  if (type && expo::page_format(*type)) return type;
  if (!fallback.empty()) return std::string(fallback);
  if (content_type.empty()) {
    return fail(Errc::kInvalid,
                "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for "
                "target");
  }
  if (!type) {
    return fail(Errc::kInvalid, "cannot parse Content-Type {} and no fallback_scrape_protocol for target\n{}",
                go_quote(content_type), type.error().message);
  }
  return fail(Errc::kInvalid,
              "received unsupported Content-Type {} and no fallback_scrape_protocol specified for target",
              go_quote(content_type));
}

}  // namespace

std::string accept_header(const config::ScrapeConfig& config) {
  std::string out;
  int weight = kFirstWeight;
  const auto offer = [&](const Protocol& protocol) {
    out += protocol.header;
    if (protocol.escapes) out += fmt::format(";escaping={}", escaping(config));
    out += fmt::format(";q=0.{},", weight--);
  };
  if (config.scrape_protocols.empty()) {
    for (const Protocol& protocol : std::span(kProtocols).subspan(config.scrape_native_histograms ? 0 : 1)) {
      offer(protocol);
    }
  }
  for (const std::string& name : config.scrape_protocols) {
    if (const Protocol* known = find_protocol(name)) offer(*known);
  }
  return out + fmt::format("*/*;q=0.{}", weight);
}

net::HttpRequest make_request(const config::ScrapeConfig& config, const TargetSpec& target) {
  net::HttpRequest request("GET", target.url);
  request.headers.set("Accept", accept_header(config));
  request.headers.set("Accept-Encoding", config.enable_compression ? "gzip" : "identity");
  request.headers.set("X-Prometheus-Scrape-Timeout-Seconds", format_float_f(to_seconds(target.timeout)));
  return request;
}

net::SendOptions make_send_options(const TargetSpec& target) {
  net::SendOptions options;
  options.timeout = target.timeout;
  options.accept_gzip = false;  // the scrape says itself what it accepts, and unpacks it
  options.unix_socket = target.unix_socket;
  options.max_body_bytes = kMaxBodyBytes;  // of a client that gives the body as a whole
  return options;
}

std::string fetch_error(const Error& error, const std::string& url, bool in_body) {
  return in_body ? error.message : fmt::format("Get {}: {}", go_quote(url), error.message);
}

Result<void> check_status(const net::HttpResponse& response) {
  if (response.status == 200) return {};
  const std::string_view reason = net::reason_phrase(response.status);
  return fail(Errc::kInvalid, "server returned HTTP status {}{}{}", response.status, reason.empty() ? "" : " ", reason);
}

Result<expo::PageFormat> page_format(const config::ScrapeConfig& config, std::string_view content_type) {
  TOCSIN_TRY(const std::string type, page_type(content_type, protocol_media_type(config.fallback_scrape_protocol)));
  if (const auto format = expo::page_format(type)) return *format;
  return fail(Errc::kInvalid, "unknown media type {}", go_quote(type));
}

Result<std::string> media_type(std::string_view content_type) {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  std::string type = to_lower(trim(content_type.substr(0, end)));
  TOCSIN_OK(check_type(type));
  std::map<std::string, std::string> parameters;
  std::string_view rest = content_type.substr(end);
  while (!trim(rest).empty() && trim(rest) != ";") {
    std::string name, value;
    if (!take_parameter(rest, name, value)) return fail(Errc::kInvalid, "mime: invalid media parameter");
    const auto [known, is_new] = parameters.try_emplace(name, value);
    if (!is_new && known->second != value) return fail(Errc::kInvalid, "mime: duplicate parameter name");
  }
  return type;
}

}  // namespace tocsin::scrape
