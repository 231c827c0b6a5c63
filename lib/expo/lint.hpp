#pragma once
// What is wrong with the names of metrics by Prometheus' conventions, though every scraper takes them.
// Source: the rules and texts of client_golang's prometheus/testutil/promlint, which `promtool check metrics` applies.

#include <string>
#include <vector>

#include "expo/text_families.hpp"

namespace tocsin::expo {

struct LintProblem {
  std::string metric;
  std::string text;
};

/// Sorted by metric and text.
std::vector<LintProblem> lint(const std::vector<TextFamily>& families);

}  // namespace tocsin::expo
