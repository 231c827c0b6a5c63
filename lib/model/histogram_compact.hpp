#pragma once
// The shortest way to write the buckets of a native histogram.

#include "model/histogram.hpp"

namespace tocsin::model {

/// Leaves out empty buckets, but for runs of at most `max_empty` of them between others, where an entry is cheaper than
/// another span; joins spans that are no further apart. Spans that cannot be (a negative offset behind the first, more
/// or fewer buckets than they say) are left as they are, for validation to name. Source: Prometheus
/// model/histogram/generic.go, compactBuckets.
void compact(FloatHistogram& histogram, std::uint32_t max_empty);

}  // namespace tocsin::model
