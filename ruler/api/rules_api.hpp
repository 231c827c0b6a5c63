#pragma once
// /api/v1/rules and /api/v1/alerts.

#include <functional>
#include <vector>

#include "net/http.hpp"
#include "rules/status.hpp"

namespace tocsin::api {

/// What the rule manager shows now. Thread: the loop's.
using RuleGroupsFn = std::function<std::vector<rules::GroupStatus>()>;

/// /rules takes type (alert or record), rule_name[], rule_group[], file[] and exclude_alerts.
/// Source: Prometheus web/api/v1/api.go, rules() and alerts().
void add_rules_api(net::HttpRouter& router, RuleGroupsFn groups);

}  // namespace tocsin::api
