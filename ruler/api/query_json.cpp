#include "api/query_json.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "base/float_text.hpp"
#include "model/histogram.hpp"
#include "model/histogram_buckets.hpp"

namespace tocsin::api {
namespace {

/// Which of its bounds a bucket includes, see write_histogram().
int rule_of(const model::HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
}

/// Written between two looks at the length of the text.
constexpr std::size_t kPointsTogether = 64;

void write_point(JsonWriter& json, Timestamp t, const model::FloatHistogram& h) {
  json.begin_array().timestamp(t);
  write_histogram(json, h);
  json.end_array();
}

/// Scalars and strings have the time as a plain number, without zeros at its end, and a scalar's value never has an
/// exponent. Source: Prometheus promql/value.go, Scalar.MarshalJSON.
void write_result(JsonWriter& json, const promql::Scalar& scalar) {
  json.begin_array().number(static_cast<double>(scalar.t) / 1000).text(format_float_f(scalar.v)).end_array();
}

void write_result(JsonWriter& json, const promql::Text& text) {
  json.begin_array().number(static_cast<double>(text.t) / 1000).text(text.v).end_array();
}

void write_sample(JsonWriter& json, const promql::VectorSample& sample) {
  json.begin_object().key("metric").labels(sample.labels);
  if (sample.h) {
    json.key("histogram");
    write_point(json, sample.t, *sample.h);
  } else {
    json.key("value").point(sample.t, sample.v);
  }
  json.end_object();
}

std::string_view result_type(const promql::Value& value) {
  static constexpr std::string_view kTypes[] = {"scalar", "string", "vector", "matrix"};
  return kTypes[value.index()];
}

}  // namespace

bool QueryDataWriter::write_until(JsonWriter& json, std::size_t size) {
  const auto* vector = std::get_if<promql::Vector>(&value_);
  const auto* matrix = std::get_if<promql::Matrix>(&value_);
  if (!begun_) {
    begun_ = true;
    json.begin_object().key("resultType").text(result_type(value_)).key("result");
    if (const auto* scalar = std::get_if<promql::Scalar>(&value_)) write_result(json, *scalar);
    if (const auto* text = std::get_if<promql::Text>(&value_)) write_result(json, *text);
    if (vector != nullptr || matrix != nullptr) json.begin_array();
  }
  if (vector != nullptr) return write(json, *vector, size);
  if (matrix != nullptr) return write(json, *matrix, size);
  return true;
}

std::size_t QueryDataWriter::about_bytes() const {
  constexpr std::size_t kSeries = 128, kPoint = 40;
  if (const auto* vector = std::get_if<promql::Vector>(&value_)) return (vector->size() - series_) * (kSeries + kPoint);
  std::size_t bytes = kSeries;
  if (const auto* matrix = std::get_if<promql::Matrix>(&value_)) {
    for (std::size_t i = series_; i < matrix->size(); ++i) {
      bytes += kSeries + ((*matrix)[i].floats.size() + (*matrix)[i].histograms.size()) * kPoint;
    }
  }
  return bytes;
}

bool QueryDataWriter::write(JsonWriter& json, const promql::Vector& vector, std::size_t size) {
  for (; series_ < vector.size(); ++series_) {
    if (json.size() >= size) return false;
    write_sample(json, vector[series_]);
  }
  json.end_array();
  return true;
}

bool QueryDataWriter::write(JsonWriter& json, const promql::Matrix& matrix, std::size_t size) {
  while (series_ < matrix.size()) {
    if (json.size() >= size) return false;
    write_next_points(json, matrix[series_]);
  }
  json.end_array();
  return true;
}

void QueryDataWriter::write_next_points(JsonWriter& json, const promql::MatrixSeries& series) {
  const std::size_t floats = series.floats.size();
  const std::size_t points = floats + series.histograms.size();
  if (point_ == 0) json.begin_object().key("metric").labels(series.labels);
  if (point_ == 0 && floats > 0) json.key("values").begin_array();
  if (point_ == floats && points > floats) json.key("histograms").begin_array();
  if (point_ < floats) {
    const auto together = std::span(series.floats).subspan(point_, std::min(kPointsTogether, floats - point_));
    json.points(together);
    point_ += together.size();
  } else {
    if (point_ < points) {
      const promql::HistogramPoint& point = series.histograms[point_ - floats];
      write_point(json, point.t, *point.h);
    }
    ++point_;
  }
  if (point_ == floats) json.end_array();
  if (point_ < points) return;
  if (points > floats) json.end_array();
  json.end_object();
  ++series_;
  point_ = 0;
}

void write_histogram(JsonWriter& json, const model::FloatHistogram& h) {
  std::vector<model::HistogramBucket> buckets;
  model::all_buckets(h, buckets);
  std::erase_if(buckets, [](const model::HistogramBucket& bucket) { return bucket.count == 0; });
  json.begin_object().key("count").sample_value(h.count).key("sum").sample_value(h.sum);
  if (!buckets.empty()) {
    json.key("buckets").begin_array();
    for (const model::HistogramBucket& bucket : buckets) {
      json.begin_array().integer(rule_of(bucket)).sample_value(bucket.lower).sample_value(bucket.upper);
      json.sample_value(bucket.count).end_array();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace tocsin::api
