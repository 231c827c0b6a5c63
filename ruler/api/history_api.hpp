#pragma once
// GET /api/v1/tocsin/history: what happened to alerts, notifications and silences.

#include "base/clock.hpp"
#include "net/http.hpp"
#include "state/history.hpp"

namespace tocsin::api {

struct HistoryApi {
  net::TaskLoop& loop;
  WorkPool& work;  // answers are written on the query lane
  state::History& history;
};

/// Adds the path; what `api` names must outlive the router.
///   history?start=&end=&match[]=SELECTOR&kind=KIND&outcome=OUTCOME&receiver=NAME&text=TEXT&limit=N&cursor=
/// Newest first; `nextCursor` of an answer is the `cursor` of the next page, "" if there is none. A page may have fewer
/// events than the limit and be followed by others: a search ends after two seconds.
/// Thread: the loop's.
void add_history_api(net::HttpRouter& router, const HistoryApi& api);

}  // namespace tocsin::api
