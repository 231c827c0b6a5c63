#include "expo/openmetrics_parser.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/strings.hpp"
#include "expo/bytes.hpp"
#include "expo/chars.hpp"
#include "expo/number.hpp"
#include "expo/openmetrics_created.hpp"
#include "expo/quoted.hpp"

namespace tocsin::expo {
namespace {

constexpr std::string_view kExemplarStart = " # {";

std::string_view view(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

const char* skip_zeros(const char* at, const char* limit) {
  while (at < limit && *at == 0) ++at;
  return at;
}

/// Behind `word`, or nullptr. Zero bytes behind its letters are passed over, as the reference's lexer does.
const char* match_word(const char* at, std::string_view word, const char* limit) {
  for (const char c : word) {
    if (at >= limit || *at != c) return nullptr;
    at = skip_zeros(at + 1, limit);
  }
  return at;
}

/// Where a number ends: at a blank, a newline or a zero byte.
const char* find_token_end(const char* at) {
  while (*at != ' ' && *at != '\n' && *at != 0) ++at;
  return at;
}

/// Seconds to milliseconds as Go converts floats on amd64: towards zero, the lowest number for what does not fit.
Timestamp to_milliseconds(double seconds) {
  const double ms = seconds * 1000;
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(ms >= -kLimit && ms < kLimit)) return std::numeric_limits<Timestamp>::min();
  return static_cast<Timestamp>(ms);
}

/// A token of seconds. @return kNone, why it is no number, or `not_finite`.
ParseErrc read_seconds(std::string_view token, ParseErrc not_finite, Timestamp& out) {
  double seconds = 0;
  if (const ParseErrc error = read_number(token, seconds); error != ParseErrc::kNone) return error;
  if (!std::isfinite(seconds)) return not_finite;
  out = to_milliseconds(seconds);
  return ParseErrc::kNone;
}

bool read_type_word(std::string_view text, model::MetricType& type) {
  using enum model::MetricType;
  for (const auto known : {kUnknown, kCounter, kGauge, kHistogram, kGaugeHistogram, kSummary, kInfo, kStateset}) {
    if (text != model::metric_type_text(known)) continue;
    type = known;
    return true;
  }
  return false;
}

/// Reads what stands between braces, of a series or of an exemplar.
struct LabelsReader {
  const char* at;  // behind the opening brace; at the end behind the closing one
  const char* limit;
  bool named;     // the metric has its name
  bool exemplar;  // then there is no metric name, and quotes hold neither newlines nor zero bytes
  ParseErrc error = ParseErrc::kNone;
  const char* wrong = nullptr;

  bool fail(ParseErrc code, const char* where) {
    error = code;
    wrong = where;
    return false;
  }

  /// A quoted name: that of the metric, which is then done with, or of a label.
  bool read_quoted_name(bool& is_label) {
    const char* start = at;
    const Quoted name = exemplar ? find_quote<kPlain>(at + 1, limit) : find_quote<kNewlines>(at + 1, limit);
    if (name.quote == nullptr) return fail(ParseErrc::kLabelName, start);
    at = name.quote + 1;
    is_label = *at != ',' && *at != '}';
    if (is_label) return true;
    if (exemplar) return fail(ParseErrc::kLabelName, at);
    if (named) return fail(ParseErrc::kNameTwice, start);
    named = true;
    if (*at == ',') ++at;
    return true;
  }

  /// `="value"` and the comma.
  bool read_value() {
    if (*at != '=') return fail(ParseErrc::kEqual, at);
    const char* start = ++at;
    if (*at != '"') return fail(ParseErrc::kLabelValue, start);
    const Quoted value = exemplar ? find_quote<kPlain>(at + 1, limit) : find_quote<kZeros>(at + 1, limit);
    if (value.quote == nullptr) return fail(ParseErrc::kLabelValue, start);
    if (!value.ascii && !is_valid_utf8(view(start + 1, value.quote))) return fail(ParseErrc::kLabelUtf8, start);
    at = value.quote + 1;
    if (!exemplar) at = skip_zeros(at, limit);
    if (*at == ',') {
      ++at;
    } else if (*at != '}') {
      return fail(ParseErrc::kComma, at);
    }
    return true;
  }

