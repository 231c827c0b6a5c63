#pragma once
// Which queries were under way when the process died: queries.active, a file in the data folder that is written by
// memory and read at the next start. Source of its form: Prometheus promql/query_logger.go. Bytes:
// docs/format/queries_active.md.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin::promql {

/// {"query":"up","timestamp_sec":1600000000}: at most kActiveQueryBytes - 1 bytes. What is too long of the query is cut
/// off its end, between two characters.
std::string active_query_entry(std::string_view query, Timestamp now);
inline constexpr std::size_t kActiveQueryBytes = 1000;  // of a slot

/// The queries that a file tells of, as a JSON array; "" if there are none. Takes what is whole of a file that is
/// damaged, nothing of one that is something else.
std::string unfinished_queries(std::string_view file);

/// Invariant: a slot is all zero, or an entry, zeros and a comma; the comma is written last and taken away first, so
/// that a slot without one is nobody's. Thread: any. The clock outlives it; it outlives its entries.
class ActiveQueryLog {
 public:
  /// Logs what the last process left unfinished, then makes the file anew. `slots`: how many queries it can tell of at
  /// once; more than that are run without being told of.
  static Result<std::unique_ptr<ActiveQueryLog>> open(Fs& fs, const Clock& clock, const std::string& folder,
                                                      std::size_t slots);

  /// Tells of a query as long as it lives. `log` may be nullptr: then nobody is told.
  class Entry {
   public:
    Entry(ActiveQueryLog* log, std::string_view query);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    ActiveQueryLog* log_;
    char* slot_ = nullptr;
    std::size_t size_ = 0;
  };

 private:
  ActiveQueryLog(std::unique_ptr<SharedFile> file, const Clock& clock);
  char* take_slot();
  void give_back(char* slot);

  const std::unique_ptr<SharedFile> file_;
  const Clock& clock_;
  Mutex mutex_;
  std::vector<char*> free_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::promql
