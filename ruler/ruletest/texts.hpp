#pragma once
// What differs, as promtool prints it. Source: cmd/promtool/unittest.go (String methods).

#include <string>
#include <string_view>
#include <vector>

#include "ruletest/test_file.hpp"

namespace tocsin::ruletest {

/// An alert as it is expected or found; sorted by labels, then annotations.
struct AlertTexts {
  LabelTexts labels, annotations;
  auto operator<=>(const AlertTexts&) const = default;
};

/// A sample as it is expected or found; sorted by labels.
struct SampleTexts {
  LabelTexts labels;
  double value = 0;
  std::string histogram;  // as histogram_expression() writes it, "" for a float
};

LabelTexts to_texts(const model::Labels& labels);
/// `{a="b", c="d"}`.
std::string to_string(const LabelTexts& labels);
/// A list over several lines, `[]` if it is empty.
std::string to_string(const std::vector<AlertTexts>& alerts);
/// In one line, `nil` if there is none.
std::string to_string(const std::vector<SampleTexts>& samples);

/// Puts `indent` in front of each line but the first.
std::string indent_lines(std::string_view lines, std::string_view indent);

/// Equal numbers, or with `fuzzy` neighbours; NaN equals nothing, as in promtool.
bool same_value(double a, double b, bool fuzzy);

}  // namespace tocsin::ruletest
