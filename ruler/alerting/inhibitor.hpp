#pragma once
// Inhibition: a firing source alert keeps target alerts quiet whose `equal` labels agree. Source: Alertmanager
// inhibit/inhibit.go.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "alerting/alert_hub.hpp"
#include "config/alertmanager_config.hpp"

namespace tocsin::alerting {

/// Thread: the loop's.
class Inhibitor {
 public:
  explicit Inhibitor(const AlertHub& hub) : hub_(&hub) {}

  /// Replaces the rules and looks through all alerts for their sources.
  void apply(const std::vector<config::InhibitRuleConfig>& rules);
  void insert(const model::AlertPtr& alert);
  void remove(const model::AlertPtr& alert);

  /// Fingerprints of the alerts that inhibit: of the first rule that does, one; empty if none. An alert that matches
  /// both sides of a rule is not inhibited by another that does.
  std::vector<std::string> inhibited_by(const model::Labels& labels, Timestamp now) const;
  std::size_t size() const { return rules_.size(); }

 private:
  struct Rule {
    config::InhibitRuleConfig config;
    std::map<std::string, std::set<std::uint64_t>> sources;  // values of the equal labels → alerts
  };
  static std::string equal_values(const Rule& rule, const model::Labels& labels);

  const AlertHub* hub_;
  std::vector<Rule> rules_;
};

}  // namespace tocsin::alerting
