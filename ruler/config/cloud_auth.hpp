#pragma once
// The ways of clouds to sign a request, which this build does not do: checked as Prometheus checks them. Private to
// this module. Sources: prometheus/sigv4, Prometheus storage/remote/azuread and storage/remote/googleiam.

#include "yaml/node.hpp"

namespace tocsin::config {

Result<void> check_sigv4(const yaml::Node& node);
Result<void> check_azuread(const yaml::Node& node);
Result<void> check_google_iam(const yaml::Node& node);

}  // namespace tocsin::config
