#include "support/promql_twin.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <utility>

#include "base/float_text.hpp"
#include "model/matcher.hpp"
#include "model/sample.hpp"
#include "promql/parser/functions.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::test {
namespace {

using namespace promql::parser;
using model::Labels;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

void put(TwinVector& vector, const Labels& labels, TwinPoint value) {
  if (!vector.emplace(labels, std::move(value)).second)
    throw TwinError("vector cannot contain metrics with the same labelset");
}

Labels nameless(const Labels& labels) {
  return labels.without({"__name__", "__type__", "__unit__"});
}

Labels group_of(const Labels& labels, const std::vector<std::string>& names, bool keep) {
  return keep ? labels.keep(names) : labels.without(names).without_name();
}

bool is_end(const TwinPoint& point) {
  return model::is_stale(point.h == nullptr ? point.v : point.h->sum);
}

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

/// Between two steps of a subquery may lie more than one sample: what is known about resets does not hold there, and
/// no starts are handed on.
TwinPoint without_reset_hint(TwinPoint point) {
  point.start = 0;
  if (point.h == nullptr || point.h->is_gauge()) return point;
  TwinHistogram h = *point.h;
  h.hint = model::CounterReset::kUnknown;
  return h;
}

const Expr& strip(const Expr& expr) {
  return expr.kind == NodeKind::kParen ? strip(*static_cast<const ParenExpr&>(expr).expr) : expr;
}

std::string text_of(const Expr& expr) {
  return static_cast<const StringLiteral&>(strip(expr)).value;
}

double to_seconds_of(Timestamp t) {
  return static_cast<double>(t) / 1000;
}

Labels absent_labels(const Expr& argument) {
  const Expr& expr = strip(argument);
  const VectorSelector* selector = nullptr;
  if (expr.kind == NodeKind::kVectorSelector) selector = static_cast<const VectorSelector*>(&expr);
  if (expr.kind == NodeKind::kMatrixSelector) selector = static_cast<const MatrixSelector&>(expr).vector.get();
  model::LabelsBuilder labels;
  if (selector == nullptr) return {};
  std::set<std::string> equal;
  for (const model::Matcher& matcher : selector->matchers) {
    if (matcher.name() == model::kMetricName) continue;
    labels.remove(matcher.name());
    if (matcher.op() == model::MatchOp::kEqual && equal.insert(matcher.name()).second) {
      labels.set(matcher.name(), matcher.value());
    }
  }
  return labels.build();
}

TwinPoint without_buckets(const TwinPoint& point) {
  if (point.h == nullptr) return point;
  TwinHistogram h;
  h.schema = point.h->schema;
  h.count = point.h->count;
  h.sum = point.h->sum;
  h.hint = point.h->hint;
  TwinPoint out(h);
  out.start = point.start;
  return out;
}

/// Counts and sums alone; says of each histogram but the first whether there was a reset before it, if that is not
/// known.
TwinWindow without_buckets(const TwinWindow& samples) {
  const TwinHistogram* before = nullptr;
  TwinWindow out;
  for (const auto& [time, point] : samples) {
    out.emplace_back(time, without_buckets(point));
    if (point.h == nullptr) continue;
    if (before != nullptr && point.h->hint == model::CounterReset::kUnknown) {
      TwinHistogram h = *out.back().second.h;
      const bool reset = twin_was_reset(*before, *point.h);
      h.hint = reset ? model::CounterReset::kReset : model::CounterReset::kNotReset;
      out.back().second = TwinPoint(h);
      out.back().second.start = point.start;
    }
    before = point.h.get();
  }
  return out;
}

/// Sets a flag as long as it lives.
class While {
 public:
  explicit While(bool& flag, bool on = true) : flag_(flag), before_(std::exchange(flag, flag || on)) {}
  ~While() { flag_ = before_; }
  While(const While&) = delete;
  While& operator=(const While&) = delete;