  bool read() {
    while (*at != '}') {
      bool is_label = true;
      if (is_in(*at, kLabelStart)) {
        while (is_in(*at, kLabelChar)) ++at;
      } else if (*at != '"') {
        return fail(ParseErrc::kLabelName, at);
      } else if (!read_quoted_name(is_label)) {
        return false;
      }
      if (is_label && !read_value()) return false;
    }
    ++at;
    return true;
  }
};

}  // namespace

OpenMetricsParser::OpenMetricsParser(std::string_view page, bool starts) : starts_(starts) {
  const std::size_t size = page.size();
  if (!page.empty() && page.back() != '\n') {
    copy_.reserve(size + 1);
    copy_ = page;
    copy_ += '\n';
    page = copy_;
  }
  begin_ = at_ = page.data();
  end_ = begin_ + size;
}

RowKind OpenMetricsParser::fail(Row& row, ParseErrc code, const char* at) {
  error_ = {code, static_cast<std::size_t>(at - begin_)};
  done_ = true;
  return row.kind = RowKind::kError;
}

RowKind OpenMetricsParser::next(Row& row) {
  if (!starts_) return next_line(row);
  while (next_line(row) == RowKind::kSeries) {
    row.start = 0;
    if (!has_start(type_)) {
      found_key_.clear();
      break;
    }
    if (is_created_series(row.series)) continue;
    row.start = start_of(row);
    break;
  }
  return row.kind;
}

Timestamp OpenMetricsParser::start_of(const Row& row) {
  if (created_.line == nullptr || at_ > created_.line) look_ahead();
  if ((created_.end == nullptr && found_key_.empty()) || !make_start_key(row.series, family_size_, type_, key_)) {
    found_key_.clear();
    return 0;
  }
  // The line may stand in the midst of the rows that it is for.
  if (key_ == found_key_) return found_start_;
  found_key_.clear();
  if (created_.end == nullptr || key_ != created_.key) return 0;
  if (created_.start > 0) found_key_ = key_;
  return found_start_ = created_.start;
}

void OpenMetricsParser::look_ahead() {
  const char* const at = at_;
  const ParseError error = error_;
  const bool done = done_, broken = broken_;
  const auto type = type_;
  const std::size_t family_size = family_size_;
  created_.end = nullptr;
  Row row;
  do created_.line = at_;
  while (next_line(row) == RowKind::kSeries && !is_created_series(row.series));
  if (row.kind == RowKind::kSeries && make_start_key(row.series, 0, type_, created_.key)) {
    created_.start = to_milliseconds(row.value);
    created_.end = broken_ ? created_.line : at_;  // a broken line is not passed over: next() tells of it
  }
  at_ = at;
  error_ = error;
  done_ = done;
  broken_ = broken;
  type_ = type;
  family_size_ = family_size;
}

RowKind OpenMetricsParser::next_line(Row& row) {
  if (done_) return row.kind = error_.code == ParseErrc::kNone ? RowKind::kEnd : RowKind::kError;
  if (at_ >= end_) return fail(row, ParseErrc::kNoEof, end_);
  if (broken_) return fail(row, ParseErrc::kStart, at_);
  if (is_in(*at_, kMetricStart) || *at_ == '{') return read_series(row, at_);
  if (*at_ == '#') return read_hash(row, at_);
  return fail(row, ParseErrc::kStart, at_);
}

RowKind OpenMetricsParser::read_hash(Row& row, const char* start) {
  if (start[1] != ' ') return fail(row, ParseErrc::kStart, start);
  const char* at = start + 2;
  if (const char* help = match_word(at, "HELP ", end_)) return read_meta(row, RowKind::kHelp, help);
  if (const char* type = match_word(at, "TYPE ", end_)) return read_meta(row, RowKind::kType, type);
  if (const char* unit = match_word(at, "UNIT ", end_)) return read_meta(row, RowKind::kUnit, unit);
  if (const char* eof = match_word(at, "EOF", end_)) return read_eof(row, eof);
  return fail(row, ParseErrc::kStart, start);
}

RowKind OpenMetricsParser::read_eof(Row& row, const char* at) {
  if (at < end_ && *at == '\n') at = skip_zeros(at + 1, end_);
  if (at < end_) return fail(row, ParseErrc::kAfterEof, at);
  done_ = true;
  return row.kind = RowKind::kEnd;
}

RowKind OpenMetricsParser::read_meta(Row& row, RowKind kind, const char* at) {
  const auto name_error = kind == RowKind::kUnit ? ParseErrc::kUnitName : ParseErrc::kMetaName;
  if (at >= end_) return fail(row, name_error, end_);
  const char* name_end = at;
  if (*at == '"') {
    const char* quote = find_quote<kNewlines>(at + 1, end_).quote;
    if (quote == nullptr) return fail(row, name_error, at);
    name_end = quote + 1;
    row.name = view(at + 1, quote);
  } else {
    if (!is_in(*at, kMetricStart)) return fail(row, name_error, at);
    while (is_in(*name_end, kMetricChar)) ++name_end;
    row.name = view(at, name_end);
  }
  const void* newline = nullptr;
  if (name_end < end_ && *name_end == ' ') {
    newline = std::memchr(name_end, '\n', static_cast<std::size_t>(end_ - name_end));
  }
  if (newline == nullptr) return fail(row, ParseErrc::kMetaText, name_end);
  // Zero bytes at the start of the next line belong to this one, whose last byte is not part of the text.
  at_ = skip_zeros(static_cast<const char*>(newline) + 1, end_);
  row.text = view(name_end + 1, at_ - 1);
  row.kind = kind;
  family_size_ = row.name.size();
  if (kind == RowKind::kType) return read_type(row, name_end + 1);
  if (kind == RowKind::kUnit) return read_unit(row, name_end + 1);
  if (!is_valid_utf8(row.text)) return fail(row, ParseErrc::kHelpUtf8, name_end + 1);
  return row.kind;
}

RowKind OpenMetricsParser::read_type(Row& row, const char* at) {
  if (!read_type_word(row.text, type_)) return fail(row, ParseErrc::kMetaType, at);
  row.type = type_;
  return row.kind;
}

RowKind OpenMetricsParser::read_unit(Row& row, const char* at) {
  const std::size_t size = row.text.size();
  const bool fits =
      row.name.size() > size && row.name.ends_with(row.text) && row.name[row.name.size() - size - 1] == '_';
  return size == 0 || fits ? row.kind : fail(row, ParseErrc::kUnit, at);
}

RowKind OpenMetricsParser::read_series(Row& row, const char* start) {
  const char* at = start;
  while (is_in(*at, kMetricChar)) ++at;
  bool named = at != start;
  if (*at == '{') {
    LabelsReader labels{.at = at + 1, .limit = end_, .named = named, .exemplar = false};
    if (!labels.read()) return fail(row, labels.error, labels.wrong);
    at = labels.at;
    named = labels.named;
  }
  if (!named) return fail(row, ParseErrc::kNameMissing, at);
  const char* wrong = nullptr;
  if (const ParseErrc error = read_value(row, at, wrong); error != ParseErrc::kNone) return fail(row, error, wrong);
  row.series = view(start, at);
  return row.kind = RowKind::kSeries;
}

ParseErrc OpenMetricsParser::end_line(const char* newline) {
  if (newline >= end_) return ParseErrc::kNoEof;
  at_ = newline + 1;
  return ParseErrc::kNone;
}

ParseErrc OpenMetricsParser::read_value(Row& row, const char* at, const char*& wrong) {
  wrong = at;
  if (*at != ' ') return ParseErrc::kValue;
  const char* stop = read_simple_number(++at, row.value);
  if (stop == nullptr || (*stop != '\n' && *stop != ' ')) {
    stop = find_token_end(at);
    if (stop == at) return ParseErrc::kValue;
    wrong = at;
    if (const ParseErrc error = read_number(view(at, stop), row.value); error != ParseErrc::kNone) return error;
  }
  row.has_timestamp = false;
  row.exemplar.labels = {};
  wrong = stop;
  return *stop == '\n' ? end_line(stop) : read_timestamp(row, stop, wrong);
}

ParseErrc OpenMetricsParser::read_timestamp(Row& row, const char* at, const char*& wrong) {
  if (view(at, end_).starts_with(kExemplarStart)) return read_exemplar(row, at + kExemplarStart.size() - 1, wrong);
  const char* token = at + 1;
  const char* stop = *at == ' ' ? find_token_end(token) : token;
  if (stop == token || view(token, end_).starts_with("# ")) {
    // The reference takes the row as it is, and finds that no row begins here when it comes to the next one.
    broken_ = true;
    at_ = *at == ' ' ? stop : at;
    return ParseErrc::kNone;
  }
  wrong = token;
  const ParseErrc error = read_seconds(view(token, stop), ParseErrc::kTimestampNotFinite, row.timestamp);
  if (error != ParseErrc::kNone) return error;
  row.has_timestamp = true;
  wrong = stop;
  if (view(stop, end_).starts_with(kExemplarStart)) return read_exemplar(row, stop + kExemplarStart.size() - 1, wrong);
  return stop < end_ && *stop == '\n' ? end_line(stop) : ParseErrc::kLineEnd;
}

ParseErrc OpenMetricsParser::read_exemplar(Row& row, const char* at, const char*& wrong) {
  LabelsReader labels{.at = at + 1, .limit = end_, .named = false, .exemplar = true};
  if (!labels.read()) {
    wrong = labels.wrong;
    return labels.error;
  }
  row.exemplar.labels = view(at, labels.at);
  row.exemplar.has_timestamp = false;
  wrong = labels.at;
  if (*labels.at != ' ') return ParseErrc::kExemplarValue;
  const char* token = labels.at + 1;
  const char* stop = find_token_end(token);
  if (stop == token) return ParseErrc::kExemplarValue;
  wrong = token;
  const ParseErrc error = read_number(view(token, stop), row.exemplar.value);
  if (error != ParseErrc::kNone) return error;
  wrong = stop;
  return *stop == '\n' ? end_line(stop) : read_exemplar_timestamp(row, stop, wrong);
}

ParseErrc OpenMetricsParser::read_exemplar_timestamp(Row& row, const char* at, const char*& wrong) {
  const char* token = at + 1;
  const char* stop = *at == ' ' ? find_token_end(token) : token;
  if (stop == token) return ParseErrc::kExemplarTimestamp;
  wrong = token;
  const auto not_finite = ParseErrc::kExemplarTimestampNotFinite;
  const ParseErrc error = read_seconds(view(token, stop), not_finite, row.exemplar.timestamp);
  if (error != ParseErrc::kNone) return error;
  row.exemplar.has_timestamp = true;
  wrong = stop;
  return stop < end_ && *stop == '\n' ? end_line(stop) : ParseErrc::kExemplarEnd;
}

bool OpenMetricsParser::next_known(std::string_view shared, std::string_view rest, Row& row) {
  // A `_created` line is no row: it is passed over as soon as it is reached.
  if (starts_ && created_.end != nullptr && at_ == created_.line && !broken_ && has_start(type_)) at_ = created_.end;
  const std::size_t size = shared.size() + rest.size();
  if (done_ || broken_ || static_cast<std::size_t>(end_ - at_) <= size) return false;
  const char* start = at_;
  const char* end = start + size;
  if (*end != ' ') return false;
  // What differs most often is the end.
  if (!equal_bytes(start + shared.size(), rest.data(), rest.size())) return false;
  if (!equal_bytes(start, shared.data(), shared.size())) return false;
  const char* wrong = nullptr;
  if (read_value(row, end, wrong) != ParseErrc::kNone) return false;
  row.series = view(start, end);
  row.kind = RowKind::kSeries;
  if (starts_) {
    row.start = 0;
    if (!has_start(type_)) {
      found_key_.clear();
    } else if (is_created_series(row.series)) {
      at_ = start;
      broken_ = false;
      return false;
    } else {
      row.start = start_of(row);
    }
  }
  return true;
}

ParseErrc OpenMetricsParser::labels(const Row& row, std::vector<model::LabelView>& out) {
  return series_.labels(row.series, type_, out);
}

void OpenMetricsParser::exemplar_labels(const ExemplarText& exemplar, std::vector<model::LabelView>& out) {
  out.clear();
  const std::string_view text = exemplar.labels;
  const char* at = text.data() + 1;
  const char* const limit = text.data() + text.size();
  const auto quoted = [&] {  // at an opening quote; moves behind the closing one
    const char* start = at + 1;
    const char* quote = find_quote<kPlain>(start, limit).quote;
    at = quote + 1;
    return view(start, quote);
  };
  while (at < limit && *at != '}') {
    std::string_view name;
    if (*at == '"') {
      name = quoted();
    } else {
      const char* start = at;
      while (*at != '=') ++at;
      name = view(start, at);
    }
    ++at;
    out.push_back({name, quoted()});
    if (*at == ',') ++at;
  }
}

}  // namespace tocsin::expo
