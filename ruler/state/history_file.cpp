#include "state/history_file.hpp"

#include <algorithm>
#include <array>

#include <sqlite3.h>

#include "state/migrations.hpp"
#include "state/rows.hpp"

namespace tocsin::state {
namespace {

constexpr int kIdShift = 20;
constexpr std::int64_t kDayMs = 86'400'000;
/// Label sets that are known to be in the file; all are forgotten beyond it.
constexpr std::size_t kMostKnown = 200'000;
constexpr std::size_t kAlertBytes = 9;
/// As in the state store: a burst of ten thousand alerts ends before its log is copied.
constexpr int kLongLogPages = 2000;
constexpr std::size_t kSalvagePortion = 5000;

std::int64_t first_id(Timestamp t) {
  constexpr Timestamp kLatest = (std::int64_t{1} << (62 - kIdShift)) - 1;
  return std::clamp<Timestamp>(t, 0, kLatest) << kIdShift;
}

void bind_text_or_null(Statement& statement, std::string_view text) {
  if (text.empty()) {
    statement.bind_null();
  } else {
    statement.bind_text(text);
  }
}

void bind_or_null(Statement& statement, std::int64_t value) {
  if (value == 0) {
    statement.bind_null();
  } else {
    statement.bind(value);
  }
}

void bind_labels_or_null(Statement& statement, const model::Labels& labels) {
  if (labels.empty()) {
    statement.bind_null();
  } else {
    statement.bind_blob(labels.encoded());
  }
}

void append_id(std::string& out, std::int64_t id) {
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(static_cast<std::uint64_t>(id) >> shift);
}

std::int64_t id_at(std::string_view bytes) {
  std::uint64_t hash = 0;
  for (unsigned i = 0; i < 8; ++i) hash |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return static_cast<std::int64_t>(hash);
}

/// Every column of each row, as it is. Ends at the first row that cannot be read.
/// @return how many were new; `damage` is set if it ended early.
Result<std::size_t> copy_rows(Database& from, Database& to, const std::string& table, const char* order, bool& damage) {
  Result<Statement> rows = Statement::prepare(from, fmt::format("SELECT * FROM {} ORDER BY 1 {}", table, order));
  if (!rows) {
    damage = true;
    return 0;
  }
  std::string marks = "?";
  for (int i = 1; i < rows->columns(); ++i) marks += ",?";
  TOCSIN_TRY(Statement add, Statement::prepare(to, fmt::format("INSERT OR IGNORE INTO {} VALUES ({})", table, marks)));
  std::size_t copied = 0;
  for (std::size_t seen = 0;; ++seen) {
    const Result<bool> row = rows->step();
    damage = damage || !row;
    if (!row || !*row) break;
    if (seen % kSalvagePortion == 0) TOCSIN_OK(to.execute(seen == 0 ? "BEGIN IMMEDIATE" : "COMMIT; BEGIN IMMEDIATE"));
    add.bind_row(*rows);
    // A row that the schema refuses is damage, too.
    if (add.run()) {
      copied += static_cast<std::size_t>(sqlite3_changes(to.handle()));
    } else {
      damage = true;
    }
  }
  if (sqlite3_get_autocommit(to.handle()) == 0) TOCSIN_OK(to.execute("COMMIT"));
  return copied;
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
  TOCSIN_TRY(add_event_, Statement::prepare(database_,
                                            "INSERT INTO event VALUES "
                                            "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  TOCSIN_TRY(add_turn_, Statement::prepare(database_,
                                           "INSERT INTO event (id, kind, labels, annotations, starts_at) "
                                           "VALUES (?,?,?,?,?)"));
  TOCSIN_TRY(add_labels_, Statement::prepare(database_, "INSERT INTO label_set VALUES (?,?,?)"));
  TOCSIN_TRY(touch_labels_, Statement::prepare(database_,
                                               "INSERT INTO label_set VALUES (?,?,?) ON CONFLICT (id) DO UPDATE SET "
                                               "last_day = max(last_day, excluded.last_day)"));
  TOCSIN_TRY(find_labels_, Statement::prepare(database_, "SELECT labels FROM label_set WHERE id = ?"));
  TOCSIN_TRY(Statement last, Statement::prepare(database_, "SELECT coalesce(max(id), 0) FROM event"));
  TOCSIN_TRY(const bool row, last.step());
  last_id_ = row ? last.integer(0) : 0;
  return learn_labels();
}

Result<std::int64_t> HistoryFile::next_id(Timestamp at) {
  const std::int64_t base = first_id(at);
  if (base > last_id_) return last_id_ = base;
  if (base == last_id_ >> kIdShift << kIdShift) return ++last_id_;
  // A time that was before: the clock was set back, or the event is told late.
  TOCSIN_TRY(Statement last, Statement::prepare(database_, "SELECT max(id) FROM event WHERE id >= ? AND id < ?"));
  last.bind(base).bind(base + (std::int64_t{1} << kIdShift));
  TOCSIN_TRY(const bool row, last.step());
  const std::int64_t before = row ? last.integer(0) : 0;  // NULL is 0
  return std::max(base, before + 1);
}

Result<void> HistoryFile::learn_labels() {
  known_.clear();
  TOCSIN_TRY(Statement rows, Statement::prepare(database_, "SELECT * FROM label_set ORDER BY id DESC"));
  while (true) {
    TOCSIN_TRY(const bool row, rows.step());
    if (!row || known_.size() == kMostKnown) return {};
    last_labels_id_ = std::max(last_labels_id_, rows.integer(0));
    if (const auto labels = decode_labels(rows.bytes(1))) {
      known_.try_emplace(labels->hash(), Known{rows.integer(0), rows.integer(2)});
    }
  }
}

Result<std::int64_t> HistoryFile::keep(const model::Labels& labels, std::int64_t day) {
  if (known_.size() >= kMostKnown) known_.clear();
  const auto [at, fresh] = known_.try_emplace(labels.hash());
  if (!fresh && at->second.last_day >= day) return at->second.id;
  const std::int64_t id = fresh ? ++last_labels_id_ : at->second.id;
  // One that is known may have been deleted: it was not used for so long.
  Statement& save = fresh ? *add_labels_ : *touch_labels_;
  TOCSIN_OK(save.bind(id).bind_blob(labels.encoded()).bind(day).run());
  at->second = {id, day};
  return id;
}

Result<void> HistoryFile::append_turn(const AlertTurn& turn) {
  std::int64_t labels = 0;
  if (!turn.alert->labels.empty()) {
    TOCSIN_TRY(labels, keep(turn.alert->labels, turn.at / kDayMs));
  }
  TOCSIN_TRY(const std::int64_t id, next_id(turn.at));
  Statement& add = *add_turn_;
  add.bind(id).bind(static_cast<std::int64_t>(turn.kind));
  bind_or_null(add, labels);
  bind_labels_or_null(add, turn.alert->annotations);
  bind_or_null(add, turn.alert->starts_at);
  return add.run();
}

Result<std::string> HistoryFile::told_alerts(const ToldEvent& told, std::int64_t day) {
  std::string out;
  out.reserve(std::min(told.event.alerts.size() + told.alerts.size(), History::kMostAlerts) * kAlertBytes);
  const auto add = [&](const model::Labels& labels, bool resolved) -> Result<void> {
    if (out.size() == History::kMostAlerts * kAlertBytes) return {};
    TOCSIN_TRY(const std::int64_t id, keep(labels, day));
    append_id(out, id);
    out += resolved ? '\1' : '\0';
    return {};
  };
  for (const HistoryAlert& one : told.event.alerts) TOCSIN_OK(add(one.labels, one.resolved));
  for (const ToldAlert& one : told.alerts) TOCSIN_OK(add(one.alert->labels, one.resolved));
  return out;
}

Result<void> HistoryFile::append_event(const ToldEvent& told) {
  const HistoryEvent& event = told.event;
  const std::int64_t day = event.at / kDayMs;
  std::int64_t labels = 0;
  if (!event.labels.empty()) {
    TOCSIN_TRY(labels, keep(event.labels, day));
  }
  TOCSIN_TRY(const std::string alerts, told_alerts(told, day));
  TOCSIN_TRY(const std::int64_t id, next_id(event.at));
  Statement& add = *add_event_;
  add.bind(id).bind(static_cast<std::int64_t>(event.kind));
  bind_or_null(add, labels);
  bind_labels_or_null(add, event.annotations);
  bind_or_null(add, event.starts_at);
  bind_or_null(add, event.ends_at);
  bind_text_or_null(add, event.group_key);
  bind_text_or_null(add, event.receiver);
  bind_text_or_null(add, event.integration);
  if (event.integration.empty()) {
    add.bind_null();
  } else {
    add.bind(event.index);
  }
  for (const std::string* text : {&event.reason, &event.text, &event.id, &event.author, &event.comment}) {
    bind_text_or_null(add, *text);
  }
  bind_or_null(add, event.attempts);
  bind_or_null(add, to_ms(event.duration));
  if (alerts.empty()) {
    add.bind_null();
  } else {
    add.bind_blob(alerts);
  }
  bind_or_null(add, static_cast<std::int64_t>(event.firing));
  bind_or_null(add, static_cast<std::int64_t>(event.resolved));
  return add.run();
}

Result<void> HistoryFile::append(const std::vector<HistoryRecord>& events) {
  TOCSIN_OK(database_.execute("BEGIN IMMEDIATE"));
  Result<void> done;
  for (const HistoryRecord& one : events) {
    const auto* turn = std::get_if<AlertTurn>(&one);
    done = turn != nullptr ? append_turn(*turn) : append_event(*std::get<std::unique_ptr<const ToldEvent>>(one));
    if (!done) break;
  }
  if (done) done = database_.execute("COMMIT");
  if (!done) {
    known_.clear();  // some of it is gone again
    (void)database_.execute("ROLLBACK");
  }
  return done;
}

/// One search: what it has learned of label sets, and the page so far.
class HistoryFile::Search {
 public:
  Search(HistoryFile& file, const HistoryQuery& query) : file_(file), query_(query) {
    for (const char c : query.text) needle_ += lower(c);
  }

