#pragma once
// Text 0.0.4 with the quoted UTF-8 names of Prometheus 3.
//
// Accepts what Prometheus' model/textparse/promparse.go (3.14) accepts: blanks between any two tokens, commas between
// labels optional, a comma at the end allowed, a raw newline within a label value, HELP and TYPE in any place, lines in
// any order. Zero bytes are data in label values and help texts; where a line begins, one ends the page (as there).
// Differences: blanks before a metric name are not part of it, and a zero byte in a comment does not end the page.
//
// How: the page ends with a newline (else it is copied), which stops every scan but those within quotes, so the hot
// loops have no bounds to check.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expo/parser.hpp"
#include "expo/series_text.hpp"

namespace tocsin::expo {

class TextParser final : public Parser {
 public:
  /// Row::series lives as long as the page.
  static constexpr bool kKeepsSeries = true;
  explicit TextParser(std::string_view page);

  RowKind next(Row& row) override;
  bool next_known(std::string_view shared, std::string_view rest, Row& row) override;
  ParseErrc labels(const Row& row, std::vector<model::LabelView>& out) override;
  ParseError error() const override { return error_; }

 private:
  RowKind fail(Row& row, ParseErrc code, const char* at);
  RowKind read_hash(Row& row, const char* start);
  RowKind read_meta(Row& row, const char* at, bool help);
  RowKind read_series(Row& row, const char* start);
  /// From behind the series text to behind the line. @return the error, or kNone with at_ moved on.
  ParseErrc read_value(Row& row, const char* at, const char*& wrong);

  std::string copy_;  // of a page that does not end with a newline
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  ParseError error_;
  bool done_ = false;
  model::MetricType type_ = model::MetricType::kUnknown;  // of the last TYPE
  SeriesText series_;
};

}  // namespace tocsin::expo
