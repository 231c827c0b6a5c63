#include "support/promql_twin.hpp"

#include <algorithm>
#include <cmath>

#include "model/matcher.hpp"
#include "promql/parser/parser.hpp"
#include "support/promql_twin_parts.hpp"

namespace tocsin::test {
namespace {

using namespace promql::parser;
using namespace twin;
using model::Labels;

double seconds_of(const DurationExpr& expr) {
  const auto left = [&] { return seconds_of(*expr.left); };
  const auto right = [&] { return seconds_of(*expr.right); };
  switch (expr.op) {
    case DurationExpr::Op::kLiteral:
      return expr.seconds;
    case DurationExpr::Op::kNegate:
      return -left();
    case DurationExpr::Op::kPlus:
      return left();
    case DurationExpr::Op::kAdd:
      return left() + right();
    case DurationExpr::Op::kSub:
      return left() - right();
    case DurationExpr::Op::kMul:
      return left() * right();
    case DurationExpr::Op::kDiv:
      return left() / right();
    case DurationExpr::Op::kMin:
      return std::min(left(), right());
    case DurationExpr::Op::kMax:
      return std::max(left(), right());
    default:
      throw TwinError("a duration that the twin does not know");
  }
}

/// Between two steps of a subquery may lie more than one sample: what is known about resets does not hold there, and
/// no starts are handed on.
TwinPoint without_reset_hint(TwinPoint point) {
  point.start = 0;
  if (point.h == nullptr || point.h->is_gauge()) return point;
  TwinHistogram h = *point.h;
  h.hint = model::CounterReset::kUnknown;
  return h;
}

/// Numbers the nodes in the order in which Prometheus evaluates them: what is within comes first.
void number(const Expr& expr, std::map<const Expr*, std::size_t>& order) {
  for (const Expr* const child : children(expr)) number(*child, order);
  order.emplace(&expr, order.size());
}

}  // namespace

TwinValue PromqlTwin::answer(const Expr& expr, Timestamp t) {
  number(expr, order_);
  return eval(expr, t);
}

TwinVoice PromqlTwin::voice(const Expr& node, const Expr& about, const Labels& labels) const {
  return {notes_, {order_.at(&node), about.pos}, std::string(labels.get("__name__"))};
}

TwinValue PromqlTwin::eval(const Expr& expr, Timestamp t) const {
  switch (expr.kind) {
    case NodeKind::kNumber:
      return static_cast<const NumberLiteral&>(expr).value;
    case NodeKind::kParen:
      return eval(*static_cast<const ParenExpr&>(expr).expr, t);
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const UnaryExpr&>(expr);
      TwinValue value = eval(*unary.expr, t);
      if (!unary.minus) return value;
      if (const double* number = std::get_if<double>(&value)) return -*number;
      TwinVector out;
      for (const auto& [labels, v] : std::get<TwinVector>(value)) {
        put(out, nameless(labels), v.h == nullptr ? TwinPoint(-v.v) : TwinPoint(twin_scaled(*v.h, -1)));
      }
      return out;
    }
    case NodeKind::kVectorSelector:
      return selected(static_cast<const VectorSelector&>(expr), t);
    case NodeKind::kBinary:
      return binary(static_cast<const BinaryExpr&>(expr), t);
    case NodeKind::kAggregate:
      return aggregate(static_cast<const AggregateExpr&>(expr), t);
    case NodeKind::kCall:
      return call(static_cast<const Call&>(expr), t);
    default:
      throw TwinError("not an expression of a value");
  }
}

TwinVector PromqlTwin::selected(const VectorSelector& selector, Timestamp t) const {
  const Timestamp at = reference(selector.offset, selector.at, t);
  TwinVector out;
  for (const auto* series : select(selector)) {
    if (!selector.smoothed) {
      const auto sample = newest(series->second, at);
      if (sample) out[series->first] = counts_only() ? without_buckets(sample->second) : sample->second;
      continue;
    }
    Window around;
    for (const auto& [time, point] : series->second) {
      const bool near = time > at - query_.lookback_ms && time <= at + query_.lookback_ms;
      if (near && !is_end(point)) around.emplace_back(time, point);
    }
    if (counts_only()) around = without_buckets(around);
    const auto value = twin_smoothed(around, at, voice(selector, selector, series->first));
    if (value) out[series->first] = *value;
  }
  return out;
}

double PromqlTwin::scalar(const Expr& expr, Timestamp t) const {
  return std::get<double>(eval(expr, t));
}

TwinVector PromqlTwin::vector(const Expr& expr, Timestamp t) const {
  return std::get<TwinVector>(eval(expr, t));
}

std::int64_t PromqlTwin::milliseconds(const DurationValue& duration) const {
  if (duration.expr == nullptr) return to_ms(duration.value);
  return static_cast<std::int64_t>(std::llround(seconds_of(*duration.expr) * 1000));
}

Timestamp PromqlTwin::reference(const DurationValue& offset, const AtModifier& at, Timestamp t) const {
  switch (at.kind) {
    case AtKind::kNone:
      break;
    case AtKind::kTimestamp:
      t = at.t;
      break;
    case AtKind::kStart:
      t = query_.start;
      break;
    case AtKind::kEnd:
      t = query_.end;
      break;
  }
  return t - milliseconds(offset);
}

std::vector<const TwinData::value_type*> PromqlTwin::select(const VectorSelector& selector) const {
  std::vector<const TwinData::value_type*> out;
  for (const auto& series : data_) {
    if (model::match_all(selector.matchers, series.first)) out.push_back(&series);
  }
  return out;
}

std::optional<std::pair<Timestamp, TwinPoint>> PromqlTwin::newest(const TwinSeries& series, Timestamp t) const {
  std::optional<std::pair<Timestamp, TwinPoint>> found;
  for (const auto& [time, value] : series) {
    if (time <= t && time > t - query_.lookback_ms) found = {time, value};
  }
  if (found && is_end(found->second)) return std::nullopt;
  return found;
}

PromqlTwin::Windows PromqlTwin::windows(const Expr& expr, Timestamp t) const {
  Windows out;
  if (expr.kind == NodeKind::kMatrixSelector) {
    const auto& matrix = static_cast<const MatrixSelector&>(expr);
    out.end = reference(matrix.vector->offset, matrix.vector->at, t);
    out.start = out.end - milliseconds(matrix.range);
    for (const auto* series : select(*matrix.vector)) {
      Window window;
      for (const auto& [time, value] : series->second) {
        if (time > out.start && time <= out.end && !is_end(value)) window.emplace_back(time, value);
      }
      if (counts_only()) window = without_buckets(window);
      for (auto& sample : window) sample.second.start = query_.start_timestamps ? sample.second.start : 0;
      if (!window.empty()) out.series[series->first] = std::move(window);
    }
    return out;
  }
  const auto& subquery = static_cast<const SubqueryExpr&>(expr);
  out.end = reference(subquery.offset, subquery.at, t);
  out.start = out.end - milliseconds(subquery.range);
  std::int64_t step = milliseconds(subquery.step);
  if (step == 0) step = query_.subquery_step_ms;
  for (Timestamp at = out.start - step; at <= out.end; ++at) {  // every millisecond that is a multiple of the step
    if (at <= out.start || at % step != 0) {
      const Timestamp rest = ((at % step) + step) % step;
      if (rest != 0) at += step - rest - 1;
      continue;
    }
    const While whole(needs_buckets_);
    for (const auto& [labels, value] : vector(*subquery.expr, at)) {
      out.series[labels].emplace_back(at, without_reset_hint(value));
    }
  }
  return out;
}

}  // namespace tocsin::test
