#include "tsdb/chunk_files.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/check.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::string_view kSuffix = ".chunks";

/// The number in "00000012.chunks", 0 for another name.
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

}  // namespace

std::string_view ChunkFileSet::find(ChunkRef ref) const {
  const std::uint32_t number = chunk_file(ref);
  const std::uint32_t offset = chunk_offset(ref);
  auto at = std::ranges::lower_bound(files_, number, {}, &File::number);
  if (at == files_.end() || at->number != number) return {};
  if (at->mapped && offset < at->mapped->bytes().size()) return at->mapped->bytes().substr(offset);
  for (const auto& piece : at->pieces) {
    const std::uint32_t used = piece->used.load(std::memory_order_acquire);
    if (offset < piece->offset || offset - piece->offset >= used) continue;
    return {piece->bytes.get() + (offset - piece->offset), used - (offset - piece->offset)};
  }
  return {};
}

ChunkFiles::ChunkFiles(Fs& fs, std::string folder, Options options)
    : fs_(fs), folder_(std::move(folder)), options_(options), set_(std::make_shared<ChunkFileSet>()) {}

std::string ChunkFiles::path(std::uint32_t number) const {
  return fmt::format("{}/{:08}{}", folder_, number, kSuffix);
}

Result<void> ChunkFiles::open(ChunkRef position, const std::vector<FileInfo>& known,
                              const std::function<void(ChunkRef, const ChunkHeader&)>& seen,
                              const std::function<void(std::string)>& report) {
  TOCSIN_OK(fs_.create_directories(folder_));
  TOCSIN_TRY(const auto names, fs_.list(folder_));
  std::vector<std::uint32_t> numbers;
  for (const std::string& name : names) {
    if (const std::uint32_t number = number_of(name); number != 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  for (const FileInfo& file : known) {
    if (!std::ranges::binary_search(numbers, file.number)) {
      report(fmt::format("chunk file {} is missing; its samples are lost", path(file.number)));
    }
  }
  for (const std::uint32_t number : numbers) {
    Timestamp known_max = kMinTimestamp;
    const auto info = std::ranges::find(known, number, &FileInfo::number);
    if (info != known.end()) known_max = info->max_time;
    if (number < chunk_file(position) && info == known.end()) {
      // It was dropped for its age, and the removal did not come to its end.
      if (auto removed = fs_.remove(path(number)); !removed) report(removed.error().message);
      continue;
    }
    std::uint32_t from = kChunkFileHeaderBytes;
    if (number < chunk_file(position)) from = 0xffffffffU;
    if (number == chunk_file(position)) from = std::max(from, chunk_offset(position));
    TOCSIN_OK(open_file(number, from, known_max, seen, report));
  }
  const MutexLock lock(mutex_);
  next_number_ = std::max(next_number_, chunk_file(position) + 1);
  if (!numbers.empty()) next_number_ = std::max(next_number_, numbers.back() + 1);
  publish();
  return {};
}

/// No lock is held while `seen` is told: it takes those that come before ours.
Result<void> ChunkFiles::open_file(std::uint32_t number, std::uint32_t from, Timestamp known_max,
                                   const std::function<void(ChunkRef, const ChunkHeader&)>& seen,
                                   const std::function<void(std::string)>& report) {
  TOCSIN_TRY(std::shared_ptr<const MappedFile> mapped, fs_.map(path(number)));
  const std::string_view bytes = mapped->bytes();
  if (!is_chunk_file(number, bytes)) {
    report(fmt::format("{} is no chunk file ({} bytes); it is passed over", path(number), bytes.size()));
    return {};
  }
  File file;
  file.max_time = known_max;
  file.written = static_cast<std::uint32_t>(bytes.size());
  file.mapped = std::move(mapped);
  file.may_have_late = from > kChunkFileHeaderBytes;  // what is not read here may have some
  std::size_t at = from;
  // What stands behind the checkpoint was written by a life that may have died before it synced it.
  file.unsynced = at < bytes.size();
  while (at < bytes.size()) {
    ChunkView chunk;
    const ChunkRef ref = make_chunk_ref(number, static_cast<std::uint32_t>(at));
    if (!parse_chunk(ref, bytes.substr(at), chunk) || !chunk.data_intact()) {
      report(fmt::format("{}: {} bytes from offset {} are no whole chunks; they are passed over", path(number),
                         bytes.size() - at, at));
      break;
    }
    file.max_time = std::max(file.max_time, chunk.header.last_time);
    file.may_have_late |= chunk.header.late;
    seen(ref, chunk.header);
    at += chunk.record_bytes;
  }
  const MutexLock lock(mutex_);
  folder_unsynced_ |= file.unsynced;
  files_[number] = std::move(file);
  return {};
}

ChunkRef ChunkFiles::append(const ChunkHeader& header, std::string_view data) {
  const MutexLock lock(mutex_);
  // The header is coded when its place is known; 256 bytes are more than it takes.
  ChunkPiece* piece = &piece_for(data.size() + 256, header.last_time);
  const std::uint32_t number = files_.rbegin()->first;
  const ChunkRef self = make_chunk_ref(number, piece->offset + piece->used);
  scratch_.clear();
  encode_chunk(self, header, data, scratch_);
  check(scratch_.size() <= piece->capacity - piece->used, "BUG: a chunk header is longer than 256 bytes");
  std::memcpy(piece->bytes.get() + piece->used, scratch_.data(), scratch_.size());
  piece->used.fetch_add(static_cast<std::uint32_t>(scratch_.size()), std::memory_order_release);
  File& file = files_.rbegin()->second;
  file.max_time = std::max(file.max_time, header.last_time);
  file.may_have_late |= header.late;
  if (file.first_end == kMaxTimestamp) file.first_end = header.last_time;
  file.unsynced = true;
  appended_.fetch_add(scratch_.size(), std::memory_order_relaxed);
  return self;
}

/// The piece with room for `bytes`; begins a piece, and a file, as needed.
ChunkPiece& ChunkFiles::piece_for(std::size_t bytes, Timestamp last_time) {
  if (current_open_) {
    File& file = files_.rbegin()->second;
    ChunkPiece& last = *file.pieces.back();
    const bool old = file.first_end != kMaxTimestamp && last_time >= file.first_end + options_.file_ms;
    if (!old && last.capacity - last.used >= bytes) return last;
    full_.store(true, std::memory_order_relaxed);
    if (old || last.offset + last.used >= options_.file_bytes) current_open_ = false;
  }
  std::uint32_t offset = kChunkFileHeaderBytes;
  if (current_open_) {
    const ChunkPiece& last = *files_.rbegin()->second.pieces.back();
    offset = last.offset + last.used;
  } else {
    files_[next_number_++];
    current_open_ = true;
  }
  auto piece = std::make_shared<ChunkPiece>();
  piece->offset = offset;
  piece->capacity = static_cast<std::uint32_t>(std::max<std::size_t>(options_.piece_bytes, bytes));
  piece->bytes = std::make_unique_for_overwrite<char[]>(piece->capacity);
  files_.rbegin()->second.pieces.push_back(std::move(piece));
  publish();
  return *files_.rbegin()->second.pieces.back();
}

void ChunkFiles::publish() {
  auto set = std::make_shared<ChunkFileSet>();
  set->files_.reserve(files_.size());
  for (const auto& [number, file] : files_) {
    set->files_.push_back({number, file.mapped, {file.pieces.begin(), file.pieces.end()}});
  }
  set_ = std::move(set);
}

std::vector<ChunkFiles::WriteJob> ChunkFiles::jobs(bool sync) const {
  std::vector<WriteJob> all;
  for (const auto& [number, file] : files_) {
    if (file.pieces.empty() && !(sync && file.unsynced)) continue;
    WriteJob job{number, current_open_ && number == files_.rbegin()->first, file.unsynced, file.written, {}, file.out};
    for (const auto& piece : file.pieces) job.pieces.emplace_back(piece, piece->used);
    all.push_back(std::move(job));
  }
  return all;
}

Result<void> ChunkFiles::write_out(bool sync, const std::function<Result<void>()>& barrier) {
  const MutexLock io_lock(io_mutex_);
  std::vector<WriteJob> todo;
  {
    const MutexLock lock(mutex_);
    full_.store(false, std::memory_order_relaxed);
    todo = jobs(sync);
  }
  if (auto passed = barrier(); !passed) {
    full_.store(true, std::memory_order_relaxed);
    return passed;
  }
  if (sync) TOCSIN_OK(sync_folder());
  for (WriteJob& job : todo) {
    auto written = write_job(job, sync);
    {
      const MutexLock lock(mutex_);
      File& file = files_.at(job.number);
      file.written = job.written;
      file.out = job.out;
      // What the commit thread appended meanwhile is for the next time.
      const bool more = !file.pieces.empty() && file.pieces.back()->offset + file.pieces.back()->used > job.written;
      file.unsynced = job.unsynced || more;
      if (!job.current && !file.unsynced) file.out = nullptr;
    }
    if (written) written = map_whole_pieces(job);
    if (!written) {
      full_.store(true, std::memory_order_relaxed);
      return written;
    }
  }
  return {};
}

/// The names of files that an earlier life began.
Result<void> ChunkFiles::sync_folder() {
  {
    const MutexLock lock(mutex_);
    if (!folder_unsynced_) return {};
  }
  if (auto synced = fs_.sync_directory(folder_); !synced) {
    full_.store(true, std::memory_order_relaxed);
    return synced;
  }
  const MutexLock lock(mutex_);
  folder_unsynced_ = false;
  return {};
}

/// Without the lock: the bytes of a piece before `used` do not change.
Result<void> ChunkFiles::write_job(WriteJob& job, bool sync) {
  if (!job.out) {
    TOCSIN_TRY(job.out, fs_.open_append(path(job.number)));
  }
  if (job.out->size() != job.written) TOCSIN_OK(job.out->truncate(job.written));
  if (job.written == 0) {
    TOCSIN_OK(job.out->append(chunk_file_header(job.number)));
    job.written = kChunkFileHeaderBytes;
  }
  for (const auto& [piece, used] : job.pieces) {
    const std::uint32_t done = job.written - piece->offset;
    if (job.written >= piece->offset + used) continue;
    job.unsynced = true;
    TOCSIN_OK(job.out->append({piece->bytes.get() + done, used - done}));
    job.written = piece->offset + used;
  }
  if (sync && job.unsynced) {
    TOCSIN_OK(job.out->sync());
    job.unsynced = false;
  }
  return {};
}

/// Replaces the pieces that take no more chunks by the mapped file.
Result<void> ChunkFiles::map_whole_pieces(const WriteJob& job) {
  const std::size_t whole = job.current ? job.pieces.size() - 1 : job.pieces.size();
  if (whole == 0) return {};
  TOCSIN_TRY(std::shared_ptr<const MappedFile> mapped, fs_.map(path(job.number)));
  if (mapped->bytes().size() < job.written) {
    return fail(Errc::kCorrupt, "{} is shorter than what was written to it", path(job.number));
  }
  const MutexLock lock(mutex_);
  File& file = files_.at(job.number);
  file.mapped = std::move(mapped);
  file.pieces.erase(file.pieces.begin(), file.pieces.begin() + static_cast<std::ptrdiff_t>(whole));
  publish();
  return {};
}

std::shared_ptr<const ChunkFileSet> ChunkFiles::set() const {
  const MutexLock lock(mutex_);
  return set_;
}

ChunkRef ChunkFiles::end() const {
  const MutexLock lock(mutex_);
  if (!current_open_) return make_chunk_ref(next_number_, 0);
  const ChunkPiece& last = *files_.rbegin()->second.pieces.back();
  return make_chunk_ref(files_.rbegin()->first, last.offset + last.used);
}

std::vector<ChunkFiles::FileInfo> ChunkFiles::files() const {
  const MutexLock lock(mutex_);
  std::vector<FileInfo> all;
  for (const auto& [number, file] : files_) all.push_back({number, file.max_time});
  return all;
}

Result<std::size_t> ChunkFiles::drop_before(Timestamp time) {
  return drop_while([time](std::uint32_t, const File& file) { return file.max_time < time; });
}

Result<std::size_t> ChunkFiles::drop_in_blocks(Timestamp floor, std::uint32_t late_before) {
  return drop_while([=](std::uint32_t number, const File& file) {
    return file.max_time < floor && (!file.may_have_late || number < late_before);
  });
}

/// Oldest first, up to the first that is not `old`.
template <typename Old>
Result<std::size_t> ChunkFiles::drop_while(Old&& old) {
  const MutexLock io_lock(io_mutex_);
  std::vector<std::uint32_t> dropped;
  {
    const MutexLock lock(mutex_);
    while (!files_.empty() && !(current_open_ && files_.size() == 1) &&
           old(files_.begin()->first, files_.begin()->second)) {
      dropped.push_back(files_.begin()->first);
      files_.erase(files_.begin());
    }
    if (!dropped.empty()) publish();
  }
  Result<void> first_error;
  for (const std::uint32_t number : dropped) {
    if (!fs_.exists(path(number))) continue;  // it was never written
    if (auto removed = fs_.remove(path(number)); !removed && first_error) first_error = std::move(removed);
  }
  if (!first_error) return fail(std::move(first_error).error());
  return dropped.size();
}

std::size_t ChunkFiles::memory_bytes() const {
  const MutexLock lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& [number, file] : files_) {
    for (const auto& piece : file.pieces) bytes += piece->used;
  }
  return bytes;
}

std::uint64_t ChunkFiles::disk_bytes() const {
  const MutexLock lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [number, file] : files_) bytes += file.written;
  return bytes;
}

}  // namespace tocsin::tsdb
