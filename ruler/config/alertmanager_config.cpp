#include "config/alertmanager_config.hpp"

#include <algorithm>
#include <set>

#include "base/strings.hpp"
#include "config/alertmanager_parts.hpp"

namespace tocsin::config {
namespace {

using alertmanager::Context;

/// Where a dollar is the end of a text: not for --config.expand-env.
const std::vector<std::string_view> kRegexKeys = {"match",        "match_re",        "matchers",
                                                  "source_match", "source_match_re", "source_matchers",
                                                  "target_match", "target_match_re", "target_matchers"};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

template <typename T, typename Parse>
auto append_to(std::vector<T>& list, Parse parse) {
  return [&list, parse](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(T value, parse(node));
    list.push_back(std::move(value));
    return {};
  };
}

Result<void> read_receivers(const yaml::Node& root, Context& context, AlertmanagerConfig& config) {
  const yaml::Node list = root["receivers"];
  if (list.is_null()) return {};
  if (!list.is_sequence()) return list.error("cannot unmarshal receivers into list");
  std::set<std::string> names;
  for (const yaml::Node& node : list.elements()) {
    TOCSIN_TRY(ReceiverConfig receiver, alertmanager::parse_receiver(node, context));
    if (!names.insert(receiver.name).second) {
      return node.error("notification config name {} is not unique", go_quote(receiver.name));
    }
    config.receivers.push_back(std::move(receiver));
  }
  for (const ReceiverConfig& receiver : config.receivers) {
    if (!receiver.fallback || names.contains(receiver.fallback->receiver)) continue;
    return fail(Errc::kInvalid, "{}: undefined receiver {} used as fallback", receiver.where,
                go_quote(receiver.fallback->receiver));
  }
  return {};
}

Result<void> check_root_route(const yaml::Node& node, const RouteConfig& route) {
  if (route.continue_matching) return node["continue"].error("cannot have continue in root route");
  if (route.receiver.empty()) return node.error("root route must specify a default receiver");
  if (!route.matchers.empty()) return node.error("root route must not have any matchers");
  if (!route.mute_time_intervals.empty()) return node.error("root route must not have any mute time intervals");
  if (!route.active_time_intervals.empty()) return node.error("root route must not have any active time intervals");
  return {};
}

/// Every receiver and time interval that a route names must exist.
Result<void> check_references(const RouteConfig& route, const AlertmanagerConfig& config) {
  for (const RouteConfig& child : route.routes) TOCSIN_OK(check_references(child, config));
  if (!route.receiver.empty() && config.receiver(route.receiver) == nullptr) {
    return fail(Errc::kInvalid, "{}: undefined receiver {} used in route", route.where, go_quote(route.receiver));
  }
  for (const auto* names : {&route.active_time_intervals, &route.mute_time_intervals}) {
    for (const std::string& name : *names) {
      if (config.time_interval(name) != nullptr) continue;
      return fail(Errc::kInvalid, "{}: undefined time interval {} used in route", route.where, go_quote(name));
    }
  }
  return {};
}

auto append_intervals(std::vector<NamedTimeIntervals>& list, std::string_view what) {
  return [&list, what](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(NamedTimeIntervals named, parse_named_time_intervals(node));
    const auto same = [&named](const NamedTimeIntervals& other) { return other.name == named.name; };
    if (std::any_of(list.begin(), list.end(), same)) {
      return node.error("{} {} is not unique", what, go_quote(named.name));
    }
    list.push_back(std::move(named));
    return {};
  };
}

Result<void> read_root(const yaml::Node& root, Context& context, AlertmanagerConfig& config) {
  // global goes first: receivers fall back to it.
  context.global_node = root["global"];
  if (!context.global_node.is_null()) TOCSIN_OK(alertmanager::parse_global(context.global_node, context));
  const auto read_route = [&](const yaml::Node& node) -> Result<void> {
    TOCSIN_TRY(config.route, alertmanager::parse_route(node, context));
    return check_root_route(node, config.route);
  };
  const auto nothing = [](const yaml::Node&) { return Result<void>{}; };
  const auto parse_rule = [&](const yaml::Node& node) { return alertmanager::parse_inhibit_rule(node, context); };
  TOCSIN_OK(yaml::Fields(root, "config.plain")
                .child("global", nothing)
                .child("route", read_route)
                .each("inhibit_rules", append_to(config.inhibit_rules, parse_rule))
                .child("receivers", nothing)
                .read("templates", config.templates)
                .each("mute_time_intervals", append_intervals(config.time_intervals, "mute time interval"))
                .each("time_intervals", append_intervals(config.time_intervals, "time interval"))
                .unsupported({"tracing", "event_recorder"}, context.warnings)
                .finish());
  TOCSIN_OK(read_receivers(root, context, config));
  if (root["route"].is_null()) return root.error("no route provided in config");
  return check_references(config.route, config);
}

}  // namespace

const ReceiverConfig* AlertmanagerConfig::receiver(std::string_view name) const {
  const auto found =
      std::find_if(receivers.begin(), receivers.end(), [name](const ReceiverConfig& r) { return r.name == name; });
  return found == receivers.end() ? nullptr : &*found;
}

const NamedTimeIntervals* AlertmanagerConfig::time_interval(std::string_view name) const {
  const auto found = std::find_if(time_intervals.begin(), time_intervals.end(),
                                  [name](const NamedTimeIntervals& t) { return t.name == name; });
  return found == time_intervals.end() ? nullptr : &*found;
}

Result<std::shared_ptr<const AlertmanagerConfig>> parse_alertmanager_config(std::string text, const std::string& path,
                                                                            AlertmanagerParseOptions options) {
  auto config = std::make_shared<AlertmanagerConfig>();
  config->file = path;
  config->text = text;
  TOCSIN_TRY(const yaml::Node written, yaml::parse(std::move(text), path));
  TOCSIN_TRY(const yaml::Node root, expand_variables(written, kRegexKeys, options.load));
  if (root.is_null()) return fail(Errc::kInvalid, "{}:1:1: no route provided in config", path);
  if (!root.is_map()) return root.error("cannot unmarshal into config.plain");
  Context context;
  context.mode = options.matcher_mode;
  context.folder = folder_of(path);
  TOCSIN_OK(read_root(root, context, *config));
  for (std::string& pattern : config->templates) pattern = resolve_path(context.folder, pattern);
  config->global = std::move(context.global);
  config->original = alertmanager::marshal_without_secrets(written, *config, context.mode, options.load.expand_env);
  config->warnings = std::move(context.warnings);
  return config;
}

Result<std::shared_ptr<const AlertmanagerConfig>> load_alertmanager_config(Fs& fs, const std::string& path,
                                                                           AlertmanagerParseOptions options) {
  TOCSIN_TRY(std::string text, fs.read_file(path, std::size_t{16} << 20U));
  return parse_alertmanager_config(std::move(text), path, options);
}

}  // namespace tocsin::config
