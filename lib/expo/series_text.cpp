#include "expo/series_text.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "expo/chars.hpp"
#include "expo/number.hpp"
#include "expo/openmetrics_float.hpp"
#include "expo/quoted.hpp"

namespace tocsin::expo {
namespace {

const char* skip_blanks_and_zeros(const char* at) {
  while (*at == ' ' || *at == '\t' || *at == 0) ++at;
  return at;
}

struct LabelReader {
  const char* at;
  const char* limit;
  bool named;  // the metric has its name
  SeriesEnd result{};

  bool fail(ParseErrc error, const char* wrong) {
    result.error = error;
    result.wrong = wrong;
    return false;
  }

  /// `="value"` with blanks around. @return false with the error set.
  bool read_value() {
    at = skip_blanks(at);
    if (*at != '=') return fail(ParseErrc::kEqual, at);
    ++at;
    // A zero byte directly behind the sign is refused, one behind a blank is skipped: so does the reference's lexer.
    if (*at == ' ' || *at == '\t') at = skip_blanks_and_zeros(at);
    const char* start = at;
    if (*at != '"') return fail(ParseErrc::kLabelValue, start);
    const Quoted value = find_quote < kZeros | kNewlines > (at + 1, limit);
    if (value.quote == nullptr) return fail(ParseErrc::kLabelValue, start);
    if (!value.ascii && !is_valid_utf8({start + 1, static_cast<std::size_t>(value.quote - start - 1)})) {
      return fail(ParseErrc::kLabelUtf8, start);
    }
    at = value.quote + 1;
    while (at < limit && *at == 0) ++at;
    at = skip_blanks(at);
    if (*at == ',') at = skip_blanks(at + 1);
    return true;
  }

  /// What stands between the braces, up to and with the closing one.
  bool read() {
    at = skip_blanks(at);
    while (*at != '}') {
      if (is_in(*at, kLabelStart)) {
        while (is_in(*at, kLabelChar)) ++at;
      } else if (*at == '"') {
        const char* start = at;
        const char* quote = find_quote<kNewlines>(at + 1, limit).quote;
        if (quote == nullptr) return fail(ParseErrc::kLabelName, start);
        at = skip_blanks(quote + 1);
        if (*at == ',' || *at == '}') {
          if (named) return fail(ParseErrc::kNameTwice, start);
          named = true;
          if (*at == ',') at = skip_blanks(at + 1);
          continue;
        }
      } else {
        return fail(ParseErrc::kLabelName, at);
      }
      if (!read_value()) return false;
    }
    ++at;
    return named || fail(ParseErrc::kNameMissing, at);
  }
};

}  // namespace

SeriesEnd find_series_end(const char* start, const char* limit) {
  const char* at = start;
  while (is_in(*at, kMetricChar)) ++at;
  const char* name_end = at;
  if (*at != '{') {
    at = skip_blanks(at);
    if (*at != '{') return {.end = name_end};
  }
  LabelReader reader{.at = at + 1, .limit = limit, .named = name_end != start};
  if (reader.read()) reader.result.end = reader.at;
  return reader.result;
}

const char* find_quoted_end(const char* start, const char* limit) {
  const char* quote = find_quote<kNewlines>(start + 1, limit).quote;
  return quote == nullptr ? nullptr : quote + 1;
}

std::string_view SeriesText::unescaped(std::string_view text) {
  const std::size_t begin = scratch_.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == '"' || next == '\\' || next == 'n')) {
      scratch_ += next == 'n' ? '\n' : next;
      ++i;
    } else {
      scratch_ += text[i];
    }
  }
  return std::string_view(scratch_).substr(begin);
}

std::string_view SeriesText::normalized(std::string_view name, std::string_view value, model::MetricType type) {
  const bool bound = type == model::MetricType::kHistogram && name == "le";
  const bool quantile = type == model::MetricType::kSummary && name == "quantile";
  double number = 0;
  if ((!bound && !quantile) || !parse_float(value, number) || is_out_of_range(value, number)) return value;
  normalized_.clear();
  append_openmetrics_float(normalized_, number);
  return normalized_;
}

ParseErrc SeriesText::labels(std::string_view series, model::MetricType type, std::vector<model::LabelView>& out) {
  out.clear();
  scratch_.clear();
  scratch_.reserve(series.size());
  const char* at = series.data();
  const char* const limit = at + series.size();
  const auto quoted = [&] {  // at an opening quote; moves behind the closing one
    const Quoted found = find_quote < kZeros | kNewlines > (at + 1, limit);
    const std::string_view text(at + 1, static_cast<std::size_t>(found.quote - at - 1));
    at = found.quote + 1;
    return found.escaped ? unescaped(text) : text;
  };
  const auto bare = [&](unsigned classes) {
    const char* start = at;
    while (at < limit && is_in(*at, classes)) ++at;
    return std::string_view(start, static_cast<std::size_t>(at - start));
  };
  const auto skip = [&] {  // blanks and what may stand beside them
    while (at < limit && (*at == ' ' || *at == '\t' || *at == 0 || *at == '{' || *at == ',')) ++at;
  };
  if (*at != '{') out.push_back({model::kMetricName, bare(kMetricChar)});
  for (skip(); at < limit && *at != '}'; skip()) {
    const std::string_view name = *at == '"' ? quoted() : bare(kLabelChar);
    while (*at == ' ' || *at == '\t') ++at;
    if (*at != '=') {
      out.push_back({model::kMetricName, name});
      continue;
    }
    for (++at; *at != '"';) ++at;
    out.push_back({name, normalized(name, quoted(), type)});
  }
  const auto not_before = [](const auto& a, const auto& b) { return a.name >= b.name; };
  if (std::adjacent_find(out.begin(), out.end(), not_before) == out.end()) return ParseErrc::kNone;
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return std::adjacent_find(out.begin(), out.end(), not_before) == out.end() ? ParseErrc::kNone
                                                                             : ParseErrc::kDuplicateLabel;
}

}  // namespace tocsin::expo
