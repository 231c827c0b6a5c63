#include "tsdb/wal.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/hash.hpp"
#include "tsdb/wal_record.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::string_view kMagic = "TOCSWAL1";
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kFrameBytes = 8;  // length u32, checksum u32
constexpr std::string_view kSuffix = ".wal";

std::string header_of(std::uint32_t number) {
  std::string out(kMagic);
  put_fixed(out, number);
  put_fixed(out, crc32c(out));
  return out;
}

std::uint32_t number_of(std::string_view name) {
  if (!name.ends_with(kSuffix)) return 0;
  name.remove_suffix(kSuffix.size());
  if (name.empty() || name.size() > 9) return 0;
  std::uint32_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

/// A segment as it is read: a window of the file that moves on.
class SegmentWindow {
 public:
  SegmentWindow(const RandomFile& file, std::uint64_t end) : file_(file), end_(end) {}

  /// The bytes from `offset` on, at least `size` of them unless the segment ends before.
  Result<std::string_view> at(std::uint64_t offset, std::size_t size) {
    const std::uint64_t left = offset < end_ ? end_ - offset : 0;
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
    if (offset < begin_ || offset + wanted > begin_ + bytes_.size()) {
      const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(wanted, kWindowBytes), left));
      bytes_.resize(room);
      begin_ = offset;
      TOCSIN_TRY(const std::size_t got, file_.read_at(offset, bytes_.data(), room));
      bytes_.resize(got);
    }
    return std::string_view(bytes_).substr(static_cast<std::size_t>(offset - begin_));
  }

 private:
  static constexpr std::size_t kWindowBytes = 1U << 20U;
  const RandomFile& file_;
  const std::uint64_t end_;
  std::uint64_t begin_ = 0;
  std::string bytes_;
};

/// What a write leaves that did not come to its end: a frame that is longer than the file, or zeros.
bool looks_torn(std::string_view rest) {
  ByteReader in(rest);
  const auto length = in.fixed<std::uint32_t>();
  in.fixed<std::uint32_t>();
  if (in.failed() || length >= in.left()) return true;
  return std::ranges::all_of(rest, [](char c) { return c == 0; });
}

}  // namespace

std::string Wal::path(std::uint32_t number) const {
  return fmt::format("{}/{:08}{}", folder_, number, kSuffix);
}

Result<std::vector<std::uint32_t>> Wal::numbers() const {
  TOCSIN_TRY(const auto names, fs_.list(folder_));
  std::vector<std::uint32_t> all;
  for (const std::string& name : names) {
    if (const std::uint32_t number = number_of(name); number != 0) all.push_back(number);
  }
  std::ranges::sort(all);
  return all;
}

std::vector<Wal::Extent> Wal::own_segments(std::uint32_t& first_own) const {
  const MutexLock lock(mutex_);
  first_own = first_own_;
  std::vector<Extent> all = left_;
  if (current_.file) all.push_back({current_.number, current_.size});
  return all;
}

Result<void> Wal::read(WalPosition& at, const Each& each, const Report& report) {
  TOCSIN_OK(fs_.create_directories(folder_));
  std::uint32_t first_own = 0;
  const std::vector<Extent> own = own_segments(first_own);
  TOCSIN_TRY(auto old, numbers());
  std::erase_if(old, [first_own](std::uint32_t number) { return number >= first_own; });
  for (const std::uint32_t number : old) {
    if (number < at.segment) continue;
    if (number != at.segment) {
      if (at.segment != 0) {
        report(fmt::format("segments {} to {} of the log are missing; their samples are lost", at.segment, number - 1));
      }
      at = {number, 0};
    }
    TOCSIN_TRY(const bool go_on, read_segment(nullptr, number == old.back(), at, each, report));
    if (!go_on) return {};
    at = {number + 1, 0};
  }
  for (const Extent& extent : own) {
    if (extent.number < at.segment) continue;
    if (extent.number != at.segment) at = {extent.number, 0};
    TOCSIN_TRY(const bool go_on, read_segment(&extent, false, at, each, report));
    if (!go_on) return {};
  }
  return {};
}

