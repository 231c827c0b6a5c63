#include "state/salvage.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "state/row_writer.hpp"
#include "state/rows.hpp"

namespace tocsin::state {
namespace {

constexpr std::string_view kComponent = "state";

/// All that is read of one table.
/// @param reading  in: whether it may be damaged.
template <typename T>
Result<std::vector<T>> rows_in(Database& database, Result<std::vector<T>> (*read)(Database&, Reading&),
                               Reading& reading) {
  Result<std::vector<T>> rows = read(database, reading);
  reading.incomplete = reading.incomplete || !rows || reading.bad > 0;
  if (!rows && reading.salvage) return std::vector<T>();
  return rows;
}

/// The alerts of a rule are written as a whole.
Result<void> collect_rule_alerts(Database& database, Reading& reading, std::vector<Write>& writes) {
  TOCSIN_TRY(std::vector<RuleAlert> rows, rows_in(database, read_rule_alerts, reading));
  std::map<std::string, std::vector<RuleAlert>> rules;
  for (RuleAlert& alert : rows) rules[alert.rule_key].push_back(std::move(alert));
  for (auto& [key, alerts] : rules) writes.emplace_back(SaveRuleAlerts{key, std::move(alerts)});
  return {};
}

Result<void> collect_silences(Database& database, Reading& reading, std::vector<Write>& writes) {
  TOCSIN_TRY(std::vector<StoredSilence> rows, rows_in(database, read_silences, reading));
  for (StoredSilence& silence : rows) writes.emplace_back(SaveSilence{std::move(silence)});
  return {};
}

/// Alerts of routing, the log, and what is under way.
Result<void> collect_routing(Database& database, Reading& reading, std::vector<Write>& writes) {
  TOCSIN_TRY(std::vector<NotificationLogEntry> entries, rows_in(database, read_notifications, reading));
  for (NotificationLogEntry& entry : entries) {
    writes.emplace_back(SaveNotification{std::make_shared<const NotificationLogEntry>(std::move(entry))});
  }
  TOCSIN_TRY(std::vector<model::Alert> alerts, rows_in(database, read_alerts, reading));
  for (model::Alert& alert : alerts) {
    const std::uint64_t fingerprint = alert.labels.fingerprint();
    writes.emplace_back(SaveAlert{std::make_shared<const model::Alert>(std::move(alert)), fingerprint});
  }
  TOCSIN_TRY(std::vector<StoredUnderWay> under_way, rows_in(database, read_under_way, reading));
  std::map<std::uint64_t, std::vector<UnderWayNote>> batches;
  for (StoredUnderWay& one : under_way) batches[one.batch].push_back(std::move(one.note));
  for (auto& [batch, notes] : batches) writes.emplace_back(SaveUnderWay{batch, std::move(notes)});
  return {};
}

std::size_t rows_of(const Write& write) {
  if (const auto* rule = std::get_if<SaveRuleAlerts>(&write)) return rule->alerts.size();
  if (const auto* under_way = std::get_if<SaveUnderWay>(&write)) return under_way->notes.size();
  return 1;
}

Result<std::size_t> write_all(Database& fresh, const std::vector<Write>& writes) {
  TOCSIN_OK(RowWriter(fresh).write_all(writes));
  std::size_t rows = 0;
  for (const Write& write : writes) rows += rows_of(write);
  return rows;
}

}  // namespace

Salvage salvage_into(Database& fresh, const std::string& damaged_path) {
  Salvage out;
  Result<Database> damaged = Database::open_damaged(damaged_path);
  if (!damaged) {
    log::error(kComponent, "nothing can be read of the damaged store", {{"err", damaged.error().message}});
    return {0, true};
  }
  Reading reading{.salvage = true};  // so that none of these fails
  std::vector<Write> writes;
  (void)collect_silences(*damaged, reading, writes);
  (void)collect_routing(*damaged, reading, writes);
  (void)collect_rule_alerts(*damaged, reading, writes);
  out.incomplete = reading.incomplete;
  Result<std::size_t> written = write_all(fresh, writes);
  if (written) {
    out.rows = *written;
  } else {
    log::error(kComponent, "what was read of the damaged store cannot be written",
               {{"err", written.error().message}, {"rows", writes.size()}});
    out.incomplete = true;
  }
  return out;
}

Result<void> move_old_rows(Database& database) {
  TOCSIN_TRY(Statement find, Statement::prepare(database, "SELECT 1 FROM sqlite_schema WHERE name = 'notification'"));
  TOCSIN_TRY(const bool old, find.step());
  find.reset();
  if (!old) return {};
  Reading reading;
  std::vector<Write> writes;
  TOCSIN_OK(collect_routing(database, reading, writes));
  TOCSIN_TRY(const std::size_t rows, write_all(database, writes));
  // Until here the rows of before are there; should this not be reached, the next start writes the same once more.
  TOCSIN_OK(database.execute(
      "BEGIN IMMEDIATE; DROP TABLE notification_data; DROP TABLE notification; DROP TABLE alert; DROP TABLE under_way; "
      "COMMIT"));
  if (rows == 0) return {};  // a new store
  log::info(kComponent, "alerts and the notification log of an older version are taken over", {{"rows", rows}});
  return {};
}

}  // namespace tocsin::state
