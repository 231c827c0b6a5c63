#include <algorithm>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "expo/parser.hpp"

namespace tocsin::expo {
namespace {

constexpr std::size_t kExcerptBytes = 80;

std::string replace_escapes(std::string_view text, bool quotes) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == '\\' || next == 'n' || (quotes && next == '"'))) {
      out += next == 'n' ? '\n' : next;
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string_view parse_error_text(ParseErrc code) {
  switch (code) {
    case ParseErrc::kNone:
      return "no error";
    case ParseErrc::kStart:
      return "expected a valid start token";
    case ParseErrc::kValue:
      return "expected value after metric";
    case ParseErrc::kNumber:
      return "invalid syntax of a number";
    case ParseErrc::kNumberCharacter:
      return "unsupported character in float";
    case ParseErrc::kNumberRange:
      return "value out of range";
    case ParseErrc::kTimestamp:
      return "expected timestamp or new record";
    case ParseErrc::kTimestampRange:
      return "timestamp out of range";
    case ParseErrc::kLineEnd:
      return "expected next entry after timestamp";
    case ParseErrc::kLabelName:
      return "expected label name";
    case ParseErrc::kEqual:
      return "expected equal";
    case ParseErrc::kLabelValue:
      return "expected label value";
    case ParseErrc::kLabelUtf8:
      return "invalid UTF-8 label value";
    case ParseErrc::kNameTwice:
      return "metric name already set";
    case ParseErrc::kNameMissing:
      return "metric name not set";
    case ParseErrc::kMetaName:
      return "expected metric name after HELP or TYPE";
    case ParseErrc::kMetaType:
      return "invalid metric type";
    case ParseErrc::kHelpUtf8:
      return "help text is not a valid utf8 string";
    case ParseErrc::kNoEof:
      return "data does not end with # EOF";
    case ParseErrc::kAfterEof:
      return "unexpected data after # EOF";
    case ParseErrc::kUnitName:
      return "expected metric name after UNIT";
    case ParseErrc::kMetaText:
      return "expected text in HELP, TYPE or UNIT";
    case ParseErrc::kUnit:
      return "unit not a suffix of metric";
    case ParseErrc::kComma:
      return "expected comma or brace close";
    case ParseErrc::kTimestampNotFinite:
      return "invalid timestamp";
    case ParseErrc::kExemplarValue:
      return "expected value after exemplar labels";
    case ParseErrc::kExemplarTimestamp:
      return "expected timestamp or comment";
    case ParseErrc::kExemplarTimestampNotFinite:
      return "invalid exemplar timestamp";
    case ParseErrc::kExemplarEnd:
      return "expected next entry after exemplar timestamp";
    case ParseErrc::kDuplicateLabel:
      return "label name is not unique";
    case ParseErrc::kProtobuf:
      return "invalid protobuf";
  }
  return "unknown error";
}

std::string describe(std::string_view page, ParseError error) {
  const std::size_t offset = std::min(error.offset, page.size());
  const std::string_view before = page.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t column = offset - line_start;
  // A long line is shown from a little before the error on.
  const std::size_t skipped = column > kExcerptBytes / 2 ? column - kExcerptBytes / 2 : 0;
  std::string_view excerpt = page.substr(line_start + skipped, kExcerptBytes);
  excerpt = excerpt.substr(0, excerpt.find('\n', column - skipped));
  return fmt::format("{} at line {}, column {}: {}", parse_error_text(error.code), line, column + 1, go_quote(excerpt));
}

std::string Parser::describe_error(std::string_view page) const {
  return describe(page, error());
}

std::string unescape_help(std::string_view text) {
  return replace_escapes(text, false);
}
std::string unescape_name(std::string_view text) {
  return replace_escapes(text, true);
}

}  // namespace tocsin::expo
