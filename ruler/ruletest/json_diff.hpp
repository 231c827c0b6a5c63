#pragma once
// `--diff`: expected and found alerts as one JSON text, differences in the colours of a terminal.

#include <string>
#include <vector>

#include "ruletest/texts.hpp"

namespace tocsin::ruletest {

/// Green is what is not expected, red what is missing, yellow `expected => found`.
std::string diff_alerts(const std::vector<AlertTexts>& expected, const std::vector<AlertTexts>& found);

}  // namespace tocsin::ruletest
