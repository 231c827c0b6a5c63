#include "model/annotations.hpp"

#include <map>

#include "model/label_encoding.hpp"

namespace tocsin::model {

Labels make_annotations(const std::vector<LabelView>& texts) {
  std::map<std::string_view, std::string_view> by_name;
  for (const LabelView& text : texts) by_name[text.name] = text.value;
  std::string bytes;
  for (const auto& [name, value] : by_name) append_label(bytes, {name, value});
  return Labels::from_encoded(std::move(bytes));
}

}  // namespace tocsin::model
