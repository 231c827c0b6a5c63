#pragma once
// Functions that templates of Prometheus and of Alertmanager share, and the small change of writing function tables.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

/// The number in a number or a numeric text (ParseFloat); a duration counts in seconds.
/// Source: prometheus/common helpers/templates (ConvertToFloat).
Result<double> to_float(const Value& value);

/// 1.235M: four digits and a prefix of 1000. Source: Prometheus template/template.go.
std::string humanize(double value);
/// 1.177Mi.
std::string humanize1024(double value);
/// 1d 2h 3m 4s; below a minute 12.35s, below a second 123.5ms.
std::string humanize_duration(double seconds);
std::string humanize_percentage(double ratio);
/// 2015-06-23 13:19:44.128 +0000 UTC.
Result<std::string> humanize_timestamp(double seconds);
/// The instant of so many seconds since the epoch, to nanoseconds; an error for what no time can be.
Result<Time> float_to_time(double seconds);

/// RE2 search, not anchored. @return kInvalid with the error of the expression.
Result<bool> regex_match(const std::string& expression, std::string_view text);
/// Go's ReplaceAllString: `$1`, `${name}` in the replacement.
Result<std::string> regex_replace_all(const std::string& expression, std::string_view replacement,
                                      std::string_view text);

/// toUpper, toLower, match, reReplaceAll, safeHtml, humanizeDuration: the same in both tables.
void add_common_functions(FuncMap& functions);

/// A function of texts to a text.
Function text_function(std::size_t count, std::function<Result<std::string>(Args)> call);
/// A function of one number or numeric text to a text.
Function number_function(std::function<Result<std::string>(double)> call);

}  // namespace tocsin::tmpl
