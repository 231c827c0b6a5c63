#pragma once
// The types of Alertmanager's template data. Internal to the module.

#include <string>
#include <string_view>
#include <vector>

#include "model/alert.hpp"
#include "model/labels.hpp"
#include "template/alertmanager.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

extern const Type kKvType, kPairType, kPairsType, kStringsType, kAmAlertType, kAmAlertListType, kAmAlertsType,
    kAmDataStruct, kAmDataType;

Value kv_value(const model::Labels& labels);

/// Go's regexp.QuoteMeta: the receiver's name stands in a link as a regular expression.
std::string quote_meta(std::string_view text);
/// What the labels, or the annotations, of all alerts agree on.
model::Labels common(const std::vector<AmAlert>& alerts, model::Labels model::Alert::* of);

}  // namespace tocsin::tmpl
