#pragma once
// One line of OpenMetrics by the letter of the specification's ABNF.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::expo {

/// What is wrong with a line. Columns count bytes, from 1.
struct LineError {
  std::size_t column = 1;
  std::string message;  // begins with the section of the specification
};

using StrictLabels = std::vector<std::pair<std::string, std::string>>;  // in order of the line, values unescaped

struct StrictExemplar {
  StrictLabels labels;
  double value = 0;
  std::size_t column = 1;
};

struct StrictSample {
  std::string_view name;
  StrictLabels labels;
  double value = 0;
  std::optional<double> timestamp;  // seconds
  std::optional<StrictExemplar> exemplar;
  std::size_t value_column = 1;
};

struct StrictMetadata {
  std::string_view keyword;  // HELP, TYPE or UNIT
  std::string_view name;
  std::string_view text;  // escaped
  std::size_t text_column = 1;
};

/// A line without its newline, valid UTF-8, that does not begin with `#`.
std::expected<StrictSample, LineError> read_strict_sample(std::string_view line);
/// A line without its newline, valid UTF-8, that begins with `#` and is not "# EOF".
std::expected<StrictMetadata, LineError> read_strict_metadata(std::string_view line);

/// A number of the ABNF (`realnumber`): no "NaN", no infinities, no underscores, nothing hexadecimal.
bool is_real_number(std::string_view text);

}  // namespace tocsin::expo
