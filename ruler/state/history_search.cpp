#include "state/history_search.hpp"

#include <algorithm>
#include <utility>

#include "state/rows.hpp"

namespace tocsin::state {
namespace {

/// How often a search asks whether its time is over.
constexpr std::size_t kLookAtTheClock = 256;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

Result<EventsBackwards> EventsBackwards::open(Database& database, std::int64_t begin, std::int64_t end) {
  TOCSIN_TRY(Statement rows,
             Statement::prepare(database, "SELECT * FROM event WHERE id >= ? AND id < ? ORDER BY id DESC"));
  TOCSIN_TRY(Statement packs,
             Statement::prepare(database, "SELECT id, packed FROM event_pack WHERE id < ? ORDER BY id DESC"));
  rows.bind(begin).bind(end);
  packs.bind(end);
  return EventsBackwards(std::move(rows), std::move(packs), begin, end);
}

Result<void> EventsBackwards::step_row() {
  TOCSIN_TRY(const bool row, rows_.step());
  row_ = row ? std::optional(event_of_row(rows_)) : std::nullopt;
  return {};
}

Result<void> EventsBackwards::fill() {
  while (pack_.empty() && !packs_ended_) {
    TOCSIN_TRY(const bool row, packs_.step());
    packs_ended_ = !row;
    if (!row) break;
    pack_ = unpack_events(packs_.integer(0), packs_.bytes(1));
    while (!pack_.empty() && pack_.back().id >= end_) pack_.pop_back();
    // Packs are one behind the other: what is before this one is older.
    if (pack_.empty() || pack_.front().id >= begin_) continue;
    packs_ended_ = true;
    std::erase_if(pack_, [this](const StoredEvent& event) { return event.id < begin_; });
  }
  return {};
}

Result<const StoredEvent*> EventsBackwards::next() {
  if (!std::exchange(started_, true) || std::exchange(row_given_, false)) TOCSIN_OK(step_row());
  TOCSIN_OK(fill());
  if (pack_.empty() || (row_ && row_->id > pack_.back().id)) {
    row_given_ = row_.has_value();
    return row_ ? &*row_ : nullptr;
  }
  given_ = pack_.back();
  pack_.pop_back();
  return &given_;
}

HistorySearch::HistorySearch(Database& database, HistoryLabels& labels, const HistoryQuery& query)
    : database_(database), file_labels_(labels), query_(query) {
  for (const char c : query.text) needle_ += lower(c);
}

Result<HistoryPage> HistorySearch::run(const std::function<bool()>& out_of_time) {
  const std::int64_t end = first_event_id(query_.to) + (std::int64_t{1} << kEventIdShift);
  TOCSIN_TRY(EventsBackwards events, EventsBackwards::open(database_, first_event_id(query_.from),
                                                           query_.before > 0 ? std::min(query_.before, end) : end));
  HistoryPage page;
  for (std::size_t seen = 1;; ++seen) {
    TOCSIN_TRY(const StoredEvent* const event, events.next());
    if (event == nullptr) return page;
    TOCSIN_TRY(const bool wanted, matches(*event));
    if (wanted) TOCSIN_OK(add(*event, page));
    if (page.events.size() == query_.limit || (seen % kLookAtTheClock == 0 && out_of_time())) {
      page.next = event->id;
      return page;
    }
  }
}

bool HistorySearch::has_needle(std::string_view text) const {
  return std::ranges::search(text, needle_, {}, lower).size() == needle_.size();
}

Result<const model::Labels*> HistorySearch::labels_of(std::int64_t id) {
  const auto [known, fresh] = labels_.try_emplace(id);
  if (fresh) {
    TOCSIN_TRY(known->second, file_labels_.find(id));
  }
  return known->second ? &*known->second : nullptr;
}

Result<bool> HistorySearch::labels_match(std::int64_t id) {
  if (const auto known = matched_.find(id); known != matched_.end()) return known->second;
  TOCSIN_TRY(const model::Labels* const labels, labels_of(id));
  const bool matched = labels != nullptr && std::ranges::any_of(query_.matchers, [&](const auto& set) {
                         return model::match_all(set, *labels);
                       });
  matched_.emplace(id, matched);
  return matched;
}

Result<bool> HistorySearch::matches(const StoredEvent& event) {
  const auto is_kind = [&event](HistoryKind kind) { return static_cast<std::int64_t>(kind) == event.kind; };
  if (!query_.kinds.empty() && !std::ranges::any_of(query_.kinds, is_kind)) return false;
  if (!query_.receiver.empty() && event.receiver != query_.receiver) return false;
  if (!query_.matchers.empty()) {
    bool matched = false;
    if (event.labels != 0) {
      TOCSIN_TRY(matched, labels_match(event.labels));
    }
    std::string_view alerts = event.alerts;
    for (; !matched && alerts.size() >= kStoredAlertBytes; alerts.remove_prefix(kStoredAlertBytes)) {
      TOCSIN_TRY(matched, labels_match(label_set_at(alerts)));
    }
    if (!matched) return false;
  }
  if (needle_.empty()) return true;
  if (has_needle(event.text) || has_needle(event.comment)) return true;
  const Result<model::Labels> annotations = decode_labels(event.annotations);
  return annotations && std::ranges::any_of(*annotations, [&](const auto& one) { return has_needle(one.value); });
}

Result<void> HistorySearch::add(const StoredEvent& stored, HistoryPage& page) {
  HistoryEvent event;
  event.at = stored.id >> kEventIdShift;
  event.kind = static_cast<HistoryKind>(std::clamp<std::int64_t>(stored.kind, 0, 255));
  if (stored.labels != 0) {
    TOCSIN_TRY(const model::Labels* const labels, labels_of(stored.labels));
    if (labels != nullptr) event.labels = *labels;
  }
  if (Result<model::Labels> annotations = decode_labels(stored.annotations))
    event.annotations = std::move(*annotations);
  event.starts_at = stored.starts_at;
  event.ends_at = stored.ends_at;
  event.group_key = stored.group_key;
  event.receiver = stored.receiver;
  event.integration = stored.integration;
  event.index = static_cast<std::uint32_t>(stored.position);
  event.reason = stored.reason;
  event.text = stored.text;
  event.id = stored.subject;
  event.author = stored.author;
  event.comment = stored.comment;
  event.attempts = static_cast<unsigned>(stored.attempts);
  event.duration = std::chrono::milliseconds(stored.duration_ms);
  std::string_view alerts = stored.alerts;
  for (; alerts.size() >= kStoredAlertBytes; alerts.remove_prefix(kStoredAlertBytes)) {
    TOCSIN_TRY(const model::Labels* const labels, labels_of(label_set_at(alerts)));
    if (labels != nullptr) event.alerts.push_back({*labels, alerts[kStoredAlertBytes - 1] != 0});
  }
  event.firing = static_cast<std::uint64_t>(stored.firing);
  event.resolved = static_cast<std::uint64_t>(stored.resolved);
  page.events.push_back(std::move(event));
  return {};
}

}  // namespace tocsin::state
