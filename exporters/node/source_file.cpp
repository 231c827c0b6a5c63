#include "exporters/node/source_file.hpp"

#include <algorithm>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "base/system_file.hpp"

namespace tocsin::exporters::node {
namespace {

constexpr std::size_t kFirstSize = 1024;
constexpr std::size_t kMaxSize = 4U << 20U;

/// A loop over characters, as words are short: find_first_of() would look each of them up in a text of blanks.
template <typename IsBlank>
std::string_view cut_word(std::string_view& text, IsBlank is_blank) {
  std::size_t begin = 0;
  while (begin < text.size() && is_blank(text[begin])) ++begin;
  std::size_t end = begin;
  while (end < text.size() && !is_blank(text[end])) ++end;
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

/// Files of many pieces whose records are short. The kernel fills a page at least before it answers with less than was
/// asked for: an answer that leaves room for one more record is all of the file. Source: seq_read_iter() of Linux.
constexpr std::string_view kOfShortRecords[] = {"/net/udp", "/net/udp6", "/net/softnet_stat", "/diskstats",
                                                "/net/stat/nf_conntrack"};
constexpr std::size_t kPage = 4096, kLongestRecord = 512;

bool has_short_records(std::string_view path) {
  return std::ranges::any_of(kOfShortRecords, [&](std::string_view end) { return path.ends_with(end); });
}

/// All of the file into `buffer`, which grows.
Result<std::string_view> read_all(const RandomFile& file, Pieces pieces, const std::string& path, std::string& buffer) {
  const bool short_records = pieces == Pieces::kMany && has_short_records(path);
  const auto* once = pieces == Pieces::kOne || short_records ? dynamic_cast<const SystemFile*>(&file) : nullptr;
  if (buffer.empty()) buffer.resize(kFirstSize);
  if (short_records && once != nullptr) {
    if (buffer.size() < kPage) buffer.resize(kPage);
    TOCSIN_TRY(const std::size_t length, once->read_once(buffer.data(), buffer.size()));
    if (length + kLongestRecord <= kPage) return std::string_view(buffer).substr(0, length);
    once = nullptr;
  }
  for (;;) {
    TOCSIN_TRY(const std::size_t length, once != nullptr ? once->read_once(buffer.data(), buffer.size())
                                                         : file.read_at(0, buffer.data(), buffer.size()));
    if (length < buffer.size()) return std::string_view(buffer).substr(0, length);
    if (buffer.size() >= kMaxSize) return fail(Errc::kLimit, "{} is larger than {} bytes", path, kMaxSize);
    // A kernel file that does not fit into one read may change between two: start over with more room.
    buffer.resize(buffer.size() * 2);
  }
}

}  // namespace

OpenFile::OpenFile(std::unique_ptr<RandomFile> file) : file_(std::move(file)) {
  const auto* const system = dynamic_cast<const SystemFile*>(file_.get());
  if (system == nullptr || system->is_made_by_kernel()) return;
  const auto version = system->version();
  if (!version) return;
  versioned_ = system;
  version_ = *version;
}

bool OpenFile::may_be_replaced() const {
  return versioned_ != nullptr && versioned_->version() != version_;
}

Result<std::string_view> SourceFile::read() {
  if (file_ && file_->may_be_replaced()) file_.reset();
  if (file_) {
    auto text = read_all(**file_, pieces_, path_, buffer_);
    if (text || text.error().code == Errc::kUnavailable) return text;
    file_.reset();
  }
  if (absent_ && !fs_.exists(path_)) return fail(Error(*absent_));
  absent_.reset();
  auto file = fs_.open_random(path_);
  if (!file) {
    if (file.error().code == Errc::kNotFound) absent_ = file.error();
    return fail(std::move(file).error());
  }
  file_.emplace(std::move(*file));
  return read_all(**file_, pieces_, path_, buffer_);
}

Result<double> SourceFile::read_number() {
  TOCSIN_TRY(const std::string_view text, read());
  double value = 0;
  if (!parse_float(trim(text), value)) return fail(Errc::kCorrupt, "{}: no number: \"{}\"", path_, trim(text));
  return value;
}

Result<std::string_view> SourceFiles::read(const std::string& path) {
  auto found = files_.find(path);
  if (found != files_.end() && found->second.may_be_replaced()) {
    files_.erase(found);
    found = files_.end();
  }
  if (found != files_.end()) {
    auto text = read_all(*found->second, pieces_, path, buffer_);
    if (text || text.error().code == Errc::kUnavailable) return text;
    files_.erase(found);  // a device that went and came back is another one
  }
  if (const auto absent = absent_.find(path); absent != absent_.end()) {
    if (!fs_.exists(path)) return fail(Error(absent->second));
    absent_.erase(absent);
  }
  auto file = fs_.open_random(path);
  if (!file) {
    if (absent_.size() >= keep_) absent_.clear();
    if (file.error().code == Errc::kNotFound) absent_.emplace(path, file.error());
    return fail(std::move(file).error());
  }
  OpenFile open(std::move(*file));
  auto text = read_all(*open, pieces_, path, buffer_);
  const bool answers = text || text.error().code == Errc::kUnavailable;
  if (answers && files_.size() < keep_) files_.emplace(path, std::move(open));
  return text;
}

std::optional<std::string_view> SourceFiles::text(const std::string& path) {
  const auto text = read(path);
  if (!text) return std::nullopt;
  return trim(*text);
}

std::optional<double> SourceFiles::number(const std::string& path) {
  const auto digits = text(path);
  double value = 0;
  if (!digits || !parse_float(*digits, value)) return std::nullopt;
  return value;
}

Result<std::optional<double>> SourceFiles::whole(const std::string& path) {
  const auto digits = text(path);
  if (!digits) return std::nullopt;
  const std::optional<double> value = to_whole(*digits);
  if (!value) return fail(Errc::kCorrupt, "{}: no whole number: \"{}\"", path, digits->substr(0, 100));
  return value;
}

std::vector<std::string> SourceFiles::names(const std::string& folder) const {
  return fs_.list(folder).value_or(std::vector<std::string>{});
}

std::string_view next_word(std::string_view& line) {
  return cut_word(line, [](char c) { return c == ' ' || c == '\t'; });
}

std::string_view next_field(std::string_view& text) {
  return cut_word(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
}

bool to_number(std::string_view text, std::uint64_t& value) {
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size();
}

std::optional<double> to_whole(std::string_view text) {
  const bool negative = text.starts_with('-'), hex = text.starts_with("0x");
  text.remove_prefix(negative ? 1 : hex ? 2 : 0);
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return negative ? -static_cast<double>(value) : static_cast<double>(value);
}

}  // namespace tocsin::exporters::node
