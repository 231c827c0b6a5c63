#include "config/alertmanager_document.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/duration.hpp"
#include "config/alertmanager_parts.hpp"

namespace tocsin::config::alertmanager {
namespace {

/// Which keys hold secrets, by the name of the map or list that they stand in: "slack_configs", "global".
class SecretKeys final : public FieldVisitor {
 public:
  struct Sets {
    std::set<std::pair<std::string, std::string>, std::less<>> values, urls;
  };
  SecretKeys(Sets& sets, std::string parent) : sets_(sets), parent_(std::move(parent)) {}

  void secret(std::string_view key, Secret&) override { add(sets_.values, key); }
  void secret_text(std::string_view key, Secret&) override { add(sets_.values, key); }
  void secret_map(std::string_view key, SecretMap&) override { add(sets_.values, key); }
  void secret_url(std::string_view key, Secret&) override { add(sets_.values, key); }
  void secret_url_text(std::string_view key, Secret&) override { add(sets_.urls, key); }

 protected:
  void part(const Part& part) override {
    SecretKeys below(sets_, std::string(part.key));
    part.visit(part.size, below);
  }

 private:
  void add(std::set<std::pair<std::string, std::string>, std::less<>>& set, std::string_view key) {
    set.emplace(parent_, key);
  }

  Sets& sets_;
  std::string parent_;
};

const SecretKeys::Sets& secret_keys() {
  static const SecretKeys::Sets sets = [] {
    SecretKeys::Sets out;
    AlertmanagerGlobal global;
    SecretKeys of_global(out, "global");
    global.describe(of_global);
    for_each_kind([&out](auto kind) {
      config_of_kind<decltype(kind)> config;
      SecretKeys visitor(out, std::string(config.kKind) + "_configs");
      config.describe(visitor);
    });
    return out;
  }();
  return sets;
}

bool is_kind(std::string_view parent) {
  bool found = false;
  for_each_kind(
      [&](auto kind) { found = found || parent == std::string(config_of_kind<decltype(kind)>::kKind) + "_configs"; });
  return found;
}

/// Maps that no integration describes: http_config and what is below it, and kinds that this build has not.
constexpr std::array<std::string_view, 4> kSecretNames = {"password", "credentials", "secrets", "key"};

bool is_secret(const std::string& parent, const std::string& key) {
  if (secret_keys().values.contains(std::pair(parent, key))) return true;
  if (is_kind(parent)) return false;
  if (parent == "proxy_connect_header") return true;
  for (const std::string_view suffix : {"_token", "_password", "_secret", "_key"}) {
    if (key.ends_with(suffix)) return true;
  }
  return key == "token" || std::find(kSecretNames.begin(), kSecretNames.end(), key) != kSecretNames.end();
}

/// The entries of a map of the document in Go's order; others behind them.
template <std::size_t kCount>
std::vector<yaml::Node::Entry> in_order(const yaml::Node& map, const std::array<std::string_view, kCount>& order) {
  std::multimap<std::ptrdiff_t, yaml::Node::Entry> sorted;
  for (const yaml::Node::Entry& e : map.entries()) {
    if (!e.value.is_null()) sorted.emplace(std::ranges::find(order, e.key.text()) - order.begin(), e);
  }
  std::vector<yaml::Node::Entry> entries;
  for (auto& [place, entry] : sorted) entries.push_back(std::move(entry));
  return entries;
}

}  // namespace

std::string hidden_url(const std::string& url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string::npos || url.find("{{") != std::string::npos) return kSecretText;
  std::string_view host = std::string_view(url).substr(slashes + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  return fmt::format("{}://{}/{}", url.substr(0, slashes), host, kSecretText);
}

std::string without_userinfo(const std::string& url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string::npos) return url;
  const std::size_t begin = slashes + 3, end = url.find_first_of("/?#", begin);
  const std::size_t at = url.rfind('@', end);
  if (at == std::string::npos || at < begin) return url;
  const std::size_t colon = url.find(':', begin);
  const std::string user = colon < at ? url.substr(begin, colon + 1 - begin) : "";
  return url.substr(0, begin) + user + "xxxxx" + url.substr(at);
}

GoYaml from_document(const std::string& parent, const std::string& key, const yaml::Node& value) {
  const bool empty = value.is_scalar() && value.text().empty();
  const bool public_url = value.is_scalar() && value.text() == kChatPostMessage;
  if (!value.is_null() && !empty && !public_url && is_secret(parent, key)) {
    return value.is_sequence() ? GoYaml::texts({kSecretText}) : GoYaml::text(kSecretText);
  }
  if (value.is_null()) return GoYaml::plain("null");
  if (value.is_scalar()) {
    std::string text = value.text();
    if (secret_keys().urls.contains(std::pair(parent, key))) text = hidden_url(text);
    if (key.ends_with("url")) text = without_userinfo(text);
    return !value.quoted() && yaml::is_other_yaml_type(text) && !text.empty() ? GoYaml::plain(text)
                                                                              : GoYaml::text(text);
  }
  GoYaml out = value.is_map() ? GoYaml::map() : GoYaml::list();
  for (const yaml::Node& element : value.elements()) out.items.push_back(from_document(key, "", element));
  for (const yaml::Node::Entry& e : value.entries()) out.add(e.key.text(), from_document(key, e.key.text(), e.value));
  return out;
}

