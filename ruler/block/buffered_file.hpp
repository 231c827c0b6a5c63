#pragma once
// A file that is written from front to end in large pieces.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fs.hpp"

namespace tocsin::block {

/// Thread: one.
class BufferedFile {
 public:
  static Result<BufferedFile> create(Fs& fs, const std::string& path) {
    TOCSIN_TRY(auto file, fs.open_append(path));
    return BufferedFile(std::move(file));
  }

  /// Where the next byte goes.
  std::uint64_t position() const { return position_; }

  Result<void> append(std::string_view bytes) {
    buffer_ += bytes;
    position_ += bytes.size();
    return buffer_.size() >= kBufferBytes ? flush() : Result<void>();
  }
  /// Zeros up to a multiple of `alignment`.
  Result<void> align(std::uint64_t alignment) {
    const std::uint64_t over = position_ % alignment;
    return over == 0 ? Result<void>() : append(std::string(alignment - over, '\0'));
  }
  /// Writes what is left and syncs.
  Result<void> finish() {
    TOCSIN_OK(flush());
    return file_->sync();
  }

 private:
  static constexpr std::size_t kBufferBytes = 1U << 20U;
  explicit BufferedFile(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {}
  Result<void> flush() {
    TOCSIN_OK(file_->append(buffer_));
    buffer_.clear();
    return {};
  }

  std::unique_ptr<AppendFile> file_;
  std::string buffer_;
  std::uint64_t position_ = 0;
};

}  // namespace tocsin::block
