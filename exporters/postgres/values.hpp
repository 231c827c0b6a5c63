#pragma once
// The server's texts as numbers and labels, as postgres_exporter reads them through its driver.
// Source: postgres_exporter exporter/util.go; PostgreSQL docs, "Date/Time Output", "Array Input and Output Syntax".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::exporters::postgres {

/// OIDs of the types that are not read as plain numbers. Source: PostgreSQL pg_type.dat.
inline constexpr std::uint32_t kBoolType = 16, kDateType = 1082, kTimestampType = 1114, kTimestamptzType = 1184;

/// true and false are 1 and 0, points in time are seconds since the Unix epoch (without a fraction), texts are read as
/// Go's strconv.ParseFloat. Nothing if it is no number.
std::optional<double> to_number(std::uint32_t type, std::string_view text);

/// Whether to_label() gives the text as it is.
inline bool is_plain_text(std::uint32_t type) {
  return type != kBoolType && type != kDateType && type != kTimestampType && type != kTimestamptzType;
}
/// "true" and "false", seconds for points in time, else the text.
std::string to_label(std::uint32_t type, std::string_view text);

/// Seconds since the epoch of "2026-01-02 03:04:05.6+01:30" (ISO style; zone, fraction and time may be missing; BC).
std::optional<std::int64_t> parse_time(std::string_view text);

/// "{1,2.5,NULL}" of one dimension; NULL is 0. Nothing if it is not an array of numbers.
std::optional<std::vector<double>> parse_number_array(std::string_view text);

}  // namespace tocsin::exporters::postgres
