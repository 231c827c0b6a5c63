#include "base/log.hpp"

#include <atomic>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.hpp"
#include "base/log_line.hpp"
#include "base/strings.hpp"

namespace tocsin::log {
namespace {

std::atomic<Level> g_level{Level::kInfo};
std::atomic<Format> g_format{Format::kLogfmt};
std::atomic<Sink> g_sink{nullptr};

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("tocsin", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

}  // namespace

void setup(Level level, Format format) {
  g_level = level;
  g_format = format;
  logger();
}

bool parse_level(std::string_view text, Level& level) {
  for (const Level candidate : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    if (equal_ignoring_case(text, level_text(candidate))) {
      level = candidate;
      return true;
    }
  }
  return false;
}

void write(Level level, std::string_view component, std::string_view message, std::initializer_list<Field> fields) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  const std::string line = g_format.load(std::memory_order_relaxed) == Format::kJson
                               ? json_line(system_clock().now(), level, component, message, fields)
                               : logfmt_line(system_clock().now(), level, component, message, fields);
  if (const Sink sink = g_sink.load()) {
    sink(level, line);
    return;
  }
  logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void set_sink(Sink sink) {
  g_sink = sink;
}

}  // namespace tocsin::log
