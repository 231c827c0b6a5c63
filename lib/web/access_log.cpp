#include "web/access_log.hpp"

#include <ctime>

#include <fmt/format.h>

namespace tocsin::web {
namespace {

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

}  // namespace tocsin::web
