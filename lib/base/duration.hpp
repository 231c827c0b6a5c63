#pragma once
// Prometheus durations: "1h30m", "15s", "100ms", "0". Source: prometheus/common model/time.go.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace tocsin {

/// Units y w d h m s ms, each at most once and in that order; "0" alone is allowed. Not negative, no fraction.
/// @return kInvalid with Prometheus' text: `not a valid duration string: "x"`, `empty duration string`, or
///         `duration out of range`.
Result<Duration> parse_duration(std::string_view text);

/// Go's time.ParseDuration form ("1.5s", "300ms", "-1h"), which Alertmanager's command line and templates accept.
Result<Duration> parse_go_duration(std::string_view text);

/// Prometheus' text of a duration: the largest exact units, "1h30m", "1d", "0s".
std::string format_duration(Duration duration);

/// Go's time.Duration.String(): "1h30m0s", "1.5s", "0s".
std::string format_go_duration(Duration duration);

}  // namespace tocsin
