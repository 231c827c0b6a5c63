#include "promql/label_ops.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/label_encoding.hpp"

namespace tocsin::promql {
namespace {

bool is_metadata(std::string_view name) {
  return name.size() >= 8 && name[0] == '_' && name[1] == '_' &&
         (name == model::kMetricName || name == "__type__" || name == "__unit__");
}

}  // namespace

Grouping::Grouping(std::vector<std::string> labels, bool exclude) : names(std::move(labels)), without(exclude) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

void Grouping::key(const model::Labels& labels, std::string& out) const {
  out.clear();
  auto next = names.begin();
  for (const model::LabelView& label : labels) {
    while (next != names.end() && *next < label.name) ++next;
    const bool named = next != names.end() && *next == label.name;
    if (without ? (!named && label.name != model::kMetricName) : named) out += model::encoded_label(label);
  }
}

model::Labels Grouping::of(const model::Labels& labels) const {
  std::string bytes;
  key(labels, bytes);
  return model::Labels::from_encoded(std::move(bytes));
}

model::Labels without_metadata(const model::Labels& labels) {
  std::string bytes;
  bytes.reserve(labels.bytes());
  for (const model::LabelView& label : labels) {
    if (!is_metadata(label.name)) bytes += model::encoded_label(label);
  }
  return model::Labels::from_encoded(std::move(bytes));
}

}  // namespace tocsin::promql
