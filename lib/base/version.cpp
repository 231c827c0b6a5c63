#include "base/version.hpp"

#include <fmt/format.h>

namespace tocsin {

std::string_view version() {
  return TOCSIN_VERSION;
}
std::string_view revision() {
  return TOCSIN_REVISION;
}

std::string version_text(std::string_view program) {
  return fmt::format("{}, version {} (revision: {})", program, version(), revision());
}

}  // namespace tocsin
