#pragma once
// Escapes of the text formats, and what is left of bytes that are not UTF-8.

#include <string>
#include <string_view>

namespace tocsin::expo {

/// Appends the text with `\` and newline escaped, with `quotes` also `"`. Each run of bytes that are not UTF-8 becomes
/// one U+FFFD.
void append_escaped(std::string& out, std::string_view text, bool quotes);

}  // namespace tocsin::expo
