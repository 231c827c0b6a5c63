#include "ctl/routes.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

#include <fmt/ranges.h>

#include "alerting/route.hpp"
#include "base/fs.hpp"
#include "base/strings.hpp"
#include "config/alertmanager_config.hpp"

namespace tocsin::ctl {
namespace {

using config::RouteConfig;
using ConfigPtr = std::shared_ptr<const config::AlertmanagerConfig>;

Result<ConfigPtr> load(const RoutesArgs& args) {
  if (!args.config_file.empty()) return config::load_alertmanager_config(posix_fs(), args.config_file);
  TOCSIN_TRY(const boost::json::value status, call_api(args.api, "GET", "/status"));
  const boost::json::value* config = status.is_object() ? status.as_object().if_contains("config") : nullptr;
  const std::string text = config == nullptr ? std::string() : text_of(*config, "original");
  if (text.empty()) return fail(Errc::kNotFound, "{} has no routes", args.api.url);
  return config::parse_alertmanager_config(text, args.api.url);
}

/// One line of a tree, and what hangs below it.
struct Branch {
  std::string text;
  std::vector<Branch> below;
};

void print(const std::vector<Branch>& branches, const std::string& indent) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const bool last = i + 1 == branches.size();
    fmt::print("{}{} {}\n", indent, last ? "└──" : "├──", branches[i].text);
    print(branches[i].below, indent + (last ? "    " : "│   "));
  }
}

std::string name_of(const RouteConfig& config, bool root) {
  return root ? "default-route" : config::matchers_text(config.matchers);
}

Branch whole_branch(const RouteConfig& config, const alerting::Route& route, bool root) {
  Branch out;
  out.text = fmt::format("{}{}  receiver: {}", name_of(config, root),
                         config.continue_matching ? "  continue: true" : "", route.options().receiver);
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    out.below.push_back(whole_branch(config.routes[i], *route.children()[i], false));
  }
  return out;
}

/// Only what leads to a route that takes the alert.
Branch taken_branch(const RouteConfig& config, const alerting::Route& route,
                    const std::vector<const alerting::Route*>& taken, bool root) {
  Branch out;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    Branch child = taken_branch(config.routes[i], *route.children()[i], taken, false);
    if (!child.text.empty()) out.below.push_back(std::move(child));
  }
  const bool takes = std::ranges::find(taken, &route) != taken.end();
  if (!takes && out.below.empty()) return {};
  out.text = name_of(config, root) + (takes ? "  receiver: " + route.options().receiver : "");
  return out;
}

Result<model::Labels> read_labels(const std::vector<std::string>& args) {
  model::LabelsBuilder labels;
  TOCSIN_TRY(const auto matchers, read_matchers(args));
  for (const model::Matcher& matcher : matchers) {
    if (matcher.op() != model::MatchOp::kEqual) {
      return fail(Errc::kInvalid, "labels must be specified with an = operator, not {}", matchers_line({matcher}));
    }
    labels.set(matcher.name(), matcher.value());
  }
  return labels.build();
}

Result<int> test(const RoutesArgs& args) {
  TOCSIN_TRY(const ConfigPtr config, load(args));
  TOCSIN_TRY(const model::Labels labels, read_labels(args.labels));
  const alerting::RoutePtr tree = alerting::make_route_tree(config->route);
  std::vector<const alerting::Route*> taken;
  tree->match(labels, taken);
  if (args.tree) {
    fmt::print("Matching routes:\n.\n");
    print({taken_branch(config->route, *tree, taken, true)}, "");
    fmt::print("\n\n");
  }
  std::vector<std::string> receivers;
  for (const alerting::Route* route : taken) receivers.push_back(route->options().receiver);
  const std::string found = fmt::format("{}", fmt::join(receivers, ","));
  fmt::print("{}\n", found);
  if (args.verify_receivers.empty() || args.verify_receivers == found) return 0;
  fmt::print("WARNING: Expected receivers did not match resolved receivers.\n");
  return 1;
}

}  // namespace

int routes_show(const RoutesArgs& args) {
  const auto config = load(args);
  if (!config) return complain(config.error());
  fmt::print("Routing tree:\n.\n");
  print({whole_branch((*config)->route, *alerting::make_route_tree((*config)->route), true)}, "");
  fmt::print("\n");
  return 0;
}

int routes_test(const RoutesArgs& args) {
  const auto status = test(args);
  return status ? *status : complain(status.error());
}

}  // namespace tocsin::ctl
