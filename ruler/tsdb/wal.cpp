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

Result<void> Wal::replay(std::uint32_t first, const std::function<bool(WalPosition, std::string_view)>& each,
                         const std::function<void(std::string)>& report) {
  TOCSIN_OK(fs_.create_directories(folder_));
  TOCSIN_TRY(const auto all, numbers());
  std::uint32_t expected = first;
  for (const std::uint32_t number : all) {
    if (number < first) continue;
    if (expected != 0 && number != expected) {
      report(fmt::format("segments {} to {} of the log are missing; their samples are lost", expected, number - 1));
    }
    expected = number + 1;
    TOCSIN_OK(replay_segment(number, number == all.back(), each, report));
  }
  return {};
}

/// @return false if a part was set aside.
Result<bool> Wal::replay_segment(std::uint32_t number, bool last,
                                 const std::function<bool(WalPosition, std::string_view)>& each,
                                 const std::function<void(std::string)>& report) {
  TOCSIN_TRY(const auto mapped, fs_.map(path(number)));
  const std::string_view bytes = mapped->bytes();
  if (bytes.substr(0, kHeaderBytes) != header_of(number)) {
    if (!bytes.empty()) set_aside(number, bytes, 0, bytes.size() < kHeaderBytes, report);
    return false;
  }
  std::uint64_t at = kHeaderBytes;
  while (at < bytes.size()) {
    ByteReader in(bytes.substr(at));
    const auto length = in.fixed<std::uint32_t>();
    const auto crc = in.fixed<std::uint32_t>();
    const std::string_view payload = in.take(length);
    const bool whole = !in.failed() && length > 0 && length <= kMaxWalRecord && crc32c(payload) == crc;
    if (!whole || !each({number, at}, payload)) {
      set_aside(number, bytes, at, last && !whole && looks_torn(bytes.substr(at)), report);
      return false;
    }
    at += kFrameBytes + length;
  }
  return true;
}

Result<void> Wal::cut_segment(std::uint32_t number, std::uint64_t size) {
  TOCSIN_TRY(const auto file, fs_.open_append(path(number)));
  TOCSIN_OK(file->truncate(size));
  return file->sync();
}

void Wal::set_aside(std::uint32_t number, std::string_view bytes, std::uint64_t good, bool torn,
                    const std::function<void(std::string)>& report) {
  const std::string_view rest = bytes.substr(good);
  const std::string damaged = fmt::format("{}/{:08}.damaged", folder_, number);
  std::string text;
  bool cut = true;
  if (torn) {
    text = fmt::format("{} ends with {} bytes of a record that was not written whole; they are cut off", path(number),
                       rest.size());
  } else {
    const auto kept = fs_.write_file_atomic(damaged, rest);
    cut = kept.has_value();
    text = fmt::format("{} is damaged from offset {} on: {} bytes are not replayed and {}", path(number), good,
                       rest.size(), kept ? "kept in " + damaged : "could not be kept: " + kept.error().message);
  }
  if (cut) {
    if (auto done = cut_segment(number, good); !done) {
      text += fmt::format(" (the segment could not be cut: {})", done.error().message);
    }
  }
  report(std::move(text));
}

Result<void> Wal::open(std::uint32_t at_least) {
  TOCSIN_OK(fs_.create_directories(folder_));
  TOCSIN_TRY(const auto all, numbers());
  const MutexLock lock(mutex_);
  current_ = {};
  current_.number = std::max({std::uint32_t{1}, at_least, all.empty() ? 0U : all.back() + 1});
  return {};
}

Result<std::uint32_t> Wal::begin(Timestamp t) {
  const MutexLock lock(mutex_);
  const bool old = current_.first_time != kMaxTimestamp && t >= current_.first_time &&
                   t - current_.first_time >= options_.segment_ms;
  if (current_.failed || (current_.file && (old || current_.size >= options_.segment_bytes))) {
    if (current_.file) unsynced_.push_back(current_.file);
    const std::uint32_t next = current_.number + 1;
    current_ = {};
    current_.number = next;
  }
  if (!current_.file) TOCSIN_OK(make_file());
  current_.first_time = std::min(current_.first_time, t);
  return current_.number;
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
  {
    const MutexLock lock(mutex_);
    dirty_.store(false, std::memory_order_relaxed);
    files = unsynced_;
    if (current_.file) files.push_back(current_.file);
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
  return first_error;
}

std::size_t Wal::segments() const {
  const auto all = numbers();
  return all ? all->size() : 0;
}

}  // namespace tocsin::tsdb
