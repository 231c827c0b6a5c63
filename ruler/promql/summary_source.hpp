#pragma once
// Long windows without reading all of their samples: summaries of the chunks within, and the samples at the edges.

#include <memory>

#include "promql/selector.hpp"
#include "promql/window_digest.hpp"

namespace tocsin::promql {

/// Whether it can pay to ask for summaries: windows are long, and few for the time that they cover.
bool is_worth_summarising(const QueryContext& context, const Grid& grid, const Reference& reference,
                          std::int64_t range_ms);

/// A selector whose series have digests of the windows (RangeSeries::digests), or samples where those would not be
/// cheaper, histograms are in the way, or the digest does not say what a scan would. If the store has no summaries, it
/// is make_range_selector().
RangeSourcePtr make_summary_selector(QueryContext& context, const Grid& grid, Selection selection,
                                     std::int64_t range_ms, const DigestNeeds& needs);

}  // namespace tocsin::promql
