#include "state/writes.hpp"

#include <fmt/format.h>

namespace tocsin::state {
namespace {

/// Short enough to need no memory of its own.
std::string alert_key(std::uint64_t fingerprint) {
  std::string out = "a";
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(fingerprint >> shift & 0xffU);
  return out;
}

struct KeyOf {
  std::string operator()(const SaveRuleAlerts& w) const { return "rule " + w.rule_key; }
  std::string operator()(const SaveAlert& w) const { return alert_key(w.alert->labels.fingerprint()); }
  std::string operator()(const RemoveAlert& w) const { return alert_key(w.fingerprint); }
  std::string operator()(const SaveNotification& w) const {
    const NotificationLogEntry& e = w.entry;
    // Lengths keep names with spaces apart.
    std::string out = "notification ";
    out.reserve(64 + e.receiver.size() + e.integration.size() + e.group_key.size());
    for (const std::size_t number : {std::size_t{e.index}, e.receiver.size(), e.integration.size()}) {
      out.append(std::to_string(number)).push_back(' ');
    }
    return out.append(e.receiver).append(" ").append(e.integration).append(" ").append(e.group_key);
  }
  std::string operator()(const RemoveNotifications&) const { return "expired notifications"; }
  std::string operator()(const SaveSilence& w) const { return "silence " + w.silence.id; }
  std::string operator()(const RemoveSilence& w) const { return "silence " + w.id; }
  std::string operator()(const SaveUnderWay& w) const { return fmt::format("under way {}", w.batch); }
  std::string operator()(const RemoveUnderWay& w) const { return fmt::format("under way {}", w.batch); }
};

}  // namespace

std::string write_key(const Write& write) {
  return std::visit(KeyOf{}, write);
}

void WriteQueue::push(Write write) {
  const std::uint64_t order = ++last_;
  if (const auto [known, fresh] = by_key_.try_emplace(write_key(write), order); !fresh) {
    const auto older = writes_.find(known->second);
    // A batch that never got to the disk leaves nothing to remove: however long the disk is full, nothing piles up.
    if (std::holds_alternative<RemoveUnderWay>(write) && std::holds_alternative<SaveUnderWay>(older->second)) {
      writes_.erase(older);
      by_key_.erase(known);
      return;
    }
    writes_.erase(older);
    known->second = order;
  }
  writes_.emplace(order, std::move(write));
}

void WriteQueue::put_back(WriteQueue older) {
  for (auto& [order, write] : writes_) older.push(std::move(write));
  for (Done& done : waiting_) older.waiting_.push_back(std::move(done));
  for (Done& done : waiting_synced_) older.waiting_synced_.push_back(std::move(done));
  *this = std::move(older);
}

}  // namespace tocsin::state
