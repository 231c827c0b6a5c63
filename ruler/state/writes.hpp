#pragma once
// Writes as values, and the queue in which a newer write of the same thing replaces an older one. So the queue is no
// longer than the state itself, however long the disk is full.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "state/store.hpp"

namespace tocsin::state {

struct SaveRuleAlerts {
  std::string rule_key;
  std::vector<RuleAlert> alerts;
};
struct SaveAlert {
  model::AlertPtr alert;
};
struct RemoveAlert {
  std::uint64_t fingerprint = 0;
};
struct SaveNotification {
  NotificationLogEntry entry;
};
struct RemoveNotifications {
  Timestamp expires_before = 0;
};
struct SaveSilence {
  StoredSilence silence;
};
struct RemoveSilence {
  std::string id;
};
struct SaveUnderWay {
  std::uint64_t batch = 0;
  std::vector<UnderWayNote> notes;
};
struct RemoveUnderWay {
  std::uint64_t batch = 0;
};
using Write = std::variant<SaveRuleAlerts, SaveAlert, RemoveAlert, SaveNotification, RemoveNotifications, SaveSilence,
                           RemoveSilence, SaveUnderWay, RemoveUnderWay>;

/// What the write is about: two writes with equal keys leave what the later one says.
std::string write_key(const Write& write);

/// Writes in order and who waits for them. Thread: one at a time.
class WriteQueue {
 public:
  void push(Write write);
  using Done = std::function<void(bool)>;
  void wait(Done done) { waiting_.push_back(std::move(done)); }
  /// Waits until it is on disk for sure.
  void wait_synced(Done done) { waiting_synced_.push_back(std::move(done)); }
  /// Puts an older queue, whose writes failed, in front of this one.
  void put_back(WriteQueue older);
  std::size_t size() const { return writes_.size(); }
  bool empty() const { return writes_.empty() && !has_waiting(); }
  bool has_waiting() const { return !waiting_.empty() || !waiting_synced_.empty(); }
  bool has_waiting_synced() const { return !waiting_synced_.empty(); }
  const std::map<std::uint64_t, Write>& writes() const { return writes_; }
  std::vector<Done> take_waiting() { return std::exchange(waiting_, {}); }
  std::vector<Done> take_waiting_synced() { return std::exchange(waiting_synced_, {}); }

 private:
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Write> writes_;  // by order
  std::unordered_map<std::string, std::uint64_t> by_key_;
  std::vector<Done> waiting_, waiting_synced_;
};

}  // namespace tocsin::state
