#pragma once
// Ranges of versions as `runonserver` writes them: ">=10.0.0 <14.0.0 || 9.6.x".

#include <array>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::sql {

using Version = std::array<int, 3>;

/// Comparisons (`<` `<=` `>` `>=` `=` `==` `!` `!=`, none is `=`) that stand side by side hold together; `||` between
/// them is or. An `x` or a missing part stands for any. Source: github.com/blang/semver, Range.
class VersionRange {
 public:
  /// "" holds for all. kInvalid names the part that cannot be read.
  static Result<VersionRange> parse(std::string_view text);
  bool contains(const Version& version) const;

 private:
  enum class Op { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual, kNotEqual };
  struct Comparison {
    Op op = Op::kEqual;
    Version from{}, to{};  // the versions it names: from <= v < to
  };
  static Result<Comparison> parse_one(std::string_view text);
  std::vector<std::vector<Comparison>> any_of_;
};

}  // namespace tocsin::exporters::sql
