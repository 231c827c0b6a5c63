#pragma once
// The rows of the history: an event as a row of its own, and events and label sets side by side in one
// (docs/format/history.md).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "state/database.hpp"
#include "state/history.hpp"

namespace tocsin::state {

/// Rows of packs are about as long: a page that is damaged costs what is on it, and no more.
inline constexpr std::size_t kHistoryPackBytes = 7800;

/// An event's id is its time × 2^20 + a number.
inline constexpr int kEventIdShift = 20;
std::int64_t first_event_id(Timestamp t);

/// The alerts of a notification: for each the id of its label set, 8 bytes, and 1 if it is resolved.
inline constexpr std::size_t kStoredAlertBytes = 9;
void append_stored_alert(std::string& out, std::int64_t label_set, bool resolved);
std::int64_t label_set_at(std::string_view alerts);

/// An event as it is stored; its texts are elsewhere. 0 and "" are what a kind does not have.
struct StoredEvent {
  std::int64_t id = 0;
  std::int64_t kind = 0;
  std::int64_t labels = 0;  // id of the label set
  std::int64_t starts_at = 0, ends_at = 0;
  std::int64_t position = 0;
  std::int64_t attempts = 0, duration_ms = 0, firing = 0, resolved = 0;
  std::string_view annotations, group_key, receiver, integration, reason, text, subject, author, comment, alerts;
};
/// Views of the row, until its statement's next step.
StoredEvent event_of_row(const Statement& row);
/// Parameters in the order of the table's columns.
void bind_event(Statement& statement, const StoredEvent& event);

/// Events in the making, ids ascending.
class EventPack {
 public:
  void add(const StoredEvent& event);
  bool takes(const StoredEvent& event) const;
  bool empty() const { return events_ == 0; }
  std::int64_t first_id() const { return first_id_; }
  std::int64_t last_id() const { return last_id_; }
  std::int64_t events() const { return events_; }
  /// The checksum comes first.
  std::string take();

 private:
  std::string bytes_;
  std::int64_t first_id_ = 0, last_id_ = 0, events_ = 0;
};
/// Views of the bytes. None if they are not as they were written.
std::vector<StoredEvent> unpack_events(std::int64_t first_id, std::string_view bytes);

/// Adds a label set's encoding to a pack; finish_label_pack() then puts the checksum in front.
void add_label_set(std::string& pack, std::string_view encoded);
std::string finish_label_pack(std::string pack);
/// Views of the bytes. None if they are not as they were written.
std::vector<std::string_view> unpack_label_sets(std::string_view bytes);

}  // namespace tocsin::state
