#include "template/histogram_value.hpp"

#include "model/histogram_text.hpp"

namespace tocsin::tmpl {
namespace {

constinit const Type kInt32Type{.name = "int32", .kind = Kind::kInt};
constinit const Type kUint32Type{.name = "uint32", .kind = Kind::kUint};
constinit const Type kHintType{.name = "histogram.CounterResetHint", .kind = Kind::kUint};
constinit const Type kFloatListType{.name = "[]float64", .kind = Kind::kList, .elem = &kFloatType};

constexpr std::string_view kSpanFields[] = {"Offset", "Length"};
constinit const Type kSpanType{.name = "histogram.Span", .kind = Kind::kStruct, .fields = kSpanFields};
constinit const Type kSpanListType{.name = "[]histogram.Span", .kind = Kind::kList, .elem = &kSpanType};

/// The last one has no name that a template could ask for: the text, made once.
constexpr std::string_view kFields[] = {
    "CounterResetHint", "Schema",        "ZeroThreshold",   "ZeroCount",       "Count",        "Sum",
    "PositiveSpans",    "NegativeSpans", "PositiveBuckets", "NegativeBuckets", "CustomValues", ""};

std::string text_of(const Value& histogram) {
  return histogram.as_fields().back().as_string();
}

constinit const Type kStruct{
    .name = "histogram.FloatHistogram", .kind = Kind::kStruct, .fields = kFields, .text = text_of};
constinit const Type kPointer{
    .name = "*histogram.FloatHistogram", .kind = Kind::kStruct, .target = &kStruct, .text = text_of};

Value numbers(const std::vector<double>& values) {
  return Value::list(ListData(values.begin(), values.end()), kFloatListType);
}

Value spans(const std::vector<model::HistogramSpan>& values) {
  ListData list;
  for (const model::HistogramSpan& span : values) {
    list.push_back(Value::object(
        {Value::integer(span.offset, kInt32Type), Value::unsigned_integer(span.length, kUint32Type)}, kSpanType));
  }
  return Value::list(std::move(list), kSpanListType);
}

}  // namespace

Value histogram_value(const model::FloatHistogram& histogram) {
  model::FloatHistogram as_float = histogram;  // to PromQL counts are floats, also in print
  as_float.integer = false;
  return Value::object(
      {Value::unsigned_integer(static_cast<std::uint64_t>(histogram.reset_hint), kHintType),
       Value::integer(histogram.schema, kInt32Type), Value(histogram.zero_threshold), Value(histogram.zero_count),
       Value(histogram.count), Value(histogram.sum), spans(histogram.positive_spans), spans(histogram.negative_spans),
       numbers(histogram.positive_buckets), numbers(histogram.negative_buckets), numbers(histogram.custom_values),
       Value(model::histogram_text(as_float))},
      kPointer);
}

}  // namespace tocsin::tmpl
