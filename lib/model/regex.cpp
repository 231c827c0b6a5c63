#include "model/regex.hpp"

#include <algorithm>
#include <string_view>

namespace tocsin::model {
namespace {

/// Source of the words: Go regexp/syntax, ErrorCode.
std::string_view go_words(re2::RE2::ErrorCode code) {
  using re2::RE2;
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "internal error";
  }
}

/// Where the bracket expression at the front of `pattern` ends, behind its ']'.
std::size_t bracket_size(std::string_view pattern) {
  std::size_t at = pattern.substr(1).starts_with('^') ? 2 : 1;
  for (const std::size_t first = at; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern.substr(at).starts_with("[:")) {
      at = std::min(pattern.find(":]", at + 2), pattern.size() - 1);
    } else if (pattern[at] == ']' && at > first) {
      return at + 1;
    }
  }
  return pattern.size();
}

/// Go also reads `(?<name>re)`, which older RE2 knows as `(?P<name>re)` only.
std::string spell_groups(std::string_view pattern) {
  std::string out;
  while (!pattern.empty()) {
    std::size_t taken = 1;
    if (pattern.starts_with("\\Q")) {
      taken = std::min(pattern.find("\\E"), pattern.size());
    } else if (pattern.front() == '\\') {
      taken = std::min<std::size_t>(2, pattern.size());
    } else if (pattern.front() == '[') {
      taken = bracket_size(pattern);
    } else if (pattern.starts_with("(?<")) {
      out += "(?P<";
      pattern.remove_prefix(3);
      continue;
    }
    out += pattern.substr(0, taken);
    pattern.remove_prefix(taken);
  }
  return out;
}

Result<std::shared_ptr<const re2::RE2>> compile(const std::string& pattern, const re2::RE2::Options& options) {
  const bool has_go_group = pattern.find("(?<") != std::string::npos;
  auto regex = std::make_shared<const re2::RE2>(has_go_group ? spell_groups(pattern) : pattern, options);
  if (!regex->ok()) {
    return fail(Errc::kInvalid, "error parsing regexp: {}: `{}`", go_words(regex->error_code()), regex->error_arg());
  }
  return regex;
}

}  // namespace

Result<std::shared_ptr<const re2::RE2>> compile_anchored(const std::string& expression, bool captures) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(!captures);
  return compile("^(?s:" + expression + ")$", options);
}

Result<std::shared_ptr<const re2::RE2>> compile_whole(const std::string& expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_dot_nl(true);
  return compile(expression, options);
}

}  // namespace tocsin::model
