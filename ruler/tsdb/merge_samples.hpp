#pragma once
// Samples of one series from two places, in one order of time.

#include "storage/storage.hpp"

namespace tocsin::tsdb {

/// What a counter histogram says of the one before it holds no longer once another one stands there: makes the hint of
/// one kUnknown. Source: Prometheus storage/merge.go, chainSampleIterator.
void forget_reset_hint(model::HistogramPtr& histogram);

/// Adds the samples of `more` to `to`. Both are in order of time; where they have a time in common, that of `to` stays.
/// `scratch` is for reuse.
void merge_samples(const storage::SampleColumns& more, storage::SampleColumns& to, storage::SampleColumns& scratch);

}  // namespace tocsin::tsdb
