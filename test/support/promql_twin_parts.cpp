#include "support/promql_twin_parts.hpp"

#include "model/sample.hpp"

namespace tocsin::test::twin {

using namespace promql::parser;
using model::Labels;

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

const Expr& strip(const Expr& expr) {
  return expr.kind == NodeKind::kParen ? strip(*static_cast<const ParenExpr&>(expr).expr) : expr;
}

std::string text_of(const Expr& expr) {
  return static_cast<const StringLiteral&>(strip(expr)).value;
}

}  // namespace tocsin::test::twin
