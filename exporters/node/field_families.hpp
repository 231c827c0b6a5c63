#pragma once
// Which family a field of a kernel file goes to. The kernel writes the same fields in the same order each time, so a
// name is looked at, and matched with the pattern of what is shown, only when it comes for the first time.

#include <string>
#include <string_view>
#include <vector>

#include "expo/writer.hpp"

namespace tocsin::exporters::node {

/// Thread: one at a time. For one page: families live as long as it.
class FieldFamilies {
 public:
  /// The family of the field `key` at this place; nullptr if it is not shown. `make(key)` finds it, once.
  template <typename Make>
  expo::CachedFamily* at(std::size_t place, std::string_view key, Make make) {
    if (place >= fields_.size()) fields_.resize(place + 1);
    Field& field = fields_[place];
    if (field.key != key || !field.known) field = Field{std::string(key), make(key), true};
    return field.family;
  }

 private:
  struct Field {
    std::string key;
    expo::CachedFamily* family = nullptr;
    bool known = false;
  };
  std::vector<Field> fields_;
};

}  // namespace tocsin::exporters::node