  Result<HistoryPage> run(const std::function<bool()>& out_of_time) {
    std::string sql = "SELECT * FROM event WHERE id >= ? AND id < ?";
    if (!query_.kinds.empty()) {
      sql += " AND kind IN (0";
      for (const HistoryKind kind : query_.kinds) sql += fmt::format(",{}", static_cast<int>(kind));
      sql += ")";
    }
    if (!query_.receiver.empty()) sql += " AND receiver = ?";
    TOCSIN_TRY(Statement rows, Statement::prepare(file_.database_, sql + " ORDER BY id DESC"));
    const std::int64_t end = first_id(query_.to) + (std::int64_t{1} << kIdShift);
    rows.bind(first_id(query_.from)).bind(query_.before > 0 ? std::min(query_.before, end) : end);
    if (!query_.receiver.empty()) rows.bind_text(query_.receiver);
    HistoryPage page;
    for (std::size_t seen = 1;; ++seen) {
      TOCSIN_TRY(const bool more, rows.step());
      if (!more) return page;
      TOCSIN_TRY(const bool wanted, matches(rows));
      if (wanted) TOCSIN_OK(add(rows, page));
      if (page.events.size() == query_.limit || (seen % 256 == 0 && out_of_time())) {
        page.next = rows.integer(0);
        return page;
      }
    }
  }

