#include "promql/parser/typecheck.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/strings.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser_impl.hpp"

namespace tocsin::promql::parser {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Prometheus prints the type of a subquery's operand by its internal name.
std::string_view internal_type_text(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    case ValueType::kNone:
      break;
  }
  return "none";
}

class Checker {
 public:
  explicit Checker(std::string_view query) : query_(query) {}

  /// The type, or nothing if error() is set.
  std::optional<ValueType> check(Expr& expr) {
    switch (expr.kind) {
      case NodeKind::kNumber:
        return ValueType::kScalar;
      case NodeKind::kString:
        return ValueType::kString;
      case NodeKind::kVectorSelector:
        return check_vector(static_cast<VectorSelector&>(expr));
      case NodeKind::kMatrixSelector:
        if (!check_vector(*static_cast<MatrixSelector&>(expr).vector)) return std::nullopt;
        return ValueType::kMatrix;
      case NodeKind::kSubquery:
        return check_subquery(static_cast<SubqueryExpr&>(expr));
      case NodeKind::kParen:
        return check(*static_cast<ParenExpr&>(expr).expr);
      case NodeKind::kUnary:
        return check_unary(static_cast<UnaryExpr&>(expr));
      case NodeKind::kBinary:
        return check_binary(static_cast<BinaryExpr&>(expr));
      case NodeKind::kCall:
        return check_call(static_cast<Call&>(expr));
      case NodeKind::kAggregate:
        return check_aggregate(static_cast<AggregateExpr&>(expr));
      case NodeKind::kStepInvariant:
        return check(*static_cast<StepInvariantExpr&>(expr).expr);
    }
    return std::nullopt;
  }

  std::optional<Error> take_error() { return std::move(error_); }

 private:
  template <typename... Args>
  std::nullopt_t fail(PositionRange where, fmt::format_string<Args...> format, Args&&... args) {
    error_ = make_parse_error(query_, where, fmt::format(format, std::forward<Args>(args)...));
    return std::nullopt;
  }

  std::optional<ValueType> check_vector(VectorSelector& node);
  std::optional<ValueType> check_subquery(SubqueryExpr& node);
  std::optional<ValueType> check_unary(UnaryExpr& node);
  std::optional<ValueType> check_binary(BinaryExpr& node);
  bool check_operator(const BinaryExpr& node, ValueType left, ValueType right);
  bool check_set_operator(const BinaryExpr& node);
  std::optional<ValueType> check_call(Call& node);
  bool check_argument_count(const Call& node);
  bool check_info(Call& node);
  std::optional<ValueType> check_aggregate(AggregateExpr& node);
  bool expect_type(Expr& expr, ValueType wanted, std::string_view place);
  PositionRange operator_position(const BinaryExpr& node) const;

  std::string_view query_;
  std::optional<Error> error_;
};

std::optional<ValueType> Checker::check_vector(VectorSelector& node) {
  if (!node.name.empty()) {
    // The last matcher is the name's own.
    for (std::size_t i = 0; i + 1 < node.matchers.size(); ++i) {
      if (node.matchers[i].name() != model::kMetricName) continue;
      return fail(node.pos, "metric name must not be set twice: {} or {}", go_quote(node.name),
                  go_quote(node.matchers[i].value()));
    }
    return ValueType::kVector;
  }
  if (node.bypass_empty_check) return ValueType::kVector;
  const bool selective = std::ranges::any_of(node.matchers, [](const auto& matcher) { return !matcher.matches(""); });
  if (!selective) return fail(node.pos, "vector selector must contain at least one non-empty matcher");
  return ValueType::kVector;
}

std::optional<ValueType> Checker::check_subquery(SubqueryExpr& node) {
  const auto type = check(*node.expr);
  if (!type) return std::nullopt;
  if (*type != ValueType::kVector) {
    return fail(node.pos, "subquery is only allowed on instant vector, got {} instead", internal_type_text(*type));
  }
  return ValueType::kMatrix;
}

std::optional<ValueType> Checker::check_unary(UnaryExpr& node) {
  const auto type = check(*node.expr);
  if (!type || *type == ValueType::kScalar || *type == ValueType::kVector) return type;
  return fail(node.pos, "unary expression only allowed on expressions of type scalar or instant vector, got {}",
              go_quote(value_type_text(*type)));
}

/// From behind the left side to before the right one, without the white space at the ends.
PositionRange Checker::operator_position(const BinaryExpr& node) const {
  PositionRange pos{node.left->pos.end, node.right->pos.start};
  while (pos.start < pos.end && is_space(query_[pos.start])) ++pos.start;
  while (pos.end > pos.start && is_space(query_[pos.end - 1])) --pos.end;
  return pos;
}

