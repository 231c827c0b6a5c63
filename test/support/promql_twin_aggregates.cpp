// The aggregations of the naive twin.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "support/promql_twin_parts.hpp"

namespace tocsin::test {
namespace {

using namespace promql::parser;
using namespace twin;
using model::Labels;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

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

}  // namespace tocsin::test