 private:
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

  bool has_needle(std::string_view text) const {
    return std::ranges::search(text, needle_, {}, lower).size() == needle_.size();
  }

  /// Null if the file does not have them (any more).
  Result<const model::Labels*> labels_of(std::int64_t id) {
    if (const auto known = labels_.find(id); known != labels_.end()) {
      return known->second ? &*known->second : nullptr;
    }
    Statement& find = *file_.find_labels_;
    find.bind(id);
    const Result<bool> row = find.step();
    std::optional<model::Labels> labels;
    if (row && *row) {
      if (Result<model::Labels> read = decode_labels(find.bytes(0))) labels = std::move(*read);
    }
    find.reset();
    if (!row) return fail(Error(row.error()));
    const auto [at, added] = labels_.emplace(id, std::move(labels));
    return at->second ? &*at->second : nullptr;
  }

  Result<bool> labels_match(std::int64_t id) {
    if (const auto known = matched_.find(id); known != matched_.end()) return known->second;
    TOCSIN_TRY(const model::Labels* const labels, labels_of(id));
    const bool matched = labels != nullptr && std::ranges::any_of(query_.matchers, [&](const auto& set) {
                           return model::match_all(set, *labels);
                         });
    matched_.emplace(id, matched);
    return matched;
  }

  Result<bool> matches(const Statement& row) {
    if (!query_.matchers.empty()) {
      bool matched = false;
      if (!row.is_null(2)) {
        TOCSIN_TRY(matched, labels_match(row.integer(2)));
      }
      std::string_view alerts = row.bytes(17);
      for (; !matched && alerts.size() >= kAlertBytes; alerts.remove_prefix(kAlertBytes)) {
        TOCSIN_TRY(matched, labels_match(id_at(alerts)));
      }
      if (!matched) return false;
    }
    if (needle_.empty()) return true;
    if (has_needle(row.bytes(11)) || has_needle(row.bytes(14))) return true;
    const Result<model::Labels> annotations = decode_labels(row.bytes(3));
    return annotations && std::ranges::any_of(*annotations, [&](const auto& one) { return has_needle(one.value); });
  }

