// The operators of the naive twin: arithmetic, comparisons, sets, and which elements go together.

#include <cmath>
#include <set>

#include "support/promql_twin_parts.hpp"

namespace tocsin::test {
namespace {

using namespace promql::parser;
using namespace twin;
using model::Labels;

bool is_trim(BinaryOp op) {
  return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower;
}

/// What makes another metric of one; trims, as comparisons, leave its name.
bool is_arithmetic(BinaryOp op) {
  return !is_comparison(op) && !is_set_op(op) && !is_trim(op);
}

double arithmetic(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMod:
      return std::fmod(a, b);
    case BinaryOp::kPow:
      return std::pow(a, b);
    case BinaryOp::kAtan2:
      return std::atan2(a, b);
    default:
      throw TwinError("not arithmetic");
  }
}

bool compare(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kEq:
      return a == b;
    case BinaryOp::kNe:
      return a != b;
    case BinaryOp::kLt:
      return a < b;
    case BinaryOp::kGt:
      return a > b;
    case BinaryOp::kLe:
      return a <= b;
    case BinaryOp::kGe:
      return a >= b;
    default:
      throw TwinError("not a comparison");
  }
}

/// What an operator makes of two samples; nothing if it can do nothing with them, and says so.
struct Outcome {
  TwinPoint value;
  bool keep = true;  // what a comparison says
};

std::optional<Outcome> add_histograms(BinaryOp op, const TwinHistogram& a, const TwinHistogram& b,
                                      const TwinVoice& voice) {
  auto sum = twin_sum(a, b, op == BinaryOp::kAdd ? 1 : -1);
  if (!sum) {
    voice.warn(fmt::format("incompatible bucket layout encountered for binary operator {}", binary_op_text(op)));
    return std::nullopt;
  }
  const std::string_view operation = op == BinaryOp::kAdd ? "addition" : "subtraction";
  if (sum->collided) {
    voice.collided(operation);
    return std::nullopt;
  }
  if (sum->reconciled) voice.reconciled(operation);
  if (op == BinaryOp::kSub) sum->value.hint = model::CounterReset::kGauge;
  return Outcome{sum->value};
}

std::optional<Outcome> operate(BinaryOp op, const TwinPoint& a, const TwinPoint& b, const TwinVoice& voice) {
  if (a.h == nullptr && b.h == nullptr && !is_trim(op)) {
    if (is_arithmetic(op)) return Outcome{arithmetic(op, a.v, b.v)};
    return Outcome{a, compare(op, a.v, b.v)};
  }
  if (a.h != nullptr && b.h != nullptr) {
    if (op == BinaryOp::kAdd || op == BinaryOp::kSub) return add_histograms(op, *a.h, *b.h, voice);
    if (op == BinaryOp::kEq || op == BinaryOp::kNe) return Outcome{a, twin_equal(*a.h, *b.h) == (op == BinaryOp::kEq)};
  } else if (op == BinaryOp::kMul) {
    return Outcome{a.h != nullptr ? twin_scaled(*a.h, b.v) : twin_scaled(*b.h, a.v)};
  } else if (a.h != nullptr && op == BinaryOp::kDiv) {
    return Outcome{twin_divided(*a.h, b.v)};
  } else if (a.h != nullptr && is_trim(op)) {
    return Outcome{twin_trimmed(*a.h, b.v, op == BinaryOp::kTrimUpper)};
  }
  const std::string_view left = a.h == nullptr ? "float" : "histogram", right = b.h == nullptr ? "float" : "histogram";
  voice.info(fmt::format("incompatible sample types encountered for binary operator \"{0}\": {1} {0} {2}",
                         binary_op_text(op), left, right));
  return std::nullopt;
}

}  // namespace

TwinValue PromqlTwin::binary(const BinaryExpr& expr, Timestamp t) const {
  const While whole(needs_buckets_, is_trim(expr.op));
  const bool left_scalar = expr.left->type() == ValueType::kScalar;
  const bool right_scalar = expr.right->type() == ValueType::kScalar;
  if (left_scalar && right_scalar) {
    const double a = scalar(*expr.left, t);
    const double b = scalar(*expr.right, t);
    return is_arithmetic(expr.op) ? arithmetic(expr.op, a, b) : (compare(expr.op, a, b) ? 1.0 : 0.0);
  }
  if (!left_scalar && !right_scalar) {
    const TwinVector left = vector(*expr.left, t);
    const TwinVector right = vector(*expr.right, t);
    return is_set_op(expr.op) ? set_operation(expr, left, right) : match(expr, left, right);
  }
  const double number = scalar(left_scalar ? *expr.left : *expr.right, t);
  TwinVector out;
  for (const auto& [labels, value] : vector(left_scalar ? *expr.right : *expr.left, t)) {
    const TwinVoice voice = this->voice(expr, expr);
    const auto outcome = left_scalar ? operate(expr.op, number, value, voice) : operate(expr.op, value, number, voice);
    if (!outcome) continue;
    if (is_arithmetic(expr.op)) {
      put(out, nameless(labels), outcome->value);
    } else if (expr.return_bool) {
      put(out, nameless(labels), outcome->keep ? 1.0 : 0.0);
    } else if (outcome->keep) {
      put(out, labels, is_comparison(expr.op) ? value : outcome->value);
    }
  }
  return out;
}

