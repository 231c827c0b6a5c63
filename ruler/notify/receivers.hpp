#pragma once
// From the receivers of alertmanager.yml to integrations that alerting can call.

#include <memory>
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

/// The same, and every text of the configuration is tried on an example: warns of those that cannot run. For as long as
/// the templates take. Thread: any; not the loop.
Result<tmpl::AmTemplates> load_checked_templates(Fs& fs, const config::AlertmanagerConfig& config);

/// The templates of a configuration, ready to render.
/// @param plain_texts  what templates that fail are replaced by is counted here; null: they are errors.
std::shared_ptr<const Rendering> make_rendering(tmpl::AmTemplates templates, std::string external_url,
                                                std::shared_ptr<tmpl::PlainTexts> plain_texts);

/// All receivers of the configuration, ready to be called. They keep what they need of it; a new configuration makes
/// new ones while sends of the old end in peace. A receiver without integrations has an empty list. Thread: the loop's.
Result<alerting::ReceiverMap> make_receivers(const config::AlertmanagerConfig& config, const std::string& external_url,
                                             Services services);
/// The same with templates that are read already.
alerting::ReceiverMap make_receivers(const config::AlertmanagerConfig& config,
                                     const std::shared_ptr<const Rendering>& rendering, const Services& services);

}  // namespace tocsin::notify
