#pragma once
// What a SeriesSet or a ChunkSummarySet may be besides, if labels() costs it something.

#include "model/labels.hpp"

namespace tocsin::storage {

/// Who merges sets asks each of them whether it stands at a series that is already known: most do, most of the time.
class LabelProbe {
 public:
  virtual ~LabelProbe() = default;
  /// Never true if labels() are others. May be false although they are the same.
  virtual bool has_labels(const model::Labels& labels) const = 0;
};

}  // namespace tocsin::storage