TwinVector PromqlTwin::set_operation(const BinaryExpr& expr, const TwinVector& left, const TwinVector& right) const {
  const auto signature = [&](const Labels& labels) {
    return group_of(labels, expr.matching->labels, expr.matching->on);
  };
  std::set<Labels> left_signatures, right_signatures;
  for (const auto& [labels, value] : left) left_signatures.insert(signature(labels));
  for (const auto& [labels, value] : right) right_signatures.insert(signature(labels));
  TwinVector out;
  for (const auto& [labels, value] : left) {
    const bool matched = right_signatures.contains(signature(labels));
    if (expr.op == BinaryOp::kOr || matched == (expr.op == BinaryOp::kAnd)) put(out, labels, value);
  }
  if (expr.op == BinaryOp::kOr) {
    for (const auto& [labels, value] : right) {
      if (!left_signatures.contains(signature(labels))) put(out, labels, value);
    }
  }
  return out;
}

TwinVector PromqlTwin::match(const BinaryExpr& expr, const TwinVector& left, const TwinVector& right) const {
  const VectorMatching& matching = *expr.matching;
  const bool swapped = matching.card == Cardinality::kOneToMany;
  const TwinVector& many = swapped ? right : left;
  const TwinVector& one = swapped ? left : right;
  const std::optional<double>& fill_many = swapped ? matching.fill_right : matching.fill_left;
  const std::optional<double>& fill_one = swapped ? matching.fill_left : matching.fill_right;
  if (many.empty() && one.empty()) return {};
  if ((many.empty() || one.empty()) && !fill_many && !fill_one) return {};
  const auto signature = [&](const Labels& labels) { return group_of(labels, matching.labels, matching.on); };
  std::map<Labels, std::pair<Labels, TwinPoint>> partners;
  for (const auto& [labels, value] : one) {
    if (!partners.emplace(signature(labels), std::pair{labels, value}).second) throw TwinError("duplicate partner");
  }
  TwinVector out;
  std::map<Labels, std::set<Labels>> matched;  // what has been made of a signature
  const auto pair_up = [&](const Labels& labels, const TwinPoint& value, const Labels& partner,
                           const TwinPoint& other) {
    const TwinVoice voice = this->voice(expr, expr);
    const auto outcome = swapped ? operate(expr.op, other, value, voice) : operate(expr.op, value, other, voice);
    if (!outcome) return;
    const Labels key = signature(labels);
    Labels result = is_arithmetic(expr.op) || expr.return_bool ? nameless(labels) : labels;
    if (matching.card == Cardinality::kOneToOne) {
      if (matched.contains(key)) throw TwinError("multiple matches");
      result = matching.on ? result.keep(matching.labels) : result.without(matching.labels);
    }
    model::LabelsBuilder builder(result);
    for (const std::string& name : matching.include) builder.set(name, partner.get(name));
    result = builder.build();
    if (!matched[key].insert(result).second) throw TwinError("grouping labels must ensure unique matches");
    if (is_arithmetic(expr.op)) {
      put(out, result, outcome->value);
    } else if (expr.return_bool) {
      put(out, result, outcome->keep ? 1.0 : 0.0);
    } else if (outcome->keep) {
      put(out, result, outcome->value);
    }
  };
  for (const auto& [labels, value] : many) {
    const auto partner = partners.find(signature(labels));
    if (partner != partners.end()) {
      pair_up(labels, value, partner->second.first, partner->second.second);
    } else if (fill_one) {
      pair_up(labels, value, signature(labels), *fill_one);
    }
  }
  for (const auto& [key, partner] : partners) {
    if (fill_many && !matched.contains(key)) pair_up(key, *fill_many, partner.first, partner.second);
  }
  return out;
}

}  // namespace tocsin::test
