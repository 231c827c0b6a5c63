#include "state/writes.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "state/notification_key.hpp"

namespace tocsin::state {
namespace {

/// What writes may be about.
enum class Thing : std::uint8_t { kRule, kAlert, kNotification, kExpired, kSilence, kUnderWay };

/// The kind of thing and a hash of which one it is.
struct KeyOf {
  using Key = std::pair<Thing, std::uint64_t>;
  Key operator()(const SaveRuleAlerts& w) const { return {Thing::kRule, xxhash64(w.rule_key)}; }
  Key operator()(const SaveAlert& w) const { return {Thing::kAlert, w.fingerprint}; }
  Key operator()(const RemoveAlert& w) const { return {Thing::kAlert, w.fingerprint}; }
  Key operator()(const SaveNotification& w) const { return {Thing::kNotification, NotificationHash()(w.entry)}; }
  Key operator()(const RemoveNotifications&) const { return {Thing::kExpired, 0}; }
  Key operator()(const SaveSilence& w) const { return {Thing::kSilence, xxhash64(w.silence.id)}; }
  Key operator()(const RemoveSilence& w) const { return {Thing::kSilence, xxhash64(w.id)}; }
  Key operator()(const SaveUnderWay& w) const { return {Thing::kUnderWay, w.batch}; }
  Key operator()(const RemoveUnderWay& w) const { return {Thing::kUnderWay, w.batch}; }
};

const std::string& silence_id(const Write& write) {
  const auto* save = std::get_if<SaveSilence>(&write);
  return save != nullptr ? save->silence.id : std::get<RemoveSilence>(write).id;
}

/// A write at its place in the queue.
struct Placed {
  KeyOf::Key key;
  std::size_t at = 0;
  auto operator<=>(const Placed&) const = default;
};

/// A batch that never got to the disk leaves nothing to remove: however long the disk is full, nothing piles up.
bool cancels(const Write& later, const Write& earlier) {
  return std::holds_alternative<RemoveUnderWay>(later) && std::holds_alternative<SaveUnderWay>(earlier);
}

}  // namespace

bool same_thing(const Write& a, const Write& b) {
  const KeyOf::Key key = std::visit(KeyOf{}, a);
  if (key != std::visit(KeyOf{}, b)) return false;
  switch (key.first) {
    case Thing::kRule:
      return std::get<SaveRuleAlerts>(a).rule_key == std::get<SaveRuleAlerts>(b).rule_key;
    case Thing::kNotification:
      return key_of(std::get<SaveNotification>(a).entry) == key_of(std::get<SaveNotification>(b).entry);
    case Thing::kSilence:
      return silence_id(a) == silence_id(b);
    default:
      return true;  // the number says it all
  }
}

void WriteQueue::push(Write write) {
  writes_.push_back(std::move(write));
  if (writes_.size() < compact_at_) return;
  compact();
  compact_at_ = std::max(kLong, 2 * writes_.size());
}

void WriteQueue::compact() {
  if (writes_.size() < 2) return;
  std::vector<Placed> order;
  order.reserve(writes_.size());
  for (const Write& write : writes_) order.push_back({std::visit(KeyOf{}, write), order.size()});
  std::ranges::sort(order);
  std::vector<bool> gone;
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::size_t earlier = order[i - 1].at, later = order[i].at;
    if (order[i - 1].key != order[i].key || !same_thing(writes_[earlier], writes_[later])) continue;
    gone.resize(writes_.size());
    gone[earlier] = true;
    if (cancels(writes_[later], writes_[earlier])) gone[later] = true;
  }
  if (gone.empty()) return;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < writes_.size(); ++at) {
    if (gone[at]) continue;
    if (kept != at) writes_[kept] = std::move(writes_[at]);
    ++kept;
  }
  writes_.erase(writes_.begin() + static_cast<std::ptrdiff_t>(kept), writes_.end());
}

void WriteQueue::put_back(WriteQueue older) {
  for (Write& write : writes_) older.writes_.push_back(std::move(write));
  older.compact();
  older.compact_at_ = std::max(kLong, 2 * older.writes_.size());
  for (Done& done : waiting_) older.waiting_.push_back(std::move(done));
  for (Done& done : waiting_synced_) older.waiting_synced_.push_back(std::move(done));
  *this = std::move(older);
}

}  // namespace tocsin::state
