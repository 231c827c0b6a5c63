#include "api/query_json.hpp"

#include <algorithm>
#include <limits>

#include "model/histogram.hpp"
#include "model/histogram_bounds.hpp"

namespace tocsin::api {
namespace {

struct Bucket {
  double lower = 0, upper = 0, count = 0;
  int rule = 0;  // see write_histogram()
};

void add_buckets(const model::FloatHistogram& h, const std::vector<model::HistogramSpan>& spans,
                 const std::vector<double>& counts, bool negative, std::vector<Bucket>& out) {
  std::int64_t index = 0;
  std::size_t at = 0;
  const bool custom = h.schema == model::kCustomBucketsSchema;
  for (const model::HistogramSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && at < counts.size(); ++i, ++index, ++at) {
      Bucket bucket;
      bucket.count = counts[at];
      if (custom) {
        const auto size = static_cast<std::int64_t>(h.custom_values.size());
        bucket.lower = index <= 0 ? -std::numeric_limits<double>::infinity()
                                  : h.custom_values[static_cast<std::size_t>(std::min(index, size) - 1)];
        bucket.upper =
            index >= size ? std::numeric_limits<double>::infinity() : h.custom_values[static_cast<std::size_t>(index)];
      } else {
        bucket.lower = model::exponential_bound(h.schema, index - 1);
        bucket.upper = model::exponential_bound(h.schema, index);
      }
      if (negative) {
        bucket.rule = 1;
        bucket.lower = -std::exchange(bucket.upper, -bucket.lower);
      }
      out.push_back(bucket);
    }
  }
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
  std::vector<Bucket> buckets;
  add_buckets(h, h.negative_spans, h.negative_buckets, true, buckets);
  std::reverse(buckets.begin(), buckets.end());
  if (h.schema != model::kCustomBucketsSchema && h.zero_count != 0) {
    buckets.push_back(Bucket{-h.zero_threshold, h.zero_threshold, h.zero_count, 3});
  }
  add_buckets(h, h.positive_spans, h.positive_buckets, false, buckets);

  json.begin_object().key("count").sample_value(h.count).key("sum").sample_value(h.sum);
  const bool any = std::any_of(buckets.begin(), buckets.end(), [](const Bucket& b) { return b.count != 0; });
  if (any) {
    json.key("buckets").begin_array();
    for (const Bucket& bucket : buckets) {
      if (bucket.count == 0) continue;
      json.begin_array().integer(bucket.rule).sample_value(bucket.lower).sample_value(bucket.upper);
      json.sample_value(bucket.count).end_array();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace tocsin::api
