#pragma once
// Reading series: instant selectors, and the samples that range functions look at.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/matcher.hpp"
#include "promql/context.hpp"
#include "promql/grid.hpp"
#include "promql/operator.hpp"
#include "promql/window_digest.hpp"

namespace tocsin::promql {

/// When a selector (or a subquery) looks, relative to the step or, with `@`, at one fixed time.
struct Reference {
  std::int64_t offset_ms = 0;
  std::optional<Timestamp> at;

  Timestamp of(const Grid& grid, std::size_t step) const { return (at ? *at : grid.at(step)) - offset_ms; }
  Timestamp first(const Grid& grid) const { return (at ? *at : grid.start) - offset_ms; }
  Timestamp last(const Grid& grid) const { return (at ? *at : grid.last()) - offset_ms; }
};

struct Selection {
  std::vector<model::Matcher> matchers;
  Reference reference;
  std::string_view function;  // around it; a hint for the store
  bool counts_only = false;   // of histograms (Scope::counts_only)
};

/// An instant selector: at each step the newest sample that is not older than the look-back and not a staleness marker.
/// timestamp(x) and start_timestamp(x) take a time of the sample, in seconds, in place of its value; info(x) that of
/// floats, in milliseconds.
enum class Take : std::uint8_t { kValue, kTime, kStartTime, kFloatTime };
VectorOperatorPtr make_instant_selector(QueryContext& context, const Grid& grid, Selection selection, Take take);

/// One series as range functions see it: staleness markers are gone, floats and histograms apart, in order of time.
/// `starts` is as long as `times`, or empty; `histogram_starts` likewise. If `digested`, there is a digest of each
/// step's window instead of samples.
struct RangeSeries {
  model::Labels labels;
  bool drop_name = false;
  std::vector<Timestamp> times;
  std::vector<double> values;
  std::vector<Timestamp> starts;
  std::vector<Timestamp> histogram_times;
  std::vector<model::HistogramPtr> histograms;
  std::vector<Timestamp> histogram_starts;
  bool digested = false;
  std::vector<WindowDigest> digests;
};

/// Replaces the samples of `out` by those of a store; what is left of `samples` is of no use.
void take_samples(storage::SampleColumns& samples, RangeSeries& out);

/// Where range functions get their series from: a selector or a subquery. Series are whole (no fragments).
class RangeSource {
 public:
  RangeSource() = default;
  RangeSource(const RangeSource&) = delete;
  RangeSource& operator=(const RangeSource&) = delete;
  virtual ~RangeSource() = default;
  /// Selects, if the source has a selection; else the first advance() does. Thread: the query's.
  virtual void open() {}
  /// To the next series; false at the end.
  virtual Result<bool> advance() = 0;
  /// Replaces `out` by the series at hand; false if it has no sample. Once for each.
  virtual Result<bool> read(RangeSeries& out) = 0;
  /// Of the series at hand, the same in all sources of one selection.
  virtual std::uint64_t id() const { return 0; }
  /// Replaces `out` by the next series that has a sample; false at the end.
  Result<bool> next(RangeSeries& out);
};
using RangeSourcePtr = std::unique_ptr<RangeSource>;
/// For selectors: as many sources as there are workers.
using MakeRangeSource = std::function<RangeSourcePtr(QueryContext& context)>;

/// @param by_ends  for functions that can do with digests of `reset_values`; windows do not overlap: of series of which
///                 the store knows where windows begin and end there are digests, of the others samples.
RangeSourcePtr make_range_selector(QueryContext& context, const Grid& grid, Selection selection, std::int64_t range_ms,
                                   bool by_ends = false);
/// Whether windows are apart, and long enough, that `by_ends` is the quicker way.
bool is_worth_reading_ends(const QueryContext& context, const Grid& grid, const Reference& reference,
                           std::int64_t range_ms, const DigestNeeds& needs);

/// The steps of a subquery `[range:step]` inside of `outer`, aligned to absolute time. Source: Prometheus
/// promql/engine.go, subqueryTimeRange.
Grid subquery_grid(const Grid& outer, const Reference& reference, std::int64_t range_ms, std::int64_t step_ms);

/// The results of `inner`, which works on `grid`, as series of samples.
RangeSourcePtr make_subquery_source(QueryContext& context, const Grid& grid, VectorOperatorPtr inner);

}  // namespace tocsin::promql
