#pragma once
// tocsinctl alert: fire a test alert, and receive pages where there is nobody else to.

#include <map>
#include <string>

#include "base/time.hpp"

namespace tocsin::ctl {

struct AlertTestArgs {
  std::string server;
  std::map<std::string, std::string> labels;  // added to alertname="TocsinTest", test="true", severity="info"
  std::string summary;
  Duration lasts = std::chrono::minutes(1);
  bool resolve = false;          // end it now
  std::string http_config_file;  // "" for none
};

/// Posts the alert to API v2 and says what it did. Exit status 0, or 1.
int alert_test(const AlertTestArgs& args);

/// Serves a webhook receiver on `listen` until a signal: each notification is one line in `output` ("-": standard
/// output) with time, status and summary, then its JSON. Exit status 0, or 1 if it cannot listen or write.
int alert_receive(const std::string& listen, const std::string& output);

}  // namespace tocsin::ctl
