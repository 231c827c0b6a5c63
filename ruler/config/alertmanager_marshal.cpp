// The configuration as API v2 shows it: written again from the document, in block style, with secrets hidden. amtool
// reads its routing tree out of this text, so it must parse as an alertmanager.yml: where Alertmanager 0.25 (Debian
// 12's amtool) demands a URL, the scheme and host stay and only the rest is hidden.

#include <algorithm>
#include <array>
#include <set>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "config/alertmanager_parts.hpp"

namespace tocsin::config::alertmanager {
namespace {

constexpr std::array<std::string_view, 8> kRootKeys = {
    "global", "route", "inhibit_rules", "receivers", "templates", "mute_time_intervals", "time_intervals", "tracing"};

/// An api_url or slack_api_url that everybody knows.
constexpr std::string_view kChatPostMessage = "https://slack.com/api/chat.postMessage";

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

/// "https://host/<secret>": still a URL, without path, query and user.
std::string hidden_url(const std::string& url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string::npos || url.find("{{") != std::string::npos) return kSecretText;
  std::string_view host = std::string_view(url).substr(slashes + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  return fmt::format("{}://{}/{}", url.substr(0, slashes), host, kSecretText);
}

/// A URL whose user part, if any, is hidden.
std::string without_userinfo(const std::string& url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string::npos) return url;
  const std::size_t end = url.find_first_of("/?#", slashes + 3);
  const std::size_t at = url.rfind('@', end);
  if (at == std::string::npos || at < slashes) return url;
  return url.substr(0, slashes + 3) + "xxxxx:xxxxx" + url.substr(at);
}

bool is_plain(const std::string& text) {
  if (text.empty() || text.front() == '-' || text.back() == ':') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./+-:").find(c) != std::string_view::npos;
  });
}

/// A double-quoted YAML scalar.
std::string quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    if (rune.code == '"' || rune.code == '\\') {
      out += '\\';
      out += static_cast<char>(rune.code);
    } else if (rune.code == '\n') {
      out += "\\n";
    } else if (rune.code == '\t') {
      out += "\\t";
    } else if (rune.code < 0x20 || (rune.code >= 0x7f && rune.code < 0xa0)) {
      out += fmt::format("\\x{:02x}", rune.code);
    } else if (rune.code == 0x2028 || rune.code == 0x2029 || rune.code == 0xfeff) {
      out += fmt::format("\\u{:04x}", rune.code);
    } else {
      append_utf8(out, rune.code);
    }
    text.remove_prefix(rune.size);
  }
  return out + "\"";
}

class Writer {
 public:
  std::string take() { return std::move(out_); }

  void entry(const std::string& parent, const std::string& key, const yaml::Node& value, std::size_t indent) {
    out_ += std::string(indent, ' ') + (is_plain(key) ? key : quote(key)) + ":";
    const bool public_url = value.is_scalar() && value.text() == kChatPostMessage;
    const bool empty = value.is_scalar() && value.text().empty();
    if (!value.is_null() && !public_url && !empty && is_secret(parent, key)) {
      out_ += value.is_sequence() ? fmt::format(" [{}]\n", kSecretText) : fmt::format(" {}\n", kSecretText);
      return;
    }
    if (value.is_scalar()) {
      out_ += " " + scalar(parent, key, value) + "\n";
      return;
    }
    block(key, value, indent + 2);
  }

 private:
  static std::string scalar(const std::string& parent, const std::string& key, const yaml::Node& value) {
    std::string text = value.text();
    if (secret_keys().urls.contains(std::pair(parent, key))) return quote(hidden_url(text));
    if (key.ends_with("url")) text = without_userinfo(text);
    return !value.quoted() && is_plain(text) ? text : quote(text);
  }

  /// What stands behind "key:" or "-". A list gives its own name to the maps in it: an integration's keys are judged by
  /// it.
  void block(const std::string& name, const yaml::Node& value, std::size_t indent) {
    if (value.is_null()) {
      out_ += " null\n";
    } else if (value.is_scalar()) {
      out_ += " " + scalar({}, name, value) + "\n";
    } else if (value.size() == 0) {
      out_ += value.is_map() ? " {}\n" : " []\n";
    } else if (value.is_map()) {
      out_ += "\n";
      for (const yaml::Node::Entry& e : value.entries()) entry(name, e.key.text(), e.value, indent);
    } else {
      out_ += "\n";
      for (const yaml::Node& element : value.elements()) {
        out_ += std::string(indent, ' ') + "-";
        block(name, element, indent + 2);
      }
    }
  }

  std::string out_;
};

/// What `global` has though nobody wrote it.
class GlobalDefaults final : public FieldVisitor {
 public:
  explicit GlobalDefaults(const yaml::Node& written) : written_(written) {}

  void duration(std::string_view key, Duration& value) override { put(key, format_duration(value)); }
  void plain(std::string_view key, std::string& value) override { put(key, value); }
  void url(std::string_view key, std::string& value) override { put(key, value); }
  void flag(std::string_view key, bool& value) override { put(key, value ? "true" : "false"); }
  std::string take() {
    if (!has("http_config")) text_ += "  http_config:\n    follow_redirects: true\n    enable_http2: true\n";
    return std::move(text_);
  }

 private:
  bool has(std::string_view key) const { return written_.is_map() && is_set(written_, key); }
  void put(std::string_view key, const std::string& value) {
    // amtool of Alertmanager 0.25 refuses a file with keys that are younger.
    static constexpr std::array<std::string_view, 2> kYounger = {"slack_app_url", "rocketchat_api_url"};
    if (value.empty() || has(key) || std::ranges::find(kYounger, key) != kYounger.end()) return;
    text_ += fmt::format("  {}: {}\n", key, value);
  }

  const yaml::Node& written_;
  std::string text_;
};

}  // namespace

std::string marshal_without_secrets(const yaml::Node& root, const AlertmanagerGlobal& global) {
  Writer writer;
  const yaml::Node written = root["global"];
  GlobalDefaults defaults(written);
  AlertmanagerGlobal filled_in = global;  // describe() may change what it shows
  filled_in.describe(defaults);
  const std::string text = "global:\n" + defaults.take();
  if (written.is_map()) {
    for (const yaml::Node::Entry& e : written.entries()) {
      if (!e.value.is_null()) writer.entry("global", e.key.text(), e.value, 2);
    }
  }
  for (const std::string_view key : kRootKeys) {
    if (key == "global") continue;
    if (const yaml::Node value = root[key]; !value.is_null()) writer.entry("", std::string(key), value, 0);
  }
  return text + writer.take();
}

}  // namespace tocsin::config::alertmanager
