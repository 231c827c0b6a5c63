#include "web/access_log.hpp"

#include <utility>

#include "base/log.hpp"

namespace tocsin::web {
namespace {

constexpr std::size_t kMaxWaitingBytes = 1U << 20U;

void append_text(std::string& out, std::string_view key, std::string_view text) {
  out += fmt::format(",\"{}\":\"", key);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Bytes, not code points: what a client sends need not be UTF-8, and the line always is.
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string utc_text(Timestamp time) {
  const std::time_t seconds = time / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, time % 1000);
}

}  // namespace

std::string access_line(const AccessEntry& entry) {
  std::string line = fmt::format("{{\"time\":\"{}\"", utc_text(entry.time));
  append_text(line, "peer", entry.peer);
  append_text(line, "user", entry.user);
  append_text(line, "method", entry.method);
  append_text(line, "path", entry.path);
  line += fmt::format(",\"status\":{},\"bytes\":{},\"seconds\":{:.6f}}}\n", entry.status, entry.bytes,
                      std::chrono::duration<double>(entry.took).count());
  return line;
}

/// Thread: the loop's, but `file`, which one job of the lane has at a time.
struct AccessLog::Shared {
  Shared(Loop& l, WorkPool& w, Fs& f, std::string p) : loop(l), work(w), fs(f), path(std::move(p)) {}
  Loop& loop;
  WorkPool& work;
  Fs& fs;
  const std::string path;
  std::unique_ptr<AppendFile> file;
  std::string waiting;
  std::uint64_t lines_waiting = 0;
  bool writing = false, reopen = false, failing = false, closed = false;
  AccessLogStats stats;
};

Result<std::unique_ptr<AccessLog>> AccessLog::open(Loop& loop, WorkPool& work, Fs& fs, std::string path) {
  auto shared = std::make_shared<Shared>(loop, work, fs, std::move(path));
  auto file = fs.open_append(shared->path);
  if (!file) return fail(std::move(file).error().wrap("--web.access-log"));
  shared->file = std::move(*file);
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(shared)));
}

AccessLog::~AccessLog() {
  shared_->closed = true;
}

void AccessLog::add(const AccessEntry& entry) {
  Shared& log = *shared_;
  std::string line = access_line(entry);
  if (log.waiting.size() + line.size() > kMaxWaitingBytes) {
    ++log.stats.dropped;
    return;
  }
  log.waiting += line;
  ++log.lines_waiting;
  if (!log.writing) write_waiting(shared_);
}

void AccessLog::reopen() {
  shared_->reopen = true;
}

AccessLogStats AccessLog::stats() const {
  return shared_->stats;
}

void AccessLog::write_waiting(const std::shared_ptr<Shared>& shared) {
  shared->writing = true;
  const std::uint64_t lines = std::exchange(shared->lines_waiting, 0);
  shared->work.lane(Lane::kQuery)
      .post([shared, lines, text = std::exchange(shared->waiting, {}), anew = std::exchange(shared->reopen, false)] {
        Result<void> written;
        if (anew || shared->file == nullptr) {
          shared->file.reset();
          auto file = shared->fs.open_append(shared->path);
          if (file) shared->file = std::move(*file);
          if (!file) written = fail(std::move(file).error());
        }
        if (written) written = shared->file->append(text);
        shared->loop.post([shared, lines, written = std::move(written)] {
          shared->writing = false;
          (written ? shared->stats.written : shared->stats.dropped) += lines;
          if (!written && !std::exchange(shared->failing, true)) {
            log::error("web", "the access log cannot be written; lines are dropped",
                       {{"file", shared->path}, {"err", written.error().message}});
          }
          if (written) shared->failing = false;
          if (!shared->waiting.empty() && !shared->closed) write_waiting(shared);
        });
      });
}

}  // namespace tocsin::web
