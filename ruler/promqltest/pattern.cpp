#include "promqltest/pattern.hpp"

#include <re2/re2.h>

namespace tocsin::promqltest {

bool Pattern::matches(std::string_view found) const {
  if (text) return *text == found;
  return !regex || re2::RE2::PartialMatch(re2::StringPiece(found.data(), found.size()), *regex);
}

std::string Pattern::to_string() const {
  if (text) return *text;
  return regex ? regex_text : "anything";
}

Result<Pattern> compile_pattern(std::string_view regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  Pattern out;
  out.regex_text = regex;
  out.regex = std::make_shared<const re2::RE2>(re2::StringPiece(regex.data(), regex.size()), options);
  if (!out.regex->ok()) return fail(Errc::kInvalid, "invalid regex {}: {}", regex, out.regex->error());
  return out;
}

}  // namespace tocsin::promqltest
