#pragma once
// The routing tree: which receiver an alert goes to, and how it is grouped. Source: Alertmanager dispatch/route.go.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "config/alertmanager_config.hpp"
#include "model/labels.hpp"
#include "model/matcher.hpp"

namespace tocsin::alerting {

/// What holds for the alerts of a node, inherited values filled in. Intervals are not inherited.
struct RouteOptions {
  std::string receiver;
  std::vector<std::string> group_by;
  bool group_by_all = false;
  Duration group_wait = std::chrono::seconds(30);
  Duration group_interval = std::chrono::minutes(5);
  Duration repeat_interval = std::chrono::hours(4);
  std::vector<std::string> mute_time_intervals, active_time_intervals;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by name
};

/// A node. Immutable. Thread: any.
class Route {
 public:
  Route(const config::RouteConfig& config, const Route* parent, std::size_t position);

  const RouteOptions& options() const { return options_; }
  /// Matchers of all ancestors, `{}/{job="node"}`: the first part of a group key. Siblings may share it.
  const std::string& key() const { return key_; }
  /// The key with positions, unique in the tree.
  const std::string& id() const { return id_; }
  const std::vector<std::unique_ptr<Route>>& children() const { return children_; }

  /// Appends the nodes that take an alert: depth first, left to right; a child that matches ends the search among its
  /// siblings unless it has `continue`; a node is taken itself only if no child matches.
  /// @return false if this node's matchers fail.
  bool match(const model::Labels& labels, std::vector<const Route*>& out) const;

  model::Labels group_labels(const model::Labels& alert) const;

 private:
  RouteOptions options_;
  std::vector<model::Matcher> matchers_;
  bool continue_ = false;
  std::string key_, id_;
  std::vector<std::unique_ptr<Route>> children_;
};

/// The tree is kept alive by each pointer to one of its nodes (share()).
using RoutePtr = std::shared_ptr<const Route>;
RoutePtr make_route_tree(const config::RouteConfig& root);
inline RoutePtr share(const RoutePtr& tree, const Route* node) {
  return {tree, node};
}

}  // namespace tocsin::alerting
