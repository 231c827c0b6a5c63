#include <algorithm>

#include "base/strings.hpp"
#include "config/scrape_config.hpp"

namespace tocsin::config {
namespace {

using yaml::Fields;
using yaml::Node;

/// Sorted, as Prometheus lists them in its message.
constexpr std::string_view kProtocols[] = {"OpenMetricsText0.0.1", "OpenMetricsText1.0.0", "PrometheusProto",
                                           "PrometheusText0.0.4", "PrometheusText1.0.0"};

std::string list_text(const std::vector<std::string>& names) {
  return fmt::format("[{}]", fmt::join(names, " "));
}

}  // namespace

Result<void> check_static_targets(const Node& node) {
  for (const Node& group : node["static_configs"].elements()) {
    for (const Node& target : group["targets"].elements()) {
      if (target.text().contains('/')) return target.error("{} is not a valid hostname", go_quote(target.text()));
    }
  }
  return {};
}

void read_relabel_configs(Fields& fields, std::string_view key, std::string_view null_message,
                          std::vector<RelabelConfig>& out) {
  fields.each(key, [&](const Node& n) -> Result<void> {
    if (n.is_null()) return n.error("{}", null_message);
    TOCSIN_TRY(RelabelConfig config, parse_relabel_config(n));
    out.push_back(std::move(config));
    return {};
  });
}

std::vector<std::string> protobuf_first_protocols() {
  return {"PrometheusProto", "OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
          "PrometheusText0.0.4"};
}

Result<void> check_scrape_protocol(std::string_view name) {
  if (std::find(std::begin(kProtocols), std::end(kProtocols), name) != std::end(kProtocols)) return {};
  const std::vector<std::string> supported(std::begin(kProtocols), std::end(kProtocols));
  return fail(Errc::kInvalid, "unknown scrape protocol {}, supported: {}", name, list_text(supported));
}

Result<void> read_scrape_protocols(const Node& node, std::string_view suffix, std::vector<std::string>& out) {
  if (node.is_null()) return {};
  TOCSIN_TRY(const std::vector<std::string> names, node.as_strings());
  if (names.empty()) return node.error("scrape_protocols cannot be empty{}", suffix);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (equal_ignoring_case(names[i], names[j])) {
        return node.at(i).error("duplicated protocol in scrape_protocols, got {}{}", list_text(names), suffix);
      }
    }
    if (const auto known = check_scrape_protocol(names[i]); !known) {
      return node.at(i).error("scrape_protocols: {}{}", known.error().message, suffix);
    }
  }
  out = names;
  return {};
}

Result<std::optional<bool>> read_validation_scheme(Fields& fields) {
  const Node node = fields.take("metric_name_validation_scheme");
  const std::string& scheme = node.text();
  if (node.is_null() || scheme.empty()) return std::optional<bool>();
  if (scheme == "utf8") return false;
  if (scheme == "legacy") return true;
  return node.error("unrecognized ValidationScheme: {}", go_quote(scheme));
}

bool is_escaping_scheme(std::string_view scheme) {
  constexpr std::string_view kKnown[] = {"allow-utf-8", "underscores", "dots", "values"};
  return std::find(std::begin(kKnown), std::end(kKnown), scheme) != std::end(kKnown);
}

Result<void> use_legacy_names(const Node& map, std::string_view key, std::vector<RelabelConfig>& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) TOCSIN_OK(use_legacy_names(map[key].at(i), rules[i]));
  return {};
}

}  // namespace tocsin::config
