#pragma once
// What an expression reads: its selectors, those of subqueries among them.

#include <string>
#include <vector>

#include "model/matcher.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::rules {

struct Input {
  std::string name;                      // of the metric; "": more than one, or not known
  std::vector<model::Matcher> matchers;  // of the other labels
};

std::vector<Input> inputs_of(const promql::parser::Expr& expr);

}  // namespace tocsin::rules
