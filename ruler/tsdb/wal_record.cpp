#include "tsdb/wal_record.hpp"

#include <algorithm>
#include <bit>

#include "base/bytes.hpp"
#include "tsdb/wal_value.hpp"

namespace tocsin::tsdb {
namespace {

enum SectionType : std::uint8_t {
  kPairs = 1,
  kSeries = 2,
  kSamples = 3,
  kRows = 4,
  kExemplars = 5,
  kLate = 6,
  kDeletions = 7,
  kAhead = 8
};
enum IdMode : std::uint8_t { kIdRuns = 0, kIdBitmap = 1 };

/// No series has this number.
constexpr SeriesId kNoSeries = 0xffffffffU;

/// Ids are stored as differences; they wrap, so that any order can be told.
void put_id(std::uint32_t id, std::uint32_t& last, std::string& out) {
  put_signed(out, static_cast<std::int32_t>(id - last));
  last = id;
}

std::uint32_t take_id(std::uint32_t& last, ByteReader& in) {
  last += static_cast<std::uint32_t>(in.signed_varint());
  return last;
}

void put_runs(const std::vector<SeriesId>& ids, std::string& out) {
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < ids.size();) {
    std::size_t end = i + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
    put_id(ids[i], next, out);
    put_varint(out, end - i);
    next = ids[end - 1] + 1;
    i = end;
  }
}

/// From the first to the last id a bit each; the ids are ascending.
void put_bitmap(const std::vector<SeriesId>& ids, std::string& out) {
  const std::size_t bits = ids.back() - ids.front() + 1;
  put_varint(out, ids.front());
  put_varint(out, bits);
  const std::size_t start = out.size();
  out.append((bits + 7) / 8, '\0');
  for (const SeriesId id : ids) {
    char& byte = out[start + (id - ids.front()) / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << (id - ids.front()) % 8);
  }
}

/// Calls `each` with the first id and the length of each run. @return false if they are not `count` ids in all.
template <typename Each>
bool walk_runs(std::size_t count, ByteReader& in, Each&& each) {
  std::uint32_t next = 0;
  for (std::size_t seen = 0; seen < count;) {
    const std::uint32_t first = take_id(next, in);
    const std::uint64_t length = in.varint();
    if (in.failed() || length == 0 || length > count - seen) return false;
    each(first, static_cast<std::uint32_t>(length));
    seen += length;
    next = first + static_cast<std::uint32_t>(length);
  }
  return true;
}

/// Calls `each` with the id of the first bit and the bytes. @return false if they do not have `count` bits set.
template <typename Each>
bool walk_bitmap(std::size_t count, ByteReader& in, Each&& each) {
  const std::uint32_t first = in.varint32();
  const std::uint64_t bits = in.varint();
  if (in.failed() || bits > in.left() * 8) return false;
  const std::string_view bytes = in.take((bits + 7) / 8);
  std::size_t set = 0;
  for (const char byte : bytes) set += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
  if (bits % 8 != 0 && static_cast<unsigned char>(bytes.back()) >> bits % 8 != 0) return false;
  if (set != count) return false;
  each(first, bytes);
  return true;
}

/// Passes over the ids of samples. @return false if they are not `count`.
bool skip_ids(std::uint8_t mode, std::size_t count, ByteReader& in, std::uint64_t& above) {
  const auto saw = [&](std::uint64_t end) { above = std::max(above, end); };
  if (mode == kIdRuns) {
    return walk_runs(count, in, [&](std::uint32_t first, std::uint32_t length) { saw(std::uint64_t{first} + length); });
  }
  if (mode != kIdBitmap) return false;
  return walk_bitmap(
      count, in, [&](std::uint32_t first, std::string_view bytes) { saw(std::uint64_t{first} + bytes.size() * 8); });
}

bool take_pairs(ByteReader& in, WalRecord& out) {
  const std::size_t count = in.count(3);
  std::uint32_t last = 0;
  std::string_view name;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = take_id(last, in);
    const std::string_view text = in.text();
    if (!text.empty()) name = text;
    const std::string_view value = in.text();
    if (in.failed() || name.empty()) return false;
    out.pairs.push_back({id, name, value});
  }
  return true;
}

