#pragma once
// email_configs. Source: Alertmanager config/notifiers.go (EmailConfig).

#include <cstdint>
#include <optional>

#include "config/notifier_config.hpp"

namespace tocsin::config {

/// threading: mails of one group hang together in mail programs.
struct EmailThreading {
  static constexpr std::string_view kType = "config.ThreadingConfig";
  bool enabled = false;
  std::string by_date;  // "none" or "daily", if enabled
  void describe(FieldVisitor& fields);
};

struct EmailConfig : NotifierConfig {
  static constexpr std::string_view kKind = "email";
  static constexpr std::string_view kType = "config.EmailConfig";
  EmailConfig() { send_resolved = false; }
  std::string to, from;          // lists of addresses as in a mail's header
  std::string hello, smarthost;  // not templates; smarthost is host:port
  std::string auth_username, auth_identity;
  Secret auth_password, auth_secret;
  std::string auth_password_file, auth_secret_file;
  TextMap headers;  // names in canonical form; Subject, To and From are always there
  std::string html = R"({{ template "email.default.html" . }})";
  std::string text;
  std::optional<bool> require_tls;
  std::optional<TlsConfig> tls;
  std::optional<bool> force_implicit_tls;  // none: if the port is 465
  EmailThreading threading;

  void describe(FieldVisitor& fields);
  Result<void> complete(const AlertmanagerGlobal& global);
};

/// "host:port" as Go's net.SplitHostPort takes it; brackets around the host are taken off. The port may be a name.
/// @return kInvalid "address mail: missing port in address".
Result<std::pair<std::string, std::string>> split_host_port(std::string_view address);

}  // namespace tocsin::config
