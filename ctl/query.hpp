#pragma once
// tocsinctl query: PromQL against a ruler, or against any server with Prometheus' API.

#include <string>

#include "base/time.hpp"

namespace tocsin::ctl {

struct QueryArgs {
  std::string server, expression;
  std::string time;              // of an instant query: seconds or RFC 3339; "" is now
  std::string start, end, step;  // of a range query
  bool json = false;             // print the answer as it came
  Duration timeout = std::chrono::minutes(2);
  std::string http_config_file;  // "" for none
};

/// Prints `series => value @[seconds]` lines as promtool does, or JSON; warnings on standard error. Exit status 0,
/// or 1.
int query_instant(const QueryArgs& args);
/// Without start and end: the last hour. Without step: 1/250 of the range, at least 1 s.
int query_range(const QueryArgs& args);

}  // namespace tocsin::ctl
