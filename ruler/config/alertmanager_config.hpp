#pragma once
// alertmanager.yml, read strictly: the language of Alertmanager 0.34. Unknown keys are errors; keys that Alertmanager
// knows and this build does not do yet load with one warning each. Source: Alertmanager config/config.go,
// config/notifiers.go, notify/*/config.go, docs/configuration.md.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/alertmanager_global.hpp"
#include "config/environment.hpp"
#include "config/matcher_parser.hpp"
#include "config/receiver_config.hpp"
#include "config/time_interval.hpp"
#include "model/matcher.hpp"

namespace tocsin::config {

/// A node of the routing tree as written: what is absent is inherited (alerting/route.hpp does that).
struct RouteConfig {
  std::string receiver;                              // "": inherit
  std::optional<std::vector<std::string>> group_by;  // none: inherit; sorted
  bool group_by_all = false;                         // `['...']`
  std::vector<model::Matcher> matchers;              // match, match_re and matchers together, sorted
  std::vector<std::string> mute_time_intervals, active_time_intervals;
  bool continue_matching = false;
  std::optional<Duration> group_wait, group_interval, repeat_interval;
  std::vector<std::pair<std::string, std::string>> labels;  // values are templates; sorted
  std::vector<RouteConfig> routes;
  std::string where;
};

struct InhibitRuleConfig {
  std::string name;
  std::vector<model::Matcher> source, target;
  std::vector<std::string> equal;  // sorted
};

struct AlertmanagerConfig {
  std::string file;
  std::string text;      // as read
  std::string original;  // marshalled again with defaults, and secrets as <secret>: API v2 config.original
  AlertmanagerGlobal global;
  RouteConfig route;
  std::vector<ReceiverConfig> receivers;
  std::vector<InhibitRuleConfig> inhibit_rules;
  std::vector<NamedTimeIntervals> time_intervals;  // of both keys
  std::vector<std::string> templates;              // patterns, resolved against the configuration's folder
  std::vector<std::string> warnings;               // "file:line:column: ..."

  const ReceiverConfig* receiver(std::string_view name) const;
  const NamedTimeIntervals* time_interval(std::string_view name) const;
};

struct AlertmanagerParseOptions {
  MatcherMode matcher_mode = MatcherMode::kFallback;
  LoadOptions load;
};

/// Thread: any. Errors are kInvalid, "file:line:column: message" with Alertmanager's wording where it has one.
Result<std::shared_ptr<const AlertmanagerConfig>> load_alertmanager_config(Fs& fs, const std::string& path,
                                                                           AlertmanagerParseOptions options = {});
Result<std::shared_ptr<const AlertmanagerConfig>> parse_alertmanager_config(std::string text, const std::string& path,
                                                                            AlertmanagerParseOptions options = {});

}  // namespace tocsin::config