 private:
  bool& flag_;
  bool before_;
};

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

namespace {

/// The sum or mean of a group, in the order of labels; nothing, and says so, where there is none.
std::optional<TwinPoint> total(const std::vector<std::pair<Labels, TwinPoint>>& members, bool mean,
                               const std::function<TwinVoice(const Labels&)>& voice) {
  std::optional<TwinHistogram> sum;
  long double floats = 0;
  bool any_float = false, any_histogram = false, incompatible = false, reset = false, no_reset = false;
  for (const auto& [labels, point] : members) {
    if (incompatible) break;
    if (point.h == nullptr) {
      any_float = true;
      floats += point.v;
      continue;
    }
    const bool first = !any_float && !any_histogram;
    any_histogram = true;
    if (!first && !sum) continue;  // a float was first: there is no sum anyway
    reset = reset || point.h->hint == model::CounterReset::kReset;
    no_reset = no_reset || point.h->hint == model::CounterReset::kNotReset;
    if (first) {
      sum = *point.h;
      continue;
    }
    const auto next = twin_sum(*sum, *point.h, 1);
    incompatible = !next;
    if (!next) {
      voice(labels).mixed_schemas();
      continue;
    }
    if (next->reconciled) voice(labels).reconciled("aggregation");
    sum = next->value;
  }
  const TwinVoice all = voice({});
  if (any_float && any_histogram) {
    all.warn("encountered a mix of histograms and floats for aggregation");
    return std::nullopt;
  }
  if (incompatible) return std::nullopt;
  if (reset && no_reset) all.collided("aggregation");
  const auto n = static_cast<double>(members.size());
  if (sum) return mean ? twin_divided(*sum, n) : *sum;
  return mean ? static_cast<double>(floats) / n : static_cast<double>(floats);
}

/// In [0, 1), from the labels alone: what limit_ratio keeps. Prometheus takes another one; the generator asks only for
/// what any of them answers alike.
double sampling_offset(const Labels& labels) {
  return static_cast<double>(std::hash<std::string>{}(labels.to_string()) >> 11U) * 0x1p-53;
}

}  // namespace

TwinVector PromqlTwin::aggregate(const AggregateExpr& expr, Timestamp t) const {
  std::map<Labels, std::vector<std::pair<Labels, TwinPoint>>> groups;
  for (const auto& [labels, value] : vector(*expr.expr, t)) {
    const Labels group = expr.without ? labels.without(expr.grouping).without_name() : labels.keep(expr.grouping);
    groups[group].emplace_back(labels, value);
  }
  const bool numeric = expr.param != nullptr && expr.param->type() == ValueType::kScalar;
  const double param = numeric ? scalar(*expr.param, t) : 0;
  const bool invalid = expr.op == AggregateOp::kQuantile && !(param >= 0 && param <= 1);
  if (invalid) voice(expr, strip(*expr.param)).invalid_quantile(param);
  double ratio = param;
  if (expr.op == AggregateOp::kLimitRatio) {
    if (std::isnan(param)) throw TwinError("ratio is NaN");
    ratio = std::clamp(param, -1.0, 1.0);
    if (ratio != param) {
      voice(expr, strip(*expr.param))
          .warn(fmt::format("ratio value should be between -1 and 1, got {}, capping to {}", format_float_g(param),
                            format_float_g(ratio)));
    }
  }
  const Expr& operand = strip(*expr.expr);
  TwinVector out;
  for (auto& [group, members] : groups) {
    std::vector<double> values;
    for (const auto& [labels, point] : members) {
      if (point.h == nullptr) values.push_back(point.v);
    }
    const auto ignore_histograms = [&](const Expr& about) {
      if (values.size() != members.size()) voice(expr, about).ignored_in(aggregate_op_text(expr.op));
      return values.empty();
    };
    const auto n = static_cast<double>(values.size());
    long double sum = 0;
    for (const double v : values) sum += v;
    long double squares = 0;
    for (const double v : values) squares += (v - sum / n) * (v - sum / n);
    const auto extreme = [&](bool maximum) {
      double best = kNan;
      for (const double v : values) {
        if (std::isnan(best) || (maximum ? v > best : v < best)) best = v;
      }
      return best;
    };
    switch (expr.op) {
      case AggregateOp::kSum:
      case AggregateOp::kAvg: {
        const auto voice_of = [&](const Labels& labels) { return voice(expr, operand, labels); };
        const auto value = total(members, expr.op == AggregateOp::kAvg, voice_of);
        if (value) put(out, group, *value);
        break;
      }
      case AggregateOp::kCount:
        put(out, group, static_cast<double>(members.size()));
        break;
      case AggregateOp::kGroup:
        put(out, group, 1);
        break;
      case AggregateOp::kMin:
      case AggregateOp::kMax:
        if (!ignore_histograms(operand)) put(out, group, extreme(expr.op == AggregateOp::kMax));
        break;
      case AggregateOp::kStddev:
        if (!ignore_histograms(operand)) put(out, group, std::sqrt(static_cast<double>(squares / n)));
        break;
      case AggregateOp::kStdvar:
        if (!ignore_histograms(operand)) put(out, group, static_cast<double>(squares / n));
        break;
      case AggregateOp::kQuantile:
        if (!ignore_histograms(operand)) put(out, group, twin_quantile(param, values));
        break;
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk: {
        if (std::isnan(param)) throw TwinError("parameter is NaN");
        const bool top = expr.op == AggregateOp::kTopk;
        if (param < 1 || ignore_histograms(expr)) break;
        std::erase_if(members, [](const auto& member) { return member.second.h != nullptr; });
        std::sort(members.begin(), members.end(), [top](const auto& x, const auto& y) {
          const double a = x.second.v, b = y.second.v;
          if (std::isnan(a) != std::isnan(b)) return std::isnan(b);
          if (a != b && !std::isnan(a)) return top ? a > b : a < b;
          return x.first < y.first;
        });
        for (std::size_t i = 0; i < members.size() && static_cast<double>(i + 1) <= param; ++i) {
          put(out, members[i].first, members[i].second);
        }
        break;
      }
      case AggregateOp::kLimitk:  // any k of them: the generator only counts them
        for (std::size_t i = 0; i < members.size() && static_cast<double>(i + 1) <= param; ++i) {
          put(out, members[i].first, members[i].second);
        }
        break;
      case AggregateOp::kLimitRatio:
        for (const auto& [labels, value] : members) {
          const double offset = sampling_offset(labels);
          if (ratio >= 0 ? offset < ratio : offset >= 1 + ratio) put(out, labels, value);
        }
        break;
      case AggregateOp::kCountValues: {
        const std::string label = text_of(*expr.param);
        for (const auto& [labels, value] : members) {
          Labels with = model::LabelsBuilder(labels)
                            .set(label, value.h == nullptr ? format_float_f(value.v) : twin_text(*value.h))
                            .build();
          std::vector<std::string> names = expr.grouping;
          if (!expr.without) names.push_back(label);
          out[group_of(with, names, !expr.without)].v += 1;
        }
        break;
      }
    }
  }
  return out;
}

namespace {

/// Prometheus goes by the name.
void check_counter(std::string_view function, const TwinVoice& voice) {
  const std::string& metric = voice.metric();
  if ((function != "rate" && function != "increase") || metric.empty()) return;
  for (const char* const end : {"_total", "_sum", "_count", "_bucket"}) {
    if (metric.ends_with(end)) return;
  }
  voice.info(
      fmt::format("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"{}\"", metric));
}

}  // namespace

TwinVector PromqlTwin::extended_call(const Call& call, const MatrixSelector& matrix, Timestamp t) const {
  const VectorSelector& selector = *matrix.vector;
  const Timestamp end = reference(selector.offset, selector.at, t);
  const Timestamp start = end - milliseconds(matrix.range);
  TwinVector out;
  for (const auto* series : select(selector)) {
    TwinWindow samples;
    for (const auto& [time, point] : series->second) {
      const Timestamp newest = selector.smoothed ? end + query_.lookback_ms : end;
      if (time > start - query_.lookback_ms && time <= newest && !is_end(point)) samples.emplace_back(time, point);
    }
    if (counts_only()) samples = without_buckets(samples);
    for (auto& sample : samples) sample.second.start = query_.start_timestamps ? sample.second.start : 0;
    const TwinVoice voice = this->voice(call, strip(*call.args[0]), series->first);
    const auto value = twin_extended_function(call.function->name, selector.smoothed, samples, start, end, voice);
    if (value) put(out, nameless(series->first), *value);
    if (value && value->h == nullptr) check_counter(call.function->name, voice);
  }
  return out;
}

TwinVector PromqlTwin::range_call(const Call& call, std::size_t argument, Timestamp t) const {
  const std::string_view name = call.function->name;
  std::vector<double> arguments;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (i != argument) arguments.push_back(scalar(*call.args[i], t));
  }
  const Expr& input = strip(*call.args[argument]);
  if (input.kind == NodeKind::kMatrixSelector) {
    const auto& matrix = static_cast<const MatrixSelector&>(input);
    if (matrix.vector->anchored || matrix.vector->smoothed) return extended_call(call, matrix, t);
  }
  const Windows range = windows(input, t);
  if (name == "absent_over_time") {
    TwinVector out;
    if (range.series.empty()) out[absent_labels(*call.args[argument])] = 1;
    return out;
  }
  const bool keeps_name = name == "last_over_time" || name == "first_over_time";
  TwinVector out;
  for (const auto& [labels, window] : range.series) {
    const TwinVoice voice = this->voice(call, strip(*call.args[0]), labels);
    const auto value = twin_range_function(name, window, range.start, range.end, t, arguments, voice);
    if (value && value->h == nullptr) check_counter(name, voice);
    if (value) put(out, keeps_name ? labels : nameless(labels), *value);
  }
  return out;
}

