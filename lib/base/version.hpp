#pragma once
// Which build this is.

#include <string>
#include <string_view>

namespace tocsin {

/// "0.1.0", from the project in CMakeLists.txt.
std::string_view version();
/// The commit it was built from, or "unknown" outside of a checkout.
std::string_view revision();
/// "tocsin-agent, version 0.1.0 (revision: abc1234)".
std::string version_text(std::string_view program);

}  // namespace tocsin
