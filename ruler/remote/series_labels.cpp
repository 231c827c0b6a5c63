#include "remote/series_labels.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "model/label_encoding.hpp"

namespace tocsin::remote {
namespace {

/// By name; equal names by value, so that a complaint reads the same each time.
bool before(const model::LabelView& a, const model::LabelView& b) {
  const int order = a.name.compare(b.name);
  return order != 0 ? order < 0 : a.value < b.value;
}

}  // namespace

LabelsVerdict make_series_labels(std::vector<model::LabelView>& labels, model::Labels& out,
                                 std::string_view* duplicate) {
  if (!std::is_sorted(labels.begin(), labels.end(), before)) std::sort(labels.begin(), labels.end(), before);
  std::size_t size = 0;
  bool named = false;
  for (const model::LabelView& label : labels) {
    if (label.name.empty() || !is_valid_utf8(label.name) || !is_valid_utf8(label.value)) return LabelsVerdict::kInvalid;
    if (label.name == model::kMetricName) {
      if (label.value.empty()) return LabelsVerdict::kInvalid;
      named = true;
    }
    size += model::encoded_size(label);
  }
  if (!named) return LabelsVerdict::kInvalid;
  const auto twice =
      std::adjacent_find(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice != labels.end()) {
    if (duplicate != nullptr) *duplicate = twice->name;
    return LabelsVerdict::kDuplicate;
  }
  std::string encoded;
  encoded.reserve(size);
  for (const model::LabelView& label : labels) {
    if (!label.value.empty()) model::append_label(encoded, label);
  }
  out = model::Labels::from_encoded(std::move(encoded));
  return LabelsVerdict::kOk;
}

std::string labels_text(const std::vector<model::LabelView>& labels) {
  std::string out = "{";
  for (const model::LabelView& label : labels) {
    if (out.size() > 1) out += ", ";
    if (model::is_legacy_label_name(label.name)) {
      out += label.name;
    } else {
      out += go_quote(label.name);
    }
    out += '=';
    out += go_quote(label.value);
  }
  out += '}';
  return out;
}

}  // namespace tocsin::remote
