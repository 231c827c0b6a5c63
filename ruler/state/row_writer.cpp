#include "state/row_writer.hpp"

#include <bit>

#include "state/rows.hpp"

namespace tocsin::state {
namespace {

Result<void> insert(Statement& statement, const std::string& rule_key, const RuleAlert& alert) {
  statement.bind_text(rule_key)
      .bind_blob(alert.labels.encoded())
      .bind_blob(alert.annotations.encoded())
      .bind(static_cast<std::int64_t>(alert.state))
      .bind(std::bit_cast<std::int64_t>(alert.value))
      .bind(alert.active_at)
      .bind(alert.fired_at)
      .bind(alert.resolved_at)
      .bind(alert.last_sent_at)
      .bind(alert.valid_until)
      .bind(alert.keep_firing_since);
  return statement.run();
}

/// Key and times, behind them what is found by position: the order of both statements below.
Statement& bind_alert(Statement& statement, const SaveAlert& w) {
  const model::Alert& alert = *w.alert;
  return statement.bind(static_cast<std::int64_t>(w.fingerprint))
      .bind_blob(alert.labels.encoded())
      .bind_blob(alert.annotations.encoded())
      .bind(alert.starts_at)
      .bind(alert.ends_at)
      .bind(alert.updated_at)
      .bind_text(alert.generator_url)
      .bind(alert.timeout ? 1 : 0);
}
constexpr std::string_view kInsertAlert =
    "INSERT INTO alert (fingerprint, labels, annotations, starts_at, ends_at, updated_at, generator_url, timed_out, "
    "id) "
    "VALUES (?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kUpdateAlert =
    "UPDATE alert SET fingerprint = ?, labels = ?, annotations = ?, starts_at = ?, ends_at = ?, updated_at = ?, "
    "generator_url = ?, timed_out = ? WHERE id = ?";

constexpr std::string_view kInsertNotification =
    "INSERT INTO notification (group_key, receiver, integration, position, sent_at, expires_at, firing, resolved, "
    "owed, "
    "id) VALUES (?,?,?,?,?,?,?,?,?,?)";
/// What an entry is about stays.
constexpr std::string_view kUpdateNotification =
    "UPDATE notification SET sent_at = ?, expires_at = ?, firing = ?, resolved = ?, owed = ? WHERE id = ?";

Result<void> run_notification(Statement& statement, const NotificationLogEntry& entry, std::int64_t id) {
  const std::string firing = encode_hashes(entry.firing), resolved = encode_hashes(entry.resolved),
                    owed = encode_hashes(entry.owed);
  return statement.bind(entry.sent_at)
      .bind(entry.expires_at)
      .bind_blob(firing)
      .bind_blob(resolved)
      .bind_blob(owed)
      .bind(id)
      .run();
}

}  // namespace

struct RowWriter::Apply {
  RowWriter& writer;

  Result<Statement*> get(std::string_view sql) const { return writer.statements_.get(sql); }

