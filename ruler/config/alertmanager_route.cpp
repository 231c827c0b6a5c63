#include <algorithm>

#include "base/strings.hpp"
#include "config/alertmanager_parts.hpp"
#include "model/labels.hpp"

namespace tocsin::config::alertmanager {
namespace {

using model::Matcher;
using model::MatchOp;

/// The deprecated maps: name to value, or to a regular expression that is anchored here (and shows so in route keys).
auto append_map(std::vector<Matcher>& out, MatchOp op) {
  return [&out, op](const yaml::Node& node) -> Result<void> {
    if (!node.is_map()) return node.error("cannot unmarshal into map of texts");
    for (const yaml::Node::Entry& entry : node.entries()) {
      TOCSIN_TRY(std::string name, entry.key.as_string());
      if (!model::is_legacy_label_name(name)) return entry.key.error("invalid label name {}", go_quote(name));
      if (entry.value.is_null() && op == MatchOp::kRegex) {
        return entry.key.error("invalid regexp value for {}", go_quote(name));
      }
      std::string value;
      if (!entry.value.is_null()) {
        TOCSIN_TRY(value, entry.value.as_string());
      }
      if (op == MatchOp::kRegex) value = "^(?:" + value + ")$";
      Result<Matcher> matcher = Matcher::make(op, std::move(name), std::move(value));
      if (!matcher) return entry.value.error("{}", matcher.error().message);
      out.push_back(std::move(*matcher));
    }
    return {};
  };
}

auto append_matchers(std::vector<Matcher>& out, Context& context) {
  return [&out, &context](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(const std::string text, node.as_string());
    Result<ParsedMatchers> parsed = parse_matchers(text, context.mode);
    if (!parsed) return node.error("{}", parsed.error().message);
    if (!parsed->warning.empty()) context.warn(node, parsed->warning);
    for (Matcher& matcher : parsed->matchers) out.push_back(std::move(matcher));
    return {};
  };
}

Result<void> read_group_by(const yaml::Node& node, RouteConfig& route, MatcherMode mode) {
  TOCSIN_TRY(std::vector<std::string> names, node.as_strings());
  std::vector<std::string> labels;
  for (std::string& name : names) {
    if (name == "...") {
      route.group_by_all = true;
      continue;
    }
    if (!is_valid_label_name(name, mode)) {
      return node.error("invalid label name {} in group_by list", go_quote(name));
    }
    if (std::find(labels.begin(), labels.end(), name) != labels.end()) {
      return node.error("duplicated label {} in group_by", go_quote(name));
    }
    labels.push_back(std::move(name));
  }
  if (route.group_by_all && !labels.empty()) {
    return node.error("cannot have wildcard group_by (`...`) and other labels at the same time");
  }
  if (route.group_by_all) return {};
  std::sort(labels.begin(), labels.end());
  route.group_by = std::move(labels);
  return {};
}

Result<void> read_route_labels(const yaml::Node& node, RouteConfig& route, MatcherMode mode) {
  TOCSIN_TRY(route.labels, read_text_map(node));
  for (const auto& [name, value] : route.labels) {
    if (!is_valid_label_name(name, mode)) return node.error("invalid label name {} in route labels", go_quote(name));
  }
  return {};
}

Result<void> check_not_zero(const yaml::Node& route, std::string_view key, const std::optional<Duration>& value) {
  if (value && *value == Duration::zero()) return route[key].error("{} cannot be zero", key);
  return {};
}

}  // namespace

Result<RouteConfig> parse_route(const yaml::Node& node, Context& context) {
  RouteConfig route;
  route.where = node.where();
  const auto append_child = [&](const yaml::Node& child) -> Result<void> {
    if (child.is_null()) return child.error("missing route");
    TOCSIN_TRY(RouteConfig parsed, parse_route(child, context));
    route.routes.push_back(std::move(parsed));
    return {};
  };
  TOCSIN_OK(yaml::Fields(node, "config.Route")
                .read("receiver", route.receiver)
                .child("group_by", [&](const yaml::Node& n) { return read_group_by(n, route, context.mode); })
                .child("match", append_map(route.matchers, MatchOp::kEqual))
                .child("match_re", append_map(route.matchers, MatchOp::kRegex))
                .each("matchers", append_matchers(route.matchers, context))
                .read("mute_time_intervals", route.mute_time_intervals)
                .read("active_time_intervals", route.active_time_intervals)
                .read("continue", route.continue_matching)
                .read("group_wait", route.group_wait)
                .read("group_interval", route.group_interval)
                .read("repeat_interval", route.repeat_interval)
                .child("labels", [&](const yaml::Node& n) { return read_route_labels(n, route, context.mode); })
                .each("routes", append_child)
                .finish());
  TOCSIN_OK(check_not_zero(node, "group_interval", route.group_interval));
  TOCSIN_OK(check_not_zero(node, "repeat_interval", route.repeat_interval));
  sort_matchers(route.matchers);
  return route;
}

Result<InhibitRuleConfig> parse_inhibit_rule(const yaml::Node& node, Context& context) {
  InhibitRuleConfig rule;
  TOCSIN_OK(yaml::Fields(node, "config.InhibitRule")
                .read("name", rule.name)
                .child("source_match", append_map(rule.source, MatchOp::kEqual))
                .child("source_match_re", append_map(rule.source, MatchOp::kRegex))
                .each("source_matchers", append_matchers(rule.source, context))
                .child("target_match", append_map(rule.target, MatchOp::kEqual))
                .child("target_match_re", append_map(rule.target, MatchOp::kRegex))
                .each("target_matchers", append_matchers(rule.target, context))
                .read("equal", rule.equal)
                .finish());
  for (const std::string& name : rule.equal) {
    if (!is_valid_label_name(name, context.mode)) {
      return node["equal"].error("invalid label name {} in equal list", go_quote(name));
    }
  }
  std::sort(rule.equal.begin(), rule.equal.end());
  rule.equal.erase(std::unique(rule.equal.begin(), rule.equal.end()), rule.equal.end());
  return rule;
}

}  // namespace tocsin::config::alertmanager
