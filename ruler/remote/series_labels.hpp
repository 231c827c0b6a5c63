#pragma once
// Labels as a remote sender gave them: brought in order, judged, and made into what the store keeps.

#include <string>
#include <string_view>
#include <vector>

#include "model/labels.hpp"

namespace tocsin::remote {

enum class LabelsVerdict {
  kOk,
  kInvalid,    // no metric name, an empty name, or a text that is not UTF-8
  kDuplicate,  // a name twice
};

/// Sorts `labels` by name, if they are not. Labels with empty values are judged like others and then left out.
/// @param labels     of which no text is longer than model/label_encoding.hpp holds.
/// @param duplicate  the name, if there is one.
/// Source: Prometheus storage/remote/write_handler.go (UTF8Validation).
LabelsVerdict make_series_labels(std::vector<model::LabelView>& labels, model::Labels& out,
                                 std::string_view* duplicate = nullptr);

/// `{a="b", c="d"}` as Prometheus prints labels, also such that make none. Texts that are not UTF-8 are quoted.
std::string labels_text(const std::vector<model::LabelView>& labels);

}  // namespace tocsin::remote