  Result<void> operator()(const SaveRuleAlerts& w) const {
    TOCSIN_TRY(Statement* const remove, get("DELETE FROM rule_alert WHERE rule_key = ?"));
    TOCSIN_OK(remove->bind_text(w.rule_key).run());
    if (w.alerts.empty()) return {};
    TOCSIN_TRY(Statement* const add, get("INSERT OR REPLACE INTO rule_alert VALUES (?,?,?,?,?,?,?,?,?,?,?)"));
    for (const RuleAlert& alert : w.alerts) TOCSIN_OK(insert(*add, w.rule_key, alert));
    return {};
  }
  Result<void> operator()(const SaveAlert& w) const {
    const auto [row, fresh] = writer.alerts_.try_emplace(w.fingerprint, writer.last_alert_ + 1);
    if (fresh) ++writer.last_alert_;
    // One that is known stays where it is.
    TOCSIN_TRY(Statement* const save, get(fresh ? kInsertAlert : kUpdateAlert));
    return bind_alert(*save, w).bind(row->second).run();
  }
  Result<void> operator()(const RemoveAlert& w) const {
    const auto row = writer.alerts_.find(w.fingerprint);
    if (row == writer.alerts_.end()) return {};
    TOCSIN_TRY(Statement* const remove, get("DELETE FROM alert WHERE id = ?"));
    TOCSIN_OK(remove->bind(row->second).run());
    writer.alerts_.erase(row);
    return {};
  }
  Result<void> operator()(const SaveNotification& w) const {
    const NotificationLogEntry& e = *w.entry;
    std::int64_t id = 0;
    bool had_data = false;
    if (const auto known = writer.notifications_.find(key_of(e)); known != writer.notifications_.end()) {
      id = known->id;
      had_data = !known->entry->receiver_data.empty();
      TOCSIN_TRY(Statement* const update, get(kUpdateNotification));
      TOCSIN_OK(run_notification(*update, e, id));
      writer.notifications_.erase(known);  // its key is a view into the older entry
    } else {
      id = ++writer.last_notification_;
      TOCSIN_TRY(Statement* const add, get(kInsertNotification));
      add->bind_text(e.group_key).bind_text(e.receiver).bind_text(e.integration).bind(e.index);
      TOCSIN_OK(run_notification(*add, e, id));
    }
    writer.notifications_.insert({w.entry, id});
    if (had_data) {
      TOCSIN_TRY(Statement* const remove, get("DELETE FROM notification_data WHERE notification = ?"));
      TOCSIN_OK(remove->bind(id).run());
    }
    if (e.receiver_data.empty()) return {};
    TOCSIN_TRY(Statement* const data, get("INSERT INTO notification_data VALUES (?,?,?)"));
    for (const auto& [name, value] : e.receiver_data) TOCSIN_OK(data->bind(id).bind_text(name).bind_text(value).run());
    return {};
  }
  Result<void> operator()(const RemoveNotifications& w) const {
    TOCSIN_TRY(Statement* const remove, get("DELETE FROM notification WHERE expires_at < ?"));
    TOCSIN_OK(remove->bind(w.expires_before).run());
    std::erase_if(writer.notifications_,
                  [&w](const EntryRow& row) { return row.entry->expires_at < w.expires_before; });
    return {};
  }
  Result<void> operator()(const SaveSilence& w) const {
    TOCSIN_TRY(Statement* const add, get("INSERT OR REPLACE INTO silence VALUES (?,?,?)"));
    return add->bind_text(w.silence.id).bind_text(w.silence.json).bind(w.silence.ends_at).run();
  }
  Result<void> operator()(const RemoveSilence& w) const {
    TOCSIN_TRY(Statement* const remove, get("DELETE FROM silence WHERE id = ?"));
    return remove->bind_text(w.id).run();
  }
  Result<void> operator()(const SaveUnderWay& w) const {
    TOCSIN_TRY(Statement* const add, get("INSERT OR REPLACE INTO under_way VALUES (?,?,?,?,?,?,?,?)"));
    std::int64_t number = 0;
    for (const UnderWayNote& note : w.notes) {
      const std::string firing = encode_hashes(note.firing);
      TOCSIN_OK(add->bind(static_cast<std::int64_t>(w.batch))
                    .bind(number++)
                    .bind_text(note.group_key)
                    .bind_text(note.receiver)
                    .bind_text(note.integration)
                    .bind(note.index)
                    .bind(note.noted_at)
                    .bind_blob(firing)
                    .run());
    }
    return {};
  }
  Result<void> operator()(const RemoveUnderWay& w) const {
    TOCSIN_TRY(Statement* const remove, get("DELETE FROM under_way WHERE batch = ?"));
    return remove->bind(static_cast<std::int64_t>(w.batch)).run();
  }
};

Result<void> RowWriter::write_all(std::span<const Write> writes) {
  TOCSIN_OK(run("BEGIN IMMEDIATE"));
  Result<void> done = learn();
  for (auto write = writes.begin(); done && write != writes.end(); ++write) done = std::visit(Apply{*this}, *write);
  if (done) done = run("COMMIT");
  if (done) return {};
  // A full disk rolls back by itself, then ROLLBACK has nothing to do: the first error is the one to tell.
  (void)statements_.database().execute("ROLLBACK");
  learned_ = false;
  return done;
}

Result<void> RowWriter::run(std::string_view sql) {
  TOCSIN_TRY(Statement* const statement, statements_.get(sql));
  return statement->run();
}

Result<void> RowWriter::learn() {
  if (learned_) return {};
  TOCSIN_OK(learn_alerts());
  TOCSIN_OK(learn_notifications());
  learned_ = true;
  return {};
}

Result<void> RowWriter::learn_alerts() {
  alerts_.clear();
  last_alert_ = 0;
  std::vector<std::int64_t> replaced;  // rows of one fingerprint: the last one counts, as it does for who reads them
  TOCSIN_TRY(Statement rows,
             Statement::prepare(statements_.database(), "SELECT id, fingerprint FROM alert ORDER BY id"));
  while (true) {
    TOCSIN_TRY(const bool row, rows.step());
    if (!row) break;
    last_alert_ = rows.integer(0);
    const auto [known, fresh] = alerts_.try_emplace(static_cast<std::uint64_t>(rows.integer(1)), last_alert_);
    if (!fresh) replaced.push_back(std::exchange(known->second, last_alert_));
  }
  TOCSIN_TRY(Statement* const remove, statements_.get("DELETE FROM alert WHERE id = ?"));
  for (const std::int64_t id : replaced) TOCSIN_OK(remove->bind(id).run());
  return {};
}

Result<void> RowWriter::learn_notifications() {
  notifications_.clear();
  last_notification_ = 0;
  std::vector<std::int64_t> replaced;
  TOCSIN_TRY(Statement rows, Statement::prepare(statements_.database(),
                                                "SELECT id, group_key, receiver, integration, position, expires_at, "
                                                "EXISTS (SELECT 1 FROM notification_data WHERE notification = id) "
                                                "FROM notification ORDER BY id"));
  while (true) {
    TOCSIN_TRY(const bool row, rows.step());
    if (!row) break;
    NotificationLogEntry entry;
    entry.group_key = rows.bytes(1);
    entry.receiver = rows.bytes(2);
    entry.integration = rows.bytes(3);
    entry.index = static_cast<std::uint32_t>(rows.integer(4));
    entry.expires_at = rows.integer(5);
    if (rows.integer(6) != 0) entry.receiver_data.emplace();
    last_notification_ = rows.integer(0);
    if (const auto known = notifications_.find(key_of(entry)); known != notifications_.end()) {
      replaced.push_back(known->id);
      notifications_.erase(known);
    }
    notifications_.insert({std::make_shared<const NotificationLogEntry>(std::move(entry)), last_notification_});
  }
  TOCSIN_TRY(Statement* const remove, statements_.get("DELETE FROM notification WHERE id = ?"));
  for (const std::int64_t id : replaced) TOCSIN_OK(remove->bind(id).run());
  return {};
}

}  // namespace tocsin::state
