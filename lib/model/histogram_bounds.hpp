#pragma once
// Where the buckets of native histograms begin and end.

#include <cstdint>

namespace tocsin::model {

/// Upper bound of the exponential bucket `index` (0: up to 1) of a schema of -4..8. That of the last one before
/// infinity is the greatest number. Source: Prometheus model/histogram/generic.go.
double exponential_bound(std::int32_t schema, std::int64_t index);

}  // namespace tocsin::model
