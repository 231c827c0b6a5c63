#pragma once
// Rows to values; row_writer.hpp is the way back. What is read is checked: a row that makes no sense is an error of
// kind kCorrupt, never a value.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "state/database.hpp"
#include "state/store.hpp"

namespace tocsin::state {

/// What became of reading a table.
struct Reading {
  /// In: go on where the file is damaged. What can be reached from the first and from the last row is read; without
  /// it, damage is an error.
  bool salvage = false;
  std::uint64_t bad = 0;    // out: rows that made no sense
  bool incomplete = false;  // out: some could not be reached
};

/// All rows of a table. Rows that make no sense are left out, counted and told in the log, once per table.
Result<std::vector<RuleAlert>> read_rule_alerts(Database& database, Reading& reading);
Result<std::vector<model::Alert>> read_alerts(Database& database, Reading& reading);
Result<std::vector<NotificationLogEntry>> read_notifications(Database& database, Reading& reading);
Result<std::vector<StoredUnderWay>> read_under_way(Database& database, Reading& reading);
Result<std::vector<StoredSilence>> read_silences(Database& database, Reading& reading);

/// model::Labels' encoding, checked: lengths within the bytes, names ascending and not empty, values not empty.
Result<model::Labels> decode_labels(std::string_view bytes);
/// The same, but that values may be empty.
Result<model::Labels> decode_annotations(std::string_view bytes);
std::string encode_hashes(const std::vector<std::uint64_t>& hashes);
Result<std::vector<std::uint64_t>> decode_hashes(std::string_view bytes);

}  // namespace tocsin::state
