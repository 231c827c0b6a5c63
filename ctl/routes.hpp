#pragma once
// `tocsinctl routes`: where alerts go, from a file or from a server; amtool's output.

#include <string>
#include <vector>

#include "ctl/alertmanager_api.hpp"

namespace tocsin::ctl {

struct RoutesArgs {
  ApiArgs api;
  std::string config_file;          // "": the server's configuration
  std::vector<std::string> labels;  // of the alert: NAME=VALUE
  std::string verify_receivers;     // with commas; "": no receivers are expected
  bool tree = false;
};

/// Prints the routing tree. Exit status 0, or 1.
int routes_show(const RoutesArgs& args);
/// Prints the receivers of an alert. Exit status 0, or 1 if they are not the expected ones.
int routes_test(const RoutesArgs& args);

}  // namespace tocsin::ctl
