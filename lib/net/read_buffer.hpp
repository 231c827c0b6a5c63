#pragma once
// Bytes that were read from a connection and not understood yet: one contiguous run, as the parser wants it.

#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::net {

/// Thread: one. Views and pointers die at the next prepare().
class ReadBuffer {
 public:
  std::string_view view() const { return std::string_view(bytes_).substr(begin_, end_ - begin_); }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  /// Room for `size` more bytes.
  char* prepare(std::size_t size) {
    if (begin_ > 0 && bytes_.size() - end_ < size) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() - end_ < size) bytes_.resize(end_ + size);
    return bytes_.data() + end_;
  }
  /// That many bytes were written where prepare() said.
  void commit(std::size_t size) { end_ += size; }
  void consume(std::size_t size) {
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void append(std::string_view bytes) {
    std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  /// Gives back the memory of an unusually large message.
  void shrink(std::size_t above) {
    if (empty() && bytes_.size() > above) bytes_ = {};
  }

 private:
  std::string bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace tocsin::net
