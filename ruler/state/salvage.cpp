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

/// All that is read of one table, as writes.
template <typename T, typename ToWrite>
void collect(Database& damaged, Result<std::vector<T>> (*read)(Database&, Reading&), std::vector<Write>& writes,
             bool& incomplete, ToWrite to_write) {
  Reading reading{.salvage = true};
  Result<std::vector<T>> rows = read(damaged, reading);
  incomplete = incomplete || !rows || reading.incomplete || reading.bad > 0;
  if (!rows) return;
  for (T& row : *rows) writes.push_back(to_write(std::move(row)));
}

/// The alerts of a rule are written as a whole.
void collect_rule_alerts(Database& damaged, std::vector<Write>& writes, bool& incomplete) {
  Reading reading{.salvage = true};
  Result<std::vector<RuleAlert>> rows = read_rule_alerts(damaged, reading);
  incomplete = incomplete || !rows || reading.incomplete || reading.bad > 0;
  if (!rows) return;
  std::map<std::string, std::vector<RuleAlert>> rules;
  for (RuleAlert& alert : *rows) rules[alert.rule_key].push_back(std::move(alert));
  for (auto& [key, alerts] : rules) writes.emplace_back(SaveRuleAlerts{key, std::move(alerts)});
}

void collect_under_way(Database& damaged, std::vector<Write>& writes, bool& incomplete) {
  Reading reading{.salvage = true};
  Result<std::vector<StoredUnderWay>> rows = read_under_way(damaged, reading);
  incomplete = incomplete || !rows || reading.incomplete || reading.bad > 0;
  if (!rows) return;
  std::map<std::uint64_t, std::vector<UnderWayNote>> batches;
  for (StoredUnderWay& one : *rows) batches[one.batch].push_back(std::move(one.note));
  for (auto& [batch, notes] : batches) writes.emplace_back(SaveUnderWay{batch, std::move(notes)});
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
  std::vector<Write> writes;
  collect(*damaged, read_silences, writes, out.incomplete,
          [](StoredSilence silence) { return Write(SaveSilence{std::move(silence)}); });
  collect(*damaged, read_notifications, writes, out.incomplete, [](NotificationLogEntry entry) {
    return Write(SaveNotification{std::make_shared<const NotificationLogEntry>(std::move(entry))});
  });
  collect(*damaged, read_alerts, writes, out.incomplete, [](model::Alert alert) {
    const std::uint64_t fingerprint = alert.labels.fingerprint();
    return Write(SaveAlert{std::make_shared<const model::Alert>(std::move(alert)), fingerprint});
  });
  collect_rule_alerts(*damaged, writes, out.incomplete);
  collect_under_way(*damaged, writes, out.incomplete);
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

}  // namespace tocsin::state
