#include "state/history.hpp"

#include <algorithm>
#include <array>

namespace tocsin::state {
namespace {

constexpr std::array<std::string_view, kLastHistoryKind> kNames = {
    "alert_firing",       "alert_changed",          "alert_resolved",         "alert_suppressed",
    "alert_unsuppressed", "notification_attempted", "notification_delivered", "notification_failed",
    "silence_created",    "silence_changed",        "silence_expired"};

}  // namespace

std::string_view history_kind_text(HistoryKind kind) {
  const auto number = static_cast<std::size_t>(kind);
  return number >= 1 && number <= kNames.size() ? kNames[number - 1] : "unknown";
}

std::optional<HistoryKind> parse_history_kind(std::string_view text) {
  const auto found = std::ranges::find(kNames, text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<HistoryKind>(found - kNames.begin() + 1);
}

HistoryEvent AlertTurn::event() const {
  HistoryEvent out;
  out.at = at;
  out.kind = kind;
  out.labels = alert->labels;
  out.annotations = alert->annotations;
  out.starts_at = alert->starts_at;
  return out;
}

void History::record_notification(HistoryEvent event, std::vector<ToldAlert> alerts) {
  for (const ToldAlert& one : alerts) event.alerts.push_back({one.alert->labels, one.resolved});
  record(std::move(event));
}

}  // namespace tocsin::state
