#pragma once
// `tocsinctl alert query` and `alert add`: amtool's.

#include <string>
#include <vector>

#include "ctl/alertmanager_api.hpp"

namespace tocsin::ctl {

struct AlertQueryArgs {
  ApiArgs api;
  std::vector<std::string> matchers;
  bool silenced = false, inhibited = false, active = false, unprocessed = false;  // none: active ones
  std::string receiver;                                                           // regular expression; "": all
};

/// Prints the alerts, the ones that began first in front. Exit status 0, or 1.
int alert_query(const AlertQueryArgs& args);

struct AlertAddArgs {
  ApiArgs api;
  std::vector<std::string> labels;       // NAME=VALUE; a first one without `=` is an alertname
  std::vector<std::string> annotations;  // NAME=VALUE
  std::string generator_url, start, end;
};

/// Posts one alert. Exit status 0, or 1.
int alert_add(const AlertAddArgs& args);

}  // namespace tocsin::ctl
