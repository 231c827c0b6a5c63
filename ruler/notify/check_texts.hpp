#pragma once
// Parses every text of every receiver before it is needed: a template that cannot be parsed would lose pages one by
// one.

#include <string>
#include <vector>

#include "config/alertmanager_config.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::notify {

/// One line per text that does not parse: "alertmanager.yml:12:5: slack_configs title: template: :1: unclosed action".
/// Alertmanager itself notices only when it sends; so these are warnings. Secrets are parsed and not quoted.
std::vector<std::string> check_texts(const config::AlertmanagerConfig& config, const tmpl::AmTemplates& templates);

}  // namespace tocsin::notify
