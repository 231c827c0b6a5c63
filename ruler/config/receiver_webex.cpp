#include "config/receiver_webex.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void WebexConfig::describe(FieldVisitor& f) {
  f.url("api_url", api_url);
  f.text("message", message);
  f.text("room_id", room_id);
}

Result<void> WebexConfig::complete(const AlertmanagerGlobal& global) {
  if (room_id.empty()) return fail(Errc::kInvalid, "missing room_id on webex_config");
  if (!own_authorization()) return fail(Errc::kInvalid, "missing webex_configs.http_config.authorization");
  if (api_url.empty()) api_url = global.webex_api_url;
  return {};
}

}  // namespace tocsin::config
