#include "state/history_pack.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace tocsin::state {
namespace {

/// A pack goes with its newest event: this is how much longer an event may stay.
constexpr std::int64_t kLongestPackMs = 60'000;

using Number = std::int64_t StoredEvent::*;
using Text = std::string_view StoredEvent::*;
/// In the order of the bits that say which of them an event has: never reordered.
constexpr std::array<Number, 8> kNumbers = {&StoredEvent::labels,   &StoredEvent::starts_at, &StoredEvent::ends_at,
                                            &StoredEvent::position, &StoredEvent::attempts,  &StoredEvent::duration_ms,
                                            &StoredEvent::firing,   &StoredEvent::resolved};
constexpr std::array<Text, 10> kTexts = {&StoredEvent::annotations, &StoredEvent::group_key, &StoredEvent::receiver,
                                         &StoredEvent::integration, &StoredEvent::reason,    &StoredEvent::text,
                                         &StoredEvent::subject,     &StoredEvent::author,    &StoredEvent::comment,
                                         &StoredEvent::alerts};

std::string with_checksum(const std::string& bytes) {
  std::string out;
  out.reserve(sizeof(std::uint64_t) + bytes.size());
  put_fixed(out, xxhash64(bytes));
  return out += bytes;
}

std::optional<ByteReader> checked(std::string_view bytes) {
  ByteReader in(bytes);
  const auto sum = in.fixed<std::uint64_t>();
  if (in.failed() || sum != xxhash64({in.position(), in.left()})) return std::nullopt;
  return in;
}

void bind_text_or_null(Statement& statement, std::string_view text) {
  if (text.empty()) {
    statement.bind_null();
  } else {
    statement.bind_text(text);
  }
}

void bind_blob_or_null(Statement& statement, std::string_view bytes) {
  if (bytes.empty()) {
    statement.bind_null();
  } else {
    statement.bind_blob(bytes);
  }
}

void bind_or_null(Statement& statement, std::int64_t value) {
  if (value == 0) {
    statement.bind_null();
  } else {
    statement.bind(value);
  }
}

}  // namespace

std::int64_t first_event_id(Timestamp t) {
  constexpr Timestamp kLatest = (std::int64_t{1} << (62 - kEventIdShift)) - 1;
  return std::clamp<Timestamp>(t, 0, kLatest) << kEventIdShift;
}

void append_stored_alert(std::string& out, std::int64_t label_set, bool resolved) {
  put_fixed(out, label_set);
  out += resolved ? '\1' : '\0';
}

std::int64_t label_set_at(std::string_view alerts) {
  return ByteReader(alerts).fixed<std::int64_t>();
}

StoredEvent event_of_row(const Statement& row) {
  StoredEvent out;
  out.id = row.integer(0);
  out.kind = row.integer(1);
  out.labels = row.integer(2);  // NULL is 0
  out.annotations = row.bytes(3);
  out.starts_at = row.integer(4);
  out.ends_at = row.integer(5);
  out.group_key = row.bytes(6);
  out.receiver = row.bytes(7);
  out.integration = row.bytes(8);
  out.position = row.integer(9);
  out.reason = row.bytes(10);
  out.text = row.bytes(11);
  out.subject = row.bytes(12);
  out.author = row.bytes(13);
  out.comment = row.bytes(14);
  out.attempts = row.integer(15);
  out.duration_ms = row.integer(16);
  out.alerts = row.bytes(17);
  out.firing = row.integer(18);
  out.resolved = row.integer(19);
  return out;
}

void bind_event(Statement& statement, const StoredEvent& event) {
  statement.bind(event.id).bind(event.kind);
  bind_or_null(statement, event.labels);
  bind_blob_or_null(statement, event.annotations);
  bind_or_null(statement, event.starts_at);
  bind_or_null(statement, event.ends_at);
  for (const Text text : {&StoredEvent::group_key, &StoredEvent::receiver, &StoredEvent::integration}) {
    bind_text_or_null(statement, event.*text);
  }
  if (event.integration.empty()) {
    statement.bind_null();
  } else {
    statement.bind(event.position);
  }
  for (const Text text :
       {&StoredEvent::reason, &StoredEvent::text, &StoredEvent::subject, &StoredEvent::author, &StoredEvent::comment}) {
    bind_text_or_null(statement, event.*text);
  }
  bind_or_null(statement, event.attempts);
  bind_or_null(statement, event.duration_ms);
  bind_blob_or_null(statement, event.alerts);
  bind_or_null(statement, event.firing);
  bind_or_null(statement, event.resolved);
}

bool EventPack::takes(const StoredEvent& event) const {
  return empty() || (bytes_.size() < kHistoryPackBytes &&
                     (event.id >> kEventIdShift) - (first_id_ >> kEventIdShift) <= kLongestPackMs);
}

void EventPack::add(const StoredEvent& event) {
  if (empty()) first_id_ = last_id_ = event.id;
  put_varint(bytes_, static_cast<std::uint64_t>(event.id - last_id_));
  last_id_ = event.id;
  ++events_;
  bytes_ += static_cast<char>(event.kind);
  const std::size_t mask_at = bytes_.size();
  std::uint32_t mask = 0, bit = 1;
  put_fixed(bytes_, mask);
  for (const Number number : kNumbers) {
    if (event.*number != 0) put_signed(bytes_, event.*number);
    if (event.*number != 0) mask |= bit;
    bit <<= 1U;
  }
  for (const Text text : kTexts) {
    if (!(event.*text).empty()) put_text(bytes_, event.*text);
    if (!(event.*text).empty()) mask |= bit;
    bit <<= 1U;
  }
  std::memcpy(bytes_.data() + mask_at, &mask, sizeof mask);
}

std::string EventPack::take() {
  std::string out = with_checksum(bytes_);
  *this = {};
  return out;
}

std::vector<StoredEvent> unpack_events(std::int64_t first_id, std::string_view bytes) {
  std::vector<StoredEvent> out;
  std::optional<ByteReader> in = checked(bytes);
  std::int64_t id = first_id;
  while (in && !in->at_end()) {
    StoredEvent event;
    event.id = id = wrapping_add(id, static_cast<std::int64_t>(in->varint()));
    event.kind = in->fixed<std::uint8_t>();
    const auto mask = in->fixed<std::uint32_t>();
    std::uint32_t bit = 1;
    for (const Number number : kNumbers) {
      if ((mask & bit) != 0) event.*number = in->signed_varint();
      bit <<= 1U;
    }
    for (const Text text : kTexts) {
      if ((mask & bit) != 0) event.*text = in->text();
      bit <<= 1U;
    }
    if (in->failed()) return {};
    out.push_back(event);
  }
  return out;
}

void add_label_set(std::string& pack, std::string_view encoded) {
  put_text(pack, encoded);
}

std::string finish_label_pack(std::string pack) {
  return with_checksum(pack);
}

std::vector<std::string_view> unpack_label_sets(std::string_view bytes) {
  std::vector<std::string_view> out;
  std::optional<ByteReader> in = checked(bytes);
  while (in && !in->at_end()) {
    out.push_back(in->text());
    if (in->failed()) return {};
  }
  return out;
}

}  // namespace tocsin::state
