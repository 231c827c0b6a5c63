#pragma once
// Records of Prometheus' own write-ahead log: a byte of type, big-endian integers, Go's varints.
//
//   1 series   2 samples   3 tombstones   4 exemplars   5 m-map markers   6 metadata   7, 8 histograms (integer, float)
//   9, 10 the same with custom buckets    11 samples with start timestamps   12, 13 histograms with them, of any
//   buckets
//
// Source: Prometheus tsdb/record/record.go; tsdb/docs/format/wal.md.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.hpp"
#include "model/sample.hpp"
#include "storage/storage.hpp"

namespace tocsin::tsdb {

/// What a record says.
struct PrometheusRecord {
  struct Series {
    std::uint64_t ref;
    model::Labels labels;
  };
  struct Sample {
    std::uint64_t ref;
    Timestamp t;
    Timestamp start;  // 0: none
    double value;
    model::HistogramPtr histogram;  // may make no sense: model::validate() says
  };
  struct Tombstone {
    std::uint64_t ref;
    Timestamp start, end;
  };
  std::vector<Series> series;
  std::vector<Sample> samples;
  std::vector<Tombstone> tombstones;
  std::vector<std::pair<std::uint64_t, storage::Exemplar>> exemplars;
  std::vector<std::pair<std::uint64_t, storage::Metadata>> metadata;
  std::size_t unknown_schemas = 0;  // histograms that were passed over
  bool known = true;                // false: of a type that this program does not read
  void clear();
};

/// Replaces `out`. @return false if the bytes are no record of their type.
bool decode_prometheus_record(std::string_view bytes, PrometheusRecord& out);

/// The same of records that name series or delete; any other is passed over (`out` is then empty).
bool decode_prometheus_series(std::string_view bytes, PrometheusRecord& out);

}  // namespace tocsin::tsdb
