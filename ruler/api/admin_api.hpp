#pragma once
// /api/v1/admin/tsdb/{delete_series,clean_tombstones,snapshot}; and what is closed, or not built: the receiver of OTLP,
// search. What is off answers as a Prometheus in which it is off. Source: Prometheus web/api/v1/api.go.

#include <functional>
#include <span>
#include <string>

#include "api/query_lane.hpp"
#include "base/rng.hpp"
#include "model/matcher.hpp"
#include "net/http.hpp"

namespace tocsin::api {

/// What the endpoints do. Thread: any; they may take as long as the store takes to write blocks.
struct AdminSource {
  std::function<Result<void>(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers)> remove;
  std::function<Result<void>()> clean_tombstones;
  /// @param name  of the folder to be made, below that of all snapshots.
  std::function<Result<void>(const std::string& name, bool with_head)> snapshot;
};

/// @param admin_enabled  --web.enable-admin-api.
void add_admin_api(net::HttpRouter& router, QueryLane& lane, bool admin_enabled, AdminSource source);

/// `20260102T030405Z-00ff00ff00ff00ff`: the time in UTC and a random number.
std::string snapshot_name(Timestamp now, Rng& rng);

}  // namespace tocsin::api
