#include "state/records.hpp"

#include <algorithm>

#include "state/rows.hpp"

namespace tocsin::state {
namespace {

using Hashes = std::vector<std::uint64_t>;

void put_hashes(std::string& out, const Hashes& hashes) {
  put_varint(out, hashes.size());
  for (const std::uint64_t hash : hashes) put_fixed(out, hash);
}

Result<Hashes> read_hashes(ByteReader& in) {
  const std::string_view bytes = in.take(in.count(sizeof(std::uint64_t)) * sizeof(std::uint64_t));
  return decode_hashes(bytes);
}

Result<void> whole(const ByteReader& in, std::string_view what) {
  if (in.failed() || !in.at_end()) return fail(Errc::kCorrupt, "{} has too few or too many bytes", what);
  return {};
}

}  // namespace

void encode_alert(std::string& out, const model::Alert& alert) {
  put_text(out, alert.labels.encoded());
  put_text(out, alert.annotations.encoded());
  put_signed(out, alert.starts_at);
  put_signed(out, alert.ends_at);
  put_signed(out, alert.updated_at);
  put_text(out, alert.generator_url);
  out += alert.timeout ? '\1' : '\0';
}

Result<model::Alert> decode_alert(const PackRecord& record) {
  ByteReader in(record.payload);
  model::Alert alert;
  TOCSIN_TRY(alert.labels, decode_labels(in.text()));
  TOCSIN_TRY(alert.annotations, decode_annotations(in.text()));
  alert.starts_at = in.signed_varint();
  alert.ends_at = in.signed_varint();
  alert.updated_at = in.signed_varint();
  alert.generator_url = in.text();
  alert.timeout = in.fixed<char>() != 0;
  TOCSIN_OK(whole(in, "an alert"));
  if (alert.labels.empty()) return fail(Errc::kCorrupt, "an alert without labels");
  if (alert.labels.fingerprint() != record.id) {
    return fail(Errc::kCorrupt, "fingerprint of an alert differs from its labels");
  }
  return alert;
}

void encode_entry(std::string& out, const NotificationLogEntry& entry) {
  put_text(out, entry.group_key);
  put_text(out, entry.receiver);
  put_text(out, entry.integration);
  put_varint(out, entry.index);
  put_signed(out, entry.sent_at);
  put_signed(out, entry.expires_at);
  for (const Hashes* hashes : {&entry.firing, &entry.resolved, &entry.owed}) put_hashes(out, *hashes);
  put_varint(out, entry.receiver_data.size());
  for (const auto& [name, value] : entry.receiver_data) {
    put_text(out, name);
    put_text(out, value);
  }
}

Result<NotificationLogEntry> decode_entry(const PackRecord& record) {
  ByteReader in(record.payload);
  NotificationLogEntry entry;
  entry.group_key = in.text();
  entry.receiver = in.text();
  entry.integration = in.text();
  entry.index = in.varint32();
  entry.sent_at = in.signed_varint();
  entry.expires_at = in.signed_varint();
  for (Hashes* hashes : {&entry.firing, &entry.resolved, &entry.owed}) {
    TOCSIN_TRY(*hashes, read_hashes(in));
  }
  for (std::size_t left = in.count(2); left > 0; --left) {
    const std::string_view name = in.text();
    entry.receiver_data.emplace(name, in.text());
  }
  TOCSIN_OK(whole(in, "an entry of the notification log"));
  return entry;
}

void encode_note(std::string& out, const UnderWayNote& note) {
  put_text(out, note.group_key);
  put_text(out, note.receiver);
  put_text(out, note.integration);
  put_varint(out, note.index);
  put_signed(out, note.noted_at);
  put_hashes(out, note.firing);
}

Result<UnderWayNote> decode_note(const PackRecord& record) {
  ByteReader in(record.payload);
  UnderWayNote note;
  note.group_key = in.text();
  note.receiver = in.text();
  note.integration = in.text();
  note.index = in.varint32();
  note.noted_at = in.signed_varint();
  TOCSIN_TRY(note.firing, read_hashes(in));
  TOCSIN_OK(whole(in, "a note of what is under way"));
  return note;
}

}  // namespace tocsin::state
