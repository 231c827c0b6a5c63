#pragma once
// Small files of /proc and /sys that are read at each scrape: opened once, read again from the start.

#include <memory>
#include <string>
#include <string_view>

#include "base/fs.hpp"

namespace tocsin::exporters::node {

/// Thread: one at a time. A kernel file makes its text anew for each read from offset 0, so the descriptor is kept:
/// that saves two thirds of the cost of open, read, close.
class SourceFile {
 public:
  SourceFile(Fs& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  /// The text now; the view lives until the next read(). kLimit beyond 4 MiB. A file that fails is opened again once.
  Result<std::string_view> read();
  const std::string& path() const { return path_; }

 private:
  Result<std::string_view> read_open();
  Fs& fs_;
  std::string path_;
  std::unique_ptr<RandomFile> file_;
  std::string buffer_;
};

/// Calls `take` for each line without its newline.
template <typename Take>
void for_each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// Cuts the next word, separated by blanks and tabs, off the front of `line`; "" at the end.
std::string_view next_word(std::string_view& line);
/// A whole decimal number; false if the text is something else or does not fit.
bool to_number(std::string_view text, std::uint64_t& value);

}  // namespace tocsin::exporters::node
