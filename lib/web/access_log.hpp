#pragma once
// One JSON object per request in a file of its own:
//   {"time":"2026-01-02T03:04:05.678Z","peer":"127.0.0.1:4711","user":"","method":"GET","path":"/metrics","status":200,
//    "bytes":2048,"seconds":0.0021}
// Parameters are not logged: they may hold what nobody should read. `bytes` are those of the body before compression.

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace tocsin::web {

struct AccessEntry {
  Timestamp time = 0;
  std::string peer, user, method, path;
  int status = 0;
  std::uint64_t bytes = 0;
  Duration took{0};
};

std::string access_line(const AccessEntry& entry);

}  // namespace tocsin::web
