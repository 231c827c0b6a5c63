#pragma once
// Logging: one line per state change, logfmt or JSON on standard error. spdlog is behind it, in log.cpp only.
//   ts=2026-01-02T03:04:05.678Z level=info component=scrape msg="target is down" target=http://a/metrics err="..."

#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tocsin::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kLogfmt, kJson };

/// A key and its value as text; numbers and anything fmt can print are turned into text here.
struct Field {
  std::string_view key;
  std::string value;
  template <typename T>
  Field(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
};

/// Called once at start, before threads. Default: info, logfmt, standard error.
void setup(Level level, Format format);
bool parse_level(std::string_view text, Level& level);

/// Thread: any.
void write(Level level, std::string_view component, std::string_view message, std::initializer_list<Field> fields);

inline void debug(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, component, message, fields);
}
inline void info(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, component, message, fields);
}
inline void warn(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kWarn, component, message, fields);
}
inline void error(std::string_view component, std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::kError, component, message, fields);
}

/// Collects lines instead of writing them, for tests: see log_capture.hpp.
using Sink = void (*)(Level level, std::string_view line);
void set_sink(Sink sink);

}  // namespace tocsin::log
