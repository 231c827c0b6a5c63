#pragma once
// Where a PostgreSQL server is and who asks it: a URI or key=value pairs.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace tocsin::exporters::postgres {

/// The connection parameters, by libpq's keywords, in the order in which they stand; of a repeated one the last counts.
/// Source: PostgreSQL docs, "Connection Strings"; postgres_exporter config/dsn.go.
struct Dsn {
  std::vector<std::pair<std::string, std::string>> parameters;  // all but the password
  Secret password;

  /// "" if it is not there.
  std::string get(std::string_view keyword) const;
  void set(std::string_view keyword, std::string value);
};

/// Reads `postgresql://user:password@host:5432/database?sslmode=require` (also `postgres://`, several hosts, [v6],
/// percent escapes) and `host=a port=5432 password='it''s'` (quotes and backslashes as libpq has them).
/// @return kInvalid with the place of the mistake, and never a word of the text, which may be a password.
Result<Dsn> parse_dsn(std::string_view text);

/// What is neither gets a scheme in front, as the parameter `target` of postgres_exporter: "host:5432/database".
std::string as_uri(std::string text);

/// "host:port" with libpq's defaults: postgres_exporter's label `server`.
std::string server_label(const Dsn& dsn);

}  // namespace tocsin::exporters::postgres
