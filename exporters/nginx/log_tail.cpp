#include "exporters/nginx/log_tail.hpp"

#include <algorithm>

namespace tocsin::exporters::nginx {
namespace {

constexpr std::size_t kChunkBytes = 256U << 10U;
constexpr std::uint64_t kPollBytes = 16U << 20U;  // of one poll
constexpr std::uint64_t kMaxLag = 1U << 30U;      // more is given up
constexpr std::size_t kMaxLineBytes = 64U << 10U;
constexpr std::size_t kHeadBytes = 128;  // by which two files of equal size are told apart

std::string head_of(const RandomFile& file) {
  std::string head(kHeadBytes, '\0');
  const auto size = file.read_at(0, head.data(), head.size());
  head.resize(size ? *size : 0);
  return head;
}

}  // namespace

LogTail::LogTail(Fs& fs, std::string path, std::function<void(std::string_view)> take)
    : fs_(fs), path_(std::move(path)), take_(std::move(take)) {}

Result<void> LogTail::poll() {
  budget_ = kPollBytes;
  const bool at_end = std::exchange(is_first_, false);
  if (!current_.file) {
    TOCSIN_OK(open(at_end));
  }
  if (old_) {
    const auto drained = drain(*old_);
    if (!drained || lag_ == 0) {
      if (!old_->rest.empty()) take_(old_->rest);  // a line that will never end
      old_.reset();
    }
  }
  TOCSIN_TRY(const std::uint64_t before, current_.file->size());
  auto there = fs_.open_random(path_);
  std::uint64_t size = 0;
  if (there) {
    TOCSIN_TRY(size, (*there)->size());
  }
  TOCSIN_OK(drain(current_));
  if (!there) return fail(std::move(there).error());
  if (is_same(before, **there, size)) return {};
  old_ = std::move(current_);
  current_ = {};
  current_.file = std::move(*there);
  return drain(current_);
}

Result<void> LogTail::open(bool at_end) {
  TOCSIN_TRY(current_.file, fs_.open_random(path_));
  current_.offset = 0;
  if (at_end) {
    TOCSIN_TRY(current_.offset, current_.file->size());
  }
  return {};
}

/// A file that grows has a size between what it had before and after. Two files that look the same by chance are told
/// apart when the new one has grown: the old one does not.
bool LogTail::is_same(std::uint64_t size_before, const RandomFile& now_there, std::uint64_t size_there) const {
  const auto after = current_.file->size();
  if (!after) return false;
  if (*after < size_before) return true;  // cut meanwhile, not renamed
  if (size_there < size_before || size_there > *after) return false;
  return head_of(*current_.file) == head_of(now_there);
}

Result<void> LogTail::drain(File& from) {
  TOCSIN_TRY(const std::uint64_t size, from.file->size());
  if (size < from.offset) {  // truncated, as copytruncate does
    from.offset = 0;
    from.rest.clear();
    from.is_skipping = false;
  }
  if (size - from.offset > kMaxLag) {
    skipped_ += size - from.offset - kMaxLag;
    from.offset = size - kMaxLag;
    from.rest.clear();
    from.is_skipping = true;  // to the next whole line
  }
  while (budget_ > 0) {
    chunk_.resize(std::min<std::uint64_t>(kChunkBytes, budget_));
    TOCSIN_TRY(const std::size_t count, from.file->read_at(from.offset, chunk_.data(), chunk_.size()));
    if (count == 0) break;
    from.offset += count;
    budget_ -= count;
    cut_lines(from, std::string_view(chunk_).substr(0, count));
  }
  lag_ = size > from.offset ? size - from.offset : 0;
  return {};
}

void LogTail::cut_lines(File& from, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      if (!from.is_skipping) from.rest += bytes;
      if (from.rest.size() > kMaxLineBytes) {
        from.rest.clear();
        from.is_skipping = true;
        take_({});
      }
      return;
    }
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (from.is_skipping) {
      from.is_skipping = false;
    } else if (from.rest.empty()) {
      take_(line.size() > kMaxLineBytes ? std::string_view() : line);
    } else {
      from.rest += line;
      take_(from.rest.size() > kMaxLineBytes ? std::string_view() : std::string_view(from.rest));
      from.rest.clear();
    }
  }
}

}  // namespace tocsin::exporters::nginx
