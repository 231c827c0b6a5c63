#pragma once
// Runs files of unit tests of rules: `tocsinctl test rules`.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "promql/parser/parser.hpp"
#include "ruletest/junit.hpp"

namespace tocsin::ruletest {

struct RunOptions {
  std::vector<std::string> run;  // regular expressions; tests whose names match none are left out; none: all run
  bool diff = false;
  bool ignore_unknown_fields = false;  // of rule files
  bool delayed_name_removal = false;   // promql-delayed-name-removal
  promql::parser::ParserOptions parser;
  std::function<void(const std::string&)> debug;  // gets a line now and then; may be empty
  std::function<void(const std::string&)> warn;   // a pattern without files; may be empty
};

struct FileReport {
  std::vector<std::string> errors;  // promtool's texts, without an end of line; empty: all tests passed
  JunitSuite junit;
};

/// Thread: any. The rules run over stores in memory; only test files and rule files are read.
/// @return kInvalid if one of options.run is no regular expression; whatever is wrong with the file is in the report.
Result<FileReport> run_test_file(Fs& fs, const std::string& file, const RunOptions& options = {});

}  // namespace tocsin::ruletest
