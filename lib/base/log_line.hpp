#pragma once
// The text of a log line, apart from where it goes.

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/time.hpp"

namespace tocsin::log {

std::string_view level_text(Level level);  // "debug", "info", "warn", "error"

/// ts=... level=... component=... msg=... key=value: values with spaces, '=', '"' or what cannot be printed are quoted.
/// Source of the quoting: go-logfmt, which Prometheus' tools write.
std::string logfmt_line(Timestamp now, Level level, std::string_view component, std::string_view message,
                        std::initializer_list<Field> fields);
/// One JSON object with the same keys; all values of fields are strings.
std::string json_line(Timestamp now, Level level, std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields);

}  // namespace tocsin::log
