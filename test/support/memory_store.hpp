#pragma once
// The twin of the SQLite store: everything in memory, at once. What a test puts in is there after the tested part is
// dropped and made again, as after a crash.

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "state/store.hpp"

namespace tocsin::test {

/// Thread: one.
class MemoryStore : public state::Store {
 public:
  void save_rule_alerts(std::string rule_key, std::vector<state::RuleAlert> alerts) override {
    ++stats_.writes;
    if (alerts.empty()) {
      rule_alerts_.erase(rule_key);
    } else {
      rule_alerts_[std::move(rule_key)] = std::move(alerts);
    }
  }
  Result<std::vector<state::RuleAlert>> load_rule_alerts() override {
    std::vector<state::RuleAlert> out;
    for (const auto& [key, alerts] : rule_alerts_) out.insert(out.end(), alerts.begin(), alerts.end());
    return out;
  }

  void save_alerts(std::vector<state::KeyedAlert> alerts) override {
    for (const state::KeyedAlert& one : alerts) {
      ++stats_.writes;
      alerts_.insert_or_assign(one.fingerprint, *one.alert);
    }
  }
  void remove_alerts(std::vector<model::Labels> labels) override {
    for (const model::Labels& one : labels) alerts_.erase(one.fingerprint());
  }
  Result<std::vector<model::Alert>> load_alerts() override {
    std::vector<model::Alert> out;
    for (const auto& [fingerprint, alert] : alerts_) out.push_back(alert);
    return out;
  }

  void save_notification(state::NotificationLogEntryPtr entry) override {
    ++stats_.writes;
    auto key = std::make_tuple(entry->group_key, entry->receiver, entry->integration, entry->index);
    notifications_.insert_or_assign(std::move(key), *entry);
  }
  void remove_notifications_before(Timestamp expires_at) override {
    std::erase_if(notifications_, [expires_at](const auto& n) { return n.second.expires_at < expires_at; });
  }
  Result<std::vector<state::NotificationLogEntry>> load_notifications() override {
    std::vector<state::NotificationLogEntry> out;
    for (const auto& [key, entry] : notifications_) out.push_back(entry);
    return out;
  }

  void save_under_way(std::uint64_t batch, std::vector<state::UnderWayNote> notes) override {
    ++stats_.writes;
    under_way_[batch] = std::move(notes);
  }
  void remove_under_way(std::uint64_t batch) override { under_way_.erase(batch); }
  Result<std::vector<state::StoredUnderWay>> load_under_way() override {
    std::vector<state::StoredUnderWay> out;
    for (const auto& [batch, notes] : under_way_) {
      for (const state::UnderWayNote& note : notes) out.push_back({batch, note});
    }
    return out;
  }

  void save_silence(state::StoredSilence silence) override {
    ++stats_.writes;
    std::string id = silence.id;
    silences_.insert_or_assign(std::move(id), std::move(silence));
  }
  void remove_silence(std::string id) override { silences_.erase(id); }
  Result<std::vector<state::StoredSilence>> load_silences() override {
    std::vector<state::StoredSilence> out;
    for (const auto& [id, silence] : silences_) out.push_back(silence);
    return out;
  }

  void flush(std::function<void(bool)> done) override { done(true); }
  state::StoreStats stats() override { return stats_; }
  state::StoreHealth health() override { return {}; }

 private:
  std::map<std::string, std::vector<state::RuleAlert>> rule_alerts_;
  std::map<std::uint64_t, model::Alert> alerts_;
  std::map<std::tuple<std::string, std::string, std::string, std::uint32_t>, state::NotificationLogEntry>
      notifications_;
  std::map<std::uint64_t, std::vector<state::UnderWayNote>> under_way_;
  std::map<std::string, state::StoredSilence> silences_;
  state::StoreStats stats_;
};

}  // namespace tocsin::test
