#include "state/history_file.hpp"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "state/history_search.hpp"
#include "state/migrations.hpp"

namespace tocsin::state {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
/// As in the state store: a burst of ten thousand alerts ends before its log is copied.
constexpr int kLongLogPages = 2000;
constexpr std::size_t kSalvagePortion = 5000;
constexpr std::int64_t kIdsOfOneMs = std::int64_t{1} << kEventIdShift;

Timestamp time_of(const HistoryRecord& record) {
  const auto* turn = std::get_if<AlertTurn>(&record);
  return turn != nullptr ? turn->at : std::get<std::unique_ptr<const ToldEvent>>(record)->event.at;
}

/// Every column of each row, as it is. Ends at the first row that cannot be read.
/// @param damage  is set if it ended early.
Result<void> copy_rows(Database& from, Database& to, const std::string& table, const char* order, bool& damage) {
  Result<Statement> rows = Statement::prepare(from, fmt::format("SELECT * FROM {} ORDER BY 1 {}", table, order));
  if (!rows) {
    damage = true;
    return {};
  }
  std::string marks = "?";
  for (int i = 1; i < rows->columns(); ++i) marks += ",?";
  TOCSIN_TRY(Statement add, Statement::prepare(to, fmt::format("INSERT OR IGNORE INTO {} VALUES ({})", table, marks)));
  for (std::size_t seen = 0;; ++seen) {
    const Result<bool> row = rows->step();
    damage = damage || !row;
    if (!row || !*row) break;
    if (seen % kSalvagePortion == 0) TOCSIN_OK(to.execute(seen == 0 ? "BEGIN IMMEDIATE" : "COMMIT; BEGIN IMMEDIATE"));
    add.bind_row(*rows);
    // A row that the schema refuses is damage, too.
    damage = !add.run() || damage;
  }
  if (sqlite3_get_autocommit(to.handle()) == 0) TOCSIN_OK(to.execute("COMMIT"));
  return {};
}

}  // namespace

Result<std::unique_ptr<HistoryFile>> HistoryFile::open(const std::string& path, Timestamp now) {
  DatabaseOptions options;
  options.what = "history";
  options.sync_each_commit = false;
  TOCSIN_TRY(Database database, Database::open(path, options));
  TOCSIN_OK(migrate(database, history_migrations(), now));
  std::unique_ptr<HistoryFile> file(new HistoryFile(std::move(database)));
  TOCSIN_OK(file->prepare());
  return file;
}

Result<void> HistoryFile::prepare() {
  TOCSIN_TRY(Statement last,
             Statement::prepare(database_,
                                "SELECT max(coalesce((SELECT max(id) FROM event), 0), "
                                "coalesce((SELECT last_id FROM event_pack ORDER BY id DESC LIMIT 1), 0))"));
  TOCSIN_TRY(const bool row, last.step());
  last_id_ = row ? last.integer(0) : 0;
  return labels_.learn();
}

Result<std::int64_t> HistoryFile::last_id_of(Timestamp at) {
  const std::int64_t begin = first_event_id(at), end = begin + kIdsOfOneMs;
  TOCSIN_TRY(Statement* const rows, statements_.get("SELECT max(id) FROM event WHERE id >= ? AND id < ?"));
  const Result<bool> row = rows->bind(begin).bind(end).step();
  std::int64_t last = row && *row ? rows->integer(0) : 0;  // NULL is 0
  rows->reset();
  if (!row) return fail(Error(row.error()));
  TOCSIN_TRY(Statement* const packs, statements_.get("SELECT id, packed FROM event_pack WHERE id < ? AND last_id >= ? "
                                                     "ORDER BY id DESC LIMIT 1"));
  const Result<bool> pack = packs->bind(end).bind(begin).step();
  if (pack && *pack) {
    for (const StoredEvent& event : unpack_events(packs->integer(0), packs->bytes(1))) {
      if (event.id < end) last = std::max(last, event.id);
    }
  }
  packs->reset();
  if (!pack) return fail(Error(pack.error()));
  return last;
}

