#pragma once
// The file of the history: events to rows and back, searches, deletion.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "state/database.hpp"
#include "state/history.hpp"

namespace tocsin::state {

/// A notification, its alerts as routing has them.
struct ToldEvent {
  HistoryEvent event;
  std::vector<ToldAlert> alerts;
};
/// An event on its way to the file. Most are turns of alerts: they are small.
using HistoryRecord = std::variant<AlertTurn, std::unique_ptr<const ToldEvent>>;

/// Thread: one at a time. After an error of kind kCorrupt the file is of no more use.
class HistoryFile {
 public:
  /// Opens or creates the file, checks it and migrates its schema. Errors as Database's, and kInvalid for a schema
  /// newer than this program.
  static Result<std::unique_ptr<HistoryFile>> open(const std::string& path, Timestamp now);

  /// Appends all events, or none.
  Result<void> append(const std::vector<HistoryRecord>& events);
  /// Newest first. Ends early, with a cursor, when `out_of_time` says so: it is asked now and then.
  Result<HistoryPage> search(const HistoryQuery& query, const std::function<bool()>& out_of_time);

  /// Removes at most `limit` of the oldest events, those before `t` only. @return how many.
  Result<std::size_t> remove_before(Timestamp t, std::size_t limit);
  /// Removes at most `limit` label sets that were used last before `t`.
  Result<std::size_t> remove_label_sets_before(Timestamp t, std::size_t limit);
  /// Copies a long log into the file.
  void checkpoint();
  /// Bytes in use: pages that wait to be filled again do not count.
  Result<std::uint64_t> bytes();

  /// Appends what can be read of a damaged file, from its first and from its last rows on. @return how many events.
  Result<std::size_t> salvage(const std::string& damaged_path);

 private:
  class Search;
  explicit HistoryFile(Database database) : database_(std::move(database)) {}
  Result<void> prepare();
  Result<std::int64_t> next_id(Timestamp at);
  Result<void> append_turn(const AlertTurn& turn);
  Result<void> append_event(const ToldEvent& told);
  /// Which alerts a notification told, as the column has it.
  Result<std::string> told_alerts(const ToldEvent& told, std::int64_t day);
  /// Reads which label sets there are.
  Result<void> learn_labels();
  /// Stores the label set unless it is known to be there. @return its id.
  Result<std::int64_t> keep(const model::Labels& labels, std::int64_t day);
  Result<std::int64_t> pragma(const char* name);

  Database database_;
  std::optional<Statement> add_turn_, add_event_, add_labels_, touch_labels_, find_labels_;
  std::int64_t last_id_ = 0;
  /// A label set that is in the file.
  struct Known {
    std::int64_t id = 0, last_day = 0;
  };
  /// By XXH64. All are forgotten beyond a bound, and after a transaction that failed; then some are stored twice.
  std::unordered_map<std::uint64_t, Known> known_;
  std::int64_t last_labels_id_ = 0;
};

}  // namespace tocsin::state
