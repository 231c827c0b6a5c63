#include "support/promql_twin.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

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

bool is_arithmetic(BinaryOp op) {
  return !is_comparison(op) && !is_set_op(op);
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

/// What an operator makes of two samples; nothing if their kinds do not go together.
struct Outcome {
  TwinPoint value;
  bool keep = true;  // what a comparison says
};

std::optional<Outcome> operate(BinaryOp op, const TwinPoint& a, const TwinPoint& b) {
  if (a.h == nullptr && b.h == nullptr) {
    if (is_arithmetic(op)) return Outcome{arithmetic(op, a.v, b.v)};
    return Outcome{a, compare(op, a.v, b.v)};
  }
  if (a.h != nullptr && b.h != nullptr) {
    if (op == BinaryOp::kAdd || op == BinaryOp::kSub)
      return Outcome{twin_sum(*a.h, *b.h, op == BinaryOp::kAdd ? 1 : -1)};
    if (op == BinaryOp::kEq || op == BinaryOp::kNe) return Outcome{a, twin_equal(*a.h, *b.h) == (op == BinaryOp::kEq)};
    return std::nullopt;
  }
  if (op == BinaryOp::kMul) return Outcome{a.h != nullptr ? twin_scaled(*a.h, b.v) : twin_scaled(*b.h, a.v)};
  if (op != BinaryOp::kDiv || a.h == nullptr) return std::nullopt;
  TwinHistogram quotient = *a.h;
  quotient.zero /= b.v;
  quotient.count /= b.v;
  quotient.sum /= b.v;
  for (auto& bucket : quotient.positive) bucket.second /= b.v;
  for (auto& bucket : quotient.negative) bucket.second /= b.v;
  if (b.v == 0) {
    quotient.positive.clear();
    quotient.negative.clear();
  }
  return Outcome{quotient};
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

}  // namespace

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
    case NodeKind::kVectorSelector: {
      const auto& selector = static_cast<const VectorSelector&>(expr);
      const Timestamp at = reference(selector.offset, selector.at, t);
      TwinVector out;
      for (const auto* series : select(selector)) {
        if (const auto sample = newest(series->second, at)) out[series->first] = sample->second;
      }
      return out;
    }
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
    for (const auto& [labels, value] : vector(*subquery.expr, at)) out.series[labels].emplace_back(at, value);
  }
  return out;
}

