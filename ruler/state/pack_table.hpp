#pragma once
// A table of packs, and which of its rows has which record.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/result.hpp"
#include "state/database.hpp"
#include "state/pack.hpp"

namespace tocsin::state {

/// Records by id, each in one row. New ones come behind all others, some tens in a row; one that is known stays in its
/// row, which is written again. Changes are gathered and written together. Thread: the database's.
class PackTable {
 public:
  /// @param name  a literal; columns id, records.
  PackTable(Statements& statements, std::string_view name);

  /// Reads which records there are. `record` is told of each, in order, and says whether it makes sense. What does not
  /// is removed; of two with one id the later one counts, and the earlier one is removed.
  Result<void> learn(const std::function<bool(const PackRecord&)>& record);
  void put(std::uint64_t id, std::string_view payload);
  void remove(std::uint64_t id);
  /// Carries out what was put and removed since. After an error: learn() again, behind a rollback.
  Result<void> write();

 private:
  /// Where a record is: its row (0: not written yet), and 1 + the place in changes_, or 0.
  struct Place {
    std::int64_t row = 0;
    std::size_t change = 0;
  };
  struct Change {
    std::uint64_t id = 0;
    std::int64_t row = 0;
    std::size_t begin = 0, size = 0;  // in bytes_; no bytes: removed
  };
  struct Sql {
    std::string select, insert, update, remove;
  };

  Result<Statement*> get(const std::string& sql) { return statements_->get(sql); }
  void change(std::uint64_t id, Place& place, std::size_t begin, std::size_t size);
  std::string_view bytes_of(const Change& change) const {
    return std::string_view(bytes_).substr(change.begin, change.size);
  }
  /// The row with changes, which are [first, last) of changes_.
  Result<void> rewrite(std::size_t first, std::size_t last);
  /// Without records it goes.
  Result<void> save_row(std::int64_t row, const std::string& pack);
  Result<void> insert(const std::vector<Change>& fresh);
  Result<void> insert_row(const std::string& pack, const std::vector<std::uint64_t>& ids);

  Statements* statements_;
  const std::string name_;
  const Sql sql_;  // Statements has views of them
  boost::unordered_flat_map<std::uint64_t, Place> places_;
  std::int64_t last_row_ = 0;
  std::string bytes_;  // of the changes
  std::vector<Change> changes_;
};

}  // namespace tocsin::state
