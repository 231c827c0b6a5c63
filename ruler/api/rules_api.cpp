#include "api/rules_api.hpp"

#include <algorithm>

#include "api/envelope.hpp"
#include "base/float_text.hpp"
#include "base/strings.hpp"

namespace tocsin::api {
namespace {

using Names = std::vector<std::string>;

bool wanted(const Names& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

struct RuleFilter {
  bool alerting = true, recording = true, alerts = true;
  Names names, groups, files;
};

Result<RuleFilter> read_filter(const net::HttpRequest& request) {
  RuleFilter filter;
  const std::string type = to_lower(request.param("type"));
  if (!type.empty() && type != "alert" && type != "record") {
    return fail(invalid_parameter("type", "not supported value " + go_quote(type)));
  }
  filter.alerting = type != "record";
  filter.recording = type != "alert";
  const std::string exclude = to_lower(request.param("exclude_alerts"));
  if (!exclude.empty() && exclude != "true" && exclude != "false") {
    return fail(invalid_parameter("exclude_alerts", "error converting exclude_alerts: invalid boolean"));
  }
  filter.alerts = exclude != "true";
  filter.names = request.all_params("rule_name[]");
  filter.groups = request.all_params("rule_group[]");
  filter.files = request.all_params("file[]");
  return filter;
}

void write_alert(JsonWriter& json, const rules::AlertStatus& alert) {
  json.begin_object().key("labels").labels(alert.labels).key("annotations").labels(alert.annotations);
  json.key("state").text(rules::alert_state_text(alert.state)).key("activeAt").time(alert.active_at);
  if (alert.keep_firing_since != 0) json.key("keepFiringSince").time(alert.keep_firing_since);
  json.key("value").text(format_float_e(alert.value)).end_object();
}

void write_rule(JsonWriter& json, const rules::RuleStatus& rule, bool with_alerts) {
  json.begin_object();
  if (rule.alerting) json.key("state").text(rules::alert_state_text(rule.state));
  json.key("name").text(rule.name).key("query").text(rule.query);
  if (rule.alerting) {
    json.key("duration").number(to_seconds(rule.hold)).key("keepFiringFor").number(to_seconds(rule.keep_firing_for));
    json.key("labels").labels(rule.labels).key("annotations").labels(rule.annotations);
    json.key("alerts").begin_array();
    if (with_alerts) {
      for (const rules::AlertStatus& alert : rule.alerts) write_alert(json, alert);
    }
    json.end_array();
  } else if (!rule.labels.empty()) {
    json.key("labels").labels(rule.labels);
  }
  json.key("health").text(rules::health_text(rule.health));
  if (!rule.last_error.empty()) json.key("lastError").text(rule.last_error);
  json.key("evaluationTime").number(to_seconds(rule.evaluation_time)).key("lastEvaluation").time(rule.last_evaluation);
  json.key("type").text(rule.alerting ? "alerting" : "recording").end_object();
}

net::HttpResponse rules_response(const std::vector<rules::GroupStatus>& groups, const RuleFilter& filter) {
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("groups").begin_array();
  for (const rules::GroupStatus& group : groups) {
    if (!wanted(filter.groups, group.name) || !wanted(filter.files, group.file)) continue;
    std::vector<const rules::RuleStatus*> shown;
    for (const rules::RuleStatus& rule : group.rules) {
      if ((rule.alerting ? filter.alerting : filter.recording) && wanted(filter.names, rule.name))
        shown.push_back(&rule);
    }
    if (shown.empty() && !filter.names.empty()) continue;
    json.begin_object().key("name").text(group.name).key("file").text(group.file).key("rules").begin_array();
    for (const rules::RuleStatus* rule : shown) write_rule(json, *rule, filter.alerts);
    json.end_array().key("interval").number(to_seconds(group.interval)).key("limit").integer(group.limit);
    json.key("evaluationTime").number(to_seconds(group.evaluation_time));
    json.key("lastEvaluation").time(group.last_evaluation).end_object();
  }
  json.end_array().end_object();
  return body.finish();
}

net::Task<net::HttpResponse> rules_handler(std::shared_ptr<const RuleGroupsFn> groups, net::HttpRequest request) {
  const auto filter = read_filter(request);
  if (!filter) co_return error_response(filter.error());
  co_return rules_response((*groups)(), *filter);
}

net::Task<net::HttpResponse> alerts_handler(std::shared_ptr<const RuleGroupsFn> groups) {
  SuccessBody body;
  body.json().begin_object().key("alerts").begin_array();
  for (const rules::GroupStatus& group : (*groups)()) {
    for (const rules::RuleStatus& rule : group.rules) {
      for (const rules::AlertStatus& alert : rule.alerts) write_alert(body.json(), alert);
    }
  }
  body.json().end_array().end_object();
  co_return body.finish();
}

}  // namespace

void add_rules_api(net::HttpRouter& router, RuleGroupsFn groups) {
  using Captures = net::HttpRouter::Captures;
  const auto shared = std::make_shared<const RuleGroupsFn>(std::move(groups));
  router.add("GET", "/api/v1/rules",
             [shared](net::HttpRequest request, Captures) { return rules_handler(shared, std::move(request)); });
  router.add("GET", "/api/v1/alerts", [shared](net::HttpRequest, Captures) { return alerts_handler(shared); });
}

}  // namespace tocsin::api
