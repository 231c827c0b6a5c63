#pragma once
// `tocsinctl test rules`: promtool's unit tests of rules, with its output and exit statuses.

#include <string>
#include <vector>

#include "ruletest/rule_tests.hpp"

namespace tocsin::ctl {

struct TestRulesArgs {
  std::vector<std::string> files;
  std::vector<std::string> features;  // --enable-feature: names, also several in one with commas
  bool debug = false;
  std::string junit_file;  // "": none is written
  ruletest::RunOptions options;
};

/// @return 0 if all tests passed, 1 if not.
int test_rules(TestRulesArgs args);

}  // namespace tocsin::ctl
