#pragma once
// The first half of the replay of a record: from its bytes to its values. It needs nothing of the head but which series
// there are, so it runs beside the second half, which puts the values into the series (replayer.hpp).

#include <array>
#include <bitset>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tsdb/label_index.hpp"
#include "tsdb/wal.hpp"
#include "tsdb/wal_record.hpp"

namespace tocsin::tsdb {

/// A record, decoded. It is not moved: its parts are views of its bytes.
struct ReplayRecord {
  WalPosition position;
  std::string payload;
  WalRecord record;            // its histograms that are changes are made whole
  Ids ids;                     // of its samples of one time,
  std::vector<double> values;  // and what they are
};

/// Thread: one at a time; series may be made meanwhile, and none may go. Owns: the last value of each series in the
/// segment, which the next is coded against: nine bytes a series.
class ReplayDecoder {
 public:
  explicit ReplayDecoder(const LabelIndex& index) : index_(index) {}

  /// Records come in the order of the log. @return false if it makes no sense: then nothing of it may be taken.
  bool decode(WalPosition position, std::string_view payload, ReplayRecord& out);
  /// Frees what it knows: the next record is of another segment.
  void forget();

 private:
  /// Of 256 series.
  struct LastValues {
    std::array<double, kSeriesPage> value;
    std::bitset<kSeriesPage> known;  // else 0.0
  };
  void begin_segment(std::uint32_t segment);
  bool decode_values(ReplayRecord& out);
  bool decode_changes(WalRecord& record);
  double& last_value(SeriesId id);

  const LabelIndex& index_;
  std::uint32_t segment_ = 0;
  std::vector<std::unique_ptr<LastValues>> pages_;     // by number; none for those that the index does not have
  std::unordered_map<SeriesId, double> stray_values_;  // of series that are in no page of the index
  std::unordered_map<SeriesId, model::HistogramPtr> last_histograms_;  // of each series
};

}  // namespace tocsin::tsdb
