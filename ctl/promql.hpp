#pragma once
// tocsinctl promql and tocsinctl test promql: expressions and promqltest scripts, offline.

#include <string>
#include <vector>

namespace tocsin::ctl {

/// Prints the expression as Prometheus would write it (over several lines if it is long), or on standard error what is
/// wrong and where. Experimental functions and modifiers are taken. Exit status 0, or 1.
int promql_format(const std::string& expression);

/// Runs promqltest scripts, each with the ruler's engine over its store in a folder that is gone afterwards. Prints
/// `file:line: expression: what is wrong` for each evaluation or load that fails, and at the end `N passed, M failed`.
/// Exit status 0; 1 if anything failed; 2 if a script cannot be read (the others are run all the same).
int test_promql(const std::vector<std::string>& files);

}  // namespace tocsin::ctl
