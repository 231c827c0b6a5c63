#pragma once
// Option files of MySQL's programs (.my.cnf), as mysqld_exporter reads them.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/environment.hpp"
#include "exporters/mysql/client.hpp"

namespace tocsin::exporters::mysql {

/// Sections with their keys in lower case, `_` being `-`. Keys that nobody knows are kept: the file is other programs'
/// too. What a section "a.b" lacks is looked for in "a". Thread: any (immutable).
class MyCnf {
 public:
  /// `name = value`, `name: value`, `name`; lines that begin with `#`, `;` or `!` mean nothing, quotes around a value
  /// go away, `$NAME` and `${NAME}` stand for variables of the environment, `$$` for a dollar. A key that comes twice:
  /// the last one.
  /// @return kInvalid "file:line: ..." for a line outside of a section or a broken section head.
  static Result<MyCnf> parse(std::string_view text, std::string_view file, const config::Environment& environment);

  bool has(std::string_view section) const { return sections_.find(section) != sections_.end(); }
  /// The value of a key of a section or of those above it.
  std::optional<std::string> get(std::string_view section, std::string_view key) const;
  /// How to connect by a section: user, password, host, port, socket, enable-cleartext-plugin, tls, ssl-ca, ssl-cert,
  /// ssl-key, ssl-skip-verification (ssl-skip-verfication as well), tls-min-version, tls-max-version. Without host and
  /// socket it is localhost:3306.
  /// @return kInvalid "file: section [name]: ...": no such section, no user, a wrong number or version.
  Result<ConnectOptions> options(std::string_view section) const;

 private:
  using Section = std::map<std::string, std::string, std::less<>>;
  std::string file_;
  std::map<std::string, Section, std::less<>> sections_;
};

/// "TLSv1.2,TLSv1.3" for versions from `low` to `high`, in my.cnf's words ("TLSv1.2") or Prometheus' ("TLS12"); "" is
/// no limit. kInvalid: one that there is not, or low above high.
Result<std::string> tls_versions(std::string_view low, std::string_view high);

}  // namespace tocsin::exporters::mysql
