#include "state/row_writer.hpp"

#include <algorithm>
#include <bit>

#include "state/records.hpp"

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
    writer.scratch_.clear();
    encode_alert(writer.scratch_, *w.alert);
    writer.alerts_.put(w.fingerprint, writer.scratch_);
    return {};
  }
  Result<void> operator()(const RemoveAlert& w) const {
    writer.alerts_.remove(w.fingerprint);
    return {};
  }
  Result<void> operator()(const SaveNotification& w) const {
    std::uint64_t id = 0;
    if (const auto known = writer.known_.find(key_of(w.entry)); known != writer.known_.end()) {
      id = known->id;
      writer.known_.erase(known);  // its key is a view into the older entry
    } else {
      id = ++writer.last_entry_;
    }
    writer.known_.insert({w.entry, id});
    writer.scratch_.clear();
    encode_entry(writer.scratch_, *w.entry);
    writer.notifications_.put(id, writer.scratch_);
    return {};
  }
  Result<void> operator()(const RemoveNotifications& w) const {
    std::erase_if(writer.known_, [&](const Entry& one) {
      if (one.entry->expires_at >= w.expires_before) return false;
      writer.notifications_.remove(one.id);
      return true;
    });
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
    std::string pack;
    std::uint64_t number = 0;
    for (const UnderWayNote& note : w.notes) {
      writer.scratch_.clear();
      encode_note(writer.scratch_, note);
      put_record(pack, number++, writer.scratch_);
    }
    TOCSIN_TRY(Statement* const add, get("INSERT OR REPLACE INTO under_way_pack VALUES (?,?)"));
    return add->bind(static_cast<std::int64_t>(w.batch)).bind_blob(pack).run();
  }
  Result<void> operator()(const RemoveUnderWay& w) const {
    TOCSIN_TRY(Statement* const remove, get("DELETE FROM under_way_pack WHERE id = ?"));
    return remove->bind(static_cast<std::int64_t>(w.batch)).run();
  }
};

Result<void> RowWriter::write_all(std::span<const Write> writes) {
  TOCSIN_OK(run("BEGIN IMMEDIATE"));
  Result<void> done = learn();
  for (auto write = writes.begin(); done && write != writes.end(); ++write) done = std::visit(Apply{*this}, *write);
  if (done) done = alerts_.write();
  if (done) done = notifications_.write();
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
  TOCSIN_OK(alerts_.learn([](const PackRecord& record) { return decode_alert(record).has_value(); }));
  TOCSIN_OK(learn_notifications());
  learned_ = true;
  return {};
}

Result<void> RowWriter::learn_notifications() {
  known_.clear();
  last_entry_ = 0;
  std::vector<std::uint64_t> replaced;
  TOCSIN_OK(notifications_.learn([&](const PackRecord& record) {
    Result<NotificationLogEntry> entry = decode_entry(record);
    if (!entry) return false;
    for (auto* hashes : {&entry->firing, &entry->resolved, &entry->owed}) *hashes = {};  // nobody asks for them here
    last_entry_ = std::max(last_entry_, record.id);
    if (const auto known = known_.find(key_of(*entry)); known != known_.end()) {
      if (known->id != record.id) replaced.push_back(known->id);
      known_.erase(known);
    }
    known_.insert({std::make_shared<const NotificationLogEntry>(std::move(*entry)), record.id});
    return true;
  }));
  for (const std::uint64_t id : replaced) notifications_.remove(id);
  return {};
}

}  // namespace tocsin::state
