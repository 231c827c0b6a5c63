#include "config/receiver_victorops.hpp"

#include <algorithm>

#include "config/alertmanager_global.hpp"

namespace tocsin::config {
namespace {

constexpr std::string_view kReserved[] = {"routing_key",     "message_type", "state_message", "entity_display_name",
                                          "monitoring_tool", "entity_id",    "entity_state"};

}  // namespace

void VictoropsConfig::describe(FieldVisitor& f) {
  f.secret("api_key", api_key);
  f.file("api_key_file", api_key_file);
  f.url("api_url", api_url);
  f.text("routing_key", routing_key);
  f.text("message_type", message_type);
  f.text("state_message", state_message);
  f.text("entity_display_name", entity_display_name);
  f.text("monitoring_tool", monitoring_tool);
  f.text_map("custom_fields", custom_fields);
}

Result<void> VictoropsConfig::complete(const AlertmanagerGlobal& global) {
  if (routing_key.empty()) return fail(Errc::kInvalid, "missing Routing key in VictorOps config");
  TOCSIN_OK(at_most_one("api_key", api_key, api_key_file));
  for (const std::string_view name : kReserved) {
    const auto same = [name](const auto& field) { return field.first == name; };
    if (std::none_of(custom_fields.begin(), custom_fields.end(), same)) continue;
    return fail(Errc::kInvalid,
                "victorOps config contains custom field {} which cannot be used as it conflicts with the fixed/static "
                "fields",
                name);
  }
  if (api_url.empty()) api_url = global.victorops_api_url;
  add_trailing_slash(api_url);
  fall_back(api_key, api_key_file, global.victorops_api_key, global.victorops_api_key_file);
  if (!api_key.empty() || !api_key_file.empty()) return {};
  return fail(Errc::kInvalid, "no global VictorOps API Key set");
}

}  // namespace tocsin::config
