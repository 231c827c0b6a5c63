#include "alerting/inhibitor.hpp"

#include "alerting/identity.hpp"

namespace tocsin::alerting {

std::string Inhibitor::equal_values(const Rule& rule, const model::Labels& labels) {
  std::string key;
  for (const std::string& name : rule.config.equal) {
    const std::string_view value = labels.get(name);
    key += std::to_string(value.size());
    key += ':';
    key += value;
  }
  return key;
}

void Inhibitor::apply(const std::vector<config::InhibitRuleConfig>& rules) {
  rules_.clear();
  for (const config::InhibitRuleConfig& rule : rules) rules_.push_back({rule, {}});
  if (rules_.empty()) return;
  for (const model::AlertPtr& alert : hub_->all()) insert(alert);
}

void Inhibitor::insert(const model::AlertPtr& alert) {
  for (Rule& rule : rules_) {
    if (!model::match_all(rule.config.source, alert->labels)) continue;
    rule.sources[equal_values(rule, alert->labels)].insert(alert->labels.fingerprint());
  }
}

void Inhibitor::remove(const model::AlertPtr& alert) {
  for (Rule& rule : rules_) {
    const auto found = rule.sources.find(equal_values(rule, alert->labels));
    if (found == rule.sources.end()) continue;
    found->second.erase(alert->labels.fingerprint());
    if (found->second.empty()) rule.sources.erase(found);
  }
}

std::vector<std::string> Inhibitor::inhibited_by(const model::Labels& labels, Timestamp now) const {
  for (const Rule& rule : rules_) {
    if (!model::match_all(rule.config.target, labels)) continue;
    const auto found = rule.sources.find(equal_values(rule, labels));
    if (found == rule.sources.end()) continue;
    const bool two_sided = model::match_all(rule.config.source, labels);
    for (const std::uint64_t fingerprint : found->second) {
      const model::AlertPtr source = hub_->find(fingerprint);
      if (!source || source->resolved_at(now)) continue;
      if (two_sided && model::match_all(rule.config.target, source->labels)) continue;
      return {fingerprint_text(fingerprint)};
    }
  }
  return {};
}

}  // namespace tocsin::alerting
