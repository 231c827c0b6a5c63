#pragma once
// tls_server_config of the web configuration.

#include "web/web_config.hpp"
#include "yaml/node.hpp"

namespace tocsin::web {

/// The section as it is written; files not read yet.
struct TlsSection {
  yaml::Node node;
  std::string cert, cert_file, key_file, client_ca, client_ca_file, client_auth_type;
  Secret key;
  net::TlsServerOptions options;  // what needs no file
  /// Any of the keys that ask for TLS is there.
  bool wants_tls() const;
};

Result<void> read_tls_section(const yaml::Node& node, TlsSection& section);

/// Reads the files, which must exist, and makes the options whole.
/// @param folder  that relative paths are seen from.
Result<void> load_tls_section(Fs& fs, const std::string& folder, TlsSection& section, std::vector<SeenFile>& seen);

}  // namespace tocsin::web
