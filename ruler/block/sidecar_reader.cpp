#include <algorithm>
#include <ranges>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "block/sidecar.hpp"
#include "block/sidecar_format.hpp"
#include "chunkenc/chunk_summary.hpp"

namespace tocsin::block {
namespace {

using namespace sidecar;
using storage::ChunkSummary;
using storage::TimeRange;

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
  ChunkSummary take(ByteReader& in) {
    const Timestamp first = wrapping_add(last_, in.signed_varint());
    ChunkSummary summary = chunkenc::decode_summary(first, in);
    last_ = summary.last_time;
    return summary;
  }

 private:
  Timestamp last_ = 0;
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
  std::uint32_t flags = 0;

  std::uint64_t u40(std::size_t entry, std::size_t at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, directory.data() + entry * kEntryBytes + at, 5);
    return value;
  }
  std::size_t entries() const { return directory.size() / kEntryBytes; }
  bool is_at(std::size_t entry, std::uint64_t ref) const { return entry < entries() && u40(entry, 0) == ref; }
  /// Parts lie far apart: who goes from one to the next would wait for the memory at each. Heads of a few groups have
  /// no more than these bytes.
  void prefetch(std::size_t entry) const {
    if (entry >= entries()) return;
    const std::uint64_t begin = u40(entry, 5);
    for (std::uint64_t at = begin; at < begin + 192 && at < bytes.size(); at += 64) {
      __builtin_prefetch(bytes.data() + at);
    }
  }

  /// Number of the series' entry, entries() if it has none.
  std::size_t find(std::uint64_t ref) const {
    const auto all = std::views::iota(std::size_t{0}, entries());
    const auto found = std::ranges::lower_bound(all, ref, {}, [this](std::size_t i) { return u40(i, 0); });
    return found != all.end() && is_at(*found, ref) ? *found : entries();
  }

  /// The bytes of a series; empty if it is not there.
  std::string_view at(std::size_t entry) const {
    if (entry == entries()) return {};
    const std::uint64_t begin = u40(entry, 5);
    const std::uint64_t end = entry + 1 < entries() ? u40(entry + 1, 5) : bytes.size();
    return begin < end && end <= bytes.size() ? bytes.substr(begin, end - begin) : std::string_view();
  }
};

namespace {

/// One series of the file, its head decoded step by step.
class SeriesPart {
 public:
  /// @param bytes  what the directory says is the series'.
  explicit SeriesPart(std::string_view bytes) {
    ByteReader in(bytes);
    const std::string_view head = in.take(in.count(1));
    groups_bytes_ = in.take(in.left());
    std::string_view body;
    if (in.failed() || !checked(head, body)) return;
    head_ = ByteReader(body);
    chunks_ = head_.varint32();
    EntryReader entry;
    whole_ = entry.take(head_);
    valid_ = !head_.failed() && chunks_ > 0;
  }

  bool valid() const { return valid_; }
  std::size_t chunks() const { return chunks_; }
  const ChunkSummary& whole() const { return whole_; }
  ChunkSummary& whole() { return whole_; }

  /// The next group; false at the end, or if the rest cannot be understood (then valid() is false).
  bool next_group() {
    if (group_ == groups_of(chunks_)) return false;
    if (groups_of(chunks_) > 1) {
      summary_ = coarse_.take(head_);
    } else {
      summary_ = whole_;
    }
    const std::uint64_t summaries = head_.varint();
    const std::uint64_t starts = head_.varint();
    if (head_.failed() || summaries > groups_bytes_.size() || starts > groups_bytes_.size() - summaries) {
      valid_ = false;
      return false;
    }
    summaries_ = groups_bytes_.substr(0, summaries);
    starts_ = groups_bytes_.substr(summaries, starts);
    groups_bytes_.remove_prefix(summaries + starts);
    ++group_;
    return true;
  }
  const ChunkSummary& summary() const { return summary_; }
  std::string_view summaries() const { return summaries_; }
  std::string_view starts() const { return starts_; }
  std::size_t chunks_of_group() const { return std::min(kGroupChunks, chunks_ - (group_ - 1) * kGroupChunks); }

 private:
  ByteReader head_{std::string_view()};
  std::string_view groups_bytes_;
  std::size_t chunks_ = 0;
  std::size_t group_ = 0;  // number of those that were taken
  bool valid_ = false;
  ChunkSummary whole_, summary_;
  EntryReader coarse_;
  std::string_view summaries_, starts_;
};

/// The chunks of a group one by one. A damaged group, or one that is its only chunk, is read.
void pick_chunks(const SeriesPart& part, const Picker& pick) {
  std::string_view body;
  if (!checked(part.summaries(), body)) return pick.read(part.summary());
  const std::size_t summaries = pick.out.size();
  const std::size_t ranges = pick.rest.size();
  ByteReader in(body);
  EntryReader entry;
  for (std::size_t i = 0; i < part.chunks_of_group(); ++i) {
    ChunkSummary s = entry.take(in);
    if (in.failed()) break;
    if (!pick.touches(s)) continue;
    if (pick.holds(s) && s.known()) {
      pick.out.push_back(std::move(s));
    } else {
      pick.read(s);
    }
  }
  if (!in.failed() && in.at_end()) return;
  pick.out.resize(summaries);
  pick.rest.resize(ranges);
  pick.read(part.summary());
}

}  // namespace

