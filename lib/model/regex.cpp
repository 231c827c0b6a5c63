#include "model/regex.hpp"

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

Result<std::shared_ptr<const re2::RE2>> compile(const std::string& pattern, const re2::RE2::Options& options) {
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
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
