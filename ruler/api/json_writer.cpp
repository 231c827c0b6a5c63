#include "api/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/json_string.hpp"
#include "base/strings.hpp"

namespace tocsin::api {
namespace {

constexpr Timestamp kGoZeroTime = -62135596800000;
constexpr std::size_t kMaxTimestampBytes = 24;
constexpr std::size_t kMaxPointBytes = kMaxTimestampBytes + kMaxFloatApiBytes + 6;

void write_digits(char* at, std::size_t count, std::uint64_t value) {
  for (std::size_t i = count; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

char* JsonWriter::write_timestamp(char* at, Timestamp t) {
  const bool negative = t < 0;
  const std::uint64_t magnitude = negative ? ~static_cast<std::uint64_t>(t) + 1 : static_cast<std::uint64_t>(t);
  const std::uint64_t seconds = magnitude / 1000, fraction = magnitude % 1000;
  if (negative) *at++ = '-';
  if (seconds < kSpan) {
    const fmt::format_int text(seconds);
    at = std::copy_n(text.data(), text.size(), at);
  } else {
    if (seconds / kSpan != span_) {
      span_ = seconds / kSpan;
      span_digits_ = static_cast<std::size_t>(fmt::format_to(span_text_.data(), "{}", span_) - span_text_.data());
    }
    at = std::copy_n(span_text_.data(), span_digits_, at);
    write_digits(at, 4, seconds % kSpan);
    at += 4;
  }
  if (fraction == 0) return at;
  *at++ = '.';
  write_digits(at, 3, fraction);
  return at + 3;
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name, JsonStyle::kJsoniter);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  append_json_string(out_, value, JsonStyle::kJsoniter);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return raw("null");
  separate();
  append_float_api(out_, value);
  return *this;
}

JsonWriter& JsonWriter::sample_value(double value) {
  separate();
  out_ += '"';
  append_float_api(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::timestamp(Timestamp t) {
  separate();
  std::array<char, kMaxTimestampBytes> text;
  out_.append(text.data(), write_timestamp(text.data(), t));
  return *this;
}

JsonWriter& JsonWriter::point(Timestamp t, double value) {
  std::array<char, kMaxPointBytes> text;
  const char* const end = write_point(text.data(), t, value);
  out_.append(text.data(), static_cast<std::size_t>(end - text.data()));
  return *this;
}

JsonWriter& JsonWriter::points(std::span<const model::Sample> samples) {
  // Not one by one: to copy what was just written byte by byte has the processor wait.
  constexpr std::size_t kTogether = 64;
  std::array<char, kTogether * kMaxPointBytes> text;
  while (!samples.empty()) {
    char* at = text.data();
    const std::size_t count = std::min(kTogether, samples.size());
    for (const model::Sample& sample : samples.first(count)) at = write_point(at, sample.t, sample.v);
    out_.append(text.data(), static_cast<std::size_t>(at - text.data()));
    samples = samples.subspan(count);
  }
  return *this;
}

char* JsonWriter::write_point(char* at, Timestamp t, double value) {
  if (comma_) *at++ = ',';
  comma_ = true;
  *at++ = '[';
  at = write_timestamp(at, t);
  *at++ = ',';
  *at++ = '"';
  at = write_float_api(at, value);
  *at++ = '"';
  *at++ = ']';
  return at;
}

JsonWriter& JsonWriter::time(Timestamp t) {
  return text(format_rfc3339(t == 0 ? kGoZeroTime : t));
}

JsonWriter& JsonWriter::labels(const model::Labels& labels) {
  begin_object();
  for (const model::LabelView label : labels) key(label.name).text(label.value);
  return end_object();
}

}  // namespace tocsin::api
