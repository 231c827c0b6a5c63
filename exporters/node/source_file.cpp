#include "exporters/node/source_file.hpp"

#include <charconv>

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kFirstSize = 4096;
constexpr std::size_t kMaxSize = 4U << 20U;

}  // namespace

Result<std::string_view> SourceFile::read_open() {
  std::size_t length = 0;
  if (buffer_.empty()) buffer_.resize(kFirstSize);
  for (;;) {
    TOCSIN_TRY(const std::size_t got, file_->read_at(length, buffer_.data() + length, buffer_.size() - length));
    length += got;
    if (length < buffer_.size()) return std::string_view(buffer_).substr(0, length);
    if (buffer_.size() >= kMaxSize) return fail(Errc::kLimit, "{} is larger than {} bytes", path_, kMaxSize);
    // A kernel file that does not fit into one read may change between two: start over with more room.
    buffer_.resize(buffer_.size() * 2);
    length = 0;
  }
}

Result<std::string_view> SourceFile::read() {
  if (file_) {
    if (auto text = read_open()) return text;
    file_.reset();
  }
  TOCSIN_TRY(file_, fs_.open_random(path_));
  return read_open();
}

std::string_view next_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

bool to_number(std::string_view text, std::uint64_t& value) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size();
}

}  // namespace tocsin::exporters::node