TwinVector PromqlTwin::label_call(const Call& call, Timestamp t) const {
  const std::string target = text_of(*call.args[1]);
  TwinVector out;
  for (const auto& [labels, value] : vector(*call.args[0], t)) {
    std::string text;
    if (call.function->name == "label_join") {
      for (std::size_t i = 3; i < call.args.size(); ++i) {
        if (i > 3) text += text_of(*call.args[2]);
        text += labels.get(text_of(*call.args[i]));
      }
    } else {
      const auto regex = model::AnchoredRegex::make(text_of(*call.args[4]));
      if (!regex) throw TwinError("invalid regular expression");
      if (!regex->expand(labels.get(text_of(*call.args[3])), text_of(*call.args[2]), text)) {
        put(out, labels, value);
        continue;
      }
    }
    put(out, model::LabelsBuilder(labels).set(target, text).build(), value);
  }
  return out;
}

namespace {

/// As histogram_quantiles writes it into a label.
std::string quantile_text(double q) {
  std::string text = format_float_g(q);
  if (std::isfinite(q) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

TwinVector PromqlTwin::bucket_call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  const std::size_t operand = name == "histogram_quantiles" ? 0 : name == "histogram_quantile" ? 1 : 2;
  std::vector<double> arguments;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (call.args[i]->type() != ValueType::kScalar) continue;
    arguments.push_back(scalar(*call.args[i], t));
    const bool valid = arguments.back() >= 0 && arguments.back() <= 1;
    if (operand != 2 && !valid) voice(call, strip(*call.args[i])).invalid_quantile(arguments.back());
  }
  const TwinVoice voice = this->voice(call, strip(*call.args[operand]));
  const While whole(needs_buckets_);
  std::map<Labels, std::map<double, double>> classic;
  std::map<Labels, TwinHistogram> native;
  for (const auto& [labels, value] : vector(*call.args[operand], t)) {
    double upper = 0;
    if (value.h != nullptr) {
      native[labels] = *value.h;
    } else if (labels.get("le").empty() || !parse_float(labels.get("le"), upper)) {
      voice.warn(fmt::format("bucket label \"le\" is missing or has a malformed value of \"{}\"", labels.get("le")));
    } else {
      classic[labels.without({"le"})][upper] += value.v;
    }
  }
  for (auto it = native.begin(); it != native.end();) {
    const bool conflict = classic.erase(it->first) != 0;
    if (conflict) voice.warn("vector contains a mix of classic and native histograms");
    it = conflict ? native.erase(it) : std::next(it);
  }
  TwinVector out;
  const auto answer = [&](const Labels& labels, double q, double value) {
    model::LabelsBuilder builder(nameless(labels));
    if (operand == 0) builder.set(text_of(*call.args[1]), quantile_text(q));
    put(out, builder.build(), value);
  };
  if (operand == 2) {
    for (const auto& [labels, h] : native) {
      answer(labels, 0, twin_histogram_fraction(arguments[0], arguments[1], h));
    }
    for (const auto& [labels, buckets] : classic) {
      answer(labels, 0, twin_bucket_fraction(arguments[0], arguments[1], buckets));
    }
    return out;
  }
  for (const double q : arguments) {
    for (const auto& [labels, h] : native) answer(labels, q, twin_histogram_quantile(q, h));
    for (const auto& [labels, buckets] : classic) answer(labels, q, twin_bucket_quantile(q, buckets, voice));
  }
  return out;
}

TwinVector PromqlTwin::histogram_call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  TwinVector out;
  const While counting(in_count_, name == "histogram_count" || name == "histogram_sum" || name == "histogram_avg");
  for (const auto& [labels, value] : vector(*call.args[0], t)) {
    if (value.h == nullptr) continue;
    const TwinHistogram& h = *value.h;
    double result = 0;
    if (name == "histogram_count") {
      result = h.count;
    } else if (name == "histogram_sum") {
      result = h.sum;
    } else if (name == "histogram_avg") {
      result = h.sum / h.count;
    } else if (name == "histogram_stdvar" || name == "histogram_stddev") {
      result = twin_histogram_variance(h);
      if (name == "histogram_stddev") result = std::sqrt(result);
    } else {
      throw TwinError("the twin does not know " + std::string(name));
    }
    put(out, nameless(labels), result);
  }
  return out;
}

