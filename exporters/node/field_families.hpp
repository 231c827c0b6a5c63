#pragma once
// Which family a field of a kernel file goes to. The kernel writes the same fields in the same order each time, so a
// name is looked at, made, and matched with the pattern of what is shown, only when it comes for the first time.

#include <string>
#include <string_view>
#include <vector>

#include "expo/writer.hpp"
#include "exporters/node/source_file.hpp"

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

  /// Cuts the first word off the front of the line, and gives its family as at() does. A word that stood there in the
  /// last round is recognised without being cut out anew; the empty word of an empty line is asked for too.
  template <typename Make>
  expo::CachedFamily* cut(std::size_t place, std::string_view& line, Make make) {
    if (place < fields_.size()) {
      const Field& field = fields_[place];
      const std::size_t size = field.key.size();
      if (field.known && size < line.size() && line[size] == ' ' && line.starts_with(field.key)) {
        line.remove_prefix(size);
        return field.family;
      }
    }
    return at(place, next_word(line), make);
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
