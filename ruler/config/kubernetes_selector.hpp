#pragma once
// Selectors of the Kubernetes API. Only checked here: the API server is who applies them.

#include <string_view>

#include "base/result.hpp"

namespace tocsin::config {

/// "status.phase=Running,spec.nodeName!=n1". Errors have Kubernetes' words.
/// Source: k8s.io/apimachinery pkg/fields, ParseSelector.
Result<void> check_field_selector(std::string_view text);

/// "app=web,tier in (a,b),!canary". Errors have Kubernetes' words. Source: k8s.io/apimachinery pkg/labels, Parse.
Result<void> check_label_selector(std::string_view text);

}  // namespace tocsin::config