SidecarReader::SidecarReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SidecarReader::~SidecarReader() = default;

Result<std::unique_ptr<SidecarReader>> SidecarReader::open(Fs& fs, const std::string& path, std::uint32_t index_crc) {
  TOCSIN_TRY(auto file, fs.map(path));
  const std::string_view all = file->bytes();
  if (!all.starts_with(kMagic)) return fail(Errc::kCorrupt, "{}: no file of summaries", path);
  if (all.size() < kMagic.size() + kFooterBytes)
    return fail(Errc::kCorrupt, "{}: cut off at {} bytes", path, all.size());
  ByteReader footer(all.substr(all.size() - kFooterBytes));
  const auto directory = footer.fixed<std::uint64_t>();
  const auto entries = footer.fixed<std::uint64_t>();
  const auto of_index = footer.fixed<std::uint32_t>();
  const auto flags = footer.fixed<std::uint32_t>();
  const auto crc = footer.fixed<std::uint32_t>();
  const std::uint64_t space = all.size() - kFooterBytes;
  if (directory > space || (space - directory) % kEntryBytes != 0 || (space - directory) / kEntryBytes != entries) {
    return fail(Errc::kCorrupt, "{}: at {}: no directory of {} series", path, directory, entries);
  }
  if (crc32c(all.substr(directory, all.size() - directory - kCrcBytes)) != crc) {
    return fail(Errc::kCorrupt, "{}: at {}: the checksum of the directory is wrong", path, directory);
  }
  if (of_index != index_crc) return fail(Errc::kCorrupt, "{}: it belongs to another index", path);
  auto impl = std::make_unique<Impl>();
  impl->bytes = all.substr(0, directory);
  impl->directory = all.substr(directory, entries * kEntryBytes);
  impl->flags = flags;
  impl->file = std::move(file);
  return std::unique_ptr<SidecarReader>(new SidecarReader(std::move(impl)));
}

bool SidecarReader::summaries(std::uint64_t series_ref, Timestamp start, Timestamp end, std::vector<ChunkSummary>& out,
                              std::vector<TimeRange>& rest, std::size_t* place) const {
  std::size_t entry = place ? *place : 0;
  if (!impl_->is_at(entry, series_ref) && !impl_->is_at(++entry, series_ref)) entry = impl_->find(series_ref);
  if (place) {
    *place = entry;
    impl_->prefetch(entry + 1);
  }
  SeriesPart part(impl_->at(entry));
  if (!part.valid()) return false;
  const Picker pick{start, end, out, rest};
  if (!pick.touches(part.whole())) return true;
  if (pick.holds(part.whole()) && (answers_all(part.whole()) || (part.chunks() == 1 && part.whole().known()))) {
    out.push_back(std::move(part.whole()));
    return true;
  }
  const std::size_t summaries = out.size();
  const std::size_t ranges = rest.size();
  while (part.next_group()) {
    const ChunkSummary& group = part.summary();
    if (!pick.touches(group)) continue;
    if (pick.holds(group) && answers_all(group)) {
      out.push_back(group);
    } else {
      pick_chunks(part, pick);
    }
  }
  if (part.valid()) return true;
  out.resize(summaries);
  rest.resize(ranges);
  return false;
}

bool SidecarReader::whole(std::uint64_t series_ref, ChunkSummary& out) const {
  const SeriesPart part(impl_->at(impl_->find(series_ref)));
  if (!part.valid() || !part.whole().known()) return false;
  out = part.whole();
  return true;
}

bool SidecarReader::has_starts() const {
  return (impl_->flags & kHasStarts) != 0;
}

std::uint64_t SidecarReader::bytes() const {
  return impl_->file->bytes().size();
}

bool SidecarReader::starts(std::uint64_t series_ref, std::size_t chunk, std::vector<Timestamp>& out) const {
  out.clear();
  if (!has_starts()) return false;
  SeriesPart part(impl_->at(impl_->find(series_ref)));
  if (!part.valid() || chunk >= part.chunks()) return false;
  for (std::size_t group = 0; group <= chunk / kGroupChunks; ++group) {
    if (!part.next_group()) return false;
  }
  std::string_view body;
  if (!checked(part.starts(), body)) return false;
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
