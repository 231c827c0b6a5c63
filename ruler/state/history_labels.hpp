#pragma once
// The label sets of the history: each is stored once, or a few times, and events have its id.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/result.hpp"
#include "model/labels.hpp"
#include "state/database.hpp"

namespace tocsin::state {

/// Thread: the database's. Must not outlive it, nor see it move.
class HistoryLabels {
 public:
  explicit HistoryLabels(Database& database) : statements_(database) {}

  /// Reads which label sets there are, at the beginning and when others have written.
  Result<void> learn();
  /// Within a transaction, at the end of which write() must be called.
  /// @param day  of its use.
  /// @return its id.
  Result<std::int64_t> keep(const model::Labels& labels, std::int64_t day);
  Result<void> write();
  /// After a transaction that failed: some of what was kept is gone again.
  void forget() { stale_ = true; }

  /// Null if the file does not have them (any more).
  Result<std::optional<model::Labels>> find(std::int64_t id);
  /// Removes about `limit` label sets that were used last before that day. @return how many.
  Result<std::size_t> remove_before(std::int64_t day, std::size_t limit);

 private:
  /// A label set that is in the file. All are forgotten beyond a bound; then some are stored twice. `last_day` is that
  /// of a row of its own; those of packs have their pack's.
  struct Known {
    std::int64_t id = 0, last_day = 0;
  };
  struct Pack {
    std::int64_t sets = 0, last_day = 0;
  };

  Result<void> learn_packs();
  Result<void> learn_rows();
  Result<void> touch(Known& known, const model::Labels& labels, std::int64_t day);
  /// The pack that has that id, or the end.
  std::map<std::int64_t, Pack>::iterator pack_of(std::int64_t id);
  Result<std::size_t> remove_packs_before(std::int64_t day, std::size_t limit);

  Statements statements_;
  bool stale_ = true;
  boost::unordered_flat_map<std::uint64_t, Known> known_;  // by XXH64
  std::map<std::int64_t, Pack> packs_;                     // by their first id
  std::int64_t last_id_ = 0;
  std::string fresh_;  // the pack in the making
  std::int64_t fresh_first_ = 0;
  std::int64_t fresh_day_ = 0;
  // The pack that was read last: searches meet label sets in the order in which they came.
  std::int64_t read_first_ = 0;
  std::string read_;
  std::vector<std::string_view> read_sets_;
};

}  // namespace tocsin::state
