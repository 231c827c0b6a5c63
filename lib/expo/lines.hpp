#pragma once
// What TextWriter and CachedFamily share: the parts of a line.

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/float_text.hpp"
#include "base/time.hpp"
#include "expo/writer.hpp"
#include "model/labels.hpp"

namespace tocsin::expo {

inline constexpr std::string_view kLe = "le";
inline constexpr std::string_view kQuantile = "quantile";

inline bool label_name_less(const model::LabelView& a, const model::LabelView& b) {
  return a.name < b.name;
}

inline void append_number_line(std::string& out, double value, std::optional<Timestamp> timestamp) {
  append_float_expo(out, value);
  if (timestamp) {
    out += ' ';
    out += std::to_string(*timestamp);
  }
  out += '\n';
}

inline bool ends_with_infinity(std::span<const Bucket> buckets) {
  return !buckets.empty() && std::isinf(buckets.back().upper_bound) && buckets.back().upper_bound > 0;
}

inline std::string number_text(double value) {
  std::string text;
  append_float_expo(text, value);
  return text;
}

}  // namespace tocsin::expo
