#pragma once
// Lines of a stream that comes in pieces.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::discovery {

/// Keeps whole lines until they are taken. Thread: one.
class LineSplitter {
 public:
  /// @param line_bytes     of one line; @param waiting_bytes  of all lines that were not taken yet.
  LineSplitter(std::size_t line_bytes, std::size_t waiting_bytes)
      : line_bytes_(line_bytes), waiting_limit_(waiting_bytes) {}

  /// False if a limit is reached: nothing more may be added.
  bool add(std::string_view piece) {
    for (std::size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      partial_.append(piece.substr(0, end));
      piece.remove_prefix(end + 1);
      if (partial_.size() > line_bytes_) return false;
      if (partial_.find_first_not_of(" \t\r") == std::string::npos) {
        partial_.clear();
        continue;
      }
      waiting_bytes_ += partial_.size();
      lines_.push_back(std::exchange(partial_, {}));
    }
    partial_.append(piece);
    return partial_.size() <= line_bytes_ && waiting_bytes_ <= waiting_limit_;
  }

  bool empty() const { return lines_.empty(); }
  /// The next line; there must be one.
  std::string take() {
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    waiting_bytes_ -= line.size();
    return line;
  }
  /// Bytes of a line whose end has not come.
  std::size_t partial_bytes() const { return partial_.size(); }

 private:
  const std::size_t line_bytes_, waiting_limit_;
  std::string partial_;
  std::deque<std::string> lines_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace tocsin::discovery
