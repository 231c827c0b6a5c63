#include "scrape/target.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/duration.hpp"
#include "base/strings.hpp"

namespace tocsin::scrape {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kMetricsPath = "__metrics_path__";
constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kUnixSocket = "__unix_socket__";
constexpr std::string_view kParamPrefix = "__param_";
constexpr std::string_view kMetaPrefix = "__meta_";
constexpr std::string_view kReservedPrefix = "__";

/// A label that says yes or no, what Prometheus calls it, its default and what it decides.
struct BoolLabel {
  std::string_view name, description;
  bool config::ScrapeConfig::* field;
  bool expo::HistogramOptions::* option;
};
constexpr std::array<BoolLabel, 3> kBoolLabels = {{
    {"__convert_classic_histograms_to_nhcb__", "convert classic histograms to nhcb",
     &config::ScrapeConfig::convert_classic_histograms_to_nhcb, &expo::HistogramOptions::convert},
    {"__always_scrape_classic_histograms__", "always scrape classic histograms",
     &config::ScrapeConfig::always_scrape_classic_histograms, &expo::HistogramOptions::classic},
    {"__scrape_native_histograms__", "scrape native histograms", &config::ScrapeConfig::scrape_native_histograms,
     &expo::HistogramOptions::native},
}};

/// As Go's strconv.ParseBool.
Result<bool> read_bool(std::string_view text, std::string_view what) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return fail(Errc::kInvalid, "error parsing {}: strconv.ParseBool: parsing {}: invalid syntax", what, go_quote(text));
}

Result<Duration> positive_duration(const std::string& text, std::string_view what) {
  auto duration = parse_duration(text);
  if (!duration) return tocsin::fail(std::move(duration.error()).wrap(fmt::format("error parsing scrape {}", what)));
  if (*duration == Duration(0)) return fail(Errc::kInvalid, "scrape {} cannot be 0", what);
  return duration;
}

/// Go's url.URL.EscapedPath() for a path that is not escaped yet. Source: net/url, shouldEscape(encodePath).
std::string escape_path(std::string_view path) {
  constexpr std::string_view kPlain = "-_.~$&+,/:;=@";
  std::string out;
  for (const char c : path) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string encode_params(const config::ScrapeConfig& config, const model::Labels& labels) {
  std::map<std::string, std::vector<std::string>> params;
  for (const auto& [name, values] : config.params) params[name] = values;
  for (const auto& label : labels) {
    if (!label.name.starts_with(kParamPrefix)) continue;
    auto& values = params[std::string(label.name.substr(kParamPrefix.size()))];
    if (values.empty()) values.emplace_back();
    values.front() = label.value;
  }
  std::string out;
  for (const auto& [name, values] : params) {
    for (const auto& value : values) {
      if (!out.empty()) out += '&';
      out += query_escape(name) + "=" + query_escape(value);
    }
  }
  return out;
}

struct HostPort {
  std::string host, port;
};

/// "host:port" or "[v6]:port"; nothing without a port, as Go's net.SplitHostPort.
std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{std::string(host), std::string(text.substr(colon + 1))};
}

struct UrlParts {
  std::string_view scheme, host, rest;  // rest begins with what follows the host
};

std::optional<UrlParts> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view behind = url.substr(colon + 3);
  const std::size_t end = std::min(behind.find_first_of("/?#"), behind.size());
  return UrlParts{url.substr(0, colon), behind.substr(0, end), behind.substr(end)};
}

}  // namespace

std::string TargetSpec::identity() const {
  std::string out = labels.encoded() + '\n' + url;
  if (!unix_socket.empty()) out += '\n' + unix_socket;
  return out;
}

