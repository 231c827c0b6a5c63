#pragma once
// What can be read of a damaged store, or of one of before.

#include <cstddef>
#include <string>

#include "state/database.hpp"

namespace tocsin::state {

struct Salvage {
  std::size_t rows = 0;
  bool incomplete = false;  // some rows could not be read, made no sense, or could not be written
};

/// Copies what can be read of the damaged file, table by table, into a new store. Never fails: what cannot be read is
/// lost, and told in the log.
Salvage salvage_into(Database& fresh, const std::string& damaged_path);

/// Moves what is in the tables of before there were packs to where it is now. Rows that make no sense are left out, and
/// told in the log; a damaged file is an error.
Result<void> move_old_rows(Database& database);

}  // namespace tocsin::state
