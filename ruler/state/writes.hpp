#pragma once
// Writes as values, and the queue in which a newer write of the same thing replaces an older one. So the queue is no
// longer than twice the state itself, however long the disk is full.

#include <cstdint>
#include <functional>
#include <string>
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
  std::uint64_t fingerprint = 0;
};
struct RemoveAlert {
  std::uint64_t fingerprint = 0;
};
struct SaveNotification {
  NotificationLogEntryPtr entry;
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

/// Two writes of which the later one says all that matters.
bool same_thing(const Write& a, const Write& b);

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
  /// Takes those out that a later one replaces. push() does so now and then, when the queue has grown long.
  void compact();
  std::size_t size() const { return writes_.size(); }
  bool empty() const { return writes_.empty() && !has_waiting(); }
  bool has_waiting() const { return !waiting_.empty() || !waiting_synced_.empty(); }
  bool has_waiting_synced() const { return !waiting_synced_.empty(); }
  const std::vector<Write>& writes() const { return writes_; }
  std::vector<Done> take_waiting() { return std::exchange(waiting_, {}); }
  std::vector<Done> take_waiting_synced() { return std::exchange(waiting_synced_, {}); }

 private:
  static constexpr std::size_t kLong = 4096;
  std::vector<Write> writes_;  // in order
  std::size_t compact_at_ = kLong;
  std::vector<Done> waiting_, waiting_synced_;
};

}  // namespace tocsin::state
