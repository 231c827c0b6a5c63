// The canonical text of a tree, as Prometheus prints it (promql/parser/printer.go).

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/duration.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql::parser {
namespace {

constexpr std::size_t kMaxLine = 100;

bool is_infinity(const Expr& expr) {
  return expr.kind == NodeKind::kNumber && std::isinf(static_cast<const NumberLiteral&>(expr).value);
}

bool is_arithmetic(BinaryOp op) {
  return op == BinaryOp::kAdd || op == BinaryOp::kSub || op == BinaryOp::kMul || op == BinaryOp::kDiv ||
         op == BinaryOp::kMod || op == BinaryOp::kPow;
}

bool starts_with_parenthesis(const DurationExpr& expr) {
  const DurationExpr* first = &expr;
  while (!first->wrapped && first->left != nullptr && first->right != nullptr && first->op != DurationExpr::Op::kMin &&
         first->op != DurationExpr::Op::kMax) {
    first = first->left.get();
  }
  return first->wrapped;
}

/// The offset with which the text of `expr` ends, if it begins with a parenthesis: an operator behind it would be
/// counted to the duration.
const DurationValue* open_offset(const Expr& expr) {
  const DurationValue* offset = nullptr;
  switch (expr.kind) {
    case NodeKind::kVectorSelector:
      offset = &static_cast<const VectorSelector&>(expr).offset;
      break;
    case NodeKind::kMatrixSelector:
      return open_offset(*static_cast<const MatrixSelector&>(expr).vector);
    case NodeKind::kSubquery:
      offset = &static_cast<const SubqueryExpr&>(expr).offset;
      break;
    case NodeKind::kUnary:
      return open_offset(*static_cast<const UnaryExpr&>(expr).expr);
    case NodeKind::kStepInvariant:
      return open_offset(*static_cast<const StepInvariantExpr&>(expr).expr);
    case NodeKind::kBinary:
      return open_offset(*static_cast<const BinaryExpr&>(expr).right);
    default:
      break;
  }
  return offset != nullptr && offset->expr != nullptr && starts_with_parenthesis(*offset->expr) ? offset : nullptr;
}

class Printer {
 public:
  void print(const Expr& expr);
  /// Over several lines where the text on one would be longer than 100 bytes. Source: promql/parser/prettier.go.
  void pretty(const Expr& expr, std::size_t level);
  std::string take() { return std::move(out_); }

 private:
  void print_number(double value, bool is_duration);
  void print_seconds(Duration duration);
  void print_duration(const DurationValue& duration);
  void print_duration_expr(const DurationExpr& expr);
  void print_duration_body(const DurationExpr& expr);
  void print_offset(const DurationValue& offset);
  /// The left side as `print_it` prints it, closed against the operator behind it.
  template <typename PrintIt>
  void print_left(const BinaryExpr& node, PrintIt print_it);
  void print_at(const AtModifier& at);
  void print_extension(const VectorSelector& node);
  void print_series(const VectorSelector& node);
  void print_vector(const VectorSelector& node);
  void print_matrix(const MatrixSelector& node);
  void print_subquery(const SubqueryExpr& node);
  void print_binary(const BinaryExpr& node);
  void print_matching(const VectorMatching& matching);
  void print_aggregate(const AggregateExpr& node);
  void print_labels(const std::vector<std::string>& labels);
  void print_aggregate_head(const AggregateExpr& node);
  void print_operator(const BinaryExpr& node);
  void print_subquery_tail(const SubqueryExpr& node);
  void pretty_list(const std::vector<const Expr*>& list, std::size_t level);
  void pretty_split(const Expr& expr, std::size_t level);
  void indent(std::size_t level) { out_.append(2 * level, ' '); }

  std::string out_;
  const DurationValue* closed_offset_ = nullptr;  // an arithmetic operator follows it
};

void Printer::print(const Expr& expr) {
  switch (expr.kind) {
    case NodeKind::kNumber: {
      const auto& node = static_cast<const NumberLiteral&>(expr);
      return print_number(node.value, node.is_duration);
    }
    case NodeKind::kString:
      out_ += go_quote(static_cast<const StringLiteral&>(expr).value);
      return;
    case NodeKind::kVectorSelector:
      return print_vector(static_cast<const VectorSelector&>(expr));
    case NodeKind::kMatrixSelector:
      return print_matrix(static_cast<const MatrixSelector&>(expr));
    case NodeKind::kSubquery:
      return print_subquery(static_cast<const SubqueryExpr&>(expr));
    case NodeKind::kParen:
      out_ += '(';
      print(*static_cast<const ParenExpr&>(expr).expr);
      out_ += ')';
      return;
    case NodeKind::kUnary: {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      out_ += node.minus ? '-' : '+';
      return print(*node.expr);
    }
    case NodeKind::kStepInvariant:
      return print(*static_cast<const StepInvariantExpr&>(expr).expr);
    case NodeKind::kBinary:
      return print_binary(static_cast<const BinaryExpr&>(expr));
    case NodeKind::kAggregate:
      return print_aggregate(static_cast<const AggregateExpr&>(expr));
    case NodeKind::kCall: {
      const auto& node = static_cast<const Call&>(expr);
      out_ += node.function->name;
      out_ += '(';
      for (std::size_t i = 0; i < node.args.size(); ++i) {
        if (i > 0) out_ += ", ";
        print(*node.args[i]);
      }
      out_ += ')';
      return;
    }
  }
  bug("BUG: no such node");
}

/// A duration literal of whole milliseconds is printed as one; else its seconds.
void Printer::print_number(double value, bool is_duration) {
  const double nanoseconds = std::round(std::fabs(value) * 1e9);
  if (!is_duration || nanoseconds >= 9.2e18) {
    out_ += format_float_f(value);
    return;
  }
  if (std::signbit(value) && value != 0) out_ += '-';
  print_seconds(Duration(static_cast<std::int64_t>(nanoseconds)));
}

/// Prometheus cuts what is below a millisecond; that would not read back, so seconds are written then.
void Printer::print_seconds(Duration duration) {
  constexpr Duration kMillisecond = std::chrono::milliseconds(1);
  out_ += duration % kMillisecond == Duration{0} ? format_duration(duration) : format_float_f(to_seconds(duration));
}

void Printer::print_duration(const DurationValue& duration) {
  if (duration.expr != nullptr) {
    print_duration_expr(*duration.expr);
  } else {
    print_seconds(duration.value);
  }
}

void Printer::print_duration_expr(const DurationExpr& expr) {
  if (expr.wrapped) out_ += '(';
  print_duration_body(expr);
  if (expr.wrapped) out_ += ')';
}

void Printer::print_duration_body(const DurationExpr& expr) {
  const auto binary = [&](std::string_view op) {
    print_duration_expr(*expr.left);
    out_ += op;
    print_duration_expr(*expr.right);
  };
  const auto call = [&](std::string_view name) {
    out_ += name;
    binary(", ");
    out_ += ')';
  };
  using Op = DurationExpr::Op;
  switch (expr.op) {
    case Op::kLiteral:
      return print_number(expr.seconds, !expr.is_number);
    case Op::kNegate:
      out_ += '-';
      return print_duration_expr(*expr.left);
    case Op::kPlus:
      return print_duration_expr(*expr.left);
    case Op::kAdd:
      return binary(" + ");
    case Op::kSub:
      return binary(" - ");
    case Op::kMul:
      return binary(" * ");
    case Op::kDiv:
      return binary(" / ");
    case Op::kMod:
      return binary(" % ");
    case Op::kPow:
      return binary(" ^ ");
    case Op::kStep:
      out_ += "step()";
      return;
    case Op::kRange:
      out_ += "range()";
      return;
    case Op::kMin:
      return call("min_of(");
    case Op::kMax:
      return call("max_of(");
  }
}

void Printer::print_offset(const DurationValue& offset) {
  if (offset.expr == nullptr && offset.value == Duration{0}) return;
  out_ += " offset ";
  if (offset.expr == nullptr && offset.value < Duration{0}) {
    out_ += '-';
    print_seconds(-offset.value);
  } else if (&offset == closed_offset_) {
    // A sign ends the duration with what it stands before.
    out_ += offset.expr->wrapped ? "+" : "+(";
    print_duration_expr(*offset.expr);
    if (!offset.expr->wrapped) out_ += ')';
  } else {
    print_duration(offset);
  }
}

void Printer::print_at(const AtModifier& at) {
  switch (at.kind) {
    case AtKind::kNone:
      return;
    case AtKind::kStart:
      out_ += " @ start()";
      return;
    case AtKind::kEnd:
      out_ += " @ end()";
      return;
    case AtKind::kTimestamp:
      out_ += fmt::format(" @ {:.3f}", static_cast<double>(at.t) / 1000.0);
      return;
  }
}

void Printer::print_extension(const VectorSelector& node) {
  if (node.anchored) {
    out_ += " anchored";
  } else if (node.smoothed) {
    out_ += " smoothed";
  }
}

/// Name and matchers, these sorted by their text.
void Printer::print_series(const VectorSelector& node) {
  std::vector<std::string> matchers;
  for (const model::Matcher& matcher : node.matchers) {
    const bool is_name = matcher.name() == model::kMetricName && matcher.op() == model::MatchOp::kEqual &&
                         matcher.value() == node.name && !node.name.empty();
    if (!is_name) matchers.push_back(matcher.to_string());
  }
  std::ranges::sort(matchers);
  out_ += node.name;
  if (matchers.empty()) return;
  out_ += fmt::format("{{{}}}", fmt::join(matchers, ","));
}

void Printer::print_vector(const VectorSelector& node) {
  print_series(node);
  print_at(node.at);
  print_extension(node);
  print_offset(node.offset);
}

void Printer::print_matrix(const MatrixSelector& node) {
  print_series(*node.vector);
  out_ += '[';
  print_duration(node.range);
  out_ += ']';
  print_extension(*node.vector);
  print_at(node.vector->at);
  print_offset(node.vector->offset);
}

void Printer::print_subquery(const SubqueryExpr& node) {
  print(*node.expr);
  print_subquery_tail(node);
}

void Printer::print_subquery_tail(const SubqueryExpr& node) {
  out_ += '[';
  print_duration(node.range);
  out_ += ':';
  if (node.step.expr != nullptr || node.step.value != Duration{0}) print_duration(node.step);
  out_ += ']';
  print_at(node.at);
  print_offset(node.offset);
}

template <typename PrintIt>
void Printer::print_left(const BinaryExpr& node, PrintIt print_it) {
  const DurationValue* const before = closed_offset_;
  if (is_arithmetic(node.op)) closed_offset_ = open_offset(*node.left);
  print_it(*node.left);
  closed_offset_ = before;
}

void Printer::print_binary(const BinaryExpr& node) {
  if (node.op == BinaryOp::kPow && is_infinity(*node.left)) {
    out_ += "Inf";  // with its sign, as Prometheus prints it, it would read back as +(Inf ^ ...)
  } else {
    print_left(node, [this](const Expr& left) { print(left); });
  }
  out_ += ' ';
  print_operator(node);
  out_ += ' ';
  print(*node.right);
}

void Printer::print_operator(const BinaryExpr& node) {
  out_ += binary_op_text(node.op);
  if (node.return_bool) out_ += " bool";
  if (node.matching) print_matching(*node.matching);
}

void Printer::print_matching(const VectorMatching& matching) {
  const bool grouped = matching.card == Cardinality::kManyToOne || matching.card == Cardinality::kOneToMany;
  if (!matching.labels.empty() || matching.on || grouped) {
    out_ += matching.on ? " on (" : " ignoring (";
    print_labels(matching.labels);
    out_ += ')';
  }
  if (grouped) {
    out_ += matching.card == Cardinality::kManyToOne ? " group_left (" : " group_right (";
    print_labels(matching.include);
    out_ += ')';
  }
  const auto& left = matching.fill_left;
  const auto& right = matching.fill_right;
  if (left && right && *left == *right) {
    out_ += fmt::format(" fill ({})", format_float_g(*left));
    return;
  }
  if (left) out_ += fmt::format(" fill_left ({})", format_float_g(*left));
  if (right) out_ += fmt::format(" fill_right ({})", format_float_g(*right));
}

void Printer::print_aggregate_head(const AggregateExpr& node) {
  out_ += aggregate_op_text(node.op);
  if (!node.without && node.grouping.empty()) return;
  out_ += node.without ? " without (" : " by (";
  print_labels(node.grouping);
  out_ += ") ";
}

void Printer::print_aggregate(const AggregateExpr& node) {
  print_aggregate_head(node);
  out_ += '(';
  if (node.param != nullptr) {
    print(*node.param);
    out_ += ", ";
  }
  print(*node.expr);
  out_ += ')';
}

void Printer::print_labels(const std::vector<std::string>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out_ += ", ";
    out_ += model::is_legacy_label_name(labels[i]) ? labels[i] : go_quote(labels[i]);
  }
}

void Printer::pretty(const Expr& expr, std::size_t level) {
  if (expr.kind == NodeKind::kStepInvariant) return pretty(*static_cast<const StepInvariantExpr&>(expr).expr, level);
  const bool on_one_line = expr.kind == NodeKind::kNumber || expr.kind == NodeKind::kString ||
                           expr.kind == NodeKind::kVectorSelector || expr.kind == NodeKind::kMatrixSelector;
  if (expr.kind != NodeKind::kSubquery) indent(level);
  const std::size_t start = out_.size();
  if (expr.kind != NodeKind::kUnary) {
    print(expr);
    if (on_one_line || out_.size() - start <= kMaxLine) return;
    out_.resize(start);
  }
  pretty_split(expr, level);
}

/// What follows the indentation of a node that does not fit a line.
void Printer::pretty_split(const Expr& expr, std::size_t level) {
  switch (expr.kind) {
    case NodeKind::kParen:
      return pretty_list({static_cast<const ParenExpr&>(expr).expr.get()}, level);
    case NodeKind::kAggregate: {
      const auto& node = static_cast<const AggregateExpr&>(expr);
      print_aggregate_head(node);
      return node.param ? pretty_list({node.param.get(), node.expr.get()}, level)
                        : pretty_list({node.expr.get()}, level);
    }
    case NodeKind::kCall: {
      const auto& node = static_cast<const Call&>(expr);
      out_ += node.function->name;
      return pretty_list(children(node), level);
    }
    case NodeKind::kSubquery: {
      const auto& node = static_cast<const SubqueryExpr&>(expr);
      pretty(*node.expr, level);
      return print_subquery_tail(node);
    }
    case NodeKind::kUnary: {
      const auto& node = static_cast<const UnaryExpr&>(expr);
      out_ += node.minus ? '-' : '+';
      Printer child;
      child.closed_offset_ = closed_offset_;
      child.pretty(*node.expr, level);
      out_ += trim(child.out_);
      return;
    }
    case NodeKind::kBinary: {
      const auto& node = static_cast<const BinaryExpr&>(expr);
      out_.resize(out_.size() - 2 * level);  // its left side brings its own indentation
      print_left(node, [&](const Expr& left) { pretty(left, level + 1); });
      out_ += '\n';
      indent(level);
      print_operator(node);
      out_ += '\n';
      return pretty(*node.right, level + 1);
    }
    default:
      bug("BUG: a node of one line");
  }
}

/// In parentheses, one a line.
void Printer::pretty_list(const std::vector<const Expr*>& list, std::size_t level) {
  out_ += "(\n";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out_ += ",\n";
    pretty(*list[i], level + 1);
  }
  out_ += '\n';
  indent(level);
  out_ += ')';
}

}  // namespace

std::string to_string(const Expr& expr) {
  Printer printer;
  printer.print(expr);
  return printer.take();
}

std::string to_pretty_string(const Expr& expr) {
  Printer printer;
  printer.pretty(expr, 0);
  return printer.take();
}

}  // namespace tocsin::promql::parser
