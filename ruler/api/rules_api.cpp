#include "api/rules_api.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "api/envelope.hpp"
#include "api/params.hpp"
#include "base/check.hpp"
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
  MatcherSets matchers;
  std::size_t group_limit = 0;  // 0: all
  std::string next_token;

  bool takes(const rules::RuleStatus& rule) const {
    return (rule.alerting ? alerting : recording) && wanted(names, rule.name) && matches(rule.labels);
  }
  /// Any of the sets, all of its matchers.
  bool matches(const model::Labels& labels) const {
    if (matchers.empty()) return true;
    return std::ranges::any_of(matchers, [&](const std::vector<model::Matcher>& set) {
      return std::ranges::all_of(set, [&](const model::Matcher& m) { return m.matches(labels.get(m.name())); });
    });
  }
};

Result<void> read_pages(const Params& params, RuleFilter& filter) {
  const std::string& limit = params.text("group_limit");
  filter.next_token = params.text("group_next_token");
  if (!filter.next_token.empty() && limit.empty()) {
    return fail(
        invalid_parameter("group_next_token", "group_limit needs to be present in order to paginate over the groups"));
  }
  if (limit.empty()) return {};
  const auto count = parse_go_int("ParseInt", limit, 32);
  if (!count) {
    return fail(invalid_parameter("group_limit", "group_limit needs to be a valid number: " + count.error().message));
  }
  if (*count <= 0) return fail(invalid_parameter("group_limit", "group_limit needs to be greater than 0"));
  filter.group_limit = static_cast<std::size_t>(*count);
  return {};
}

Result<RuleFilter> read_filter(const net::HttpRequest& request) {
  const Params params(request);
  RuleFilter filter;
  TOCSIN_TRY(filter.matchers, params.matchers());
  const std::string type = to_lower(params.text("type"));
  if (!type.empty() && type != "alert" && type != "record") {
    return fail(invalid_parameter("type", "not supported value " + go_quote(type)));
  }
  filter.alerting = type != "record";
  filter.recording = type != "alert";
  if (const std::string exclude = to_lower(params.text("exclude_alerts")); !exclude.empty()) {
    const auto value = parse_go_bool(exclude);
    if (!value) {
      return fail(invalid_parameter("exclude_alerts", "error converting exclude_alerts: " + value.error().message));
    }
    filter.alerts = !*value;
  }
  filter.names = params.all("rule_name[]");
  filter.groups = params.all("rule_group[]");
  filter.files = params.all("file[]");
  TOCSIN_OK(read_pages(params, filter));
  return filter;
}

