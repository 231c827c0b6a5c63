#include "state/history_labels.hpp"

#include <algorithm>

#include <sqlite3.h>

#include "state/history_pack.hpp"
#include "state/rows.hpp"

namespace tocsin::state {
namespace {

/// Label sets that are known to be in the file; all are forgotten beyond it.
constexpr std::size_t kMostKnown = 200'000;

}  // namespace

Result<void> HistoryLabels::learn() {
  stale_ = true;
  fresh_.clear();
  fresh_day_ = 0;
  known_.clear();
  packs_.clear();
  read_first_ = 0;
  TOCSIN_OK(learn_packs());
  TOCSIN_OK(learn_rows());
  stale_ = false;
  return {};
}

Result<void> HistoryLabels::learn_packs() {
  TOCSIN_TRY(Statement rows, Statement::prepare(statements_.database(), "SELECT * FROM label_pack ORDER BY id DESC"));
  while (true) {
    TOCSIN_TRY(const bool row, rows.step());
    if (!row) return {};
    std::int64_t id = rows.integer(0);
    const std::int64_t sets = std::clamp<std::int64_t>(rows.integer(1), 0, std::int64_t{1} << 31U);
    packs_[id] = {sets, rows.integer(2)};
    last_id_ = std::max(last_id_, id + sets - 1);
    if (known_.size() >= kMostKnown) continue;
    for (const std::string_view encoded : unpack_label_sets(rows.bytes(3))) {
      if (const auto labels = decode_labels(encoded)) known_.try_emplace(labels->hash(), Known{id, 0});
      ++id;
    }
  }
}

Result<void> HistoryLabels::learn_rows() {
  TOCSIN_TRY(Statement rows, Statement::prepare(statements_.database(), "SELECT * FROM label_set ORDER BY id DESC"));
  while (true) {
    TOCSIN_TRY(const bool row, rows.step());
    if (!row) return {};
    last_id_ = std::max(last_id_, rows.integer(0));
    if (known_.size() >= kMostKnown) return {};
    if (const auto labels = decode_labels(rows.bytes(1))) {
      known_.try_emplace(labels->hash(), Known{rows.integer(0), rows.integer(2)});
    }
  }
}

std::map<std::int64_t, HistoryLabels::Pack>::iterator HistoryLabels::pack_of(std::int64_t id) {
  const auto behind = packs_.upper_bound(id);
  if (behind == packs_.begin()) return packs_.end();
  const auto at = std::prev(behind);
  return id - at->first < at->second.sets ? at : packs_.end();
}

Result<std::int64_t> HistoryLabels::keep(const model::Labels& labels, std::int64_t day) {
  if (stale_) TOCSIN_OK(learn());
  if (known_.size() >= kMostKnown) known_.clear();
  const auto [at, fresh] = known_.try_emplace(labels.hash());
  if (!fresh) {
    TOCSIN_OK(touch(at->second, labels, day));
    return at->second.id;
  }
  if (fresh_.size() + labels.bytes() > kHistoryPackBytes) TOCSIN_OK(write());
  at->second.id = ++last_id_;
  if (fresh_.empty()) fresh_first_ = last_id_;
  add_label_set(fresh_, labels.encoded());
  fresh_day_ = std::max(fresh_day_, day);
  return last_id_;
}

Result<void> HistoryLabels::touch(Known& known, const model::Labels& labels, std::int64_t day) {
  if (!fresh_.empty() && known.id >= fresh_first_) {
    fresh_day_ = std::max(fresh_day_, day);
    return {};
  }
  if (const auto pack = pack_of(known.id); pack != packs_.end()) {
    if (pack->second.last_day >= day) return {};
    TOCSIN_TRY(Statement* const update, statements_.get("UPDATE label_pack SET last_day = ? WHERE id = ?"));
    TOCSIN_OK(update->bind(day).bind(pack->first).run());
    pack->second.last_day = day;
    return {};
  }
  if (known.last_day >= day) return {};
  // It may have been deleted: it was not used for so long.
  TOCSIN_TRY(Statement* const save,
             statements_.get("INSERT INTO label_set VALUES (?,?,?) ON CONFLICT (id) DO UPDATE SET "
                             "last_day = max(last_day, excluded.last_day)"));
  TOCSIN_OK(save->bind(known.id).bind_blob(labels.encoded()).bind(day).run());
  known.last_day = day;
  return {};
}

Result<void> HistoryLabels::write() {
  if (fresh_.empty()) return {};
  const std::string pack = finish_label_pack(std::exchange(fresh_, {}));
  const Pack made{last_id_ - fresh_first_ + 1, std::exchange(fresh_day_, 0)};
  TOCSIN_TRY(Statement* const add, statements_.get("INSERT INTO label_pack VALUES (?,?,?,?)"));
  TOCSIN_OK(add->bind(fresh_first_).bind(made.sets).bind(made.last_day).bind_blob(pack).run());
  packs_[fresh_first_] = made;
  return {};
}

Result<std::optional<model::Labels>> HistoryLabels::find(std::int64_t id) {
  std::optional<model::Labels> out;
  if (const auto pack = pack_of(id); pack != packs_.end()) {
    if (read_first_ != pack->first) {
      TOCSIN_TRY(Statement* const select, statements_.get("SELECT labels FROM label_pack WHERE id = ?"));
      const Result<bool> row = select->bind(pack->first).step();
      read_ = row && *row ? select->bytes(0) : std::string_view();
      read_sets_ = unpack_label_sets(read_);
      select->reset();
      read_first_ = row ? pack->first : 0;
      if (!row) return fail(Error(row.error()));
    }
    const auto place = static_cast<std::size_t>(id - pack->first);
    if (place < read_sets_.size()) {
      if (Result<model::Labels> labels = decode_labels(read_sets_[place])) out = std::move(*labels);
    }
    return out;
  }
  TOCSIN_TRY(Statement* const select, statements_.get("SELECT labels FROM label_set WHERE id = ?"));
  const Result<bool> row = select->bind(id).step();
  if (row && *row) {
    if (Result<model::Labels> labels = decode_labels(select->bytes(0))) out = std::move(*labels);
  }
  select->reset();
  if (!row) return fail(Error(row.error()));
  return out;
}

Result<std::size_t> HistoryLabels::remove_before(std::int64_t day, std::size_t limit) {
  TOCSIN_TRY(Statement* const remove, statements_.get("DELETE FROM label_set WHERE id IN "
                                                      "(SELECT id FROM label_set WHERE last_day < ? LIMIT ?)"));
  TOCSIN_OK(remove->bind(day).bind(static_cast<std::int64_t>(limit)).run());
  const auto rows = static_cast<std::size_t>(sqlite3_changes(statements_.database().handle()));
  if (rows >= limit) return rows;
  TOCSIN_TRY(const std::size_t of_packs, remove_packs_before(day, limit - rows));
  return rows + of_packs;
}

Result<std::size_t> HistoryLabels::remove_packs_before(std::int64_t day, std::size_t limit) {
  std::size_t sets = 0;
  TOCSIN_TRY(Statement* const remove, statements_.get("DELETE FROM label_pack WHERE id = ?"));
  std::map<std::int64_t, Pack> gone;
  for (auto pack = packs_.begin(); pack != packs_.end() && sets < limit;) {
    if (pack->second.last_day >= day) {
      ++pack;
      continue;
    }
    TOCSIN_OK(remove->bind(pack->first).run());
    sets += static_cast<std::size_t>(pack->second.sets);
    gone.insert(packs_.extract(pack++));
  }
  if (gone.empty()) return sets;
  read_first_ = 0;
  boost::unordered::erase_if(known_, [&gone](const auto& one) {
    const auto behind = gone.upper_bound(one.second.id);
    return behind != gone.begin() && one.second.id - std::prev(behind)->first < std::prev(behind)->second.sets;
  });
  return sets;
}

}  // namespace tocsin::state