model::Labels discovered_labels(const config::ScrapeConfig& config, const model::Labels& target,
                                const model::Labels& group) {
  model::LabelsBuilder builder(group);
  for (const auto& label : target) builder.set(label.name, label.value);
  const auto set_default = [&builder](std::string_view name, std::string_view value) {
    if (builder.get(name).empty()) builder.set(name, value);
  };
  set_default("job", config.job_name);
  set_default(kInterval, format_duration(config.scrape_interval));
  set_default(kTimeout, format_duration(config.scrape_timeout));
  set_default(kMetricsPath, config.metrics_path);
  set_default(kScheme, config.scheme);
  for (const BoolLabel& label : kBoolLabels) set_default(label.name, config.*label.field ? "true" : "false");
  for (const auto& [name, values] : config.params) {
    if (!values.empty()) set_default(std::string(kParamPrefix) + name, values.front());
  }
  return builder.build();
}

std::string target_url(const config::ScrapeConfig& config, const model::Labels& labels) {
  std::string path = escape_path(labels.get(kMetricsPath));
  if (!path.empty() && path.front() != '/') path.insert(0, "/");
  std::string url = fmt::format("{}://{}{}", labels.get(kScheme), labels.get(kAddress), path);
  if (const std::string params = encode_params(config, labels); !params.empty()) url += "?" + params;
  return url;
}

Result<std::optional<TargetSpec>> make_target(const config::ScrapeConfig& config, const model::Labels& target,
                                              const model::Labels& group) {
  TargetSpec spec;
  spec.discovered = discovered_labels(config, target, group);
  const auto kept = config::relabel(spec.discovered, config.relabel_configs);
  if (!kept) return std::nullopt;
  const std::string address(kept->get(kAddress));
  if (address.empty()) return fail(Errc::kInvalid, "no address");
  if (address.find('/') != std::string::npos) {
    return fail(Errc::kInvalid, "{} is not a valid hostname", go_quote(address));
  }
  spec.interval_text = kept->get(kInterval);
  spec.timeout_text = kept->get(kTimeout);
  TOCSIN_TRY(spec.interval, positive_duration(spec.interval_text, "interval"));
  TOCSIN_TRY(spec.timeout, positive_duration(spec.timeout_text, "timeout"));
  if (spec.timeout > spec.interval) {
    return fail(Errc::kInvalid, "scrape timeout cannot be greater than scrape interval ({} > {})",
                go_quote(spec.timeout_text), go_quote(spec.interval_text));
  }
  for (const BoolLabel& label : kBoolLabels) {
    spec.histograms.*label.option = config.*label.field;
    if (const std::string_view value = kept->get(label.name); !value.empty()) {
      TOCSIN_TRY(spec.histograms.*label.option, read_bool(value, label.description));
    }
  }
  model::LabelsBuilder labels;
  for (const auto& label : *kept) {
    if (label.name.starts_with(kMetaPrefix)) continue;
    if (!is_valid_utf8(label.value)) {
      return fail(Errc::kInvalid, "invalid label value for {}: {}", go_quote(label.name), go_quote(label.value));
    }
    if (!label.name.starts_with(kReservedPrefix)) labels.set(label.name, label.value);
  }
  if (labels.get("instance").empty()) labels.set("instance", address);
  spec.labels = labels.build();
  spec.url = target_url(config, *kept);
  spec.unix_socket = kept->get(kUnixSocket);
  return spec;
}

std::string global_url(const std::string& url, const std::string& external_url, const std::string& listen_address) {
  const auto parts = split_url(url);
  const auto external = split_url(external_url);
  const auto address = parts ? split_host_port(parts->host) : std::nullopt;
  if (!address || !external) return url;
  constexpr std::array<std::string_view, 3> kLocal = {"127.0.0.1", "localhost", "::1"};
  if (std::find(kLocal.begin(), kLocal.end(), address->host) == kLocal.end()) return url;
  const auto own = split_host_port(listen_address);
  if (own && own->port == address->port) {
    return fmt::format("{}://{}{}", external->scheme, external->host, parts->rest);
  }
  const auto external_address = split_host_port(external->host);
  const std::string host = external_address ? external_address->host : std::string(external->host);
  return fmt::format("{}://{}:{}{}", parts->scheme, host, address->port, parts->rest);
}

}  // namespace tocsin::scrape
