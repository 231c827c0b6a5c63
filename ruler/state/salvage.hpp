#pragma once
// What can still be read of a damaged store.

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

}  // namespace tocsin::state