TwinValue PromqlTwin::binary(const BinaryExpr& expr, Timestamp t) const {
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
    const auto outcome = left_scalar ? operate(expr.op, number, value) : operate(expr.op, value, number);
    if (!outcome) continue;
    if (is_arithmetic(expr.op)) {
      put(out, nameless(labels), outcome->value);
    } else if (expr.return_bool) {
      put(out, nameless(labels), outcome->keep ? 1.0 : 0.0);
    } else if (outcome->keep) {
      put(out, labels, value);
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
    const auto outcome = swapped ? operate(expr.op, other, value) : operate(expr.op, value, other);
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

TwinVector PromqlTwin::aggregate(const AggregateExpr& expr, Timestamp t) const {
  std::map<Labels, std::vector<std::pair<Labels, TwinPoint>>> groups;
  for (const auto& [labels, value] : vector(*expr.expr, t)) {
    const Labels group = expr.without ? labels.without(expr.grouping).without_name() : labels.keep(expr.grouping);
    groups[group].emplace_back(labels, value);
  }
  const bool numeric = expr.param != nullptr && expr.param->type() == ValueType::kScalar;
  const double param = numeric ? scalar(*expr.param, t) : 0;
  TwinVector out;
  for (auto& [group, members] : groups) {
    std::vector<double> values;
    std::optional<TwinHistogram> total;
    for (const auto& [labels, point] : members) {
      if (point.h == nullptr) values.push_back(point.v);
      if (point.h != nullptr) total = total ? twin_sum(*total, *point.h, 1) : *point.h;
    }
    const bool adds = expr.op == AggregateOp::kSum || expr.op == AggregateOp::kAvg;
    const bool counts = expr.op == AggregateOp::kCount || expr.op == AggregateOp::kGroup;
    if (adds && total) {
      if (!values.empty()) continue;  // floats and histograms have no sum
      const double share = expr.op == AggregateOp::kSum ? 1 : 1 / static_cast<double>(members.size());
      put(out, group, twin_scaled(*total, share));
      continue;
    }
    const bool any = counts || expr.op == AggregateOp::kLimitk;
    if (values.empty() && !any) continue;  // the others pass over histograms
    const double n = static_cast<double>(counts ? members.size() : values.size());
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
        put(out, group, static_cast<double>(sum));
        break;
      case AggregateOp::kAvg:
        put(out, group, static_cast<double>(sum) / n);
        break;
      case AggregateOp::kCount:
        put(out, group, n);
        break;
      case AggregateOp::kGroup:
        put(out, group, 1);
        break;
      case AggregateOp::kMin:
        put(out, group, extreme(false));
        break;
      case AggregateOp::kMax:
        put(out, group, extreme(true));
        break;
      case AggregateOp::kStddev:
        put(out, group, std::sqrt(static_cast<double>(squares / n)));
        break;
      case AggregateOp::kStdvar:
        put(out, group, static_cast<double>(squares / n));
        break;
      case AggregateOp::kQuantile:
        put(out, group, twin_quantile(param, values));
        break;
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk: {
        if (std::isnan(param)) throw TwinError("parameter is NaN");
        const bool top = expr.op == AggregateOp::kTopk;
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
      case AggregateOp::kCountValues: {
        const std::string label = text_of(*expr.param);
        for (const auto& [labels, value] : members) {
          Labels with = model::LabelsBuilder(labels).set(label, format_float_f(value.v)).build();
          std::vector<std::string> names = expr.grouping;
          if (!expr.without) names.push_back(label);
          out[group_of(with, names, !expr.without)].v += 1;
        }
        break;
      }
      default:
        throw TwinError("aggregation of another level");
    }
  }
  return out;
}

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
    const auto value = twin_extended_function(call.function->name, selector.smoothed, samples, start, end);
    if (value) put(out, nameless(series->first), *value);
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
    const auto value = twin_range_function(name, window, range.start, range.end, t, arguments);
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

TwinVector PromqlTwin::histogram_quantile(const Call& call, Timestamp t) const {
  std::map<Labels, std::map<double, double>> histograms;
  TwinVector out;
  const double q = scalar(*call.args[0], t);
  const TwinVector input = vector(*call.args[1], t);
  for (const auto& [labels, value] : input) {
    double upper = 0;
    if (value.h != nullptr) put(out, nameless(labels), twin_histogram_quantile(q, *value.h));
    if (value.h != nullptr || labels.get("le").empty() || !parse_float(labels.get("le"), upper)) continue;
    histograms[labels.without({"le"})][upper] += value.v;
  }
  for (const auto& [labels, buckets] : histograms) put(out, nameless(labels), twin_bucket_quantile(q, buckets));
  return out;
}

TwinVector PromqlTwin::histogram_call(const Call& call, Timestamp t) const {
  const std::string_view name = call.function->name;
  TwinVector out;
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
  if (name == "histogram_quantile") return histogram_quantile(call, t);
  if (name.starts_with("histogram_")) return histogram_call(call, t);
  if (call.args.empty()) return TwinVector{{Labels(), twin_date_function(name, std::floor(to_seconds_of(t)))}};
  if (name == "timestamp" && strip(*call.args[0]).kind == NodeKind::kVectorSelector) {
    const auto& selector = static_cast<const VectorSelector&>(strip(*call.args[0]));
    TwinVector out;
    for (const auto* series : select(selector)) {
      const auto sample = newest(series->second, reference(selector.offset, selector.at, t));
      if (sample) put(out, nameless(series->first), to_seconds_of(sample->first));
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
  if (name.starts_with("sort_by_label")) return input;
  std::vector<double> arguments;
  for (std::size_t i = 1; i < call.args.size(); ++i) arguments.push_back(scalar(*call.args[i], t));
  TwinVector out;
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
