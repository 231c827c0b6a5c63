#pragma once
// What `tocsinctl check rules` tells about a file.

#include <string>
#include <vector>

#include "base/fs.hpp"
#include "model/labels.hpp"
#include "rules/rule_file.hpp"

namespace tocsin::rules {

/// A rule that writes the same series as another one may.
struct DuplicateRule {
  std::string file, name;
  model::Labels labels;

  std::string text() const;  // "FILE: rule NAME{...} occurs more than once"
};

struct CheckReport {
  std::size_t rules = 0;
  std::vector<std::string> errors;  // "file:line:column: text"; the file must not be used
  std::vector<std::string> warnings;
  /// Rules of one name and one set of labels more than once, each once.
  std::vector<DuplicateRule> duplicates;

  bool ok() const { return errors.empty(); }
};

CheckReport check_file(Fs& fs, const std::string& file, const RuleFileOptions& options = {});

/// The same for a text that is no file (standard input).
CheckReport check_text(std::string text, const std::string& name, const RuleFileOptions& options = {});

}  // namespace tocsin::rules
