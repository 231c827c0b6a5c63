#include "web/web_config.hpp"

#include <algorithm>

#include "base/duration.hpp"
#include "base/strings.hpp"
#include "web/bcrypt.hpp"
#include "web/tls_section.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kFileLimit = 1U << 20U;

/// A field that the file may set, and its values: any, if there are none.
struct KnownHeader {
  std::string_view name;
  std::vector<std::string_view> values;
};

const std::vector<KnownHeader>& known_headers() {
  static const std::vector<KnownHeader> headers = {
      {"Strict-Transport-Security", {}},
      {"X-Content-Type-Options", {"nosniff"}},
      {"X-Frame-Options", {"deny", "sameorigin"}},
      {"X-XSS-Protection", {}},
      {"Content-Security-Policy", {}},
  };
  return headers;
}

std::string quoted_list(const std::vector<std::string_view>& values) {
  std::string out = "[";
  for (const std::string_view value : values) out += fmt::format("{}\"{}\"", out.size() > 1 ? " " : "", value);
  return out + "]";
}

Result<void> read_headers(const yaml::Node& node, WebConfig& config) {
  if (!node.is_map()) return node.wrong_type("map[string]string");
  for (const yaml::Node::Entry& entry : node.entries()) {
    const std::string& name = entry.key.text();
    TOCSIN_TRY(std::string value, entry.value.as_string());
    const auto known = std::ranges::find(known_headers(), name, &KnownHeader::name);
    if (known == known_headers().end()) return entry.key.error("HTTP header \"{}\" can not be configured", name);
    if (!known->values.empty() && std::ranges::find(known->values, value) == known->values.end()) {
      return entry.value.error("invalid value for {}. Expected one of: {}, but got: \"{}\"", name,
                               quoted_list(known->values), value);
    }
    if (!value.empty()) config.headers.emplace_back(name, std::move(value));
  }
  return {};
}

Result<void> read_http(const yaml::Node& node, WebConfig& config) {
  yaml::Fields fields(node, "web.HTTPConfig");
  fields.read("http2", config.http2);
  fields.child("headers", [&](const yaml::Node& value) { return read_headers(value, config); });
  return fields.finish();
}

/// Go's time.Duration as its YAML library reads it: a text with units, or nanoseconds.
Result<void> read_interval(const yaml::Node& node, Duration& interval) {
  if (!node.quoted()) {
    if (const auto nanoseconds = node.as_int()) {
      interval = Duration(*nanoseconds);
      return {};
    }
  }
  TOCSIN_TRY(const std::string text, node.as_string());
  auto parsed = parse_go_duration(text);
  if (!parsed) return node.wrong_type("time.Duration");
  interval = *parsed;
  return {};
}

Result<void> read_rate_limit(const yaml::Node& node, RateLimitOptions& limit) {
  yaml::Fields fields(node, "web.RateLimiterConfig");
  fields.read("burst", limit.burst);
  fields.child("interval", [&](const yaml::Node& value) { return read_interval(value, limit.interval); });
  return fields.finish();
}

struct UserEntry {
  yaml::Node key;
  std::string name;
};

Result<void> read_users(const yaml::Node& node, WebConfig& config, std::vector<UserEntry>& entries) {
  if (!node.is_map()) return node.wrong_type("map[string]config.Secret");
  for (const yaml::Node::Entry& entry : node.entries()) {
    TOCSIN_TRY(std::string name, entry.key.as_string());
    TOCSIN_TRY(Secret hash, entry.value.as_secret());
    config.users.insert_or_assign(name, std::move(hash));
    entries.push_back({entry.key, std::move(name)});
  }
  return {};
}

/// The folder of a path, as Go's filepath.Dir: "." if it names none.
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The toolkit's order: the grammar, the fields, the users, TLS.
Result<void> read_document(Fs& fs, const std::string& path, const yaml::Node& root, WebConfig& config,
                           std::vector<SeenFile>& seen) {
  if (root.is_null()) return {};
  TlsSection tls;
  std::vector<UserEntry> users;
  yaml::Fields fields(root, "web.Config");
  fields.child("tls_server_config", [&](const yaml::Node& node) { return read_tls_section(node, tls); });
  fields.child("http_server_config", [&](const yaml::Node& node) { return read_http(node, config); });
  fields.child("rate_limit", [&](const yaml::Node& node) { return read_rate_limit(node, config.rate_limit); });
  fields.child("basic_auth_users", [&](const yaml::Node& node) { return read_users(node, config, users); });
  TOCSIN_OK(fields.finish());
  for (const UserEntry& user : users) {
    if (auto good = check_bcrypt_hash(config.users.at(user.name).reveal()); !good) {
      return user.key.error("user \"{}\": {}", user.name, good.error().message);
    }
  }
  if (!tls.wants_tls()) return {};
  TOCSIN_OK(load_tls_section(fs, folder_of(path), tls, seen));
  auto context = net::make_tls_server_context(tls.options);
  if (!context) return tls.node.error("failed to load X509KeyPair: {}", context.error().message);
  config.tls = std::move(*context);
  config.tls_options = std::move(tls.options);
  return {};
}

}  // namespace

SeenFile look_at(Fs& fs, const std::string& path) {
  const auto info = fs.info(path);
  return info ? SeenFile{path, true, info->size, info->modified} : SeenFile{path, false, 0, 0};
}

Result<std::shared_ptr<const WebConfig>> load_web_config(Fs& fs, const std::string& path, std::vector<SeenFile>* seen) {
  std::vector<SeenFile> files{look_at(fs, path)};
  auto config = std::make_shared<WebConfig>();
  const auto load = [&]() -> Result<void> {
    auto text = fs.read_file(path, kFileLimit);
    if (!text && text.error().code == Errc::kNotFound) {
      return fail(Errc::kNotFound, "open {}: no such file or directory", path);
    }
    if (!text) return fail(std::move(text).error());
    TOCSIN_TRY(const yaml::Node root, yaml::parse(std::move(*text), path));
    return read_document(fs, path, root, *config, files);
  };
  Result<void> loaded = load();
  if (seen != nullptr) *seen = std::move(files);
  if (!loaded) return fail(std::move(loaded).error());
  return config;
}

Result<void> check_http2_ciphers(const WebConfig& config) {
  const std::vector<std::string>& suites = config.tls_options.cipher_suites;
  if (config.tls == nullptr || !config.http2 || suites.empty() || config.tls_options.min_version > 0x0303) return {};
  const bool has_one = std::ranges::any_of(suites, [](const std::string& suite) {
    return suite == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" || suite == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  });
  if (has_one) return {};
  return fail(
      Errc::kInvalid,
      "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one "
      "of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)");
}

}  // namespace tocsin::web
