#pragma once
// The records of packs: alerts, entries of the notification log, notes of what is under way. What is read is checked,
// as rows are (rows.hpp): a record that makes no sense is kCorrupt.

#include <string>

#include "base/result.hpp"
#include "state/pack.hpp"
#include "state/store.hpp"

namespace tocsin::state {

/// Each of them appends.
void encode_alert(std::string& out, const model::Alert& alert);
void encode_entry(std::string& out, const NotificationLogEntry& entry);
void encode_note(std::string& out, const UnderWayNote& note);

/// @param record  its id is the fingerprint.
Result<model::Alert> decode_alert(const PackRecord& record);
Result<NotificationLogEntry> decode_entry(const PackRecord& record);
Result<UnderWayNote> decode_note(const PackRecord& record);

}  // namespace tocsin::state
