#include "state/rows.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>

#include <fmt/ranges.h>

#include "base/log.hpp"
#include "state/records.hpp"

namespace tocsin::state {
namespace {

constexpr std::string_view kComponent = "state";

/// Takes one length and the bytes behind it; false if there are fewer.
bool take_text(std::string_view& bytes, std::string_view& out) {
  if (bytes.empty()) return false;
  std::size_t size = static_cast<unsigned char>(bytes[0]), header = 1;
  if (size == 0xff) {
    if (bytes.size() < 4) return false;
    size = static_cast<unsigned char>(bytes[1]) | static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) << 8U |
           static_cast<std::size_t>(static_cast<unsigned char>(bytes[3])) << 16U;
    header = 4;
  }
  if (bytes.size() - header < size) return false;
  out = bytes.substr(header, size);
  bytes.remove_prefix(header + size);
  return true;
}

Result<model::Labels> decode(std::string_view bytes, bool may_be_empty) {
  std::string_view rest = bytes, last;
  while (!rest.empty()) {
    std::string_view name, value;
    if (!take_text(rest, name) || !take_text(rest, value)) return fail(Errc::kCorrupt, "labels are cut off");
    const bool empty = name.empty() || (value.empty() && !may_be_empty);
    if (empty || (last.data() != nullptr && name <= last)) {
      return fail(Errc::kCorrupt, "labels are out of order or empty");
    }
    last = name;
  }
  return model::Labels::from_encoded(std::string(bytes));
}

Result<StoredUnderWay> under_way_of(const Statement& row) {
  StoredUnderWay out;
  out.batch = static_cast<std::uint64_t>(row.integer(0));
  out.note.group_key = row.bytes(2);
  out.note.receiver = row.bytes(3);
  out.note.integration = row.bytes(4);
  if (row.integer(5) < 0 || row.integer(5) > 0xffffffffLL) return fail(Errc::kCorrupt, "position of an integration");
  out.note.index = static_cast<std::uint32_t>(row.integer(5));
  out.note.noted_at = row.integer(6);
  TOCSIN_TRY(out.note.firing, decode_hashes(row.bytes(7)));
  return out;
}

/// Where the rows of a table are and how they are ordered.
struct Table {
  std::string_view name;
  std::string_view columns;
  std::vector<std::string_view> key;

