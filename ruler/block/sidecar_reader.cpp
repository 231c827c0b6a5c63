#include <algorithm>
#include <ranges>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/quick_reader.hpp"
#include "block/sidecar.hpp"
#include "block/sidecar_format.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::block {
namespace {

using namespace sidecar;
using storage::ChunkSummary;
using storage::TimeRange;

/// More than a record of one series has, and the beginning of the next.
constexpr std::size_t kPrefetchBytes = 256;

/// The body of a part that ends with its checksum; false if it is damaged.
bool checked(std::string_view part, std::string_view& body) {
  if (part.size() < kCrcBytes) return false;
  body = part.substr(0, part.size() - kCrcBytes);
  std::uint32_t crc = 0;
  std::memcpy(&crc, part.data() + body.size(), sizeof crc);
  return crc32c(body) == crc;
}

/// Twin of the writer's EntryCoder.
class EntryReader {
 public:
  /// @param out  a new one.
  void take(QuickReader& in, ChunkSummary& out) {
    const std::int64_t first = in.signed_varint();
    chunkenc::decode_summary(wrapping_add(last_, first), in, out);
    last_ = out.last_time;
  }

 private:
  Timestamp last_ = 0;
};

/// A record, its checksum not yet compared.
struct Record {
  std::uint64_t ref = 0;
  std::string_view bytes;  // with length and checksum
};

/// Sorts summaries by what becomes of them within [start, end].
struct Picker {
  Timestamp start, end;
  std::vector<ChunkSummary>& out;
  std::vector<TimeRange>& rest;

  bool touches(const ChunkSummary& s) const { return s.first_time <= end && s.last_time >= start; }
  bool holds(const ChunkSummary& s) const { return s.first_time >= start && s.last_time <= end; }
  void read(const ChunkSummary& s) const {
    rest.push_back({std::max(start, s.first_time), std::min(end, s.last_time)});
  }
};

/// Coarse summaries whose values of resets got too many are of less use than those that they stand for.
bool answers_all(const ChunkSummary& s) {
  return s.known() && s.has_reset_values();
}

}  // namespace

struct SidecarReader::Impl {
  std::unique_ptr<MappedFile> file;
  std::string_view bytes;      // up to the directory
  std::string_view directory;  // its entries
  std::uint64_t series = 0;
  std::uint32_t flags = 0;

  std::uint64_t u40(std::size_t row, std::size_t at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, directory.data() + row * kEntryBytes + at, kEntryBytes / 2);
    return value;
  }
  std::uint64_t first_ref(std::size_t row) const { return u40(row, 0); }
  std::uint64_t offset_of(std::size_t row) const { return u40(row, kEntryBytes / 2); }

  /// False if none can be there.
  bool record_at(std::uint64_t offset, Record& out) const {
    if (offset >= bytes.size()) return false;
    QuickReader in(bytes.substr(offset));
    const std::string_view body = in.take(in.varint());
    in.take(kCrcBytes);
    QuickReader rest(body);
    out.ref = rest.varint();
    out.bytes = {bytes.data() + offset, static_cast<std::size_t>(in.position() - bytes.data()) - offset};
    return !in.failed() && !rest.failed();
  }

  /// Where record number `number` stands if `last` is the one before it; 0: nowhere.
  std::uint64_t offset_behind(const Record& last, std::uint64_t number) const {
    if (number >= series) return 0;
    if (number % kRowSeries == 0) return offset_of(number / kRowSeries);
    return static_cast<std::uint64_t>(last.bytes.data() + last.bytes.size() - bytes.data());
  }

  bool search(std::uint64_t ref, SidecarPlace& place, Record& out) const {
    const auto rows = std::views::iota(std::size_t{0}, rows_of(series));
    const auto after = std::ranges::upper_bound(rows, ref, {}, [this](std::size_t row) { return first_ref(row); });
    if (after == rows.begin()) return false;
    place.number = (*after - 1) * kRowSeries;
    const std::uint64_t end = std::min<std::uint64_t>(series, place.number + kRowSeries);
    place.offset = offset_of(*after - 1);
    for (; place.number < end && record_at(place.offset, out) && out.ref <= ref; ++place.number) {
      if (out.ref == ref) return true;
      place.offset = offset_behind(out, place.number + 1);
    }
    return false;
  }
};

namespace {

/// What the file says of the groups of a series, decoded step by step.
class Details {
 public:
  /// @param bytes  from the details on.
  Details(std::string_view bytes, std::size_t chunks) : chunks_(chunks) {
    QuickReader in(bytes);
    const std::string_view head = in.take(in.varint());
    groups_bytes_ = in.rest();
    std::string_view body;
    valid_ = !in.failed() && checked(head, body);
    if (valid_) head_ = QuickReader(body);
  }

