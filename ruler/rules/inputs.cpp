#include "rules/inputs.hpp"

#include "model/labels.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::rules {
namespace {

using promql::parser::Expr;
using promql::parser::VectorSelector;

Input input_of(const VectorSelector& selector) {
  Input out;
  for (const model::Matcher& matcher : selector.matchers) {
    if (matcher.name() != model::kMetricName) {
      out.matchers.push_back(matcher);
    } else if (matcher.op() == model::MatchOp::kEqual) {
      out.name = matcher.value();
    }
  }
  return out;
}

}  // namespace

std::vector<Input> inputs_of(const Expr& expr) {
  std::vector<Input> out;
  for (const VectorSelector* selector : promql::parser::selectors(expr)) out.push_back(input_of(*selector));
  return out;
}

}  // namespace tocsin::rules
