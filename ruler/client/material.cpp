#include "client/material.hpp"

#include "base/strings.hpp"
#include "client/oauth2_request.hpp"
#include "net/http_text.hpp"
#include "net/tls_pem.hpp"

namespace tocsin::client {
namespace {

/// The text, or what the file holds, trimmed; "" if there is neither.
Result<std::string> fetch(const std::string& text, const std::string& path, std::string_view what,
                          const FileText& file) {
  if (!text.empty() || path.empty()) return text;
  auto content = file(path);
  if (!content) {
    return fail(content.error().code, "unable to read {}: unable to read file {}: {}", what, path,
                content.error().message);
  }
  return std::string(trim(*content));
}

std::string description(const std::string& text, const std::string& path) {
  return text.empty() ? "file " + path : "inline";
}

int version_number(std::string_view text) {
  if (text == "TLS10") return 0x0301;
  if (text == "TLS11") return 0x0302;
  if (text == "TLS12") return 0x0303;
  return text == "TLS13" ? 0x0304 : 0;
}

bool equal(const net::TlsOptions& a, const net::TlsOptions& b) {
  return a.ca_pem == b.ca_pem && a.cert_pem == b.cert_pem && a.key_pem == b.key_pem && a.server_name == b.server_name &&
         a.min_version == b.min_version && a.max_version == b.max_version &&
         a.insecure_skip_verify == b.insecure_skip_verify;
}

Result<std::shared_ptr<const net::TlsOptions>> tls_options(const config::TlsConfig& config, const FileText& file,
                                                           const net::TlsOptions* last) {
  if (config == config::TlsConfig()) return nullptr;
  auto tls = std::make_shared<net::TlsOptions>();
  TOCSIN_TRY(tls->ca_pem, fetch(config.ca, config.ca_file, "CA cert", file));
  TOCSIN_TRY(tls->cert_pem, fetch(config.cert, config.cert_file, "client cert", file));
  TOCSIN_TRY(std::string key, fetch(config.key.reveal(), config.key_file, "client key", file));
  tls->key_pem = Secret(std::move(key));
  tls->server_name = config.server_name;
  if (!config.min_version.empty()) tls->min_version = version_number(config.min_version);
  tls->max_version = version_number(config.max_version);
  tls->insecure_skip_verify = config.insecure_skip_verify;
  if (last != nullptr && equal(*tls, *last)) return nullptr;  // the caller has it
  const bool has_ca = !config.ca.empty() || !config.ca_file.empty();
  if (has_ca && !net::has_certificate(tls->ca_pem)) {
    return fail(Errc::kInvalid, "unable to use specified CA cert {}", description(config.ca, config.ca_file));
  }
  if (config.cert.empty() && config.cert_file.empty()) return tls;
  if (auto pair = net::check_key_pair(tls->cert_pem, tls->key_pem.reveal()); !pair) {
    return fail(Errc::kInvalid, "unable to use specified client cert ({}) & key ({}): {}",
                description(config.cert, config.cert_file), description(config.key.reveal(), config.key_file),
                pair.error().message);
  }
  return tls;
}

Result<void> add_headers(const config::HttpClientConfig& config, const FileText& file, Material& out) {
  for (const config::HttpHeaderConfig& header : config.http_headers) {
    for (const std::string& value : header.values) out.headers.emplace_back(header.name, value);
    for (const Secret& value : header.secrets) out.headers.emplace_back(header.name, value.reveal());
    for (const std::string& path : header.files) {
      auto content = file(path);
      if (!content) {
        return fail(content.error().code, "unable to read headers file {}: {}", path, content.error().message);
      }
      out.headers.emplace_back(header.name, trim(*content));
    }
  }
  return {};
}

Result<void> add_credentials(const config::HttpClientConfig& config, const FileText& file, Material& out) {
  if (config.oauth2) {
    const config::OAuth2Config& oauth2 = *config.oauth2;
    if (oauth2.grant_type == kJwtBearerGrant) {
      TOCSIN_TRY(out.oauth2_credential, fetch(oauth2.client_certificate_key.reveal(),
                                              oauth2.client_certificate_key_file, "oauth2 client secret", file));
    } else {
      TOCSIN_TRY(out.oauth2_credential,
                 fetch(oauth2.client_secret.reveal(), oauth2.client_secret_file, "oauth2 client secret", file));
    }
    return {};
  }
  if (config.has_basic_auth || !config.username.empty() || !config.password.empty()) {
    TOCSIN_TRY(const std::string user, fetch(config.username, config.username_file, "basic auth username", file));
    TOCSIN_TRY(const std::string password,
               fetch(config.password.reveal(), config.password_file, "basic auth password", file));
    out.authorization = net::basic_authorization(user, password);
    return {};
  }
  if (!config.has_authorization && config.authorization_credentials.empty()) return {};
  TOCSIN_TRY(const std::string credentials,
             fetch(config.authorization_credentials.reveal(), config.authorization_credentials_file,
                   "authorization credentials", file));
  out.authorization = std::string(trim(fmt::format("{} {}", config.authorization_type, credentials)));
  return {};
}

}  // namespace

std::vector<std::string> files_of(const config::HttpClientConfig& config) {
  std::vector<std::string> out = {config.username_file, config.password_file, config.authorization_credentials_file,
                                  config.tls.ca_file,   config.tls.cert_file, config.tls.key_file};
  if (config.oauth2) {
    out.push_back(config.oauth2->client_secret_file);
    out.push_back(config.oauth2->client_certificate_key_file);
  }
  for (const config::HttpHeaderConfig& header : config.http_headers) {
    out.insert(out.end(), header.files.begin(), header.files.end());
  }
  std::erase(out, "");
  return out;
}

Result<std::shared_ptr<const Material>> make_material(const config::HttpClientConfig& config, const FileText& file,
                                                      const Material* last) {
  if (!config.secret_ref.empty()) return fail(Errc::kInvalid, "cannot use secret ref without manager");
  auto out = std::make_shared<Material>();
  TOCSIN_TRY(out->tls, tls_options(config.tls, file, last != nullptr ? last->tls.get() : nullptr));
  if (!out->tls && last != nullptr) out->tls = last->tls;
  TOCSIN_OK(add_headers(config, file, *out));
  TOCSIN_OK(add_credentials(config, file, *out));
  return out;
}

}  // namespace tocsin::client