/// What a page's group_next_token is: the SHA-256 of "file;group" of the first group that did not fit.
std::string group_token(const rules::GroupStatus& group) {
  const std::string text = group.file + ";" + group.name;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  check(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1, "BUG: SHA-256");
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

void write_alert(JsonWriter& json, const rules::AlertStatus& alert) {
  json.begin_object().key("labels").labels(alert.labels).key("annotations").labels(alert.annotations);
  json.key("state").text(rules::alert_state_text(alert.state)).key("activeAt").time(alert.active_at);
  if (alert.keep_firing_since != 0) json.key("keepFiringSince").time(alert.keep_firing_since);
  json.key("value").text(format_float_e(alert.value)).end_object();
}

/// Left out, they are null, as a Go slice that nobody filled.
void write_alerts(JsonWriter& json, const rules::RuleStatus& rule, bool with_alerts) {
  if (!with_alerts) {
    json.raw("null");
    return;
  }
  json.begin_array();
  for (const rules::AlertStatus& alert : rule.alerts) write_alert(json, alert);
  json.end_array();
}

void write_rule(JsonWriter& json, const rules::RuleStatus& rule, bool with_alerts) {
  json.begin_object();
  if (rule.alerting) json.key("state").text(rules::alert_state_text(rule.state));
  json.key("name").text(rule.name).key("query").text(rule.query);
  if (rule.alerting) {
    json.key("duration").number(to_seconds(rule.hold)).key("keepFiringFor").number(to_seconds(rule.keep_firing_for));
    json.key("labels").labels(rule.labels).key("annotations").labels(rule.annotations);
    write_alerts(json.key("alerts"), rule, with_alerts);
  } else {
    json.key("labels").labels(rule.labels);
  }
  json.key("health").text(rules::health_text(rule.health));
  if (!rule.last_error.empty()) json.key("lastError").text(rule.last_error);
  json.key("evaluationTime").number(to_seconds(rule.evaluation_time)).key("lastEvaluation").time(rule.last_evaluation);
  json.key("type").text(rule.alerting ? "alerting" : "recording").end_object();
}

using Shown = std::vector<const rules::RuleStatus*>;

void write_group(JsonWriter& json, const rules::GroupStatus& group, const Shown& shown, bool with_alerts) {
  json.begin_object().key("name").text(group.name).key("file").text(group.file).key("rules").begin_array();
  for (const rules::RuleStatus* rule : shown) write_rule(json, *rule, with_alerts);
  json.end_array().key("interval").number(to_seconds(group.interval)).key("limit").integer(group.limit);
  json.key("evaluationTime").number(to_seconds(group.evaluation_time));
  json.key("lastEvaluation").time(group.last_evaluation).end_object();
}

net::HttpResponse rules_response(const std::vector<rules::GroupStatus>& groups, const RuleFilter& filter) {
  auto group = groups.begin();
  if (!filter.next_token.empty()) {
    group = std::ranges::find_if(groups, [&](const auto& g) { return group_token(g) == filter.next_token; });
    if (group == groups.end()) {
      return error_response(invalid_parameter(
          "group_next_token",
          fmt::format("invalid group_next_token '{}'. were rule groups changed?", filter.next_token)));
    }
  }
  SuccessBody body;
  JsonWriter& json = body.json();
  json.begin_object().key("groups").begin_array();
  std::string next_token;
  for (std::size_t written = 0; group != groups.end(); ++group) {
    if (!wanted(filter.groups, group->name) || !wanted(filter.files, group->file)) continue;
    Shown shown;
    for (const rules::RuleStatus& rule : group->rules) {
      if (filter.takes(rule)) shown.push_back(&rule);
    }
    if (shown.empty()) continue;
    if (filter.group_limit > 0 && written++ == filter.group_limit) {
      next_token = group_token(*group);
      break;
    }
    write_group(json, *group, shown, filter.alerts);
  }
  json.end_array();
  if (!next_token.empty()) json.key("groupNextToken").text(next_token);
  json.end_object();
  return body.finish();
}

net::HttpResponse alerts_response(const std::vector<rules::GroupStatus>& groups) {
  SuccessBody body;
  body.json().begin_object().key("alerts").begin_array();
  for (const rules::GroupStatus& group : groups) {
    for (const rules::RuleStatus& rule : group.rules) {
      for (const rules::AlertStatus& alert : rule.alerts) write_alert(body.json(), alert);
    }
  }
  body.json().end_array().end_object();
  return body.finish();
}

net::Task<net::HttpResponse> rules_handler(QueryLane* lane, RuleGroupsFn groups, net::HttpRequest request) {
  auto filter = read_filter(request);
  if (!filter) co_return error_response(filter.error());
  QueryLane::Answer answer = [groups = std::move(groups), filter = std::move(*filter)](const AnswerContext&) {
    return rules_response(groups(), filter);
  };
  co_return co_await lane->run(std::move(answer));
}

net::Task<net::HttpResponse> alerts_handler(QueryLane* lane, RuleGroupsFn groups) {
  QueryLane::Answer answer = [groups = std::move(groups)](const AnswerContext&) { return alerts_response(groups()); };
  return lane->run(std::move(answer));
}

}  // namespace

void add_rules_api(net::HttpRouter& router, QueryLane& lane, RuleGroupsFn groups) {
  using Captures = net::HttpRouter::Captures;
  router.add("GET", "/api/v1/rules", [lane = &lane, groups](net::HttpRequest request, Captures) {
    return rules_handler(lane, groups, std::move(request));
  });
  router.add("GET", "/api/v1/alerts",
             [lane = &lane, groups](net::HttpRequest, Captures) { return alerts_handler(lane, groups); });
}

}  // namespace tocsin::api
