#include "api/query_json.hpp"

#include <algorithm>
#include <vector>

#include "model/histogram.hpp"
#include "model/histogram_buckets.hpp"

namespace tocsin::api {
namespace {

/// Which of its bounds a bucket includes, see write_histogram().
int rule_of(const model::HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
}

void write_point(JsonWriter& json, Timestamp t, double v) {
  json.begin_array().timestamp(t).sample_value(v).end_array();
}

void write_point(JsonWriter& json, Timestamp t, const model::FloatHistogram& h) {
  json.begin_array().timestamp(t);
  write_histogram(json, h);
  json.end_array();
}

/// Scalars and strings have the time as a plain number, without zeros at its end.
void write_result(JsonWriter& json, const promql::Scalar& scalar) {
  json.begin_array().number(static_cast<double>(scalar.t) / 1000).sample_value(scalar.v).end_array();
}

void write_result(JsonWriter& json, const promql::Text& text) {
  json.begin_array().number(static_cast<double>(text.t) / 1000).text(text.v).end_array();
}

void write_result(JsonWriter& json, const promql::Vector& vector) {
  json.begin_array();
  for (const promql::VectorSample& sample : vector) {
    json.begin_object().key("metric").labels(sample.labels);
    if (sample.h) {
      json.key("histogram");
      write_point(json, sample.t, *sample.h);
    } else {
      json.key("value");
      write_point(json, sample.t, sample.v);
    }
    json.end_object();
  }
  json.end_array();
}

void write_result(JsonWriter& json, const promql::Matrix& matrix) {
  json.begin_array();
  for (const promql::MatrixSeries& series : matrix) {
    json.begin_object().key("metric").labels(series.labels);
    if (!series.floats.empty()) {
      json.key("values").begin_array();
      for (const model::Sample& sample : series.floats) write_point(json, sample.t, sample.v);
      json.end_array();
    }
    if (!series.histograms.empty()) {
      json.key("histograms").begin_array();
      for (const promql::HistogramPoint& point : series.histograms) write_point(json, point.t, *point.h);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
}

std::string_view result_type(const promql::Value& value) {
  static constexpr std::string_view kTypes[] = {"scalar", "string", "vector", "matrix"};
  return kTypes[value.index()];
}

}  // namespace

void open_query_data(JsonWriter& json, const promql::Value& value) {
  json.begin_object().key("resultType").text(result_type(value)).key("result");
  std::visit([&](const auto& result) { write_result(json, result); }, value);
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