  /// False: damaged.
  bool valid() const { return valid_; }

  /// The next group; false at the end, or if the rest cannot be understood (then valid() is false).
  bool next_group() {
    if (!valid_ || group_ == groups_of(chunks_)) return false;
    if (groups_of(chunks_) > 1) {
      summary_ = {};
      coarse_.take(head_, summary_);
    }
    const std::uint64_t summaries = head_.varint();
    const std::uint64_t starts = head_.varint();
    if (head_.failed() || summaries > groups_bytes_.size() || starts > groups_bytes_.size() - summaries) {
      return valid_ = false;
    }
    summaries_ = groups_bytes_.substr(0, summaries);
    starts_ = groups_bytes_.substr(summaries, starts);
    groups_bytes_.remove_prefix(summaries + starts);
    ++group_;
    return true;
  }
  /// Behind the groups that were taken.
  const char* end() const { return groups_bytes_.data(); }
  /// Of the group, unless it is the only one.
  const ChunkSummary& summary() const { return summary_; }
  std::string_view summaries() const { return summaries_; }
  std::string_view starts() const { return starts_; }
  std::size_t chunks_of_group() const { return std::min(kGroupChunks, chunks_ - (group_ - 1) * kGroupChunks); }

 private:
  QuickReader head_{std::string_view()};
  std::string_view groups_bytes_;
  const std::size_t chunks_;
  std::size_t group_ = 0;  // number of those that were taken
  bool valid_ = false;
  ChunkSummary summary_;
  EntryReader coarse_;
  std::string_view summaries_, starts_;
};

/// Calls each(entry reader, bytes), which takes an entry, for each chunk of the group. False if it is damaged.
template <typename Each>
bool each_chunk(const Details& details, Each&& each) {
  std::string_view body;
  if (!checked(details.summaries(), body)) return false;
  QuickReader in(body);
  EntryReader entry;
  for (std::size_t i = 0; i < details.chunks_of_group() && !in.failed(); ++i) each(entry, in);
  return !in.failed() && in.at_end();
}

/// The chunks of a group one by one. A damaged group is read.
void pick_chunks(const Details& details, const ChunkSummary& group, const Picker& pick) {
  const std::size_t summaries = pick.out.size();
  const std::size_t ranges = pick.rest.size();
  const bool good = each_chunk(details, [&](EntryReader& entry, QuickReader& in) {
    ChunkSummary& s = pick.out.emplace_back();
    entry.take(in, s);
    if (!in.failed() && pick.holds(s) && s.known()) return;
    if (!in.failed() && pick.touches(s)) pick.read(s);
    pick.out.pop_back();
  });
  if (good) return;
  pick.out.resize(summaries);
  pick.rest.resize(ranges);
  pick.read(group);
}

}  // namespace

SidecarReader::SidecarReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SidecarReader::~SidecarReader() = default;

Result<std::unique_ptr<SidecarReader>> SidecarReader::open(Fs& fs, const std::string& path, std::uint32_t index_crc) {
  TOCSIN_TRY(auto file, fs.map(path));
  const std::string_view all = file->bytes();
  if (!all.starts_with(kMagic)) return fail(Errc::kCorrupt, "{}: no file of summaries of this version", path);
  if (all.size() < kMagic.size() + kFooterBytes)
    return fail(Errc::kCorrupt, "{}: cut off at {} bytes", path, all.size());
  ByteReader footer(all.substr(all.size() - kFooterBytes));
  const auto directory = footer.fixed<std::uint64_t>();
  const auto series = footer.fixed<std::uint64_t>();
  const auto of_index = footer.fixed<std::uint32_t>();
  const auto flags = footer.fixed<std::uint32_t>();
  const auto crc = footer.fixed<std::uint32_t>();
  const std::uint64_t space = all.size() - kFooterBytes;
  if (directory > space || series > space || (space - directory) % kEntryBytes != 0 ||
      (space - directory) / kEntryBytes != rows_of(series)) {
    return fail(Errc::kCorrupt, "{}: at {}: no directory of {} series", path, directory, series);
  }
  if (crc32c(all.substr(directory, all.size() - directory - kCrcBytes)) != crc) {
    return fail(Errc::kCorrupt, "{}: at {}: the checksum of the directory is wrong", path, directory);
  }
  if (of_index != index_crc) return fail(Errc::kCorrupt, "{}: it belongs to another index", path);
  auto impl = std::make_unique<Impl>();
  impl->bytes = all.substr(0, directory);
  impl->directory = all.substr(directory, space - directory);
  impl->series = series;
  impl->flags = flags;
  impl->file = std::move(file);
  return std::unique_ptr<SidecarReader>(new SidecarReader(std::move(impl)));
}

