#include "storage/storage.hpp"

namespace tocsin::storage {

std::string_view append_status_text(AppendStatus status) {
  switch (status) {
    case AppendStatus::kOk: return "ok";
    case AppendStatus::kOutOfOrder: return "out_of_order";
    case AppendStatus::kTooOld: return "too_old";
    case AppendStatus::kDuplicate: return "duplicate";
    case AppendStatus::kOutOfBounds: return "out_of_bounds";
    case AppendStatus::kInvalidLabels: return "invalid_labels";
    case AppendStatus::kUnknownRef: return "unknown_ref";
    case AppendStatus::kSeriesLimit: return "series_limit";
    case AppendStatus::kInvalidHistogram: return "invalid_histogram";
  }
  return "unknown";
}

}  // namespace tocsin::storage
