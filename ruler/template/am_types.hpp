#pragma once
// The types of Alertmanager's template data. Internal to the module.

#include "model/labels.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

extern const Type kKvType, kPairType, kPairsType, kStringsType, kAmAlertType, kAmAlertListType, kAmAlertsType,
    kAmDataStruct, kAmDataType;

Value kv_value(const model::Labels& labels);

}  // namespace tocsin::tmpl
