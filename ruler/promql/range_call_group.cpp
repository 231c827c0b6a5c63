#include "promql/range_call_group.hpp"

#include <utility>

namespace tocsin::promql {

bool KeptResults::add(OtherResult& result) {
  if (result.is_void) return false;
  const std::size_t samples = result.any ? result.column.span() : 0;
  weight_ += samples + kSeriesWeight;
  if (weight_ > kMostWeight || context_.held() + samples > context_.most_held() / 2) return false;
  if (!held_.add(samples)) return false;
  Kept& kept = results_.emplace_back();
  kept.any = result.any;
  kept.windows = std::exchange(result.windows, {});
  if (kept.any) kept.column = StoredColumn(std::move(result.column), context_.arena());
  return true;
}

bool KeptResults::next(std::size_t steps, SeriesResult& out) {
  if (results_.empty()) return false;
  Kept& kept = results_.front();
  out.any = kept.any;
  out.windows = std::move(kept.windows);
  if (kept.any) {
    held_.remove(kept.column.span());
    kept.column.expand(steps, out.column);
  }
  results_.pop_front();
  return true;
}

}  // namespace tocsin::promql
