#pragma once
// A state store that keeps nothing: for tests of rules, which begin anew each time.

#include "state/store.hpp"

namespace tocsin::state {

class NullStore final : public Store {
 public:
  void save_rule_alerts(std::string, std::vector<RuleAlert>) override {}
  Result<std::vector<RuleAlert>> load_rule_alerts() override { return std::vector<RuleAlert>(); }
  void save_alerts(std::vector<KeyedAlert>) override {}
  void remove_alerts(std::vector<model::Labels>) override {}
  Result<std::vector<model::Alert>> load_alerts() override { return std::vector<model::Alert>(); }
  void save_notification(NotificationLogEntryPtr) override {}
  void remove_notifications_before(Timestamp) override {}
  Result<std::vector<NotificationLogEntry>> load_notifications() override {
    return std::vector<NotificationLogEntry>();
  }
  void save_under_way(std::uint64_t, std::vector<UnderWayNote>) override {}
  void remove_under_way(std::uint64_t) override {}
  Result<std::vector<StoredUnderWay>> load_under_way() override { return std::vector<StoredUnderWay>(); }
  void save_silence(StoredSilence) override {}
  void remove_silence(std::string) override {}
  Result<std::vector<StoredSilence>> load_silences() override { return std::vector<StoredSilence>(); }
  void flush(std::function<void(bool)> done) override { done(true); }
  StoreStats stats() override { return {}; }
  StoreHealth health() override { return {}; }
};

}  // namespace tocsin::state
