#pragma once
// From the receivers of alertmanager.yml to integrations that alerting can call.

#include <string>

#include "alerting/notification.hpp"
#include "base/result.hpp"
#include "config/alertmanager_config.hpp"
#include "notify/http_receiver.hpp"
#include "notify/receiver.hpp"

namespace tocsin::notify {

/// Reads the files that match the configuration's patterns; a pattern without a match is no error.
/// @return kInvalid with the file's name and Go's text, e.g. "template: x.tmpl:3: unexpected EOF".
Result<tmpl::AmTemplates> load_templates(Fs& fs, const config::AlertmanagerConfig& config);

/// All receivers of the configuration, ready to be called. They keep what they need of it; a new configuration makes
/// new ones while sends of the old end in peace. A receiver without integrations has an empty list. Thread: the loop's.
Result<alerting::ReceiverMap> make_receivers(const config::AlertmanagerConfig& config, const std::string& external_url,
                                             Services services);

}  // namespace tocsin::notify
