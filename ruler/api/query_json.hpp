#pragma once
// Query results as the JSON of Prometheus' HTTP API.

#include <cstddef>

#include "api/json_writer.hpp"
#include "promql/value.hpp"

namespace tocsin::api {

/// Writes {"resultType":...,"result":[...]} without the closing brace, so that the caller may add "stats"; step by
/// step, so that a long result is never whole as a text. Thread: one at a time. The value must outlive it.
class QueryDataWriter {
 public:
  explicit QueryDataWriter(const promql::Value& value) : value_(value) {}

  /// Goes on until the writer's text has `size` bytes, give or take a point or a series' labels. True at the end.
  bool write_until(JsonWriter& json, std::size_t size);
  /// About the bytes that are to come.
  std::size_t about_bytes() const;

 private:
  bool write(JsonWriter& json, const promql::Vector& vector, std::size_t size);
  bool write(JsonWriter& json, const promql::Matrix& matrix, std::size_t size);
  void write_next_points(JsonWriter& json, const promql::MatrixSeries& series);

  const promql::Value& value_;
  bool begun_ = false;
  std::size_t series_ = 0;  // the next, of a vector or matrix
  std::size_t point_ = 0;   // of that series: its floats, then its histograms
};

/// {"count":"...","sum":"...","buckets":[[rule,"lower","upper","count"],...]}; rule: 0 open left, 1 open right, 2 open
/// both, 3 closed both. Empty buckets are left out. Source: Prometheus web/api/v1/json_codec.go, util/jsonutil.
void write_histogram(JsonWriter& json, const model::FloatHistogram& histogram);

}  // namespace tocsin::api
