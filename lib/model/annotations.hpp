#pragma once
// Annotations: texts of an alert beside its labels, in their shape. Unlike a label, one whose text is empty is one.
// Source: Prometheus rules/alerting.go (Eval), Alertmanager api/v2/api.go (postAlertsHandler takes empty labels only
// away).

#include <vector>

#include "model/labels.hpp"

namespace tocsin::model {

/// From pairs in any order; a repeated name keeps the last text.
Labels make_annotations(const std::vector<LabelView>& texts);

}  // namespace tocsin::model
