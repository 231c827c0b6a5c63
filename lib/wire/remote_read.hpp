#pragma once
// The messages of remote read: prometheus.ReadRequest is parsed; prometheus.ReadResponse and the frames of
// prometheus.ChunkedReadResponse are written.
// Source: Prometheus prompb/remote.proto; the framing: storage/remote/chunked.go.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::wire {

enum class ReadResponseType : std::uint32_t { kSamples = 0, kStreamedXorChunks = 1 };

struct ReadMatcher {
  std::uint32_t type = 0;  // 0 =, 1 !=, 2 =~, 3 !~; others may come
  std::string name, value;
};

/// What the asker does with it. Grouping is passed over.
struct ReadHints {
  Timestamp start = 0, end = 0;
  std::int64_t step_ms = 0, range_ms = 0;
  std::string function;
};

struct ReadQuery {
  Timestamp start = 0, end = 0;  // both included
  std::vector<ReadMatcher> matchers;
  bool has_hints = false;
  ReadHints hints;
};

struct ReadRequest {
  std::vector<ReadQuery> queries;
  std::vector<std::uint32_t> accepted;  // response types, best first; others than ReadResponseType may come
};

struct ReadLimits {
  std::size_t max_queries = 1'000;
  std::size_t max_matchers = 10'000;  // of all queries
  std::size_t max_accepted = 100;
};

/// @return kInvalid or kLimit with the byte.
Result<ReadRequest> parse_read_request(std::string_view body, const ReadLimits& limits = {});

/// Writes a ReadResponse: begin_result() for each query in order, then its series. Thread: one.
class ReadResponseWriter {
 public:
  void begin_result();
  /// Samples in order of time; `histograms` is empty or as long as `times`, with nullptr where a sample is a float.
  void add_series(std::span<const model::LabelView> labels, std::span<const Timestamp> times,
                  std::span<const double> values, std::span<const model::HistogramPtr> histograms);
  std::size_t size() const { return response_.size() + result_.size(); }
  /// The whole message; the writer is empty again.
  std::string take();

 private:
  void end_result();
  std::string response_, result_, series_, histogram_;
  bool in_result_ = false;
};

struct ChunkView {
  Timestamp first_time = 0, last_time = 0;
  std::uint8_t encoding = 0;  // chunkenc::Encoding
  std::string_view data;
};

/// Gathers chunks of one series and writes frames of them: the length (varint), CRC-32C of the message (big-endian), a
/// ChunkedReadResponse. Thread: one.
class ChunkFrameWriter {
 public:
  void begin_series(std::span<const model::LabelView> labels);
  void add_chunk(const ChunkView& chunk);
  /// Bytes of the message so far.
  std::size_t size() const { return series_.size(); }
  /// Bytes of the labels in it.
  std::size_t label_bytes() const { return label_bytes_; }
  bool has_chunks() const { return series_.size() > label_bytes_; }
  /// Appends the frame to `out`; the series may go on in another one.
  void end_frame(std::int64_t query_index, std::string& out);

 private:
  std::string series_, chunk_, message_;
  std::size_t label_bytes_ = 0;
};

}  // namespace tocsin::wire
