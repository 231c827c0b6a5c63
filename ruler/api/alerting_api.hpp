#pragma once
// What Tocsin tells of alerting beyond Alertmanager's API v2: GET /api/v1/tocsin/groups.

#include "alerting/alerting.hpp"
#include "base/clock.hpp"
#include "net/http.hpp"

namespace tocsin::api {

struct AlertingApi {
  net::TaskLoop& loop;
  WorkPool& work;  // answers are written on the query lane
  alerting::Alerting& alerting;
};

/// Adds the path; what `api` names must outlive the router. Until alerting has a configuration it answers 503.
///   groups?limit=N&receiver=NAME   when each group tells whom next, and what holds it back
/// Thread: the loop's.
void add_alerting_api(net::HttpRouter& router, const AlertingApi& api);

}  // namespace tocsin::api
