#pragma once
// What is closed, or not built: the admin endpoints, the receiver of OTLP, search. Each answers as a
// Prometheus in which it is off.

#include "net/http.hpp"

namespace tocsin::api {

/// @param admin_enabled  --web.enable-admin-api: then the admin endpoints say that the store cannot do it yet.
void add_admin_api(net::HttpRouter& router, bool admin_enabled);

}  // namespace tocsin::api