  std::string query(bool backwards) const {
    const std::string_view direction = backwards ? " DESC, " : ", ";
    return fmt::format("SELECT {} FROM {} ORDER BY {}{}", columns, name, fmt::join(key, direction),
                       backwards ? " DESC" : "");
  }
};

/// What one scan in one direction found.
template <typename T>
struct Scan {
  std::vector<T> values;
  std::uint64_t bad = 0;
  std::string first_bad;
  std::optional<Error> damage;  // ended the scan
};

/// Reads rows until the last or until damage; `read` makes a value of one.
template <typename T, typename Read>
Scan<T> scan(Database& db, const std::string& sql, Read read) {
  Scan<T> out;
  Result<Statement> query = Statement::prepare(db, sql);
  if (!query) {
    out.damage = std::move(query).error();
    return out;
  }
  while (true) {
    Result<bool> row = query->step();
    if (!row) {
      out.damage = std::move(row).error();
      return out;
    }
    if (!*row) return out;
    if (Result<T> value = read(*query)) {
      out.values.push_back(std::move(*value));
    } else if (++out.bad == 1) {
      out.first_bad = value.error().message;
    }
  }
}

template <typename T, typename Read>
Result<std::vector<T>> read_all(Database& db, const Table& table, Reading& reading, Read read) {
  Scan<T> rows = scan<T>(db, table.query(false), read);
  if (rows.damage && !reading.salvage) return fail(std::move(*rows.damage));
  if (rows.damage) {
    // Behind the damage there may be more. Rows that are seen from both ends are the same ones.
    Scan<T> behind = scan<T>(db, table.query(true), read);
    std::move(behind.values.rbegin(), behind.values.rend(), std::back_inserter(rows.values));
    rows.bad += behind.bad;
    reading.incomplete = true;
    log::error(kComponent, "a table is damaged, some of its rows are lost",
               {{"file", db.path()}, {"table", table.name}, {"err", rows.damage->message}});
  }
  reading.bad += rows.bad;
  if (rows.bad > 0) {
    log::error(kComponent, "stored rows make no sense and are left out",
               {{"file", db.path()}, {"table", table.name}, {"rows", rows.bad}, {"first", rows.first_bad}});
  }
  return std::move(rows.values);
}

Result<RuleAlert> rule_alert_of(const Statement& row) {
  RuleAlert alert;
  alert.rule_key = row.bytes(0);
  TOCSIN_TRY(alert.labels, decode_labels(row.bytes(1)));
  TOCSIN_TRY(alert.annotations, decode_annotations(row.bytes(2)));
  if (row.integer(3) < 0 || row.integer(3) > 2) return fail(Errc::kCorrupt, "state {} of an alert", row.integer(3));
  alert.state = static_cast<RuleAlertState>(row.integer(3));
  alert.value = std::bit_cast<double>(row.integer(4));
  alert.active_at = row.integer(5);
  alert.fired_at = row.integer(6);
  alert.resolved_at = row.integer(7);
  alert.last_sent_at = row.integer(8);
  alert.valid_until = row.integer(9);
  alert.keep_firing_since = row.integer(10);
  return alert;
}

Result<model::Alert> alert_of(const Statement& row) {
  model::Alert alert;
  TOCSIN_TRY(alert.labels, decode_labels(row.bytes(1)));
  TOCSIN_TRY(alert.annotations, decode_annotations(row.bytes(2)));
  if (alert.labels.empty()) return fail(Errc::kCorrupt, "an alert without labels");
  if (static_cast<std::int64_t>(alert.labels.fingerprint()) != row.integer(0)) {
    return fail(Errc::kCorrupt, "fingerprint of an alert differs from its labels");
  }
  alert.starts_at = row.integer(3);
  alert.ends_at = row.integer(4);
  alert.updated_at = row.integer(5);
  alert.generator_url = row.bytes(6);
  alert.timeout = row.integer(7) != 0;
  return alert;
}

/// @param salvage  the entry counts even if what its integration remembers cannot be read.
Result<NotificationLogEntry> notification_of(Database& db, const Statement& row, bool salvage) {
  NotificationLogEntry entry;
  entry.group_key = row.bytes(1);
  entry.receiver = row.bytes(2);
  entry.integration = row.bytes(3);
  if (row.integer(4) < 0 || row.integer(4) > 0xffffffffLL) return fail(Errc::kCorrupt, "position of an integration");
  entry.index = static_cast<std::uint32_t>(row.integer(4));
  entry.sent_at = row.integer(5);
  entry.expires_at = row.integer(6);
  TOCSIN_TRY(entry.firing, decode_hashes(row.bytes(7)));
  TOCSIN_TRY(entry.resolved, decode_hashes(row.bytes(8)));
  // A damaged store may be of before there was this column.
  TOCSIN_TRY(entry.owed,
             row.columns() > 9 ? decode_hashes(row.bytes(9)) : Result<std::vector<std::uint64_t>>(entry.firing));
  TOCSIN_TRY(Statement data,
             Statement::prepare(db, "SELECT name, value FROM notification_data WHERE notification = ?"));
  data.bind(row.integer(0));
  while (true) {
    const Result<bool> more = data.step();
    if (!more && !salvage) return fail(Error(more.error()));
    if (!more || !*more) break;
    entry.receiver_data.emplace(data.bytes(0), data.bytes(1));
  }
  return entry;
}

/// A damaged store may be of before there was this table.
bool is_there(Database& db, std::string_view table) {
  Result<Statement> find = Statement::prepare(db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  if (!find) return true;  // who reads it is told why it cannot be read
  const Result<bool> row = find->bind_text(table).step();
  return !row || *row;
}

/// Appends the records of all packs of a table.
/// @param read  makes a value of a record of the row with that id.
template <typename T, typename Read>
Result<void> read_packs(Database& db, std::string_view table, Reading& reading, std::vector<T>& out, Read read) {
  if (!is_there(db, table)) return {};
  using Pack = std::pair<std::int64_t, std::string>;
  const auto packs =
      read_all<Pack>(db, {table, "id, records", {"id"}}, reading,
                     [](const Statement& row) -> Result<Pack> { return Pack(row.integer(0), row.bytes(1)); });
  if (!packs) return fail(Error(packs.error()));
  std::uint64_t bad = 0;
  for (const auto& [id, bytes] : *packs) {
    PackReader pack(bytes);
    while (const auto record = pack.next()) {
      if (Result<T> value = read(id, *record)) {
        out.push_back(std::move(*value));
      } else {
        ++bad;
      }
    }
    bad += pack.bad();
  }
  reading.bad += bad;
  if (bad > 0) {
    log::error(kComponent, "stored records make no sense and are left out",
               {{"file", db.path()}, {"table", table}, {"records", bad}});
  }
  return {};
}

}  // namespace

Result<std::vector<RuleAlert>> read_rule_alerts(Database& database, Reading& reading) {
  return read_all<RuleAlert>(database, {"rule_alert", "*", {"rule_key", "labels"}}, reading, rule_alert_of);
}

Result<std::vector<model::Alert>> read_alerts(Database& database, Reading& reading) {
  std::vector<model::Alert> out;
  if (is_there(database, "alert")) {
    TOCSIN_TRY(out, read_all<model::Alert>(
                        database,
                        {"alert",
                         "fingerprint, labels, annotations, starts_at, ends_at, updated_at, generator_url, timed_out",
                         {"rowid"}},
                        reading, alert_of));
  }
  TOCSIN_OK(read_packs(database, "alert_pack", reading, out,
                       [](std::int64_t, const PackRecord& record) { return decode_alert(record); }));
  return out;
}

Result<std::vector<NotificationLogEntry>> read_notifications(Database& database, Reading& reading) {
  std::vector<NotificationLogEntry> out;
  if (is_there(database, "notification")) {
    TOCSIN_TRY(out, read_all<NotificationLogEntry>(
                        database, {"notification", "*", {"id"}}, reading,
                        [&](const Statement& row) { return notification_of(database, row, reading.salvage); }));
  }
  TOCSIN_OK(read_packs(database, "notification_pack", reading, out,
                       [](std::int64_t, const PackRecord& record) { return decode_entry(record); }));
  return out;
}

Result<std::vector<StoredUnderWay>> read_under_way(Database& database, Reading& reading) {
  std::vector<StoredUnderWay> out;
  if (is_there(database, "under_way")) {
    TOCSIN_TRY(out, read_all<StoredUnderWay>(database, {"under_way", "*", {"batch", "number"}}, reading, under_way_of));
  }
  TOCSIN_OK(read_packs(database, "under_way_pack", reading, out,
                       [](std::int64_t batch, const PackRecord& record) -> Result<StoredUnderWay> {
                         TOCSIN_TRY(UnderWayNote note, decode_note(record));
                         return StoredUnderWay{static_cast<std::uint64_t>(batch), std::move(note)};
                       }));
  return out;
}

Result<std::vector<StoredSilence>> read_silences(Database& database, Reading& reading) {
  return read_all<StoredSilence>(
      database, {"silence", "id, json, ends_at", {"id"}}, reading, [](const Statement& row) -> Result<StoredSilence> {
        return StoredSilence{std::string(row.bytes(0)), std::string(row.bytes(1)), row.integer(2)};
      });
}

Result<model::Labels> decode_labels(std::string_view bytes) {
  return decode(bytes, false);
}

Result<model::Labels> decode_annotations(std::string_view bytes) {
  return decode(bytes, true);
}

std::string encode_hashes(const std::vector<std::uint64_t>& hashes) {
  std::string out;
  out.reserve(hashes.size() * 8);
  for (const std::uint64_t hash : hashes) {
    for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(hash >> shift & 0xffU);
  }
  return out;
}

Result<std::vector<std::uint64_t>> decode_hashes(std::string_view bytes) {
  if (bytes.size() % 8 != 0) return fail(Errc::kCorrupt, "alert hashes are cut off");
  std::vector<std::uint64_t> out;
  out.reserve(bytes.size() / 8);
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t hash = 0;
    for (unsigned i = 0; i < 8; ++i) {
      hash |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    out.push_back(hash);
  }
  if (!std::is_sorted(out.begin(), out.end())) return fail(Errc::kCorrupt, "alert hashes are out of order");
  return out;
}

}  // namespace tocsin::state
