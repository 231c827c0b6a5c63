#pragma once
// A state store that keeps nothing: tests begin anew each time.

#include "state/store.hpp"

namespace tocsin::ruletest {

class NullState final : public state::Store {
 public:
  void save_rule_alerts(std::string, std::vector<state::RuleAlert>) override {}
  Result<std::vector<state::RuleAlert>> load_rule_alerts() override { return std::vector<state::RuleAlert>(); }
  void save_alerts(std::vector<model::AlertPtr>) override {}
  void remove_alerts(std::vector<model::Labels>) override {}
  Result<std::vector<model::Alert>> load_alerts() override { return std::vector<model::Alert>(); }
  void save_notification(state::NotificationLogEntry) override {}
  void remove_notifications_before(Timestamp) override {}
  Result<std::vector<state::NotificationLogEntry>> load_notifications() override {
    return std::vector<state::NotificationLogEntry>();
  }
  void save_silence(state::StoredSilence) override {}
  void remove_silence(std::string) override {}
  Result<std::vector<state::StoredSilence>> load_silences() override { return std::vector<state::StoredSilence>(); }
  void flush(std::function<void(bool)> done) override { done(true); }
  state::StoreStats stats() override { return {}; }
};

}  // namespace tocsin::ruletest
