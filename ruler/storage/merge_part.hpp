#pragma once
// What sets of a store may offer to who puts series together from the sets of several stores.

#include "storage/storage.hpp"
#include "storage/window_ends.hpp"

namespace tocsin::storage {

/// Beside SeriesSet or ChunkSummarySet. All of it is about the series at hand.
class MergePart {
 public:
  virtual ~MergePart() = default;
  /// As has_labels() of the set. @param crc  crc32c of other.encoded(): one series is held against many parts.
  virtual bool has_labels_of(const model::Labels& other, std::uint32_t crc) const = 0;
  /// As read(), but behind the samples that are in `out` already: they need not be copied there.
  /// @return false if they cannot stand there as they are (not all of them are later, or some are histograms, whose
  /// hints are about the one before): the samples of `out` are then as before, read() has the others.
  virtual Result<bool> read_more(Timestamp start, Timestamp end, SampleColumns& out) = 0;
  /// Whether add_window_ends() is less work than to read the samples.
  virtual bool knows_window_ends() { return false; }
  /// Adds what the part has in the builder's windows. Only if it knows_window_ends().
  /// @return false: something is wrong with it; what was added is void.
  virtual Result<bool> add_window_ends(WindowEndsBuilder&) { return false; }
};

}  // namespace tocsin::storage
