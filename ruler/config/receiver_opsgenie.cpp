#include "config/receiver_opsgenie.hpp"

#include "base/strings.hpp"
#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void OpsgenieResponder::describe(FieldVisitor& f) {
  f.text("id", id);
  f.text("name", name);
  f.text("username", username);
  f.text("type", type);
}

Result<void> OpsgenieResponder::complete() {
  const std::string shown = fmt::format("opsGenieConfig responder {{{} {} {} {}}}", id, name, username, type);
  if (id.empty() && username.empty() && name.empty()) {
    return fail(Errc::kInvalid, "{} has to have at least one of id, username or name specified", shown);
  }
  if (type.find("{{") != std::string::npos) return {};
  const std::string kind = to_lower(type);
  for (const std::string_view known : {"team", "teams", "user", "escalation", "schedule"}) {
    if (kind == known) return {};
  }
  return fail(Errc::kInvalid, "{} type does not match valid options ^(team|teams|user|escalation|schedule)$", shown);
}

void OpsgenieConfig::describe(FieldVisitor& f) {
  f.secret_text("api_key", api_key);
  f.file("api_key_file", api_key_file);
  f.url("api_url", api_url);
  f.text("message", message);
  f.text("description", description);
  f.text("source", source);
  f.text_map("details", details);
  f.text("entity", entity);
  f.list("responders", responders);
  f.text("actions", actions);
  f.text("tags", tags);
  f.text("note", note);
  f.text("priority", priority);
  f.flag("update_alerts", update_alerts);
}

Result<void> OpsgenieConfig::complete(const AlertmanagerGlobal& global) {
  TOCSIN_OK(at_most_one("api_key", api_key, api_key_file));
  if (api_url.empty()) api_url = global.opsgenie_api_url;
  add_trailing_slash(api_url);
  fall_back(api_key, api_key_file, global.opsgenie_api_key, global.opsgenie_api_key_file);
  if (!api_key.empty() || !api_key_file.empty()) return {};
  return fail(Errc::kInvalid, "no global OpsGenie API Key set either inline or in a file");
}

}  // namespace tocsin::config
