#pragma once
// Alertmanager's API v2, so that amtool, Grafana and every Prometheus can talk to alerting: status, receivers, alerts,
// alerts/groups, silences, silence/{id}. Source: Alertmanager api/v2/openapi.yaml, api/v2/api.go.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/alerting.hpp"
#include "base/clock.hpp"
#include "config/matcher_parser.hpp"
#include "net/http.hpp"

namespace tocsin::api {

/// The release of Alertmanager whose API this is: clients choose by it how to talk.
inline constexpr std::string_view kAlertmanagerLevel = "0.34.0";

/// Renders the route labels of a group. Thread: any.
using RouteLabelsFn = std::function<std::vector<std::pair<std::string, std::string>>(const alerting::GroupView& group)>;

struct AlertmanagerV2 {
  net::TaskLoop& loop;
  WorkPool& work;  // large bodies are read, and answers written, on the query lane
  alerting::Alerting& alerting;
  Timestamp started = 0;
  /// What renders with the templates in force; asked for on the loop. Null, or gives null: labels as they are written.
  std::function<RouteLabelsFn()> route_labels = nullptr;
  config::MatcherMode matcher_mode = config::MatcherMode::kFallback;  // of the filters
};

/// Adds the paths below /api/v2. What `api` names must outlive the router. Until alerting has a configuration all
/// answer 503. Thread: the loop's.
/// Errors as there: 400 with a JSON text; {"code", "message"} with 400, 404, 405, 415 and 422 where the request is not
/// what the schema says.
void add_alertmanager_v2(net::HttpRouter& router, const AlertmanagerV2& api);

/// /api/v1 of an Alertmanager: 410 for everything. Only where Prometheus' own /api/v1 is not served.
void add_alertmanager_v1(net::HttpRouter& router);

}  // namespace tocsin::api
