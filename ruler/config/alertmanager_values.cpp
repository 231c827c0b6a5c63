#include <algorithm>
#include <charconv>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "config/alertmanager_parts.hpp"
#include "config/go_url.hpp"
#include "model/labels.hpp"

namespace tocsin::config::alertmanager {
namespace {

Result<ValueTree> scalar(const yaml::Node& node) {
  ValueTree value;
  const std::string& text = node.text();
  if (node.quoted()) {
    value.kind = ValueTree::Kind::kString;
    value.text = text;
    return value;
  }
  if (text == "true" || text == "false") {
    value.kind = ValueTree::Kind::kBool;
    value.boolean = text == "true";
    return value;
  }
  const char* const end = text.data() + text.size();
  if (const auto r = std::from_chars(text.data(), end, value.integer); r.ec == std::errc{} && r.ptr == end) {
    value.kind = ValueTree::Kind::kInt;
    return value;
  }
  const bool numeric = !text.empty() && text.find_first_not_of("+-0123456789.eE") == std::string::npos;
  if (const auto r = std::from_chars(text.data(), end, value.number); numeric && r.ec == std::errc{} && r.ptr == end) {
    value.kind = ValueTree::Kind::kDouble;
    return value;
  }
  value.kind = ValueTree::Kind::kString;
  value.text = text;
  return value;
}

}  // namespace

void Context::warn(const yaml::Node& node, std::string_view text) {
  warnings.push_back(fmt::format("{}: {}", node.where(), text));
}

Result<ValueTree> value_tree(const yaml::Node& node) {
  ValueTree value;
  switch (node.kind()) {
    case yaml::Node::Kind::kMissing:
    case yaml::Node::Kind::kNull:
      return value;
    case yaml::Node::Kind::kScalar:
      return scalar(node);
    case yaml::Node::Kind::kSequence:
      value.kind = ValueTree::Kind::kList;
      for (const yaml::Node& element : node.elements()) {
        TOCSIN_TRY(ValueTree child, value_tree(element));
        value.list.push_back(std::move(child));
      }
      return value;
    case yaml::Node::Kind::kMap:
      break;
  }
  value.kind = ValueTree::Kind::kMap;
  for (const yaml::Node::Entry& entry : node.entries()) {
    TOCSIN_TRY(std::string key, entry.key.as_string());
    TOCSIN_TRY(ValueTree child, value_tree(entry.value));
    value.map.emplace_back(std::move(key), std::move(child));
  }
  return value;
}

namespace {

/// As Alertmanager's ParseURL(): what Go takes for a URL of http or https with a host. Blanks in it are sent as "%20".
Result<std::string> read_http_url(const yaml::Node& node, bool secret) {
  TOCSIN_TRY(std::string url, node.as_string());
  const Result<GoUrl> parsed = parse_go_url(url);
  if (!parsed) {
    const std::string& why = parsed.error().message;
    return node.error("{}", secret ? replace_all(why, go_quote(url), go_quote(kSecretText)) : why);
  }
  if (parsed->scheme != "http" && parsed->scheme != "https") {
    return node.error("unsupported scheme {} for URL", go_quote(parsed->scheme));
  }
  if (parsed->host.empty()) return node.error("missing host for URL");
  return replace_all(std::move(url), " ", "%20");
}

}  // namespace

Result<std::string> read_url(const yaml::Node& node) {
  return read_http_url(node, false);
}

Result<std::string> read_secret_url(const yaml::Node& node) {
  if (node.is_scalar() && node.text() == kSecretText) return std::string(kSecretText);
  return read_http_url(node, true);
}

Result<void> read_go_duration(const yaml::Node& node, Duration& out) {
  TOCSIN_TRY(const std::string text, node.as_string());
  const Result<Duration> duration = parse_go_duration(text);
  if (!duration) return node.error("{}", duration.error().message);
  if (*duration < Duration::zero()) return node.error("duration {} must not be negative", go_quote(text));
  out = *duration;
  return {};
}

Result<void> read_http_config(const yaml::Node& node, HttpClientConfig& out, Context& context) {
  out = HttpClientConfig{};
  yaml::Fields fields(node, "config.HTTPClientConfig");
  TOCSIN_OK(read_http_client_fields(fields, out, context.warnings));
  return fields.finish();
}

bool is_valid_label_name(std::string_view name, MatcherMode mode) {
  return mode == MatcherMode::kClassic ? model::is_legacy_label_name(name) : model::is_valid_name(name);
}

bool is_set(const yaml::Node& map, std::string_view key) {
  if (!map.is_map()) return false;
  const yaml::Node value = map[key];
  if (value.is_null()) return false;
  return !value.is_scalar() || !value.text().empty();
}

}  // namespace tocsin::config::alertmanager

namespace tocsin::config {

Result<ValueTree> parse_value_tree(std::string text) {
  TOCSIN_TRY(const yaml::Node node, yaml::parse(std::move(text), "template"));
  return alertmanager::value_tree(node);
}

}  // namespace tocsin::config
