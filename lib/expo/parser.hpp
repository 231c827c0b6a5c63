#pragma once
// Reading a page of metrics, one row after the other, without copying.
//
// Parser is the interface of all formats; TextParser (text_parser.hpp) reads text 0.0.4 and 1.0.0, OpenMetricsParser
// (openmetrics_parser.hpp) OpenMetrics 0.0.1 and 1.0.0, ProtobufParser (protobuf_parser.hpp) protobuf; format.hpp
// chooses. A row's views point into the page. The text
// of a series (`name{a="b"}`, as it stands in the page) is an opaque key: a reader that has seen it before need not
// look into it, and who has not asks labels(). next_known() tries a series text from before against the next line, so
// that a page whose series stay is never taken apart.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/histogram.hpp"
#include "model/labels.hpp"
#include "model/metric_type.hpp"

namespace tocsin::expo {

/// kSeries is a series with a number, kHistogram one with a native histogram.
enum class RowKind : std::uint8_t { kSeries, kHistogram, kHelp, kType, kUnit, kComment, kEnd, kError };

/// What becomes of histograms. Source: Prometheus model/textparse/interface.go, ParserOptions.
struct HistogramOptions {
  bool native = false;   // read the native parts; else they are as if they were not there
  bool classic = false;  // keep the classic series of what becomes a native histogram
  bool convert = false;  // classic histograms become native ones with custom buckets
  bool starts = false;   // tell start timestamps
  bool operator==(const HistogramOptions&) const = default;
};

enum class ParseErrc : std::uint8_t {
  kNone,
  kStart,            // a line begins with what begins nothing
  kValue,            // no value after the series
  kNumber,           // the value is not a number
  kNumberCharacter,  // the value is a number of a newer syntax (hexadecimal, underscores)
  kNumberRange,      // the value is beyond a double
  kTimestamp,        // neither a timestamp nor the end of the line after the value
  kTimestampRange,   // the timestamp is beyond 64 bits
  kLineEnd,          // something after the timestamp
  kLabelName,
  kEqual,
  kLabelValue,
  kLabelUtf8,    // the label value is not UTF-8
  kNameTwice,    // a second metric name within the braces
  kNameMissing,  // braces without a metric name
  kMetaName,     // no metric name after HELP or TYPE
  kMetaType,     // TYPE of a type that there is not
  kHelpUtf8,     // the help text is not UTF-8
  // OpenMetrics only.
  kNoEof,               // the page ends without "# EOF"
  kAfterEof,            // something behind it
  kUnitName,            // no metric name after UNIT
  kMetaText,            // no text, or no newline, after the name in a line of metadata
  kUnit,                // the unit is not the end of the metric's name
  kComma,               // neither a comma nor the closing brace after a label
  kTimestampNotFinite,  // NaN or infinite
  kExemplarValue,       // no value after the labels of an exemplar
  kExemplarTimestamp,   // neither a timestamp nor the end of the line after that value
  kExemplarTimestampNotFinite,
  kExemplarEnd,     // something after the timestamp of an exemplar
  kDuplicateLabel,  // a label name stands twice (labels() only)
  // Protobuf only.
  kProtobuf,  // describe_error() tells
};

struct ParseError {
  ParseErrc code = ParseErrc::kNone;
  std::size_t offset = 0;  // into the page
};

/// The exemplar of a row. Its numbers mean nothing if there is none.
struct ExemplarText {
  std::string_view labels;  // `{trace_id="x"}`; "" if there is none
  double value = 0;
  bool has_timestamp = false;
  Timestamp timestamp = 0;
};

struct Row {
  RowKind kind = RowKind::kEnd;
  bool has_timestamp = false;                            // kSeries, kHistogram
  model::MetricType type = model::MetricType::kUnknown;  // kType
  double value = 0;                                      // kSeries; of a text, every NaN is the ordinary one
  Timestamp timestamp = 0;                               // kSeries, kHistogram: milliseconds, if has_timestamp
  Timestamp start = 0;                                   // kSeries, kHistogram: start timestamp, 0 if there is none
  std::string_view series;                               // kSeries, kHistogram: what tells the series from others
  std::string_view name;                                 // kHelp, kType, kUnit: the family, without quotes, escaped
  std::string_view text;                                 // kHelp: the help, as escaped as the format has it; kUnit;
                                                         // kComment: the line
  ExemplarText exemplar;                                 // kSeries
};

/// Thread: one. The page must live as long as the parser.
class Parser {
 public:
  virtual ~Parser() = default;
  /// The next row. After kEnd and kError there is nothing more.
  virtual RowKind next(Row& row) = 0;
  /// If the next row is the series whose text is shared + rest, takes it as next() would; else false, and
  /// nothing but blank lines is behind us. Looks only at the usual spelling: one blank or tab before the value.
  virtual bool next_known(std::string_view shared, std::string_view rest, Row& row) = 0;
  /// The labels of the last row, a series or a histogram: sorted by name, the metric name among them, values unescaped,
  /// empty ones included. Numbers in `le` and `quantile` are written as Prometheus 3 does ("1" becomes "1.0") if the
  /// last TYPE was a histogram or a summary. Views live until the next call.
  /// @return kNone or kDuplicateLabel; kProtobuf if they are no labels, and then the page has failed.
  virtual ParseErrc labels(const Row& row, std::vector<model::LabelView>& out) = 0;
  /// The labels of an exemplar of the last row, in the order of the page and, as Prometheus keeps them, with their
  /// escapes.
  virtual void exemplar_labels(const ExemplarText& /*exemplar*/, std::vector<model::LabelView>& out) { out.clear(); }
  /// The value of the last row, a kHistogram. The caller's own; nullptr if it was asked for already.
  virtual std::unique_ptr<model::FloatHistogram> histogram() { return nullptr; }
  /// The exemplars of the last row, a kHistogram: those with a timestamp, in its order.
  virtual void histogram_exemplars(std::vector<ExemplarText>& out) { out.clear(); }
  /// After kError.
  virtual ParseError error() const = 0;
  /// The same in words, with the place.
  virtual std::string describe_error(std::string_view page) const;
};

/// "expected label value" and the like, in Prometheus' words.
std::string_view parse_error_text(ParseErrc code);
/// The error with line, column (in bytes, from 1) and the place: `expected label value at line 3, column 9: "a{b='c'}
/// 1"`.
std::string describe(std::string_view page, ParseError error);

/// Help text or a name between quotes without its escapes: `\\`, `\n`, for names and the help of OpenMetrics also `\"`.
std::string unescape_help(std::string_view text);
std::string unescape_name(std::string_view text);

}  // namespace tocsin::expo