/// Reads on in segment at.segment. @return false if the reader said stop.
Result<bool> Wal::read_segment(const Extent* own, bool last, WalPosition& at, const Each& each, const Report& report) {
  TOCSIN_TRY(const auto file, fs_.open_random(path(at.segment)));
  TOCSIN_TRY(std::uint64_t end, file->size());
  if (own) end = std::min(end, own->size);
  SegmentWindow window(*file, end);
  if (at.offset < kHeaderBytes) {
    TOCSIN_TRY(const std::string_view header, window.at(0, kHeaderBytes));
    if (header.substr(0, kHeaderBytes) != header_of(at.segment)) {
      if (end > 0) TOCSIN_OK(set_aside({at.segment, 0}, !own, end < kHeaderBytes, report));
      at.offset = end;
      return true;
    }
    at.offset = kHeaderBytes;
  }
  while (at.offset < end) {
    TOCSIN_TRY(std::string_view bytes, window.at(at.offset, kFrameBytes));
    ByteReader frame(bytes);
    const auto length = frame.fixed<std::uint32_t>();
    const auto crc = frame.fixed<std::uint32_t>();
    const std::uint64_t rest = end - at.offset;
    bool whole = !frame.failed() && length > 0 && length <= kMaxWalRecord && length <= rest - kFrameBytes;
    if (whole) {
      TOCSIN_TRY(bytes, window.at(at.offset, kFrameBytes + length));
      bytes = bytes.substr(0, kFrameBytes + length);
      whole = bytes.size() == kFrameBytes + length && crc32c(bytes.substr(kFrameBytes)) == crc;
    }
    const WalSeen seen = whole ? each(at, bytes.substr(kFrameBytes)) : WalSeen::kDamaged;
    if (seen == WalSeen::kStop) return false;
    if (seen == WalSeen::kDamaged) {
      TOCSIN_OK(set_aside(at, !own, last && !whole, report));
      at.offset = end;
      return true;
    }
    at.offset += kFrameBytes + length;
  }
  return true;
}

Result<void> Wal::cut_segment(std::uint32_t number, std::uint64_t size) {
  TOCSIN_TRY(const auto file, fs_.open_append(path(number)));
  TOCSIN_OK(file->truncate(size));
  return file->sync();
}

/// Keeps what follows `good` in a file of its own, unless it is a torn end, and cuts it off.
/// @param cut  false: the segment is written to; it is cut at the next start.
/// @param end  it may be the torn end of the log.
Result<void> Wal::set_aside(const WalPosition& good, bool cut, bool end, const Report& report) {
  const std::string damaged = fmt::format("{}/{:08}.damaged", folder_, good.segment);
  TOCSIN_TRY(const auto mapped, fs_.map(path(good.segment)));
  const std::string_view rest = mapped->bytes().substr(std::min<std::size_t>(good.offset, mapped->bytes().size()));
  std::string text;
  if (end && looks_torn(rest)) {
    text = fmt::format("{} ends with {} bytes of a record that was not written whole; they are cut off",
                       path(good.segment), rest.size());
  } else {
    const auto kept = fs_.write_file_atomic(damaged, rest);
    cut = cut && kept.has_value();
    text = fmt::format("{} is damaged from offset {} on: {} bytes are not replayed and {}", path(good.segment),
                       good.offset, rest.size(),
                       kept ? "kept in " + damaged : "could not be kept: " + kept.error().message);
  }
  if (cut) {
    if (auto done = cut_segment(good.segment, good.offset); !done) {
      text += fmt::format(" (the segment could not be cut: {})", done.error().message);
    }
  }
  report(std::move(text));
  return {};
}

Result<void> Wal::open(std::uint32_t at_least, std::uint32_t needed) {
  TOCSIN_OK(fs_.create_directories(folder_));
  TOCSIN_TRY(const auto all, numbers());
  const MutexLock lock(mutex_);
  current_ = {};
  current_.number = std::max({std::uint32_t{1}, at_least, all.empty() ? 0U : all.back() + 1});
  first_own_ = current_.number;
  left_.clear();
  for (const std::uint32_t number : all) {
    if (number < needed) continue;
    TOCSIN_TRY(unsynced_.emplace_back(), fs_.open_append(path(number)));
    folder_unsynced_ = true;
    dirty_.store(true, std::memory_order_relaxed);
  }
  return {};
}