  Result<void> add(const Statement& row, HistoryPage& page) {
    HistoryEvent event;
    event.at = row.integer(0) >> kIdShift;
    event.kind = static_cast<HistoryKind>(std::clamp<std::int64_t>(row.integer(1), 0, 255));
    if (!row.is_null(2)) {
      TOCSIN_TRY(const model::Labels* const labels, labels_of(row.integer(2)));
      if (labels != nullptr) event.labels = *labels;
    }
    if (Result<model::Labels> annotations = decode_labels(row.bytes(3))) event.annotations = std::move(*annotations);
    event.starts_at = row.integer(4);
    event.ends_at = row.integer(5);
    int column = 6;
    for (std::string* text : {&event.group_key, &event.receiver, &event.integration}) *text = row.bytes(column++);
    event.index = static_cast<std::uint32_t>(row.integer(9));
    column = 10;
    for (std::string* text : {&event.reason, &event.text, &event.id, &event.author, &event.comment}) {
      *text = row.bytes(column++);
    }
    event.attempts = static_cast<unsigned>(row.integer(15));
    event.duration = std::chrono::milliseconds(row.integer(16));
    std::string_view alerts = row.bytes(17);
    for (; alerts.size() >= kAlertBytes; alerts.remove_prefix(kAlertBytes)) {
      TOCSIN_TRY(const model::Labels* const labels, labels_of(id_at(alerts)));
      if (labels != nullptr) event.alerts.push_back({*labels, alerts[8] != 0});
    }
    event.firing = static_cast<std::uint64_t>(row.integer(18));
    event.resolved = static_cast<std::uint64_t>(row.integer(19));
    page.events.push_back(std::move(event));
    return {};
  }

  HistoryFile& file_;
  const HistoryQuery& query_;
  std::string needle_;
  std::unordered_map<std::int64_t, std::optional<model::Labels>> labels_;
  std::unordered_map<std::int64_t, bool> matched_;
};

Result<HistoryPage> HistoryFile::search(const HistoryQuery& query, const std::function<bool()>& out_of_time) {
  return Search(*this, query).run(out_of_time);
}

Result<std::size_t> HistoryFile::remove_before(Timestamp t, std::size_t limit) {
  TOCSIN_TRY(Statement remove, Statement::prepare(database_,
                                                  "DELETE FROM event WHERE id IN "
                                                  "(SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)"));
  TOCSIN_OK(remove.bind(first_id(t)).bind(static_cast<std::int64_t>(limit)).run());
  return static_cast<std::size_t>(sqlite3_changes(database_.handle()));
}

Result<std::size_t> HistoryFile::remove_label_sets_before(Timestamp t, std::size_t limit) {
  TOCSIN_TRY(Statement remove, Statement::prepare(database_,
                                                  "DELETE FROM label_set WHERE id IN "
                                                  "(SELECT id FROM label_set WHERE last_day < ? LIMIT ?)"));
  TOCSIN_OK(remove.bind(t / kDayMs).bind(static_cast<std::int64_t>(limit)).run());
  return static_cast<std::size_t>(sqlite3_changes(database_.handle()));
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
  std::size_t events = 0;
  for (const char* const table : {"label_set", "event"}) {
    bool damage = false;
    for (const char* const order : {"ASC", "DESC"}) {
      TOCSIN_TRY(const std::size_t copied, copy_rows(*damaged, database_, table, order, damage));
      if (table == std::string_view("event")) events += copied;
      if (!damage) break;
    }
  }
  TOCSIN_OK(prepare());
  return events;
}

}  // namespace tocsin::state
