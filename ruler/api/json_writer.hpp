#pragma once
// JSON written straight into a text: no tree on the query path. The caller keeps the structure balanced.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::api {

/// Thread: one. Appends to a text that the caller owns; commas are its own business.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& text(std::string_view value);
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& integer(std::int64_t value);
  /// A JSON number with the shortest digits; NaN and infinities, which JSON lacks, as null.
  JsonWriter& number(double value);
  /// A sample's value: a string, as Prometheus' API writes it ("1", "+Inf", "1e+21").
  JsonWriter& sample_value(double value);
  /// Seconds of a sample: none or three decimals, as Prometheus' util/jsonutil writes them: 1795232822.020.
  JsonWriter& timestamp(Timestamp t);
  /// A sample: [time, "value"].
  JsonWriter& point(Timestamp t, double value);
  /// The same of several.
  JsonWriter& points(std::span<const model::Sample> samples);
  /// RFC 3339; Go's zero time for 0.
  JsonWriter& time(Timestamp t);
  JsonWriter& labels(const model::Labels& labels);
  /// Bytes in the text so far.
  std::size_t size() const { return out_.size(); }
  /// Text that is JSON already.
  JsonWriter& raw(std::string_view json);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  /// @return where the text ends, which is at most 24 characters long
  char* write_timestamp(char* at, Timestamp t);
  char* write_point(char* at, Timestamp t, double value);

  std::string& out_;
  bool comma_ = false;  // a value stands before the next one
  // Samples that follow each other differ in the last digits of their times: the others are those of a span of
  // three hours, and are kept.
  static constexpr std::uint64_t kSpan = 10'000;  // seconds
  std::uint64_t span_ = 0;
  std::size_t span_digits_ = 0;
  std::array<char, 24> span_text_{};
};

}  // namespace tocsin::api
