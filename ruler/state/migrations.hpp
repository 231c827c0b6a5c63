#pragma once
// Numbered changes of the schemas. A file [history_]migrations/NNNN_name.sql is written once and never changed
// afterwards.

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin::state {

class Database;

struct Migration {
  int version = 0;  // from 1, without gaps
  std::string_view name;
  std::string_view sql;
};

/// Those of the state store and of the history that this program knows, in order.
const std::vector<Migration>& known_migrations();
const std::vector<Migration>& history_migrations();

/// Brings the schema up to the newest known version, each step in its own transaction.
/// @return kInvalid if the store was written by a newer program.
Result<void> migrate(Database& database, const std::vector<Migration>& migrations, Timestamp now);

}  // namespace tocsin::state
