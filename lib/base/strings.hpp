#pragma once
// Small text helpers that the standard library lacks.

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Go's strconv.Quote: double quotes, \n \t \" \\ and \xNN, \uNNNN for what cannot be printed.
std::string go_quote(std::string_view text);
/// Go's time.RFC3339Nano in UTC, to milliseconds, trailing zeros of the fraction cut: "2026-01-02T03:04:05.67Z".
/// Years 0001..9999; the zero time of Go is -62135596800000.
std::string format_rfc3339(std::int64_t timestamp_ms);
/// RFC 3339 with optional fraction and zone offset, to milliseconds (further digits are cut).
bool parse_rfc3339(std::string_view text, std::int64_t& timestamp_ms);
bool is_valid_utf8(std::string_view text);
/// Percent-encoding as Go's url.QueryEscape (space becomes '+').
std::string query_escape(std::string_view text);

}  // namespace tocsin