void add_sorted(GoYaml& out, std::string key, const yaml::Node& map) {
  std::map<std::string, std::string> texts;
  for (const yaml::Node::Entry& e : map.entries()) texts[e.key.text()] = e.value.text();
  GoYaml sorted = GoYaml::map();
  for (const auto& [name, text] : texts) sorted.add(name, GoYaml::text(text));
  if (!sorted.is_empty()) out.add(std::move(key), std::move(sorted));
}

void add_texts(GoYaml& out, std::string_view key, const yaml::Node& node) {
  const auto texts = node[key].as_strings();
  if (texts && !texts->empty()) out.add(std::string(key), GoYaml::texts(*texts));
}

GoYaml duration_of(const yaml::Node& value) {
  const Result<Duration> duration = value.as_duration();
  return GoYaml::text(duration ? format_duration(*duration) : value.text());  // a variable stands there
}

GoYaml tls_config(const yaml::Node& node) {
  static constexpr std::array<std::string_view, 9> kOrder = {
      "ca", "cert", "key", "ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify", "min_version"};
  GoYaml out = GoYaml::map();
  bool has_verify = false;
  const auto add_verify = [&](std::string_view next) {
    // It is there in any case, at its place.
    if (std::exchange(has_verify, has_verify || next.empty() || next >= "insecure_skip_verify") || !has_verify) return;
    if (next != "insecure_skip_verify") out.add("insecure_skip_verify", GoYaml::flag(false));
  };
  for (const yaml::Node::Entry& e : in_order(node, kOrder)) {
    const std::string& key = e.key.text();
    if (key == "insecure_skip_verify" || key.ends_with("_version")) add_verify(key);
    out.add(key, from_document("tls_config", key, e.value));
  }
  add_verify("");
  return out;
}

namespace {

GoYaml authorization(const yaml::Node& node) {
  GoYaml out = GoYaml::map();
  out.add("type", is_set(node, "type") ? from_document("authorization", "type", node["type"]) : GoYaml::text("Bearer"));
  for (const yaml::Node::Entry& e : in_order(node, std::array<std::string_view, 1>{"credentials"})) {
    if (e.key.text() != "type") out.add(e.key.text(), from_document("authorization", e.key.text(), e.value));
  }
  return out;
}

GoYaml oauth2(const yaml::Node& node) {
  static constexpr std::array<std::string_view, 8> kOrder = {"client_id",         "client_secret", "client_secret_file",
                                                             "client_secret_ref", "scopes",        "token_url",
                                                             "endpoint_params",   "tls_config"};
  GoYaml out = GoYaml::map();
  bool has_file = is_set(node, "client_secret_file");
  for (const yaml::Node::Entry& e : in_order(node, kOrder)) {
    const std::string& key = e.key.text();
    if (!key.starts_with("client_id") && key != "client_secret" && !std::exchange(has_file, true)) {
      out.add("client_secret_file", GoYaml::text(""));  // Go shows it in any case
    }
    if (key == "scopes") {
      add_texts(out, key, node);
    } else if (key == "endpoint_params") {
      add_sorted(out, key, e.value);
    } else if (key == "tls_config") {
      out.add(key, tls_config(e.value));
    } else {
      out.add(key, from_document("oauth2", key, e.value));
    }
  }
  return out;
}

}  // namespace

GoYaml http_config(const yaml::Node& node) {
  static constexpr std::array<std::string_view, 14> kOrder = {"basic_auth",
                                                              "authorization",
                                                              "oauth2",
                                                              "bearer_token",
                                                              "bearer_token_file",
                                                              "tls_config",
                                                              "follow_redirects",
                                                              "enable_http2",
                                                              "proxy_url",
                                                              "no_proxy",
                                                              "proxy_from_environment",
                                                              "proxy_connect_header",
                                                              "http_headers",
                                                              ""};
  GoYaml out = GoYaml::map(), behind = GoYaml::map();
  for (const yaml::Node::Entry& e : in_order(node, kOrder)) {
    const std::string& key = e.key.text();
    if (key == "follow_redirects" || key == "enable_http2") continue;
    const bool first = std::ranges::find(kOrder, key) - kOrder.begin() < 6;
    GoYaml& to = first ? out : behind;
    if (key == "authorization") {
      to.add(key, authorization(e.value));
    } else if (key == "tls_config") {
      to.add(key, tls_config(e.value));
    } else if (key == "oauth2") {
      to.add(key, oauth2(e.value));
    } else if (key.starts_with("bearer_token")) {
      GoYaml bearer = GoYaml::map();
      bearer.add("type", GoYaml::text("Bearer"));
      bearer.add(key == "bearer_token" ? "credentials" : "credentials_file",
                 from_document("http_config", key, e.value));
      to.add("authorization", std::move(bearer));
    } else {
      to.add(key, from_document("http_config", key, e.value));
    }
  }
  for (const char* key : {"follow_redirects", "enable_http2"}) {
    out.add(key, is_set(node, key) ? from_document("http_config", key, node[key]) : GoYaml::flag(true));
  }
  for (auto& [key, value] : behind.entries) out.add(std::move(key), std::move(value));
  return out;
}

}  // namespace tocsin::config::alertmanager
