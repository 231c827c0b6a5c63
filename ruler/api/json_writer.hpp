#pragma once
// JSON written straight into a text: no tree on the query path. The caller keeps the structure balanced.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/labels.hpp"

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
  std::string& out_;
  bool comma_ = false;  // a value stands before the next one
};

}  // namespace tocsin::api
