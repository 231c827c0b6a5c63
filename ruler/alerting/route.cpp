#include "alerting/route.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/matcher_parser.hpp"

namespace tocsin::alerting {
namespace {

/// The parent's labels with the child's over them.
void merge_labels(std::vector<std::pair<std::string, std::string>>& into,
                  const std::vector<std::pair<std::string, std::string>>& labels) {
  for (const auto& [name, value] : labels) {
    const auto same = [&name](const auto& other) { return other.first == name; };
    if (const auto found = std::find_if(into.begin(), into.end(), same); found != into.end()) {
      found->second = value;
    } else {
      into.emplace_back(name, value);
    }
  }
  std::sort(into.begin(), into.end());
}

RouteOptions inherit(const config::RouteConfig& config, const Route* parent) {
  RouteOptions options = parent != nullptr ? parent->options() : RouteOptions{};
  if (!config.receiver.empty()) options.receiver = config.receiver;
  if (config.group_by) {
    options.group_by = *config.group_by;
    options.group_by_all = false;
  } else if (config.group_by_all) {
    options.group_by_all = true;
  }
  options.group_wait = config.group_wait.value_or(options.group_wait);
  options.group_interval = config.group_interval.value_or(options.group_interval);
  options.repeat_interval = config.repeat_interval.value_or(options.repeat_interval);
  options.mute_time_intervals = config.mute_time_intervals;
  options.active_time_intervals = config.active_time_intervals;
  merge_labels(options.labels, config.labels);
  return options;
}

}  // namespace

Route::Route(const config::RouteConfig& config, const Route* parent, std::size_t position)
    : options_(inherit(config, parent)), matchers_(config.matchers), continue_(config.continue_matching) {
  const std::string own = config::matchers_text(matchers_);
  key_ = parent != nullptr ? parent->key() + "/" + own : own;
  id_ = parent != nullptr ? fmt::format("{}/{}/{}", parent->id(), own, position) : own;
  for (const config::RouteConfig& child : config.routes) {
    children_.push_back(std::make_unique<Route>(child, this, children_.size()));
  }
}

bool Route::match(const model::Labels& labels, std::vector<const Route*>& out) const {
  if (!model::match_all(matchers_, labels)) return false;
  const std::size_t before = out.size();
  for (const auto& child : children_) {
    if (child->match(labels, out) && !child->continue_) break;
  }
  if (out.size() == before) out.push_back(this);
  return true;
}

model::Labels Route::group_labels(const model::Labels& alert) const {
  return options_.group_by_all ? alert : alert.keep(options_.group_by);
}

RoutePtr make_route_tree(const config::RouteConfig& root) {
  return std::make_shared<const Route>(root, nullptr, 0);
}

}  // namespace tocsin::alerting
