#pragma once
// Samples of one series from two places, in one order of time.

#include "storage/storage.hpp"

namespace tocsin::tsdb {

/// Adds the samples of `more` to `to`. Both are in order of time; where they have a time in common, that of `to` stays.
/// `scratch` is for reuse.
void merge_samples(const storage::SampleColumns& more, storage::SampleColumns& to, storage::SampleColumns& scratch);

}  // namespace tocsin::tsdb