bool take_series(ByteReader& in, WalRecord& out) {
  const std::size_t count = in.count(2);
  std::uint32_t last = 0;
  WalRecord::Series before{0, 0, 0};
  for (std::size_t i = 0; i < count; ++i) {
    WalRecord::Series series{take_id(last, in), static_cast<std::uint32_t>(out.pair_ids.size()), 0};
    series.count = static_cast<std::uint32_t>(in.count(1));
    for (std::uint32_t k = 0; k < series.count; ++k) {
      std::uint32_t base = k < before.count ? out.pair_ids[before.first + k] : 0;
      out.pair_ids.push_back(take_id(base, in));
    }
    if (in.failed()) return false;
    out.series.push_back(series);
    out.above_series = std::max(out.above_series, std::uint64_t{series.id} + 1);
    before = series;
  }
  return true;
}

bool take_samples(ByteReader& in, WalRecord& out) {
  if (out.samples != 0) return false;
  out.time = in.signed_varint();
  const std::uint64_t count = in.varint();
  // Runs take no bytes for each id, but controls do: half a byte.
  if (in.failed() || count == 0 || count > in.left() * 2) return false;
  out.id_mode = in.fixed<std::uint8_t>();
  const char* const ids = in.position();
  if (!skip_ids(out.id_mode, count, in, out.above_series)) return false;
  out.id_bytes = {ids, static_cast<std::size_t>(in.position() - ids)};
  out.samples = count;
  out.controls = in.take((count + 1) / 2);
  out.values = in.text();
  return !in.failed();
}

/// @param changes  gets as many as rows, or nullptr if these rows can be no changes.
bool take_rows(ByteReader& in, std::vector<std::pair<SeriesId, Row>>& out, std::vector<std::string_view>* changes,
               std::uint64_t& above) {
  const std::size_t count = in.count(3);
  std::uint32_t last = 0;
  Timestamp last_time = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = take_id(last, in);
    Row row;
    std::string_view change;
    if (!decode_row(last_time, in, row, changes ? &change : nullptr)) return false;
    last_time = row.t;
    above = std::max(above, std::uint64_t{id} + 1);
    out.emplace_back(id, std::move(row));
    if (changes) changes->push_back(change);
  }
  return !in.failed();
}

bool take_ahead(ByteReader& in, WalRecord& out) {
  const std::size_t count = in.count(4);
  std::uint32_t last = 0;
  Timestamp last_time = 0;
  for (std::size_t i = 0; i < count; ++i) {
    WalRecord::Ahead one{take_id(last, in), false, {}};
    one.may_be_late = in.fixed<std::uint8_t>() != 0;
    if (!decode_row(last_time, in, one.row)) return false;
    last_time = one.row.t;
    out.above_series = std::max(out.above_series, std::uint64_t{one.id} + 1);
    out.ahead.push_back(std::move(one));
  }
  return !in.failed();
}

/// The bytes are an encoded label set: lengths that fit, names ascending.
bool take_labels(ByteReader& in, model::Labels& labels) {
  std::vector<model::LabelView> views;
  const std::size_t count = in.count(2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = in.text();
    views.push_back({name, in.text()});
  }
  if (in.failed()) return false;
  labels = model::Labels::from(std::move(views));
  return true;
}

bool take_exemplars(ByteReader& in, WalRecord& out) {
  const std::size_t count = in.count(4);
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = take_id(last, in);
    storage::Exemplar exemplar;
    if (!take_labels(in, exemplar.labels)) return false;
    exemplar.value = in.fixed<double>();
    exemplar.t = in.signed_varint();
    exemplar.has_timestamp = in.fixed<std::uint8_t>() != 0;
    if (in.failed()) return false;
    out.above_series = std::max(out.above_series, std::uint64_t{id} + 1);
    out.exemplars.emplace_back(id, std::move(exemplar));
  }
  return true;
}

