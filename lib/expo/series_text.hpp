#pragma once
// The text of one series: finding its end, and taking it apart.

#include <string>
#include <string_view>
#include <vector>

#include "expo/parser.hpp"

namespace tocsin::expo {

/// Where a series text ends, or why it is none.
struct SeriesEnd {
  const char* end = nullptr;  // behind the text
  ParseErrc error = ParseErrc::kNone;
  const char* wrong = nullptr;  // where the error is
};

/// `start` is the first byte of a metric name or a brace. Nothing at or behind `limit` is read but the byte before it,
/// which must be a newline.
SeriesEnd find_series_end(const char* start, const char* limit);

/// `start` is an opening quote: behind the closing one, or nullptr if the quoted text is none. Limit as above.
const char* find_quoted_end(const char* start, const char* limit);

/// Takes a series text apart that find_series_end() accepted. Reused between series for its buffers.
class SeriesText {
 public:
  /// As Parser::labels().
  ParseErrc labels(std::string_view series, model::MetricType type, std::vector<model::LabelView>& out);

 private:
  std::string_view unescaped(std::string_view text);
  std::string_view normalized(std::string_view name, std::string_view value, model::MetricType type);

  std::string scratch_;     // unescaped texts; reserved ahead, so that views into it stay
  std::string normalized_;  // the number of le or quantile
};

}  // namespace tocsin::expo
