#pragma once
// Small files of /proc and /sys that are read at each scrape: opened once, read again from the start.

#include <charconv>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fs.hpp"
#include "base/system_file.hpp"

namespace tocsin::exporters::node {

/// How the kernel hands out a file. One piece, and a read that is short has all of it: sysfs, sysctls, and what is made
/// by single_open() in Linux, such as /proc/stat. Many, one record after the other, as /proc/diskstats: then only a
/// read of nothing is the end. A wrong kOne may cut a file; kMany is always right and costs one more call of the
/// system.
enum class Pieces : std::uint8_t { kMany, kOne };

/// A file that stays open between two scrapes. One that is not the kernel's may be replaced by another of its name, as
/// udev and package managers do. Thread: one at a time.
class OpenFile {
 public:
  explicit OpenFile(std::unique_ptr<RandomFile> file);
  const RandomFile& operator*() const { return *file_; }
  /// Something was done to it since it was opened: what is under its name now may be another.
  bool may_be_replaced() const;

 private:
  std::unique_ptr<RandomFile> file_;
  const SystemFile* versioned_ = nullptr;  // the same, if it may be replaced
  FileVersion version_;                    // as it was opened
};

/// Thread: one at a time. A kernel file makes its text anew for each read from offset 0, so the descriptor is kept:
/// that saves two thirds of the cost of open, read, close. Once the file was absent, whether it came is asked before it
/// is opened, which is cheaper than to fail.
class SourceFile {
 public:
  SourceFile(Fs& fs, std::string path, Pieces pieces = Pieces::kMany)
      : fs_(fs), path_(std::move(path)), pieces_(pieces) {}
  /// The text now; the view lives until the next read(). kLimit beyond 4 MiB; kUnavailable if the file is there without
  /// an answer. A file that fails otherwise is opened again once.
  Result<std::string_view> read();
  /// The text is one number, with blanks or a newline around it.
  Result<double> read_number();
  const std::string& path() const { return path_; }

 private:
  Fs& fs_;
  std::string path_;
  Pieces pieces_;
  std::optional<OpenFile> file_;
  std::optional<Error> absent_;  // why the last open failed
  std::string buffer_;
};

/// The many small files of a folder of /sys, by path, with one buffer. Thread: one at a time.
class SourceFiles {
 public:
  /// So many stay open between rounds; the others are opened and closed each time.
  explicit SourceFiles(Fs& fs, std::size_t keep = 128, Pieces pieces = Pieces::kOne)
      : fs_(fs), keep_(keep), pieces_(pieces) {}
  /// The text now; the view lives until the next call.
  Result<std::string_view> read(const std::string& path);
  /// Without blanks and newlines around it; nothing if the file is not there or does not answer.
  std::optional<std::string_view> text(const std::string& path);
  /// The same, as a number.
  std::optional<double> number(const std::string& path);
  /// As to_whole(); nothing if the file is not there or does not answer, kCorrupt if it says something else.
  Result<std::optional<double>> whole(const std::string& path);
  /// The names in a folder, sorted; none if it is not there.
  std::vector<std::string> names(const std::string& folder) const;

 private:
  Fs& fs_;
  std::size_t keep_;
  Pieces pieces_;
  std::unordered_map<std::string, OpenFile> files_;
  std::unordered_map<std::string, Error> absent_;  // why they could not be opened; not all of them
  std::string buffer_;
};

/// A missing file means that the host has nothing of the kind: kNotFound becomes kUnavailable (see Collector).
template <typename T>
Result<T> or_no_data(Result<T> result) {
  if (!result && result.error().code == Errc::kNotFound) result.error().code = Errc::kUnavailable;
  return result;
}

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

/// Cuts the first line off the front of `text`, without its newline.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// Cuts the next word, separated by blanks and tabs, off the front of `line`; "" at the end.
std::string_view next_word(std::string_view& line);
/// The same, where newlines separate words too.
std::string_view next_field(std::string_view& text);
/// A whole decimal number; false if the text is something else or does not fit.
bool to_number(std::string_view text, std::uint64_t& value);
/// A whole hexadecimal number without 0x; false if the text is something else or does not fit.
template <std::unsigned_integral T>
bool to_hex_number(std::string_view text, T& value) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return status == std::errc() && end == text.data() + text.size();
}
/// A whole number, decimal with or without a sign, or hexadecimal after 0x; nothing if the text is something else.
std::optional<double> to_whole(std::string_view text);

}  // namespace tocsin::exporters::node
