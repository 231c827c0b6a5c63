#pragma once
// Parses and runs every text of every receiver before it is needed: a template that cannot run would lose pages one by
// one.

#include <string>
#include <vector>

#include "config/alertmanager_config.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::notify {

/// One line per text that does not parse, or fails on an example of a notification:
/// "alertmanager.yml:12:5: slack_configs title: template: :1: unclosed action".
/// Alertmanager itself notices only when it sends: to a server these are warnings. Secrets are tried and not quoted.
std::vector<std::string> check_texts(const config::AlertmanagerConfig& config, const tmpl::AmTemplates& templates);

}  // namespace tocsin::notify
