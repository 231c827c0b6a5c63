#pragma once
// Alertmanager's API v2, so that amtool, Grafana and every Prometheus can talk to alerting: status, receivers, alerts,
// alerts/groups, silences, silence/{id}. Source: Alertmanager api/v2/openapi.yaml, api/v2/api.go.

#include <memory>

#include "alerting/alerting.hpp"
#include "base/clock.hpp"
#include "net/http.hpp"

namespace tocsin::api {

struct AlertmanagerV2 {
  net::TaskLoop& loop;
  WorkPool& work;  // large bodies are read, and answers written, on the query lane
  alerting::Alerting& alerting;
  Timestamp started = 0;
};

/// Adds the paths below /api/v2. What `api` names must outlive the router. Until alerting has a configuration all
/// answer 503. Thread: the loop's.
/// Errors as there: 400 with a JSON text, 404, 422 with {"code", "message"} where the body or path has not the schema.
void add_alertmanager_v2(net::HttpRouter& router, const AlertmanagerV2& api);

/// /api/v1 of an Alertmanager: 410 for everything. Only where Prometheus' own /api/v1 is not served.
void add_alertmanager_v1(net::HttpRouter& router);

}  // namespace tocsin::api
