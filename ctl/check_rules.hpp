#pragma once
// `tocsinctl check rules`: rule files, with promtool's options, words and exit statuses.

#include <string>
#include <vector>

namespace tocsin::ctl {

struct CheckRulesArgs {
  std::vector<std::string> files;  // none: standard input
  std::string lint = "duplicate-rules";
  bool lint_fatal = false;
  bool ignore_unknown_fields = false;
  std::vector<std::string> features;  // --enable-feature
};

/// Prints what is wrong on standard error, with file:line:column.
/// @return 0 if all files are good, 1 if one is not, 3 if only a lint found something and lints are fatal.
int check_rules(const CheckRulesArgs& args);

}  // namespace tocsin::ctl
