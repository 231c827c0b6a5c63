#pragma once
// Calls of functions with a range vector.

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "promql/extended.hpp"
#include "promql/operator.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {

class SampleAccount;
struct RangeCallPlace;

/// What the argument of a range function is, resolved.
struct RangeArgument {
  RangeSourcePtr source;
  MakeRangeSource make_source;       // makes others like `source`; empty: there is but one
  SampleAccount* account = nullptr;  // of the call, or of the query that is this range; set
  Reference reference;
  std::int64_t range_ms = 0;
  Extension extension = Extension::kNone;  // then the source reaches as far as it wants
  bool samples_only = false;               // a selector's source that never gives digests

  /// All steps have the same window.
  bool fixed() const { return reference.at.has_value(); }
  /// The share of a step's window that lies in the window before as well.
  double overlap(const Grid& grid) const {
    if (fixed()) return 1;
    if (range_ms <= grid.step) return 0;
    return 1 - static_cast<double>(grid.step) / static_cast<double>(range_ms);
  }
  /// What windows are taken of the source.
  Reference window_reference(const QueryContext& context) const {
    Reference late = reference;
    late.offset_ms -= reach_of(extension, context.settings().lookback_ms).after_ms;
    return late;
  }
  std::int64_t window_ms(const QueryContext& context) const {
    const Reach reach = reach_of(extension, context.settings().lookback_ms);
    return range_ms + reach.before_ms + reach.after_ms;
  }
};

using MakeRangeFunction = std::function<RangeFunctionPtr()>;

/// @param name     of the function, for its rules on names and annotations; lives as long as the program.
/// @param scalars  the other arguments in order.
/// @param pos      of the call's first argument.
/// @param place    in the group of calls with equal arguments, no scalars and samples_only.
VectorOperatorPtr make_range_call(QueryContext& context, const Grid& grid, std::string_view name,
                                  MakeRangeFunction make_function, RangeArgument argument,
                                  std::vector<ScalarOperatorPtr> scalars, parser::PositionRange pos,
                                  RangeCallPlace place);

/// 1 at the steps whose window has no sample of any series. @param labels  what the selector says the series would
/// have.
VectorOperatorPtr make_absent_over_time(QueryContext& context, const Grid& grid, RangeArgument argument,
                                        model::Labels labels);

}  // namespace tocsin::promql
