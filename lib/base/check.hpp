#pragma once
// check(): the impossible stops the process with a message, in release builds too.

#include <source_location>
#include <string_view>

namespace tocsin {

/// Writes "BUG: message at file:line" to standard error and aborts.
[[noreturn]] void bug(std::string_view message, std::source_location where = std::source_location::current());

inline void check(bool condition, std::string_view message,
                  std::source_location where = std::source_location::current()) {
  if (!condition) [[unlikely]] {
    bug(message, where);
  }
}

}  // namespace tocsin
