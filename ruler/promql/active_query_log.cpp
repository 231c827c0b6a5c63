#include "promql/active_query_log.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/json_string.hpp"
#include "base/log.hpp"

namespace tocsin::promql {
namespace {

constexpr std::string_view kFileName = "queries.active";
constexpr std::size_t kMostBytesRead = 1U << 20U;  // of a file that somebody left: 1,048 queries
constexpr std::string_view kHead = R"({"query":)";
constexpr std::string_view kTimeKey = R"(,"timestamp_sec":)";

/// The longest part of `text` of at most `size` bytes that ends between two characters.
std::string_view cut_text(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
  return text.substr(0, size);
}

/// Behind the string that begins at `at`; npos if there is none.
std::size_t string_end(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '"') return std::string_view::npos;
  for (++at; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '"') return at + 1;
    if (c < 0x20) return std::string_view::npos;
    if (c == '\\') ++at;
  }
  return std::string_view::npos;
}

/// Whether it is what active_query_entry() makes.
bool is_entry(std::string_view text) {
  if (!text.starts_with(kHead)) return false;
  const std::size_t end = string_end(text, kHead.size());
  if (end == std::string_view::npos) return false;
  text.remove_prefix(end);
  if (!text.starts_with(kTimeKey) || !text.ends_with('}')) return false;
  text = text.substr(kTimeKey.size(), text.size() - kTimeKey.size() - 1);
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string read_head(Fs& fs, const std::string& path) {
  const auto file = fs.open_random(path);
  if (!file) return "";
  std::string bytes(kMostBytesRead, '\0');
  const auto size = (*file)->read_at(0, bytes.data(), bytes.size());
  bytes.resize(size ? *size : 0);
  return bytes;
}

/// What stands before it in the program has been written when the process dies, what stands behind it has not: the one
/// who reads is the next process, so that it is the compiler alone who must keep the order.
void set_comma(char* slot, char value) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  slot[kActiveQueryBytes - 1] = value;
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

std::string active_query_entry(std::string_view query, Timestamp now) {
  const std::string time = fmt::format("{}{}}}", kTimeKey, now / 1000);
  const std::size_t most = kActiveQueryBytes - 1 - kHead.size() - time.size();
  std::string entry;
  entry.reserve(kActiveQueryBytes);
  query = cut_text(query, most - 2);
  for (;;) {
    entry = kHead;
    append_json_string(entry, query, JsonStyle::kGo);
    const std::size_t text_size = entry.size() - kHead.size();
    if (text_size <= most) return entry += time;
    // Escapes made it longer, each of a byte at most six: what is left over is at least a sixth of that too long.
    query = cut_text(query, query.size() - (text_size - most + 5) / 6);
  }
}

std::string unfinished_queries(std::string_view file) {
  if (!file.starts_with('[')) return "";
  file.remove_prefix(1);
  std::string out;
  for (; file.size() >= kActiveQueryBytes; file.remove_prefix(kActiveQueryBytes)) {
    const std::string_view slot = file.substr(0, kActiveQueryBytes);
    const std::string_view entry = slot.substr(0, std::min(slot.find('\0'), kActiveQueryBytes - 1));
    const bool is_whole =
        slot.back() == ',' && is_entry(entry) && slot.find_first_not_of('\0', entry.size()) == kActiveQueryBytes - 1;
    if (!is_whole) continue;
    out += out.empty() ? '[' : ',';
    out += entry;
  }
  if (!out.empty()) out += ']';
  return out;
}

ActiveQueryLog::ActiveQueryLog(std::unique_ptr<SharedFile> file, const Clock& clock)
    : file_(std::move(file)), clock_(clock) {
  const std::span<char> bytes = file_->bytes();
  bytes[0] = '[';
  // Taken from the back: the first slot is the first to be used.
  for (std::size_t at = bytes.size(); at > 1; at -= kActiveQueryBytes) {
    free_.push_back(bytes.data() + at - kActiveQueryBytes);
  }
}

Result<std::unique_ptr<ActiveQueryLog>> ActiveQueryLog::open(Fs& fs, const Clock& clock, const std::string& folder,
                                                             std::size_t slots) {
  const std::string path = fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", kFileName);
  if (const std::string queries = unfinished_queries(read_head(fs, path)); !queries.empty()) {
    log::info("promql", "These queries didn't finish in prometheus' last run:", {{"queries", queries}});
  }
  TOCSIN_TRY(auto file, fs.make_shared_file(path, 1 + slots * kActiveQueryBytes));
  return std::unique_ptr<ActiveQueryLog>(new ActiveQueryLog(std::move(file), clock));
}

char* ActiveQueryLog::take_slot() {
  const MutexLock lock(mutex_);
  if (free_.empty()) return nullptr;
  char* const slot = free_.back();
  free_.pop_back();
  return slot;
}

void ActiveQueryLog::give_back(char* slot) {
  const MutexLock lock(mutex_);
  free_.push_back(slot);
}

ActiveQueryLog::Entry::Entry(ActiveQueryLog* log, std::string_view query) : log_(log) {
  if (log_ != nullptr) slot_ = log_->take_slot();
  if (slot_ == nullptr) return;
  const std::string entry = active_query_entry(query, log_->clock_.now());
  size_ = entry.size();
  std::memcpy(slot_, entry.data(), size_);
  set_comma(slot_, ',');
}

ActiveQueryLog::Entry::~Entry() {
  if (slot_ == nullptr) return;
  set_comma(slot_, '\0');
  std::memset(slot_, 0, size_);
  log_->give_back(slot_);
}

}  // namespace tocsin::promql
