#pragma once
// Character references of HTML.

#include <string>
#include <string_view>

namespace tocsin::tmpl::html {

/// Resolves numeric references and the names that mark-up itself needs (amp, lt, gt, quot, apos, nbsp and those that
/// spell a character of ASCII: colon, sol, ...); others stay as they are.
std::string unescape_html(std::string_view text);

}  // namespace tocsin::tmpl::html
