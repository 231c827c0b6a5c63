#pragma once
// `tocsinctl notify test`: one marked message to each integration of a receiver, straight from the configuration.

#include <string>

#include "base/time.hpp"

namespace tocsin::ctl {

struct NotifyTestArgs {
  std::string config_file = "alertmanager.yml";
  std::string receiver;
  std::string summary = "A test message by tocsinctl: nothing is wrong.";
  std::string external_url = "http://127.0.0.1:9090";
  Duration timeout = std::chrono::seconds(30);
  bool resolve = false;     // send the end of the alert too
  bool expand_env = false;  // as --config.expand-env of the ruler
};

/// Sends an alert with test="true" and says what each service answered. Routing, grouping and silences have no part in
/// it. Exit status 0 if all were delivered, else 1.
int notify_test(const NotifyTestArgs& args);

}  // namespace tocsin::ctl
