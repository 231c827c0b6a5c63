#include "config/receiver_jira.hpp"

#include "config/alertmanager_global.hpp"

namespace tocsin::config {

void JiraField::describe(FieldVisitor& f) {
  f.text("template", text);
  f.flag("enable_update", enable_update);
}

void JiraConfig::describe(FieldVisitor& f) {
  f.url("api_url", api_url);
  f.plain("api_type", api_type);
  f.text("project", project);
  f.map("summary", summary);
  f.map("description", description);
  f.texts("labels", labels);
  f.text("priority", priority);
  f.text("issue_type", issue_type);
  f.plain("reopen_transition", reopen_transition);
  f.plain("resolve_transition", resolve_transition);
  f.plain("wont_fix_resolution", wont_fix_resolution);
  f.duration("reopen_duration", reopen_duration);
  f.tree_map("fields", fields);
}

Result<void> JiraConfig::complete(const AlertmanagerGlobal& global) {
  if (project.empty()) return fail(Errc::kInvalid, "missing project in jira_config");
  if (issue_type.empty()) return fail(Errc::kInvalid, "missing issue_type in jira_config");
  if (api_type != "auto" && api_type != "cloud" && api_type != "datacenter") {
    return fail(Errc::kInvalid, "unknown api_type on jira_config, must be auto, cloud or datacenter");
  }
  if (api_url.empty()) api_url = global.jira_api_url;
  if (api_url.empty()) return fail(Errc::kInvalid, "no global Jira Cloud URL set");
  return {};
}

}  // namespace tocsin::config
