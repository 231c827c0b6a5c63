#include "exporters/mysql/access.hpp"

#include <charconv>

#include "base/strings.hpp"
#include "config/http_client_config.hpp"

namespace tocsin::exporters::mysql {
namespace {

constexpr std::size_t kMaxFileBytes = 1U << 20U;
constexpr std::string_view kUnix = "unix://";

Result<TlsOptions> read_tls(const yaml::Node& node, std::string& server_name) {
  TOCSIN_TRY(const config::TlsConfig config, config::read_tls_config(node));
  if (!config.ca.empty() || !config.cert.empty() || !config.key.empty()) {
    return node.error("libmariadb reads certificates from files: use ca_file, cert_file and key_file");
  }
  TlsOptions tls{.mode = TlsOptions::Mode::kRequired,
                 .verify = !config.insecure_skip_verify,
                 .ca_file = config.ca_file,
                 .cert_file = config.cert_file,
                 .key_file = config.key_file,
                 .versions = {}};
  auto versions = tls_versions(config.min_version, config.max_version);
  if (!versions) return node.error("{}", versions.error().message);
  tls.versions = std::move(*versions);
  server_name = config.server_name;
  return tls;
}

}  // namespace

Result<std::optional<Access>> Access::read(yaml::Fields& fields) {
  Access access;
  const bool has_user = fields.has("user");
  fields.read("user", access.user_).read("allow_cleartext_passwords", access.cleartext_);
  TOCSIN_TRY(access.password_, Credential::read(fields, "password"));
  bool has_tls = false;
  fields.child("tls_config", [&](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(access.tls_, read_tls(node, access.tls_server_name_));
    has_tls = true;
    return {};
  });
  TOCSIN_OK(fields.failed());
  if (!has_user) {
    if (access.password_ || has_tls || access.cleartext_) return fields.node().error("a login without user");
    return std::nullopt;
  }
  return access;
}

Result<ConnectOptions> Access::get(Fs& fs, const config::Environment& environment) const {
  if (!file_.empty()) {
    TOCSIN_TRY(const std::string text, fs.read_file(file_, kMaxFileBytes));
    TOCSIN_TRY(const MyCnf cnf, MyCnf::parse(text, file_, environment));
    return cnf.options(section_);
  }
  ConnectOptions options;
  options.host = "localhost";
  options.user = user_;
  options.tls = tls_;
  options.cleartext_password = cleartext_;
  if (password_) {
    TOCSIN_TRY(options.password, password_->get(fs, environment));
  }
  return options;
}

Result<void> set_address(std::string_view address, const Access& access, ConnectOptions& options) {
  // The address itself is not told: people put passwords into it.
  const auto wrong = [] { return fail(Errc::kInvalid, "the address must be host:port or unix:///path"); };
  if (address.starts_with(kUnix)) {
    options.socket = address.substr(kUnix.size());
    if (!options.socket.starts_with('/')) return wrong();
    return {};
  }
  if (!address.empty()) {
    options.socket.clear();
    options.port = 3306;
    const bool brackets = address.starts_with('[');
    const std::size_t close = brackets ? address.find(']') : 0;
    if (close == std::string_view::npos) return wrong();
    const std::size_t colon = address.find(':', close);
    options.host = brackets ? address.substr(1, close - 1) : address.substr(0, colon);
    const bool gap = brackets && close + 1 != std::min(colon, address.size());
    if (gap || options.host.empty() || options.host.find_first_of("@/() \t") != std::string::npos) return wrong();
    if (colon != std::string_view::npos) {
      const std::string_view port = address.substr(colon + 1);
      const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
      if (error != std::errc{} || end != port.data() + port.size() || options.port == 0) return wrong();
    }
  }
  if (!access.tls_server_name_.empty() && access.tls_server_name_ != options.host) {
    return fail(Errc::kUnsupported,
                "tls_config.server_name differs from the address's host, which libmariadb cannot verify");
  }
  return {};
}

}  // namespace tocsin::exporters::mysql