Result<void> HistoryFile::add(Timestamp at, StoredEvent event) {
  const std::int64_t base = first_event_id(at);
  if (base > last_id_ || base == last_id_ >> kEventIdShift << kEventIdShift) {
    event.id = last_id_ = std::max(base, last_id_ + 1);
    if (!pack_.takes(event)) TOCSIN_OK(write_pack());
    pack_.add(event);
    return {};
  }
  // A time that was before: the clock was set back, or the event is told late. It has a row of its own, where it
  // belongs.
  TOCSIN_OK(write_pack());
  TOCSIN_TRY(const std::int64_t before, last_id_of(at));
  event.id = std::max(base, before + 1);
  TOCSIN_TRY(Statement* const row,
             statements_.get("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  bind_event(*row, event);
  return row->run();
}

Result<void> HistoryFile::write_pack() {
  if (pack_.empty()) return {};
  TOCSIN_TRY(Statement* const add, statements_.get("INSERT INTO event_pack VALUES (?,?,?,?)"));
  add->bind(pack_.first_id()).bind(pack_.last_id()).bind(pack_.events());
  const std::string bytes = pack_.take();
  return add->bind_blob(bytes).run();
}

Result<void> HistoryFile::append_turn(const AlertTurn& turn) {
  const model::Alert& alert = *turn.alert;
  StoredEvent event;
  event.kind = static_cast<std::int64_t>(turn.kind);
  if (!alert.labels.empty()) {
    TOCSIN_TRY(event.labels, labels_.keep(alert.labels, turn.at / kDayMs));
  }
  event.annotations = alert.annotations.encoded();
  event.starts_at = alert.starts_at;
  return add(turn.at, event);
}

Result<std::string> HistoryFile::told_alerts(const ToldEvent& told, std::int64_t day) {
  std::string out;
  const std::size_t most = std::min(told.event.alerts.size() + told.alerts.size(), History::kMostAlerts);
  out.reserve(most * kStoredAlertBytes);
  const auto add = [&](const model::Labels& labels, bool resolved) -> Result<void> {
    if (out.size() == most * kStoredAlertBytes) return {};
    TOCSIN_TRY(const std::int64_t id, labels_.keep(labels, day));
    append_stored_alert(out, id, resolved);
    return {};
  };
  for (const HistoryAlert& one : told.event.alerts) TOCSIN_OK(add(one.labels, one.resolved));
  for (const ToldAlert& one : told.alerts) TOCSIN_OK(add(one.alert->labels, one.resolved));
  return out;
}

Result<void> HistoryFile::append_event(const ToldEvent& told) {
  const HistoryEvent& event = told.event;
  const std::int64_t day = event.at / kDayMs;
  StoredEvent stored;
  stored.kind = static_cast<std::int64_t>(event.kind);
  if (!event.labels.empty()) {
    TOCSIN_TRY(stored.labels, labels_.keep(event.labels, day));
  }
  TOCSIN_TRY(const std::string alerts, told_alerts(told, day));
  stored.annotations = event.annotations.encoded();
  stored.starts_at = event.starts_at;
  stored.ends_at = event.ends_at;
  stored.group_key = event.group_key;
  stored.receiver = event.receiver;
  stored.integration = event.integration;
  stored.position = event.index;
  stored.reason = event.reason;
  stored.text = event.text;
  stored.subject = event.id;
  stored.author = event.author;
  stored.comment = event.comment;
  stored.attempts = event.attempts;
  stored.duration_ms = to_ms(event.duration);
  stored.alerts = alerts;
  stored.firing = static_cast<std::int64_t>(event.firing);
  stored.resolved = static_cast<std::int64_t>(event.resolved);
  return add(event.at, stored);
}

Result<void> HistoryFile::append_all(const std::vector<HistoryRecord>& events) {
  // In the order of their times they are one after the other in packs.
  std::vector<const HistoryRecord*> order;
  order.reserve(events.size());
  for (const HistoryRecord& one : events) order.push_back(&one);
  const auto earlier = [](const HistoryRecord* a, const HistoryRecord* b) {
    return std::pair(time_of(*a), a) < std::pair(time_of(*b), b);
  };
  if (!std::ranges::is_sorted(order, earlier)) std::ranges::sort(order, earlier);
  for (const HistoryRecord* one : order) {
    const auto* turn = std::get_if<AlertTurn>(one);
    TOCSIN_OK(turn != nullptr ? append_turn(*turn) : append_event(*std::get<std::unique_ptr<const ToldEvent>>(*one)));
  }
  TOCSIN_OK(write_pack());
  return labels_.write();
}

Result<void> HistoryFile::append(const std::vector<HistoryRecord>& events) {
  TOCSIN_OK(database_.execute("BEGIN IMMEDIATE"));
  Result<void> done = append_all(events);
  if (done) done = database_.execute("COMMIT");
  if (!done) {
    labels_.forget();
    pack_ = {};
    (void)database_.execute("ROLLBACK");
  }
  return done;
}

Result<HistoryPage> HistoryFile::search(const HistoryQuery& query, const std::function<bool()>& out_of_time) {
  return HistorySearch(database_, labels_, query).run(out_of_time);
}

Result<std::size_t> HistoryFile::remove_before(Timestamp t, std::size_t limit) {
  // The oldest are in rows, or in the first pack.
  TOCSIN_TRY(Statement remove,
             Statement::prepare(database_,
                                "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < min(?, "
                                "coalesce((SELECT min(id) FROM event_pack), ?)) ORDER BY id LIMIT ?)"));
  const std::int64_t end = first_event_id(t);
  TOCSIN_OK(remove.bind(end).bind(end).bind(static_cast<std::int64_t>(limit)).run());
  auto removed = static_cast<std::size_t>(sqlite3_changes(database_.handle()));
  while (removed < limit) {
    TOCSIN_TRY(const std::size_t events, remove_first_pack(end));
    if (events == 0) break;
    removed += events;
  }
  return removed;
}

Result<std::size_t> HistoryFile::remove_first_pack(std::int64_t end) {
  TOCSIN_TRY(Statement* const first, statements_.get("SELECT id, last_id, events FROM event_pack ORDER BY id LIMIT 1"));
  const Result<bool> row = first->step();
  const bool old = row && *row && first->integer(1) < end;
  const std::int64_t id = first->integer(0), events = first->integer(2);
  first->reset();
  if (!row) return fail(Error(row.error()));
  if (!old) return 0;
  TOCSIN_TRY(Statement* const remove, statements_.get("DELETE FROM event_pack WHERE id = ?"));
  TOCSIN_OK(remove->bind(id).run());
  return static_cast<std::size_t>(std::max<std::int64_t>(events, 1));
}

Result<std::size_t> HistoryFile::remove_label_sets_before(Timestamp t, std::size_t limit) {
  return labels_.remove_before(t / kDayMs, limit);
}

Result<std::int64_t> HistoryFile::pragma(const char* name) {
  TOCSIN_TRY(Statement ask, Statement::prepare(database_, fmt::format("PRAGMA {}", name)));
  TOCSIN_TRY(const bool row, ask.step());
  return row ? ask.integer(0) : 0;
}

void HistoryFile::checkpoint() {
  database_.checkpoint(kLongLogPages);
}

Result<std::uint64_t> HistoryFile::bytes() {
  TOCSIN_TRY(const std::int64_t pages, pragma("page_count"));
  TOCSIN_TRY(const std::int64_t free, pragma("freelist_count"));
  TOCSIN_TRY(const std::int64_t size, pragma("page_size"));
  return static_cast<std::uint64_t>((pages - free) * size);
}

Result<std::size_t> HistoryFile::salvage(const std::string& damaged_path) {
  Result<Database> damaged = Database::open_damaged(damaged_path, "history");
  if (!damaged) return fail(std::move(damaged).error());
  for (const char* const table : {"label_set", "label_pack", "event", "event_pack"}) {
    bool damage = false;
    for (const char* const order : {"ASC", "DESC"}) {
      TOCSIN_OK(copy_rows(*damaged, database_, table, order, damage));
      if (!damage) break;
    }
  }
  TOCSIN_OK(prepare());
  TOCSIN_TRY(Statement count, Statement::prepare(database_,
                                                 "SELECT (SELECT count(*) FROM event) + "
                                                 "coalesce((SELECT sum(events) FROM event_pack), 0)"));
  TOCSIN_TRY(const bool row, count.step());
  return row ? static_cast<std::size_t>(count.integer(0)) : 0;
}

}  // namespace tocsin::state