TwinValue PromqlTwin::call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (call.args[i]->type() == ValueType::kMatrix) return range_call(call, i, t);
  }
  if (name == "time") return to_seconds_of(t);
  if (name == "pi") return std::acos(-1.0);
  if (name == "vector") return TwinVector{{Labels(), scalar(*call.args[0], t)}};
  if (name == "label_replace" || name == "label_join") return label_call(call, t);
  if (name == "info") return info(call, t);
  if (name == "max_of" || name == "min_of") {
    const double a = scalar(*call.args[0], t), b = scalar(*call.args[1], t);
    return name == "max_of" ? std::max(a, b) : std::min(a, b);
  }
  if (name.starts_with("histogram_quantile") || name == "histogram_fraction") return bucket_call(call, t);
  if (name.starts_with("histogram_")) return histogram_call(call, t);
  if (call.args.empty()) return TwinVector{{Labels(), twin_date_function(name, std::floor(to_seconds_of(t)))}};
  const bool of_times = name == "timestamp" || name == "start_timestamp";
  if (of_times && strip(*call.args[0]).kind == NodeKind::kVectorSelector) {
    if (name == "start_timestamp" && !query_.start_timestamps) return TwinVector();
    const auto& selector = static_cast<const VectorSelector&>(strip(*call.args[0]));
    TwinVector out;
    for (const auto* series : select(selector)) {
      const auto sample = newest(series->second, reference(selector.offset, selector.at, t));
      if (!sample) continue;
      put(out, nameless(series->first), to_seconds_of(name == "timestamp" ? sample->first : sample->second.start));
    }
    return out;
  }
  const TwinVector input = vector(*call.args[0], t);
  if (name == "scalar") {
    std::vector<double> floats;
    for (const auto& element : input) {
      if (element.second.h == nullptr) floats.push_back(element.second.v);
    }
    return floats.size() == 1 ? floats[0] : kNan;
  }
  if (name == "absent") return input.empty() ? TwinVector{{absent_labels(*call.args[0]), 1}} : TwinVector();
  if (name.starts_with("sort") && query_.start != query_.end) {
    voice(call, call).warn("sort is ineffective for range queries since results are always ordered by labels");
  }
  if (name.starts_with("sort_by_label")) return input;
  std::vector<double> arguments;
  for (std::size_t i = 1; i < call.args.size(); ++i) arguments.push_back(scalar(*call.args[i], t));
  TwinVector out;
  if (name == "start_timestamp") return out;  // of a value nobody knows
  for (const auto& [labels, point] : input) {
    if (name == "timestamp") {
      put(out, nameless(labels), to_seconds_of(t));
      continue;
    }
    if (point.h != nullptr) continue;  // the rest is for floats
    const double v = point.v;
    if (name == "sort" || name == "sort_desc") {
      put(out, labels, v);
      continue;
    }
    double value = v;
    if (name == "round") {
      const double inverse = 1 / (arguments.empty() ? 1 : arguments[0]);
      value = std::floor(v * inverse + 0.5) / inverse;
    } else if (name.starts_with("clamp")) {
      const double low = name == "clamp_max" ? -kInf : arguments[0];
      const double high = name == "clamp_min" ? kInf : arguments.back();
      if (high < low) continue;
      // In Go the infinity in question wins over NaN, and NaN over the rest.
      double lower = std::min(high, v);
      if (std::isnan(v) || std::isnan(high)) lower = v == -kInf || high == -kInf ? -kInf : kNan;
      value = std::max(low, lower);
      if (std::isnan(low) || std::isnan(lower)) value = low == kInf || lower == kInf ? kInf : kNan;
    } else if (twin_is_date_function(name)) {
      value = twin_date_function(name, v);
    } else {
      value = twin_math_function(name, v);
    }
    put(out, nameless(labels), value);
  }
  return out;
}

}  // namespace tocsin::test
