#pragma once
// Texts as Go's strconv, strings, unicode, html and url packages treat them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tocsin::tmpl {

/// strconv.QuoteToASCII.
std::string quote_ascii(std::string_view text);
/// strconv.QuoteRune: 'x', '\n', '☺'; `ascii`: '\u263a'.
std::string quote_rune(std::uint32_t code, bool ascii);
/// strconv.CanBackquote.
bool can_backquote(std::string_view text);
/// strconv.Unquote of "..." or `...`; kInvalid "invalid syntax".
Result<std::string> unquote(std::string_view text);
/// The rune of a character constant with its quotes: 'a', '\n', '\u00e9'.
Result<std::uint32_t> unquote_char_constant(std::string_view text);

std::size_t rune_count(std::string_view text);
/// The first n runes.
std::string_view first_runes(std::string_view text, std::size_t n);
/// The first n-1 runes and "…" if the text is longer than n runes; true in `truncated` then.
/// Source: Alertmanager notify/util.go (TruncateInRunes).
std::string truncate_runes(std::string_view text, std::size_t n, bool* truncated = nullptr);

/// At most n bytes (n > 3) of whole runes, "…" included, if the text is longer.
/// Source: Alertmanager notify/util.go (TruncateInBytes).
std::string truncate_bytes(std::string_view text, std::size_t n);

/// strings.ToUpper and ToLower: each rune by itself.
std::string to_upper_text(std::string_view text);
std::string to_lower_text(std::string_view text);
/// golang.org/x/text/cases.Title for English: the first letter of each word (Unicode's word boundaries) in upper case,
/// the others in lower case or, with keep_rest, as they are.
std::string title_text(std::string_view text, bool keep_rest);
/// strings.TrimSpace: Unicode's white space at both ends.
std::string_view trim_unicode(std::string_view text);
bool is_letter(std::uint32_t code);
bool is_digit(std::uint32_t code);

/// html.EscapeString of Go's text/template: & < > " ' and NUL.
std::string html_escape(std::string_view text);
/// text/template.JSEscapeString.
std::string js_escape(std::string_view text);
/// net/url.QueryUnescape; kInvalid `invalid URL escape "%zz"`.
Result<std::string> query_unescape(std::string_view text);

}  // namespace tocsin::tmpl
