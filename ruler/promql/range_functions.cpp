#include "promql/range_functions.hpp"

#include <algorithm>

namespace tocsin::promql {

void Windows::compute(std::span<const Timestamp> times, const Grid& grid, const Reference& reference,
                      std::int64_t range_ms) {
  begin.resize(grid.count);
  end.resize(grid.count);
  total = 0;
  std::size_t first = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < grid.count; ++i) {
    const Timestamp to = reference.of(grid, i);
    const Timestamp from = to - range_ms;
    while (next < times.size() && times[next] <= to) ++next;
    while (first < next && times[first] <= from) ++first;
    begin[i] = static_cast<std::uint32_t>(first);
    end[i] = static_cast<std::uint32_t>(next);
    total += next - first;
  }
}

const Windows& WindowCache::update(const std::vector<Timestamp>& times, const Grid& grid, const Reference& reference,
                                   std::int64_t range_ms) {
  if (generation_ == 0 || times != times_) {
    times_ = times;
    windows_.compute(times_, grid, reference, range_ms);
    ++generation_;
  }
  return windows_;
}

RangeFunctionPtr make_range_function(std::string_view name) {
  for (const auto make :
       {make_rate_function, make_sum_function, make_order_function, make_count_function, make_trend_function}) {
    if (RangeFunctionPtr function = make(name)) return function;
  }
  return nullptr;
}

bool uses_start_timestamps(std::string_view name) {
  return name == "rate" || name == "increase" || name == "irate" || name == "resets";
}

}  // namespace tocsin::promql
