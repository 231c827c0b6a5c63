#include "web/tls_section.hpp"

#include <algorithm>

namespace tocsin::web {
namespace {

constexpr std::size_t kPemLimit = 1U << 20U;

struct PolicyName {
  std::string_view name;
  net::ClientAuth policy;
};

constexpr PolicyName kPolicies[] = {
    {"", net::ClientAuth::kNone},
    {"NoClientCert", net::ClientAuth::kNone},
    {"RequestClientCert", net::ClientAuth::kRequest},
    {"RequireAnyClientCert", net::ClientAuth::kRequireAny},
    {"RequireClientCert", net::ClientAuth::kRequireAny},  // an older name
    {"VerifyClientCertIfGiven", net::ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", net::ClientAuth::kRequireAndVerify},
};

struct VersionName {
  std::string_view name;
  int version;
};

constexpr VersionName kVersions[] = {{"TLS10", 0x0301}, {"TLS11", 0x0302}, {"TLS12", 0x0303}, {"TLS13", 0x0304}};

Result<void> read_version(const yaml::Node& node, int& version) {
  TOCSIN_TRY(const std::string name, node.as_string());
  const auto* found = std::ranges::find(kVersions, name, &VersionName::name);
  if (found == std::end(kVersions)) return node.error("unknown TLS version: {}", name);
  version = found->version;
  return {};
}

Result<void> read_names(const yaml::Node& node, bool (*known)(std::string_view), std::string_view what,
                        std::vector<std::string>& names) {
  TOCSIN_TRY(names, node.as_strings());
  for (const yaml::Node& element : node.elements()) {
    if (!known(element.text())) return element.error("unknown {}: {}", what, element.text());
  }
  return {};
}

Result<std::string> read_named(Fs& fs, const std::string& path, std::vector<SeenFile>& seen) {
  seen.push_back(look_at(fs, path));
  auto text = fs.read_file(path, kPemLimit);
  if (!text && text.error().code == Errc::kNotFound) {
    return fail(Errc::kNotFound, "open {}: no such file or directory", path);  // Go's spelling
  }
  return text;
}

Result<void> read_pair(Fs& fs, const std::string& folder, TlsSection& section, std::vector<SeenFile>& seen) {
  section.options.cert_pem = section.cert;
  section.options.key_pem = section.key;
  if (!section.cert_file.empty()) {
    const std::string path = resolve_path(folder, section.cert_file);
    auto text = read_named(fs, path, seen);
    if (!text) return section.node["cert_file"].error("failed to read cert_file ({}): {}", path, text.error().message);
    section.options.cert_pem = std::move(*text);
  }
  if (!section.key_file.empty()) {
    const std::string path = resolve_path(folder, section.key_file);
    auto text = read_named(fs, path, seen);
    if (!text) return section.node["key_file"].error("failed to read key_file ({}): {}", path, text.error().message);
    section.options.key_pem = Secret(std::move(*text));
  }
  return {};
}

Result<void> read_client_policy(TlsSection& section) {
  const auto* policy = std::ranges::find(kPolicies, section.client_auth_type, &PolicyName::name);
  if (policy == std::end(kPolicies)) {
    return section.node["client_auth_type"].error("invalid ClientAuth: {}", section.client_auth_type);
  }
  section.options.client_auth = policy->policy;
  const bool has_ca = !section.client_ca.empty() || !section.client_ca_file.empty();
  if (has_ca && policy->policy == net::ClientAuth::kNone) {
    return section.node.error("client CA's have been configured without a Client Auth Policy");
  }
  const bool demanded =
      policy->policy == net::ClientAuth::kRequireAny || policy->policy == net::ClientAuth::kRequireAndVerify;
  if (section.options.client_allowed_sans && !demanded) {
    return section.node["client_allowed_sans"].error(
        "client_allowed_sans requires client_auth_type to be one of RequireAnyClientCert or "
        "RequireAndVerifyClientCert");
  }
  return {};
}

}  // namespace

bool TlsSection::wants_tls() const {
  return !cert.empty() || !cert_file.empty() || !key.empty() || !key_file.empty() || !client_ca.empty() ||
         !client_ca_file.empty() || !client_auth_type.empty();
}

Result<void> read_tls_section(const yaml::Node& node, TlsSection& section) {
  section.node = node;
  net::TlsServerOptions& options = section.options;
  yaml::Fields fields(node, "web.TLSConfig");
  fields.read("cert", section.cert).read("cert_file", section.cert_file);
  fields.read("key", section.key).read("key_file", section.key_file);
  fields.read("client_ca", section.client_ca).read("client_ca_file", section.client_ca_file);
  fields.read("client_auth_type", section.client_auth_type).read("client_allowed_sans", options.client_allowed_sans);
  fields.child("min_version", [&](const yaml::Node& value) { return read_version(value, options.min_version); });
  fields.child("max_version", [&](const yaml::Node& value) { return read_version(value, options.max_version); });
  fields.child("cipher_suites", [&](const yaml::Node& value) {
    return read_names(value, net::is_cipher_suite, "cipher", options.cipher_suites);
  });
  fields.child("curve_preferences",
               [&](const yaml::Node& value) { return read_names(value, net::is_curve, "curve", options.curves); });
  fields.read("prefer_server_cipher_suites", options.prefer_server_cipher_suites);
  return fields.finish();
}

Result<void> load_tls_section(Fs& fs, const std::string& folder, TlsSection& section, std::vector<SeenFile>& seen) {
  if (section.cert.empty() && section.cert_file.empty()) {
    return section.node.error("missing one of cert or cert_file");
  }
  if (section.key.empty() && section.key_file.empty()) return section.node.error("missing one of key or key_file");
  TOCSIN_OK(read_pair(fs, folder, section, seen));
  section.options.client_ca_pem = section.client_ca;
  if (!section.client_ca_file.empty()) {
    auto text = read_named(fs, resolve_path(folder, section.client_ca_file), seen);
    if (!text) return section.node["client_ca_file"].error("{}", text.error().message);
    section.options.client_ca_pem = std::move(*text);
  }
  return read_client_policy(section);
}

}  // namespace tocsin::web
