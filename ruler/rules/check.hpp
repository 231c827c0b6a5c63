#pragma once
// What `tocsinctl check rules` tells about a file.

#include <string>
#include <vector>

#include "base/fs.hpp"
#include "rules/rule_file.hpp"

namespace tocsin::rules {

struct CheckReport {
  std::size_t rules = 0;
  std::vector<std::string> errors;  // "file:line:column: text"; the file must not be used
  std::vector<std::string> warnings;
  /// Rules of one name and one set of labels more than once: they may write the same series. One text for each.
  std::vector<std::string> duplicates;

  bool ok() const { return errors.empty(); }
};

CheckReport check_file(Fs& fs, const std::string& file, const RuleFileOptions& options = {});

/// The same for a text that is no file (standard input).
CheckReport check_text(std::string text, const std::string& name, const RuleFileOptions& options = {});

}  // namespace tocsin::rules