bool SidecarReader::find(std::uint64_t series_ref, SidecarSeries& out, SidecarPlace* place) const {
  SidecarPlace here = place ? *place : SidecarPlace();
  Record record;
  std::string_view body;
  const bool is_next = here.offset != 0 && impl_->record_at(here.offset, record) && record.ref == series_ref &&
                       checked(record.bytes, body);
  if (!is_next && !(impl_->search(series_ref, here, record) && checked(record.bytes, body))) return false;
  if (place) {
    place->number = here.number + 1;
    place->offset = impl_->offset_behind(record, place->number);
    // Who goes through many files in turn would wait for the memory in each.
    for (std::size_t at = 0; at < kPrefetchBytes; at += 64) {
      __builtin_prefetch(impl_->bytes.data() + place->offset + at);
    }
  }
  QuickReader in(body);
  in.varint();  // the length
  in.varint();  // the ref
  out.labels_crc = in.fixed<std::uint32_t>();
  out.chunks = in.varint();
  out.details = in.varint();
  out.whole = in.rest();
  return !in.failed() && out.chunks > 0 && out.details < impl_->bytes.size();
}

bool SidecarReader::summaries(const SidecarSeries& series, Timestamp start, Timestamp end,
                              std::vector<ChunkSummary>& out, std::vector<TimeRange>& rest) const {
  const std::size_t summaries = out.size();
  const std::size_t ranges = rest.size();
  const Picker pick{start, end, out, rest};
  ChunkSummary& whole = out.emplace_back();
  QuickReader in(series.whole);
  EntryReader().take(in, whole);
  if (in.failed()) return out.pop_back(), false;
  if (pick.holds(whole) && (answers_all(whole) || (series.chunks == 1 && whole.known()))) return true;
  const ChunkSummary all = std::move(whole);
  out.pop_back();
  if (!pick.touches(all)) return true;
  if (series.chunks == 1) return pick.read(all), true;
  const bool one_group = groups_of(series.chunks) == 1;
  Details details(impl_->bytes.substr(series.details), series.chunks);
  while (details.next_group()) {
    const ChunkSummary& group = one_group ? all : details.summary();
    if (!pick.touches(group)) continue;
    if (pick.holds(group) && answers_all(group)) {
      out.push_back(group);
    } else {
      pick_chunks(details, group, pick);
    }
  }
  if (details.valid()) {
    __builtin_prefetch(details.end());  // those of the next series, of which nothing is near
    return true;
  }
  out.resize(summaries);
  rest.resize(ranges);
  return false;
}

bool SidecarReader::whole(const SidecarSeries& series, ChunkSummary& out) const {
  out = {};
  QuickReader in(series.whole);
  EntryReader().take(in, out);
  return !in.failed();
}

bool SidecarReader::all_summaries(const SidecarSeries& series, SidecarSummaries& out) const {
  out = {};
  QuickReader in(series.whole);
  EntryReader().take(in, out.whole);
  if (in.failed() || !in.at_end()) return false;
  if (series.chunks == 1) {
    out.groups = out.chunks = {out.whole};
    return true;
  }
  Details details(impl_->bytes.substr(series.details), series.chunks);
  bool good = true;
  while (good && details.next_group()) {
    out.groups.push_back(groups_of(series.chunks) == 1 ? out.whole : details.summary());
    good = each_chunk(details,
                      [&](EntryReader& entry, QuickReader& from) { entry.take(from, out.chunks.emplace_back()); });
  }
  return good && details.valid();
}

bool SidecarReader::has_starts() const {
  return (impl_->flags & kHasStarts) != 0;
}

std::uint64_t SidecarReader::series() const {
  return impl_->series;
}

std::uint64_t SidecarReader::bytes() const {
  return impl_->file->bytes().size();
}

bool SidecarReader::starts(std::uint64_t series_ref, std::size_t chunk, std::vector<Timestamp>& out) const {
  out.clear();
  if (!has_starts()) return false;
  SidecarSeries series;
  if (!find(series_ref, series) || chunk >= series.chunks || series.details == 0) return false;
  Details details(impl_->bytes.substr(series.details), series.chunks);
  for (std::size_t group = 0; group <= chunk / kGroupChunks; ++group) {
    if (!details.next_group()) return false;
  }
  std::string_view body;
  if (!checked(details.starts(), body)) return false;
  ByteReader in(body);
  Timestamp start = 0;
  for (std::size_t i = 0; i <= chunk % kGroupChunks; ++i) {
    out.clear();
    for (std::uint64_t runs = in.count(2); runs > 0; --runs) {
      const std::uint64_t length = in.varint();
      start = wrapping_add(start, in.signed_varint());
      if (in.failed() || length > 0xffff - out.size()) return out.clear(), false;
      out.insert(out.end(), length, start);
    }
  }
  return !in.failed() && !out.empty();
}

}  // namespace tocsin::block
