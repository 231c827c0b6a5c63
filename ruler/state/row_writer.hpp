#pragma once
// Values to rows. Where each alert and each entry of the notification log stands is remembered here: their tables have
// no index to find them by, of which a burst would write all pages again and again.

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "state/database.hpp"
#include "state/notification_key.hpp"
#include "state/pack_table.hpp"
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
  struct Entry {
    NotificationLogEntryPtr entry;
    std::uint64_t id = 0;
    friend NotificationKey key_of(const Entry& one) { return key_of(one.entry); }
  };

  Result<void> run(std::string_view sql);
  /// Reads which rows there are, once, and again after a transaction that failed.
  Result<void> learn();
  Result<void> learn_notifications();

  Statements statements_;
  bool learned_ = false;
  PackTable alerts_{statements_, "alert_pack"};  // by fingerprint
  PackTable notifications_{statements_, "notification_pack"};
  NotificationSet<Entry> known_;
  std::uint64_t last_entry_ = 0;
  std::string scratch_;
};

}  // namespace tocsin::state
