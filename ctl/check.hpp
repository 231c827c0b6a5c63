#pragma once
// tocsinctl check: are these files ones that the ruler or the agent will take? Offline. prometheus.yml:
// check_config.hpp; rule files: check_rules.hpp.

#include <string>
#include <vector>

namespace tocsin::ctl {

/// Each prints one verdict per file on standard output (problems with file:line:column) and returns the exit status: 0
/// if all are good, else 1.
int check_alertmanager(const std::vector<std::string>& files);
/// agent.yml.
int check_agent(const std::vector<std::string>& files);
/// As promtool: "FILE SUCCESS" or "FILE FAILED: why" on standard error.
int check_web_config(const std::vector<std::string>& files);

}  // namespace tocsin::ctl
