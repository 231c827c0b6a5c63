#pragma once
// `tocsinctl alert history`: what happened to alerts, notifications and silences.

#include <string>
#include <vector>

#include "ctl/alertmanager_api.hpp"

namespace tocsin::ctl {

struct AlertHistoryArgs {
  ApiArgs api;
  std::vector<std::string> matchers;
  Duration since = std::chrono::hours(24);
  std::string start, end;                    // RFC 3339; `start` rules over `since`
  std::vector<std::string> kinds, outcomes;  // none: all
  std::string receiver, text;
  std::size_t limit = 100;
};

/// Prints events, the newest first: as many as the limit says, in as many requests as that takes. Exit status 0, or 1.
int alert_history(const AlertHistoryArgs& args);

}  // namespace tocsin::ctl
