#pragma once
// Values to rows. Where the row of each alert and of each entry of the notification log stands is remembered here:
// their tables have no index to find them by, of which a burst would write all pages again and again.

#include <cstdint>
#include <span>
#include <unordered_map>

#include "base/result.hpp"
#include "state/database.hpp"
#include "state/notification_key.hpp"
#include "state/writes.hpp"

namespace tocsin::state {

/// The only one that writes to the database. Thread: the database's. Must not outlive it, nor see it move.
class RowWriter {
 public:
  explicit RowWriter(Database& database) : statements_(database) {}

  /// One transaction: all of it, or nothing.
  Result<void> write_all(std::span<const Write> writes);

 private:
  struct Apply;
  struct EntryRow {
    NotificationLogEntryPtr entry;
    std::int64_t id = 0;
    friend NotificationKey key_of(const EntryRow& row) { return key_of(row.entry); }
  };

  Result<void> run(std::string_view sql);
  /// Reads which rows there are, once, and again after a transaction that failed.
  Result<void> learn();
  Result<void> learn_alerts();
  Result<void> learn_notifications();

  Statements statements_;
  bool learned_ = false;
  std::unordered_map<std::uint64_t, std::int64_t> alerts_;  // rows by fingerprint
  NotificationSet<EntryRow> notifications_;
  std::int64_t last_alert_ = 0, last_notification_ = 0;
};

}  // namespace tocsin::state
