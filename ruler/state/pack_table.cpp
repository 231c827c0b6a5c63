#include "state/pack_table.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace tocsin::state {

PackTable::PackTable(Statements& statements, std::string_view name)
    : statements_(&statements),
      name_(name),
      sql_{fmt::format("SELECT records FROM {} WHERE id = ?", name),
           fmt::format("INSERT INTO {} (id, records) VALUES (?,?)", name),
           fmt::format("UPDATE {} SET records = ? WHERE id = ?", name),
           fmt::format("DELETE FROM {} WHERE id = ?", name)} {}

Result<void> PackTable::learn(const std::function<bool(const PackRecord&)>& record) {
  places_.clear();
  changes_.clear();
  bytes_.clear();
  last_row_ = 0;
  std::map<std::int64_t, std::string> repaired;  // packs without what makes no sense
  TOCSIN_TRY(Statement rows,
             Statement::prepare(statements_->database(), fmt::format("SELECT id, records FROM {} ORDER BY id", name_)));
  while (true) {
    TOCSIN_TRY(const bool row, rows.step());
    if (!row) break;
    last_row_ = rows.integer(0);
    PackReader pack(rows.bytes(1));
    std::vector<PackRecord> good;
    std::size_t dropped = 0;
    while (const auto one = pack.next()) {
      Place& place = places_[one->id];
      const std::int64_t before = record(*one) ? std::exchange(place.row, last_row_) : -1;
      if (before == last_row_)
        dropped += std::erase_if(good, [&](const PackRecord& other) { return other.id == one->id; });
      // Another row has one before: it is written again without it.
      if (before > 0 && before != last_row_) changes_.push_back({.row = before});
      if (before >= 0) good.push_back(*one);
      if (before < 0) ++dropped;
      if (place.row == 0) places_.erase(one->id);
    }
    if (dropped + pack.bad() == 0 && !good.empty()) continue;
    std::string& whole = repaired[last_row_];
    for (const PackRecord& one : good) whole += one.bytes;
  }
  for (const auto& [row, pack] : repaired) TOCSIN_OK(save_row(row, pack));
  return {};
}

Result<void> PackTable::save_row(std::int64_t row, const std::string& pack) {
  if (pack.empty()) {
    TOCSIN_TRY(Statement* const remove, get(sql_.remove));
    return remove->bind(row).run();
  }
  TOCSIN_TRY(Statement* const update, get(sql_.update));
  return update->bind_blob(pack).bind(row).run();
}

void PackTable::change(std::uint64_t id, Place& place, std::size_t begin, std::size_t size) {
  if (place.change == 0) {
    changes_.push_back({.id = id, .row = place.row});
    place.change = changes_.size();
  }
  Change& change = changes_[place.change - 1];
  change.begin = begin;
  change.size = size;
}

void PackTable::put(std::uint64_t id, std::string_view payload) {
  const std::size_t begin = bytes_.size();
  put_record(bytes_, id, payload);
  change(id, places_[id], begin, bytes_.size() - begin);
}

void PackTable::remove(std::uint64_t id) {
  if (const auto known = places_.find(id); known != places_.end()) change(id, known->second, 0, 0);
}

Result<void> PackTable::write() {
  if (changes_.empty()) return {};
  std::vector<Change> fresh;
  for (const Change& change : changes_) {
    if (change.row == 0 && change.size > 0) fresh.push_back(change);
    if (change.size == 0 && change.id != 0) places_.erase(change.id);
  }
  std::erase_if(changes_, [](const Change& change) { return change.row == 0; });
  std::ranges::sort(changes_, {}, [](const Change& change) { return std::pair(change.row, change.begin); });
  for (std::size_t first = 0; first < changes_.size();) {
    std::size_t last = first;
    while (last < changes_.size() && changes_[last].row == changes_[first].row) ++last;
    TOCSIN_OK(rewrite(first, last));
    first = last;
  }
  TOCSIN_OK(insert(fresh));
  changes_.clear();
  bytes_.clear();
  return {};
}

Result<void> PackTable::rewrite(std::size_t first, std::size_t last) {
  const std::int64_t row = changes_[first].row;
  // In the order of the pack they mostly are; then the next one is found at once.
  std::size_t hint = first;
  const auto changed = [&](std::uint64_t id) -> const Change* {
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t at = first + (hint - first + i - first) % (last - first);
      if (changes_[at].id != id) continue;
      hint = at + 1;
      return &changes_[at];
    }
    return nullptr;
  };
  std::string pack;
  std::vector<Change> moved;
  TOCSIN_TRY(Statement* const select, get(sql_.select));
  const Result<bool> found = select->bind(row).step();
  if (found && *found) {
    PackReader before(select->bytes(0));
    while (const auto record = before.next()) {
      const auto place = places_.find(record->id);
      if (place == places_.end() || place->second.row != row) continue;  // removed, or another row has it
      const Change* const change = place->second.change != 0 ? changed(record->id) : nullptr;
      const std::string_view bytes = change != nullptr ? bytes_of(*change) : record->bytes;
      place->second.change = 0;
      // What has grown so that the page is full goes elsewhere.
      if (!pack.empty() && pack.size() + bytes.size() > kPackBytes) {
        moved.push_back({.id = record->id, .begin = bytes_.size(), .size = bytes.size()});
        bytes_ += std::string(bytes);
      } else {
        pack += bytes;
      }
    }
  }
  select->reset();
  if (!found) return fail(Error(found.error()));
  // What the row should have had and has not.
  for (std::size_t i = first; i < last; ++i) {
    const auto place = places_.find(changes_[i].id);
    if (changes_[i].size > 0 && place != places_.end() && place->second.change != 0) moved.push_back(changes_[i]);
  }
  TOCSIN_OK(save_row(row, pack));
  return insert(moved);
}

Result<void> PackTable::insert(const std::vector<Change>& fresh) {
  std::string pack;
  std::vector<std::uint64_t> ids;
  for (const Change& change : fresh) {
    if (!pack.empty() && pack.size() + change.size > kPackBytes) {
      TOCSIN_OK(insert_row(pack, ids));
      pack.clear();
      ids.clear();
    }
    pack += bytes_of(change);
    ids.push_back(change.id);
  }
  return pack.empty() ? Result<void>() : insert_row(pack, ids);
}

Result<void> PackTable::insert_row(const std::string& pack, const std::vector<std::uint64_t>& ids) {
  TOCSIN_TRY(Statement* const add, get(sql_.insert));
  TOCSIN_OK(add->bind(++last_row_).bind_blob(pack).run());
  for (const std::uint64_t id : ids) places_[id] = {.row = last_row_};
  return {};
}

}  // namespace tocsin::state