bool take_deletions(ByteReader& in, WalRecord& out) {
  if (!out.deletions.empty()) return false;
  const std::size_t count = in.count(3);
  out.deletions_chunks_end = in.fixed<ChunkRef>();
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = take_id(last, in);
    const Timestamp start = in.signed_varint();
    const Timestamp end = wrapping_add(start, static_cast<std::int64_t>(in.varint()));
    if (in.failed() || end < start) return false;
    out.above_series = std::max(out.above_series, std::uint64_t{id} + 1);
    out.deletions.push_back({id, start, end});
  }
  return !in.failed();
}

}  // namespace

void WalRecordWriter::clear() {
  for (Section* const section : {&pairs_, &series_, &rows_, &exemplars_, &late_, &ahead_, &deletions_}) {
    section->count = 0;
    section->last_id = 0;
    section->bytes.clear();
  }
  last_name_.clear();
  last_pairs_.clear();
  last_row_time_ = last_late_time_ = last_ahead_time_ = 0;
  ids_.clear();
  controls_.clear();
  values_.clear();
}

void WalRecordWriter::pair(std::uint32_t id, std::string_view name, std::string_view value) {
  ++pairs_.count;
  put_id(id, pairs_.last_id, pairs_.bytes);
  put_text(pairs_.bytes, name == last_name_ ? std::string_view() : name);
  put_text(pairs_.bytes, value);
  last_name_ = name;
}

void WalRecordWriter::series(SeriesId id, std::span<const std::uint32_t> pairs) {
  ++series_.count;
  put_id(id, series_.last_id, series_.bytes);
  put_varint(series_.bytes, pairs.size());
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    std::uint32_t base = k < last_pairs_.size() ? last_pairs_[k] : 0;
    put_id(pairs[k], base, series_.bytes);
  }
  last_pairs_.assign(pairs.begin(), pairs.end());
}

void WalRecordWriter::sample(SeriesId id, double last, double value) {
  const unsigned control = encode_wal_value(last, value, values_);
  if (ids_.size() % 2 == 0) {
    controls_ += static_cast<char>(control);
  } else {
    controls_.back() = static_cast<char>(static_cast<unsigned char>(controls_.back()) | control << 4U);
  }
  ids_.push_back(id);
}

void WalRecordWriter::row(SeriesId id, const Row& row, const model::FloatHistogram* last) {
  ++rows_.count;
  put_id(id, rows_.last_id, rows_.bytes);
  encode_row(row, last_row_time_, last, rows_.bytes);
  last_row_time_ = row.t;
}

void WalRecordWriter::exemplar(SeriesId id, const storage::Exemplar& exemplar) {
  ++exemplars_.count;
  put_id(id, exemplars_.last_id, exemplars_.bytes);
  put_varint(exemplars_.bytes, exemplar.labels.size());
  for (const auto& label : exemplar.labels) {
    put_text(exemplars_.bytes, label.name);
    put_text(exemplars_.bytes, label.value);
  }
  put_fixed(exemplars_.bytes, exemplar.value);
  put_signed(exemplars_.bytes, exemplar.t);
  put_fixed(exemplars_.bytes, static_cast<std::uint8_t>(exemplar.has_timestamp ? 1 : 0));
}

void WalRecordWriter::late(SeriesId id, const Row& row) {
  ++late_.count;
  put_id(id, late_.last_id, late_.bytes);
  encode_row(row, last_late_time_, nullptr, late_.bytes);
  last_late_time_ = row.t;
}

void WalRecordWriter::ahead(SeriesId id, bool may_be_late, const Row& row) {
  ++ahead_.count;
  put_id(id, ahead_.last_id, ahead_.bytes);
  put_fixed(ahead_.bytes, static_cast<std::uint8_t>(may_be_late ? 1 : 0));
  encode_row(row, last_ahead_time_, nullptr, ahead_.bytes);
  last_ahead_time_ = row.t;
}

