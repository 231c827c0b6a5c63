#include "expo/text_parser.hpp"

#include <charconv>
#include <cstring>

#include "base/strings.hpp"
#include "expo/bytes.hpp"
#include "expo/chars.hpp"
#include "expo/number.hpp"

namespace tocsin::expo {
namespace {

std::string_view view(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

const char* find_newline(const char* at, const char* limit) {
  return static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(limit - at)));
}

bool read_type(std::string_view text, model::MetricType& type) {
  if (text == "counter") {
    type = model::MetricType::kCounter;
  } else if (text == "gauge") {
    type = model::MetricType::kGauge;
  } else if (text == "histogram") {
    type = model::MetricType::kHistogram;
  } else if (text == "summary") {
    type = model::MetricType::kSummary;
  } else if (text == "untyped") {
    type = model::MetricType::kUnknown;
  } else {
    return false;
  }
  return true;
}

/// Behind a word of a comment and at least one blank: HELP or TYPE.
const char* skip_word(const char* at, std::string_view word, const char* limit) {
  if (static_cast<std::size_t>(limit - at) <= word.size() || view(at, at + word.size()) != word) return nullptr;
  at += word.size();
  return *at == ' ' || *at == '\t' ? skip_blanks(at) : nullptr;
}

}  // namespace

TextParser::TextParser(std::string_view page) {
  if (!page.empty() && page.back() != '\n') {
    copy_.reserve(page.size() + 1);
    copy_ = page;
    copy_ += '\n';
    page = copy_;
  }
  begin_ = at_ = page.data();
  end_ = begin_ + page.size();
}

RowKind TextParser::fail(Row& row, ParseErrc code, const char* at) {
  error_ = {code, static_cast<std::size_t>(at - begin_)};
  done_ = true;
  return row.kind = RowKind::kError;
}

RowKind TextParser::next(Row& row) {
  if (done_) return row.kind = error_.code == ParseErrc::kNone ? RowKind::kEnd : RowKind::kError;
  while (at_ < end_) {
    const char* at = skip_blanks(at_);
    if (*at == '\n') {
      at_ = at + 1;
      continue;
    }
    if (is_in(*at, kMetricStart) || *at == '{') return read_series(row, at);
    if (*at == '#') return read_hash(row, at);
    if (*at == 0) break;
    return fail(row, ParseErrc::kStart, at);
  }
  done_ = true;
  return row.kind = RowKind::kEnd;
}

RowKind TextParser::read_hash(Row& row, const char* start) {
  const char* at = skip_blanks(start + 1);
  if (at != start + 1) {
    if (const char* help = skip_word(at, "HELP", end_)) return read_meta(row, help, true);
    if (const char* type = skip_word(at, "TYPE", end_)) return read_meta(row, type, false);
  }
  const char* line_end = find_newline(at, end_);
  row.text = view(start, line_end);
  at_ = line_end + 1;
  return row.kind = RowKind::kComment;
}

RowKind TextParser::read_meta(Row& row, const char* at, bool help) {
  const char* name_end = at;
  if (*at == '"') {
    name_end = find_quoted_end(at, end_);
    if (name_end == nullptr) return fail(row, ParseErrc::kMetaName, at);
    row.name = view(at + 1, name_end - 1);
  } else {
    if (!is_in(*at, kMetricStart)) return fail(row, ParseErrc::kMetaName, at);
    while (is_in(*name_end, kMetricChar)) ++name_end;
    row.name = view(at, name_end);
  }
  if (*name_end == 0) return fail(row, help ? ParseErrc::kMetaName : ParseErrc::kMetaType, name_end);
  const char* line_end = find_newline(name_end, end_);
  const char* first = skip_blanks(name_end);
  // One byte, usually a blank, separates the name from the text; a text of nothing but blanks is empty.
  row.text = first == line_end ? std::string_view() : view(name_end + 1, line_end);
  if (help) {
    if (!is_valid_utf8(row.text)) return fail(row, ParseErrc::kHelpUtf8, first);
    row.kind = RowKind::kHelp;
  } else {
    if (!read_type(row.text, type_)) return fail(row, ParseErrc::kMetaType, first);
    row.type = type_;
    row.kind = RowKind::kType;
  }
  at_ = line_end + 1;
  return row.kind;
}

ParseErrc TextParser::read_value(Row& row, const char* at, const char*& wrong) {
  at = skip_blanks(at);
  wrong = at;
  const char* stop = read_simple_number(at, row.value);
  if (stop == nullptr || !is_in(*stop, kValueEnd)) {
    stop = at;
    while (!is_in(*stop, kValueEnd)) ++stop;
    if (stop == at) return ParseErrc::kValue;
    if (const ParseErrc error = read_number(view(at, stop), row.value); error != ParseErrc::kNone) return error;
  }
  row.has_timestamp = false;
  if (*stop != '\n') {
    wrong = stop = skip_blanks(stop);
    if (is_in(*stop, kDigit)) {
      const auto [digits_end, error] = std::from_chars(stop, end_, row.timestamp);
      if (error != std::errc()) return ParseErrc::kTimestampRange;
      row.has_timestamp = true;
      wrong = stop = skip_blanks(digits_end);
      if (*stop != '\n') return ParseErrc::kLineEnd;
    } else if (*stop != '\n') {
      return ParseErrc::kTimestamp;
    }
  }
  at_ = stop + 1;
  return ParseErrc::kNone;
}

RowKind TextParser::read_series(Row& row, const char* start) {
  const SeriesEnd series = find_series_end(start, end_);
  if (series.error != ParseErrc::kNone) return fail(row, series.error, series.wrong);
  const char* wrong = nullptr;
  const ParseErrc error = read_value(row, series.end, wrong);
  if (error != ParseErrc::kNone) return fail(row, error, wrong);
  row.series = view(start, series.end);
  return row.kind = RowKind::kSeries;
}

bool TextParser::next_known(std::string_view shared, std::string_view rest, Row& row) {
  const std::size_t size = shared.size() + rest.size();
  while (at_ < end_ && *at_ == '\n') ++at_;
  if (static_cast<std::size_t>(end_ - at_) <= size || done_) return false;
  const char* end = at_ + size;
  // A bare name may go on with a brace behind blanks: then no number stands here, and read_value() refuses.
  if (*end != ' ' && *end != '\t') return false;
  // What differs most often is the end.
  if (!equal_bytes(at_ + shared.size(), rest.data(), rest.size())) return false;
  if (!equal_bytes(at_, shared.data(), shared.size())) return false;
  const char* start = at_;
  const char* wrong = nullptr;
  if (read_value(row, end, wrong) != ParseErrc::kNone) return false;
  row.series = view(start, end);
  row.kind = RowKind::kSeries;
  return true;
}

ParseErrc TextParser::labels(const Row& row, std::vector<model::LabelView>& out) {
  return series_.labels(row.series, type_, out);
}

}  // namespace tocsin::expo
