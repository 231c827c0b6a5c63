#pragma once
// Connections by libmariadb, which is loaded when the first one is made.

#include <cstdint>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "exporters/mysql/connection.hpp"

namespace tocsin::exporters::mysql {

/// How a connection is secured. Source: my.cnf's ssl-* and the `tls` of mysqld_exporter's sections.
struct TlsOptions {
  enum class Mode { kOff, kPreferred, kRequired };
  Mode mode = Mode::kOff;
  bool verify = true;  // the server's certificate and its name; not with kPreferred
  std::string ca_file, cert_file, key_file;
  std::string versions;  // "TLSv1.2,TLSv1.3"; "": the library's
  bool operator==(const TlsOptions&) const = default;
};

struct ConnectOptions {
  std::string host;  // of TCP
  std::uint16_t port = 3306;
  std::string socket;  // path; "": TCP
  std::string user;
  Secret password;
  TlsOptions tls;
  bool cleartext_password = false;  // whether the server may ask for it in clear
  bool operator==(const ConnectOptions&) const = default;

  /// "host:port" or "unix:///path".
  std::string address() const;
};

/// Connects and logs in by the deadline. kUnsupported: libmariadb.so.3 is not installed. Errors name the address.
/// Blocks (name look-ups may do so beyond the deadline). Thread: any.
/// What a hostile server may ask of a client is refused: files (LOAD DATA LOCAL), dialogs, the password in clear.
Result<std::unique_ptr<Connection>> connect(const ConnectOptions& options, const Clock& clock, MonoTime deadline);

}  // namespace tocsin::exporters::mysql
