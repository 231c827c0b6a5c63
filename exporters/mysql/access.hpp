#pragma once
// How to log in to a server: in agent.yml itself, or by a section of a my.cnf.

#include <optional>
#include <string>
#include <string_view>

#include "exporters/collector/credential.hpp"
#include "exporters/mysql/my_cnf.hpp"

namespace tocsin::exporters::mysql {

/// Thread: any (immutable).
class Access {
 public:
  /// A section of a my.cnf.
  static Access of_file(std::string path, std::string section) {
    Access access;
    access.file_ = std::move(path);
    access.section_ = std::move(section);
    return access;
  }
  /// Takes the keys user, password, password_file, password_env, tls_config and allow_cleartext_passwords.
  /// @return nothing if none of them is there; kInvalid with the position.
  static Result<std::optional<Access>> read(yaml::Fields& fields);

  bool is_file() const { return !file_.empty(); }
  /// How to connect now, but for the address of agent.yml: files are read anew, so that a changed password needs no
  /// reload.
  Result<ConnectOptions> get(Fs& fs, const config::Environment& environment) const;

 private:
  std::string file_, section_;  // "": the rest counts
  std::string user_;
  std::optional<Credential> password_;
  TlsOptions tls_;
  std::string tls_server_name_;
  bool cleartext_ = false;
  friend Result<void> set_address(std::string_view, const Access&, ConnectOptions&);
};

/// Puts "host:port", "host", "[::1]:3306" or "unix:///path" in. kInvalid: no address; the name that the certificate
/// shall have is another one.
Result<void> set_address(std::string_view address, const Access& access, ConnectOptions& options);

}  // namespace tocsin::exporters::mysql
