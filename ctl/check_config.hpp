#pragma once
// tocsinctl check config: is this prometheus.yml one that the ruler will take? Offline.

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace tocsin::ctl {

/// Options as promtool's, but for expand_env.
struct CheckConfigArgs {
  std::vector<std::string> files;
  bool syntax_only = false;  // the files alone: nothing that they name is read
  bool agent = false;        // for a Prometheus in agent mode
  bool expand_env = false;
  bool ignore_unknown_fields = false;    // of rule groups
  std::string lint = "duplicate-rules";  // all, duplicate-rules, none, too-long-scrape-interval
  bool lint_fatal = false;
  Duration lookback_delta = std::chrono::minutes(5);
};

/// Prints one verdict per file on standard output, the errors in promtool's form with the place below. A file that is
/// named and does not exist is a warning where Prometheus starts without it.
/// @return 0 if all are good, 1 if one is not, 3 if only a lint is broken and lint_fatal is set
int check_config(const CheckConfigArgs& args);

/// "file:line:column: text" as promtool says it, with the place in a line of its own.
/// @param file  the one that is checked; errors of others name them
std::string promtool_text(std::string_view error, std::string_view file);

}  // namespace tocsin::ctl
