#pragma once
// The messages of remote write, series by series: prometheus.WriteRequest (1.0) and io.prometheus.write.v2.Request
// (2.0). Texts are not copied: they are views into the body.
//
// What breaks the message (truncated, wrong types, beyond a limit) ends the parse and is told by status(). What is
// wrong with one series of 2.0 (a reference to no symbol) is told in that series, and the others come as they are.
// Source: Prometheus prompb/remote.proto, prompb/types.proto, prompb/io/prometheus/write/v2/types.proto.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash128.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"
#include "model/sample.hpp"

namespace tocsin::wire {

/// Of one request. A body of 32 MiB can hold 16 million empty messages, each of which takes memory here.
struct WriteLimits {
  std::size_t max_series = 2'000'000;
  std::size_t max_symbols = 4'000'000;
  std::size_t max_samples = 4'000'000;
  std::size_t max_histograms = 200'000;
  std::size_t max_buckets = 8'000'000;  // with spans and custom bounds
  std::size_t max_exemplars = 200'000;
  std::size_t max_metadata = 200'000;             // of 1.0, which sends it apart
  std::size_t max_labels = 1'024;                 // of a series or an exemplar
  std::size_t max_label_bytes = 256U << 10U;      // of a name or a value
  std::size_t max_label_set_bytes = 1U << 20U;    // of a series or an exemplar
  std::size_t max_all_label_bytes = 512U << 20U;  // of all: in 2.0 a few bytes may name a long text again and again
};

struct WriteSample {
  double value = 0;
  Timestamp t = 0;
  Timestamp start = 0;  // 0: none
};

struct WriteHistogram {
  std::shared_ptr<model::FloatHistogram> histogram;  // spans and buckets may disagree: who appends it looks
  Timestamp t = 0;
  Timestamp start = 0;
};

struct WriteExemplar {
  std::vector<model::LabelView> labels;  // as sent, in any order
  std::string problem;                   // 2.0: what is wrong with the references; then there are no labels
  double value = 0;
  Timestamp t = 0;  // 0: none
};

struct WriteMetadata {
  std::string_view family;  // of 1.0
  model::MetricType type = model::MetricType::kUnknown;
  std::string_view help, unit;
};

struct WriteSeries {
  std::vector<model::LabelView> labels;  // as sent, in any order
  /// Labels that are read later: series with equal keys have the same labels, and in 2.0 the same type and unit. None
  /// if what was sent gives no key.
  std::optional<Hash128> key;
  std::vector<WriteSample> samples;
  std::vector<WriteHistogram> histograms;
  std::vector<WriteExemplar> exemplars;
  std::vector<std::string_view> label_messages;  // of 1.0
  // Of 2.0.
  std::vector<std::uint32_t> label_refs;
  WriteMetadata metadata;
  std::string labels_problem, metadata_problem;  // what is wrong with the references
  void clear();
};

enum class WriteVersion : std::uint8_t { k1, k2 };

/// Thread: one at a time. The body outlives the reader, and what it gave.
class WriteReader {
 public:
  /// @param key_seed  labels are left out by next(), for read_labels() to read, and series have keys with this seed.
  WriteReader(WriteVersion version, std::string_view body, WriteLimits limits = {},
              std::optional<std::uint64_t> key_seed = {});
  ~WriteReader();
  WriteReader(const WriteReader&) = delete;
  WriteReader& operator=(const WriteReader&) = delete;

  /// Replaces `series` by the next one. False at the end and on an error.
  bool next(WriteSeries& series);
  /// The labels of the series that next() gave last, where it left them out. False on an error.
  bool read_labels(WriteSeries& series);
  /// kInvalid or kLimit with the byte of the body, if next() said false for that reason.
  const Result<void>& status() const { return status_; }
  /// Of 1.0: what came so far of metadata apart from the series; all of it once next() said false.
  const std::vector<WriteMetadata>& metadata() const { return metadata_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::vector<WriteMetadata> metadata_;
  Result<void> status_;
};

}  // namespace tocsin::wire
