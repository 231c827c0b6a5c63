#pragma once
// Passwords and addresses with passwords in agent.yml: given in place, by a file, or by a variable of the environment.

#include <optional>
#include <string>
#include <string_view>

#include "base/fs.hpp"
#include "base/secret.hpp"
#include "config/environment.hpp"
#include "yaml/node.hpp"

namespace tocsin::exporters {

/// A secret and where it comes from. Thread: any (immutable).
class Credential {
 public:
  /// Takes the keys <key>, <key>_file and <key>_env, of which one at most may be there. File names are seen from the
  /// document's folder. @return nothing if none is there; kInvalid with the position.
  static Result<std::optional<Credential>> read(yaml::Fields& fields, std::string_view key);
  /// A value that is known already, of a flag or of an address.
  static Credential of(Secret value) { return Credential(Kind::kValue, {}, std::move(value)); }

  /// The secret of now, without a newline at its end: ask for each connection, so that a rotated file needs no reload.
  /// kNotFound or kIo "open <file>: ...", kInvalid if the variable is not set. May read a file: not for the loop if
  /// that can hang.
  Result<Secret> get(Fs& fs, const config::Environment& environment) const;

 private:
  enum class Kind { kValue, kFile, kVariable };
  Credential(Kind kind, std::string place, Secret value)
      : kind_(kind), place_(std::move(place)), value_(std::move(value)) {}
  Kind kind_;
  std::string place_;  // file or variable
  Secret value_;
};

}  // namespace tocsin::exporters
