#pragma once
// The file of the history: events to rows and back, searches, deletion.

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "state/database.hpp"
#include "state/history.hpp"
#include "state/history_labels.hpp"
#include "state/history_pack.hpp"

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

  /// Removes about `limit` of the oldest events, those before `t` only. A pack goes as a whole, when all of it is
  /// before.
  /// @return how many; fewer than `limit`: there are no more.
  Result<std::size_t> remove_before(Timestamp t, std::size_t limit);
  /// Removes about `limit` label sets that were used last before `t`.
  Result<std::size_t> remove_label_sets_before(Timestamp t, std::size_t limit);
  /// Copies a long log into the file.
  void checkpoint();
  /// Bytes in use: pages that wait to be filled again do not count.
  Result<std::uint64_t> bytes();

  /// Appends what can be read of a damaged file, from its first and from its last rows on. @return how many events.
  Result<std::size_t> salvage(const std::string& damaged_path);

 private:
  explicit HistoryFile(Database database) : database_(std::move(database)) {}
  Result<void> prepare();
  /// The greatest id of an event of that millisecond, in rows and packs; 0: there is none.
  Result<std::int64_t> last_id_of(Timestamp at);
  /// Gives the event its id and its place.
  Result<void> add(Timestamp at, StoredEvent event);
  Result<void> write_pack();
  Result<void> append_all(const std::vector<HistoryRecord>& events);
  Result<void> append_turn(const AlertTurn& turn);
  Result<void> append_event(const ToldEvent& told);
  /// Which alerts a notification told, as the column has it.
  Result<std::string> told_alerts(const ToldEvent& told, std::int64_t day);
  /// Removes the oldest pack if all of it is before that id. @return how many events it had.
  Result<std::size_t> remove_first_pack(std::int64_t end);
  Result<std::int64_t> pragma(const char* name);

  Database database_;
  Statements statements_{database_};
  HistoryLabels labels_{database_};
  EventPack pack_;  // in the making
  std::int64_t last_id_ = 0;
};

}  // namespace tocsin::state
