#pragma once
// One commit in the log: what it defines and what it appends. docs/format/wal.md draws the bytes.
//
// Writing: fill a WalRecordWriter in the order of the batch. Reading: parse_wal_record() gives the parts; values are
// then decoded one after the other, because each is coded against the last of its series.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/labels.hpp"
#include "storage/storage.hpp"
#include "tsdb/chunk_record.hpp"
#include "tsdb/postings.hpp"
#include "tsdb/row_chunk.hpp"

namespace tocsin::tsdb {

/// Greatest payload of a record; a larger one cannot be written, and in a file means damage.
inline constexpr std::size_t kMaxWalRecord = 512U << 20U;

class WalRecordWriter {
 public:
  void clear();
  bool empty() const {
    return pairs_.count + series_.count + rows_.count + exemplars_.count + late_.count + ahead_.count +
               deletions_.count + ids_.size() ==
           0;
  }

  void pair(std::uint32_t id, std::string_view name, std::string_view value);
  void series(SeriesId id, std::span<const std::uint32_t> pairs);
  /// Samples of the one timestamp of the record, each series once.
  void set_time(Timestamp t) { time_ = t; }
  /// @param last  the value before it in this segment, 0.0 if there is none.
  void sample(SeriesId id, double last, double value);
  /// All else, in order of commit.
  /// @param last  the last histogram of the series in this segment, if the reader can know that it is that, else
  /// nullptr: a histogram of the same layout is then written as the change.
  void row(SeriesId id, const Row& row, const model::FloatHistogram* last = nullptr);
  void exemplar(SeriesId id, const storage::Exemplar& exemplar);
  /// A sample that is older than the newest of its series. Its value is none that others are coded against.
  void late(SeriesId id, const Row& row);
  /// A sample that was committed ahead of the replay, when nobody knew whether its series has newer ones.
  /// @param may_be_late  it counts in any case, else only if it is in order.
  void ahead(SeriesId id, bool may_be_late, const Row& row);
  /// What the series has in start <= t <= end now is deleted; of late samples in chunk files, those before
  /// `chunks_end`, which is the same for all of a record.
  void deletion(SeriesId id, Timestamp start, Timestamp end, ChunkRef chunks_end);

  /// Appends the payload to `out`.
  void finish(std::string& out) const;

 private:
  struct Section {
    std::size_t count = 0;
    std::uint32_t last_id = 0;
    std::string bytes;
  };
  void put_ids(std::string& out) const;

  Timestamp time_ = 0;
  Section pairs_, series_, rows_, exemplars_, late_, ahead_, deletions_;
  std::string last_name_;
  std::vector<std::uint32_t> last_pairs_;
  Timestamp last_row_time_ = 0, last_late_time_ = 0, last_ahead_time_ = 0;
  std::vector<SeriesId> ids_;
  std::string controls_;
  std::string values_;
};

/// A parsed record: views of the payload, and buffers that are used again from record to record.
struct WalRecord {
  struct Pair {
    std::uint32_t id;
    std::string_view name, value;
  };
  struct Series {
    SeriesId id;
    std::uint32_t first, count;  // of pair_ids
  };
  std::vector<Pair> pairs;
  std::vector<Series> series;
  std::vector<std::uint32_t> pair_ids;
  Timestamp time = 0;
  std::size_t samples = 0;    // of that time
  std::string_view controls;  // two in a byte, the first in the low half
  std::string_view values;
  std::vector<std::pair<SeriesId, Row>> rows;
  /// As long as rows. Not empty: the histogram of that row is this change to the last one of its series in the segment
  /// (row_histogram.hpp), and the row has none yet.
  std::vector<std::string_view> row_changes;
  std::vector<std::pair<SeriesId, storage::Exemplar>> exemplars;
  std::vector<std::pair<SeriesId, Row>> late;
  struct Ahead {
    SeriesId id;
    bool may_be_late;
    Row row;
  };
  std::vector<Ahead> ahead;  // in order of commit
  struct Deletion {
    SeriesId id;
    Timestamp start, end;
  };
  std::vector<Deletion> deletions;
  ChunkRef deletions_chunks_end = 0;
  /// All series that it names are below this.
  std::uint64_t above_series = 0;

  std::span<const std::uint32_t> pairs_of(const Series& one) const {
    return std::span(pair_ids).subspan(one.first, one.count);
  }
  unsigned control(std::size_t i) const {
    return (static_cast<unsigned char>(controls[i / 2]) >> (i % 2 == 0 ? 0U : 4U)) & 15U;
  }
  /// Replaces `ids` by the series of the samples, in their order.
  void sample_ids(Ids& ids) const;
  void clear();

  std::uint8_t id_mode = 0;  // how id_bytes say which series have samples
  std::string_view id_bytes;
};

/// Replaces `out`. @return false if the payload is no record.
bool parse_wal_record(std::string_view payload, WalRecord& out);

}  // namespace tocsin::tsdb
