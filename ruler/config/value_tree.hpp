#pragma once
// A tree of values as written, with texts that are templates: PagerDuty's `details`, the webhook's `payload`.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tocsin::config {

struct ValueTree {
  enum class Kind { kNull, kBool, kInt, kDouble, kString, kList, kMap };
  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;  // kString
  std::vector<ValueTree> list;
  std::vector<std::pair<std::string, ValueTree>> map;  // keys in the order of the document
  bool operator==(const ValueTree&) const = default;
};

/// Parses YAML text (a rendered template) into a tree: the webhook's payload re-types rendered texts with it.
Result<ValueTree> parse_value_tree(std::string text);

}  // namespace tocsin::config
