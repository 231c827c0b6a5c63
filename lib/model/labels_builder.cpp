#include <algorithm>

#include "model/label_encoding.hpp"
#include "model/labels.hpp"

namespace tocsin::model {
namespace {

using Pair = std::pair<std::string, std::string>;

auto place_of(auto& pairs, std::string_view name) {
  return std::lower_bound(pairs.begin(), pairs.end(), name,
                          [](const Pair& pair, std::string_view wanted) { return pair.first < wanted; });
}

}  // namespace

LabelsBuilder::LabelsBuilder(const Labels& base) {
  for (const LabelView& label : base) pairs_.emplace_back(label.name, label.value);
}

LabelsBuilder& LabelsBuilder::set(std::string_view name, std::string_view value) {
  if (value.empty()) return remove(name);
  const auto place = place_of(pairs_, name);
  if (place != pairs_.end() && place->first == name) {
    place->second.assign(value);
  } else {
    pairs_.emplace(place, name, value);
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::remove(std::string_view name) {
  const auto place = place_of(pairs_, name);
  if (place != pairs_.end() && place->first == name) pairs_.erase(place);
  return *this;
}

std::string_view LabelsBuilder::get(std::string_view name) const {
  const auto place = place_of(pairs_, name);
  return place != pairs_.end() && place->first == name ? std::string_view(place->second) : std::string_view();
}

Labels LabelsBuilder::build() const {
  std::size_t size = 0;
  for (const auto& [name, value] : pairs_) size += encoded_size({name, value});
  std::string bytes;
  bytes.reserve(size);
  for (const auto& [name, value] : pairs_) append_label(bytes, {name, value});
  return Labels::from_encoded(std::move(bytes));
}

}  // namespace tocsin::model