std::optional<ValueType> Checker::check_binary(BinaryExpr& node) {
  const auto left = check(*node.left);
  if (!left) return std::nullopt;
  const auto right = check(*node.right);
  if (!right || !check_operator(node, *left, *right)) return std::nullopt;

  const bool set_operator = is_set_op(node.op);
  if (*left != ValueType::kVector || *right != ValueType::kVector) {
    if (!node.matching->labels.empty()) {
      return fail(node.pos, "vector matching only allowed between instant vectors");
    }
    if (node.matching->fill_left || node.matching->fill_right) {
      return fail(node.pos, "filling in missing series only allowed between instant vectors");
    }
    node.matching.reset();
    if (set_operator) {
      return fail(node.pos, "set operator {} not allowed in binary scalar expression",
                  go_quote(binary_op_text(node.op)));
    }
  } else if (set_operator) {
    if (!check_set_operator(node)) return std::nullopt;
    node.matching->card = Cardinality::kManyToMany;
  }
  return *left == ValueType::kScalar && *right == ValueType::kScalar ? ValueType::kScalar : ValueType::kVector;
}

bool Checker::check_operator(const BinaryExpr& node, ValueType left, ValueType right) {
  const auto refuse = [&](PositionRange where, std::string_view text) {
    fail(where, "{}", text);
    return false;
  };
  if (node.return_bool && !is_comparison(node.op)) {
    return refuse(operator_position(node), "bool modifier can only be used on comparison operators");
  }
  const bool scalars = left == ValueType::kScalar && right == ValueType::kScalar;
  if (is_comparison(node.op) && !node.return_bool && scalars) {
    return refuse(operator_position(node), "comparisons between scalars must use BOOL modifier");
  }
  const VectorMatching& matching = *node.matching;
  for (const auto& label : matching.labels) {
    if (!matching.on || std::ranges::find(matching.include, label) == matching.include.end()) continue;
    return refuse(operator_position(node),
                  fmt::format("label {} must not occur in ON and GROUP clause at once", go_quote(label)));
  }
  constexpr std::string_view kOperands = "binary expression must contain only scalar and instant vector types";
  if (left != ValueType::kScalar && left != ValueType::kVector) return refuse(node.left->pos, kOperands);
  if (right != ValueType::kScalar && right != ValueType::kVector) return refuse(node.right->pos, kOperands);
  return true;
}

bool Checker::check_set_operator(const BinaryExpr& node) {
  const VectorMatching& matching = *node.matching;
  if (matching.card != Cardinality::kOneToOne) {
    fail(node.pos, "no grouping allowed for {} operation", go_quote(binary_op_text(node.op)));
    return false;
  }
  if (matching.fill_left || matching.fill_right) {
    fail(node.pos, "filling in missing series not allowed for set operators");
    return false;
  }
  return true;
}

bool Checker::check_argument_count(const Call& node) {
  const Function& function = *node.function;
  const auto wanted = static_cast<int>(function.args.size());
  const auto got = static_cast<int>(node.args.size());
  const auto refuse = [&](std::string_view bound, int count) {
    fail(node.pos, "expected {}{} argument(s) in call to {}, got {}", bound, count, go_quote(function.name), got);
    return false;
  };
  if (function.variadic == 0) return got == wanted || refuse("", wanted);
  if (got < wanted - 1) return refuse("at least ", wanted - 1);
  const int most = wanted - 1 + function.variadic;
  return function.variadic < 0 || got <= most || refuse("at most ", most);
}

/// The second argument of info() is no selector of series but of labels.
bool Checker::check_info(Call& node) {
  if (node.function->name != "info" || node.args.size() < 2) return true;
  Expr& argument = *node.args[1];
  if (const ValueType type = argument.type(); type != ValueType::kVector) {
    fail(node.pos, "expected type {} in call to function \"info\", got {}", value_type_text(ValueType::kVector),
         value_type_text(type));
    return false;
  }
  if (argument.kind != NodeKind::kVectorSelector) {
    fail(argument.pos, "expected label selectors only");
    return false;
  }
  auto& selector = static_cast<VectorSelector&>(argument);
  if (!selector.name.empty()) {
    fail(argument.pos, "expected label selectors only, got vector selector instead");
    return false;
  }
  selector.bypass_empty_check = true;
  return true;
}

std::optional<ValueType> Checker::check_call(Call& node) {
  if (!check_argument_count(node) || !check_info(node)) return std::nullopt;
  const Function& function = *node.function;
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    const ValueType wanted = function.args[std::min(i, function.args.size() - 1)];
    const auto type = check(*node.args[i]);
    if (!type) return std::nullopt;
    if (*type != wanted) {
      return fail(node.args[i]->pos, "expected type {} in call to function {}, got {}", value_type_text(wanted),
                  go_quote(function.name), value_type_text(*type));
    }
  }
  return function.returns;
}

bool Checker::expect_type(Expr& expr, ValueType wanted, std::string_view place) {
  const auto type = check(expr);
  if (!type) return false;
  if (*type == wanted) return true;
  fail(expr.pos, "expected type {} in {}, got {}", value_type_text(wanted), place, value_type_text(*type));
  return false;
}

std::optional<ValueType> Checker::check_aggregate(AggregateExpr& node) {
  if (!expect_type(*node.expr, ValueType::kVector, "aggregation expression")) return std::nullopt;
  if (node.param != nullptr) {
    const ValueType wanted = node.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
    if (!expect_type(*node.param, wanted, "aggregation parameter")) return std::nullopt;
  }
  return ValueType::kVector;
}

}  // namespace

Result<void> check_types(Expr& expr, std::string_view query) {
  Checker checker(query);
  if (checker.check(expr)) return {};
  return std::unexpected(*checker.take_error());
}

}  // namespace tocsin::promql::parser
