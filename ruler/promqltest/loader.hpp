#pragma once
// What a `load` command puts into a store: all at once for scripts, bit by bit for unit tests of rules.

#include <map>

#include "base/result.hpp"
#include "promqltest/script.hpp"
#include "storage/storage.hpp"

namespace tocsin::promqltest {

struct LoadPoint {
  double value = 0;
  Timestamp start = 0;            // start timestamp, 0: none
  model::HistogramPtr histogram;  // set: a histogram
};
using LoadPoints = std::map<model::Labels, std::map<Timestamp, LoadPoint>>;

/// @param origin  the time of the first slot.
Result<LoadPoints> expand_load(const LoadCommand& load, Timestamp origin = 0);

/// Appends points to one store. Thread: one.
class LoadWriter {
 public:
  /// Stores the points up to and including `until` as one batch and takes them out of `points`. On an error what was
  /// taken out is lost.
  Result<void> write(storage::Appendable& store, LoadPoints& points, Timestamp until);

 private:
  Result<void> write_series(storage::Appender& appender, const model::Labels& labels,
                            std::map<Timestamp, LoadPoint>& points, Timestamp until);

  std::map<model::Labels, model::HistogramPtr> last_histograms_;
};

}  // namespace tocsin::promqltest
