#pragma once
// Writing histogram chunks, sample by sample: what an open chunk of the head and the writer of blocks have in common.
//
// All histograms of a chunk have one layout. A sample with buckets that the chunk lacks makes it be written anew with
// those of both; a sample that lacks buckets which are empty in the chunk gets them. What cannot be one layout, and
// every counter reset, begins a new chunk. Source: Prometheus tsdb/chunkenc/histogram.go, float_histogram.go
// (appendable, recode) and tsdb/head_append.go.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "chunkenc/histogram_decode.hpp"
#include "chunkenc/histogram_fields.hpp"
#include "chunkenc/histogram_layout.hpp"

namespace tocsin::chunkenc {

/// Whether it can be kept as integers: it says so, and all counts are whole numbers that a double tells apart.
bool fits_integers(const model::FloatHistogram& histogram);

/// Thread: one at a time. Owns: the bytes of one chunk and what its next sample is coded against.
class HistogramEncoder {
 public:
  /// Whether a sample goes on in the chunk, and else what the header of the next chunk says.
  struct Fit {
    bool here = false;
    ResetHeader header = ResetHeader::kUnknown;
  };

  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  bool integers() const { return std::holds_alternative<IntegerCounts>(counts_); }
  Timestamp first_time() const { return first_time_; }
  /// Count, header and bits, as in a block.
  std::string_view data() const { return data_; }
  /// The sample that was appended last, with all buckets of the chunk.
  model::FloatHistogram last() const;
  /// Whether that sample came with these very buckets and is no stale marker.
  bool last_is_exact() const { return exact_; }
  /// What the state takes beside *this.
  std::size_t heap_bytes() const;

  /// Of a sample that is of the chunk's kind (fits_integers() == integers()), if the chunk is not empty.
  Fit judge(const model::FloatHistogram& histogram) const;
  /// Drops what there is and makes the sample the first of a chunk. @param before  what judge() of the chunk before it
  /// said, or kUnknown: a hint of the sample itself counts more.
  void begin(Timestamp t, const model::FloatHistogram& histogram, ResetHeader before);
  /// Appends a sample that judge() has found to go here, later than the last one. There are less than 65535.
  void append(Timestamp t, const model::FloatHistogram& histogram);

 private:
  Fit judge_counter(const model::FloatHistogram& histogram) const;
  Fit judge_gauge(const model::FloatHistogram& histogram) const;
  /// Buckets of one side of a sample, brought to the layout of the chunk.
  const std::vector<double>& fitted(const Spans& spans, const std::vector<double>& counts, const Spans& to,
                                    std::vector<double>& room) const;
  void grow(const Spans& positive, const Spans& negative);
  void put_first(Timestamp t, const model::FloatHistogram& histogram);
  void put_next(Timestamp t, const model::FloatHistogram& histogram);
  void set_count();

  std::string data_;
  unsigned free_bits_ = 0;
  std::uint32_t count_ = 0;
  bool exact_ = false;
  Timestamp first_time_ = 0;
  HistogramLayout layout_;
  DeltaField time_;
  XorField sum_;
  std::variant<IntegerCounts, FloatCounts> counts_;
};

}  // namespace tocsin::chunkenc