Result<std::uint32_t> Wal::begin(Timestamp t) {
  const MutexLock lock(mutex_);
  const bool old = current_.first_time != kMaxTimestamp && t >= current_.first_time &&
                   t - current_.first_time >= options_.segment_ms;
  const bool full = current_.file && (old || current_.ended || current_.size >= options_.segment_bytes);
  if (current_.failed || full) leave_segment();
  if (!current_.file) TOCSIN_OK(make_file());
  current_.first_time = std::min(current_.first_time, t);
  return current_.number;
}

void Wal::leave_segment() {
  if (current_.file) {
    unsynced_.push_back(current_.file);
    left_.push_back({current_.number, current_.size});
  }
  const std::uint32_t next = current_.number + 1;
  current_ = {};
  current_.number = next;
}

void Wal::end_segment() {
  const MutexLock lock(mutex_);
  current_.ended = current_.file != nullptr;
}

Result<void> Wal::make_file() {
  auto opened = fs_.open_append(path(current_.number));
  if (!opened) return fail(std::move(opened).error().wrap("write-ahead log"));
  std::shared_ptr<AppendFile> file = std::move(*opened);
  if (auto written = file->append(header_of(current_.number)); !written) {
    // If the file cannot go, its number is not used again: nobody knows what is in it.
    if (!fs_.remove(path(current_.number))) current_.failed = true;
    return fail(std::move(written).error().wrap("write-ahead log"));
  }
  current_.file = std::move(file);
  current_.size = kHeaderBytes;
  return {};
}

Result<void> Wal::append(std::string_view payload) {
  if (payload.size() > kMaxWalRecord) {
    return fail(Errc::kLimit, "a batch of {} bytes is too large for the log: the limit is {}", payload.size(),
                kMaxWalRecord);
  }
  const MutexLock lock(mutex_);
  check(current_.file != nullptr, "BUG: append() without begin()");
  frame_.clear();
  put_fixed(frame_, static_cast<std::uint32_t>(payload.size()));
  put_fixed(frame_, crc32c(payload));
  frame_ += payload;
  dirty_.store(true, std::memory_order_relaxed);
  if (auto written = current_.file->append(frame_); !written) {
    const auto cut = current_.file->truncate(current_.size);
    if (!cut) current_.failed = true;
    return fail(std::move(written).error().wrap("write-ahead log"));
  }
  current_.size += frame_.size();
  appended_.fetch_add(frame_.size(), std::memory_order_relaxed);
  return {};
}

Result<void> Wal::sync() {
  std::vector<std::shared_ptr<AppendFile>> files;
  bool folder = false;
  {
    const MutexLock lock(mutex_);
    dirty_.store(false, std::memory_order_relaxed);
    files = unsynced_;
    if (current_.file) files.push_back(current_.file);
    folder = folder_unsynced_;
  }
  if (folder) {
    if (auto synced = fs_.sync_directory(folder_); !synced) {
      dirty_.store(true, std::memory_order_relaxed);
      return fail(std::move(synced).error().wrap("write-ahead log"));
    }
    const MutexLock lock(mutex_);
    folder_unsynced_ = false;
  }
  for (const auto& file : files) {
    if (auto synced = file->sync(); !synced) {
      // What the kernel dropped it does not write again: go on in a new segment.
      const MutexLock lock(mutex_);
      if (file == current_.file) current_.failed = true;
      dirty_.store(true, std::memory_order_relaxed);
      return fail(std::move(synced).error().wrap("write-ahead log"));
    }
    const MutexLock lock(mutex_);
    std::erase(unsynced_, file);
  }
  return {};
}

WalPosition Wal::position() const {
  const MutexLock lock(mutex_);
  return {current_.number, current_.size};
}

Result<void> Wal::remove_before(std::uint32_t segment) {
  TOCSIN_TRY(const auto all, numbers());
  Result<void> first_error;
  for (const std::uint32_t number : all) {
    if (number >= segment) break;
    if (auto removed = fs_.remove(path(number)); !removed && first_error) first_error = std::move(removed);
  }
  const MutexLock lock(mutex_);
  std::erase_if(left_, [segment](const Extent& extent) { return extent.number < segment; });
  return first_error;
}

Result<std::uint32_t> Wal::newest() const {
  TOCSIN_TRY(const auto all, numbers());
  return all.empty() ? 0 : all.back();
}

std::size_t Wal::segments() const {
  const auto all = numbers();
  return all ? all->size() : 0;
}

}  // namespace tocsin::tsdb
