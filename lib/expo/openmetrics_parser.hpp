#pragma once
// OpenMetrics 0.0.1 and 1.0.0 with quoted UTF-8 names, as Prometheus scrapes them.
//
// Accepts what Prometheus' model/textparse/openmetricsparse.go (3.14) and its lexer accept. That is stricter than text
// 0.0.4 in its blanks (exactly one between tokens, none within braces) and wants "# EOF", and laxer than the
// specification: families in any order, any suffix, any value, exemplars anywhere. "_created" is an ordinary series,
// unless start timestamps are asked for: then it is the start of its metric, and no row. The specification's own
// verdict is openmetrics_check.hpp's. Zero bytes are data in label values and help texts, and are passed over within
// the keywords of metadata lines and at the start of the line behind one (as there).
//
// How: as TextParser; the page is copied if it does not end with a newline, and that newline does not count.

#include <string>
#include <string_view>
#include <vector>

#include "expo/parser.hpp"
#include "expo/series_text.hpp"

namespace tocsin::expo {

class OpenMetricsParser final : public Parser {
 public:
  /// Row::series lives as long as the page.
  static constexpr bool kKeepsSeries = true;
  /// @param starts  rows of counters, histograms and summaries have the start that a `_created` line behind them tells
  ///                (openmetrics_created.hpp), and such lines are no rows.
  explicit OpenMetricsParser(std::string_view page, bool starts = false);

  RowKind next(Row& row) override;
  bool next_known(std::string_view shared, std::string_view rest, Row& row) override;
  ParseErrc labels(const Row& row, std::vector<model::LabelView>& out) override;
  void exemplar_labels(const ExemplarText& exemplar, std::vector<model::LabelView>& out) override;
  ParseError error() const override { return error_; }
  /// The TYPE that is in force until the page has one: for a page that is a part of another.
  void set_type(model::MetricType type) { type_ = type; }

 private:
  RowKind fail(Row& row, ParseErrc code, const char* at);
  /// As next(), where `_created` is a series like others.
  RowKind next_line(Row& row);
  /// The start of a row, of a type that has one.
  Timestamp start_of(const Row& row);
  /// Finds the next `_created` line. at_ stays.
  void look_ahead();
  RowKind read_hash(Row& row, const char* start);
  RowKind read_meta(Row& row, RowKind kind, const char* at);
  RowKind read_type(Row& row, const char* at);
  RowKind read_unit(Row& row, const char* at);
  RowKind read_eof(Row& row, const char* at);
  RowKind read_series(Row& row, const char* start);
  // Each: @return the error, with `wrong` set, or kNone with at_ moved on.
  /// From behind the series text to behind the line.
  ParseErrc read_value(Row& row, const char* at, const char*& wrong);
  /// From behind the value, where no newline is.
  ParseErrc read_timestamp(Row& row, const char* at, const char*& wrong);
  /// From the opening brace of an exemplar.
  ParseErrc read_exemplar(Row& row, const char* at, const char*& wrong);
  ParseErrc read_exemplar_timestamp(Row& row, const char* at, const char*& wrong);
  ParseErrc end_line(const char* newline);

  std::string copy_;  // of a page that does not end with a newline
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;  // of the page; *end_ is a newline or not to be read
  ParseError error_;
  bool done_ = false;
  bool broken_ = false;                                   // at_ is in the midst of a line: the next row is an error
  model::MetricType type_ = model::MetricType::kUnknown;  // of the last TYPE
  SeriesText series_;

  /// The first `_created` line behind the last row, before the rows of series end; or that there is none.
  struct Created {
    const char* line = nullptr;  // where it begins; without one, where the rows end
    const char* end = nullptr;   // behind it; nullptr: there is none
    Timestamp start = 0;
    std::string key;
  };
  const bool starts_;
  std::size_t family_size_ = 0;  // of the name in the last line of metadata
  Created created_;
  std::string key_;        // of the row
  std::string found_key_;  // of the row before, which has the start found_start_; "": it has none
  Timestamp found_start_ = 0;
};

}  // namespace tocsin::expo
