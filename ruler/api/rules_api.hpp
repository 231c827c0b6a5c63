#pragma once
// /api/v1/rules and /api/v1/alerts.

#include <functional>
#include <vector>

#include "api/query_lane.hpp"
#include "net/http.hpp"
#include "rules/status.hpp"

namespace tocsin::api {

/// What the rule manager shows now, sorted by file and name. Thread: any.
using RuleGroupsFn = std::function<std::vector<rules::GroupStatus>()>;

/// /rules takes type (alert or record), rule_name[], rule_group[], file[], match[], exclude_alerts, and group_limit
/// with group_next_token for page by page. The lane must outlive the router. Thread: the loop's. Source: Prometheus
/// web/api/v1/api.go, rules() and alerts().
void add_rules_api(net::HttpRouter& router, QueryLane& lane, RuleGroupsFn groups);

}  // namespace tocsin::api
