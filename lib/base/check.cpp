#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace tocsin {

void bug(std::string_view message, std::source_location where) {
  if (message.starts_with("BUG: ")) message.remove_prefix(5);
  std::fprintf(stderr, "BUG: %.*s at %s:%u\n", static_cast<int>(message.size()), message.data(), where.file_name(),
               static_cast<unsigned>(where.line()));
  std::fflush(stderr);
  std::abort();
}

}  // namespace tocsin
