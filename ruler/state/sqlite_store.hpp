#pragma once
// The embedded backend of state::Store: one SQLite file in the storage folder, one thread.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "state/store.hpp"

namespace tocsin::state {

struct SqliteOptions {
  /// Upper bound of the file; 0: none. Beyond it writes fail as on a full disk.
  std::uint64_t max_bytes = 0;
  /// First wait after a failed transaction; doubles up to 30 s. What could not be written stays queued.
  Duration retry_delay = std::chrono::seconds(1);
  /// How long a statement waits for another process' lock.
  int busy_timeout_ms = 2000;
  /// A damaged file is renamed to `PATH.corrupt-<time>` and a new one begun (told in the log): pages go on, at the
  /// price of repeating some. Without it, opening fails with kCorrupt.
  bool set_aside_corrupt = true;
};

/// Opens or creates the file, migrates its schema and starts the state thread.
/// One process at a time: the caller holds the lock of the storage folder.
/// Destruction writes what is queued (one last attempt) and joins the thread; what is lost then is told in the log.
/// Errors: kInvalid (schema newer than this program), kUnavailable (locked), kLimit, kIo, kCorrupt.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, Clock& clock, SqliteOptions options = {});

}  // namespace tocsin::state
