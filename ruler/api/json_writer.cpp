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

/// @return where the text ends, which is at most kMaxTimestampBytes long
char* write_timestamp(char* at, Timestamp t) {
  const bool negative = t < 0;
  const std::uint64_t magnitude = negative ? ~static_cast<std::uint64_t>(t) + 1 : static_cast<std::uint64_t>(t);
  const std::uint64_t fraction = magnitude % 1000;
  if (negative) *at++ = '-';
  const fmt::format_int seconds(magnitude / 1000);
  at = std::copy_n(seconds.data(), seconds.size(), at);
  if (fraction == 0) return at;
  *at++ = '.';
  for (const std::uint64_t unit : {100, 10, 1}) *at++ = static_cast<char>('0' + fraction / unit % 10);
  return at;
}

}  // namespace

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
  separate();
  std::array<char, kMaxTimestampBytes + kMaxFloatApiBytes + 5> text;
  char* at = text.data();
  *at++ = '[';
  at = write_timestamp(at, t);
  *at++ = ',';
  *at++ = '"';
  at = write_float_api(at, value);
  *at++ = '"';
  *at++ = ']';
  out_.append(text.data(), at);
  return *this;
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