void WalRecordWriter::deletion(SeriesId id, Timestamp start, Timestamp end, ChunkRef chunks_end) {
  if (deletions_.count++ == 0) put_fixed(deletions_.bytes, chunks_end);
  put_id(id, deletions_.last_id, deletions_.bytes);
  put_signed(deletions_.bytes, start);
  put_varint(deletions_.bytes, static_cast<std::uint64_t>(wrapping_sub(end, start)));
}

/// Runs are shortest for a target whose series were made together, a bitmap for two that were made side by side.
void WalRecordWriter::put_ids(std::string& out) const {
  std::string runs;
  put_runs(ids_, runs);
  const bool ascending = std::ranges::is_sorted(ids_);
  if (ascending && (ids_.back() - ids_.front()) / 8 + 12 < runs.size()) {
    put_fixed(out, static_cast<std::uint8_t>(kIdBitmap));
    put_bitmap(ids_, out);
    return;
  }
  put_fixed(out, static_cast<std::uint8_t>(kIdRuns));
  out += runs;
}

void WalRecordWriter::finish(std::string& out) const {
  const auto put_section = [&out](SectionType type, const Section& section) {
    if (section.count == 0) return;
    put_fixed(out, static_cast<std::uint8_t>(type));
    put_varint(out, section.count);
    out += section.bytes;
  };
  put_section(kPairs, pairs_);
  put_section(kSeries, series_);
  if (!ids_.empty()) {
    put_fixed(out, static_cast<std::uint8_t>(kSamples));
    put_signed(out, time_);
    put_varint(out, ids_.size());
    put_ids(out);
    out += controls_;
    put_text(out, values_);
  }
  put_section(kRows, rows_);
  put_section(kExemplars, exemplars_);
  put_section(kLate, late_);
  put_section(kAhead, ahead_);
  put_section(kDeletions, deletions_);
}

void WalRecord::clear() {
  pairs.clear();
  series.clear();
  pair_ids.clear();
  time = 0;
  samples = 0;
  controls = values = id_bytes = {};
  id_mode = 0;
  rows.clear();
  row_changes.clear();
  exemplars.clear();
  late.clear();
  ahead.clear();
  deletions.clear();
  deletions_chunks_end = 0;
  above_series = 0;
}

void WalRecord::sample_ids(Ids& ids) const {
  ids.clear();
  if (samples == 0) return;
  ids.reserve(samples);
  ByteReader in(id_bytes);
  if (id_mode == kIdRuns) {
    walk_runs(samples, in, [&](std::uint32_t first, std::uint32_t length) {
      for (std::uint32_t i = 0; i < length; ++i) ids.push_back(first + i);
    });
    return;
  }
  walk_bitmap(samples, in, [&](std::uint32_t first, std::string_view bytes) {
    for (const char byte : bytes) {
      for (unsigned left = static_cast<unsigned char>(byte); left != 0; left &= left - 1) {
        ids.push_back(first + static_cast<std::uint32_t>(std::countr_zero(left)));
      }
      first += 8;
    }
  });
}

bool parse_wal_record(std::string_view payload, WalRecord& out) {
  out.clear();
  ByteReader in(payload);
  while (!in.at_end()) {
    bool good = false;
    switch (in.fixed<std::uint8_t>()) {
      case kPairs:
        good = take_pairs(in, out);
        break;
      case kSeries:
        good = take_series(in, out);
        break;
      case kSamples:
        good = take_samples(in, out);
        break;
      case kRows:
        good = take_rows(in, out.rows, &out.row_changes, out.above_series);
        break;
      case kExemplars:
        good = take_exemplars(in, out);
        break;
      case kLate:
        good = take_rows(in, out.late, nullptr, out.above_series);
        break;
      case kAhead:
        good = take_ahead(in, out);
        break;
      case kDeletions:
        good = take_deletions(in, out);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !in.failed() && out.above_series < kNoSeries;
}

}  // namespace tocsin::tsdb
