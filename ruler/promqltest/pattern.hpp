#pragma once
// What an error or an annotation is expected to say.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace re2 {
class RE2;
}

namespace tocsin::promqltest {

/// A text that must be equal, a regular expression that must be found, or (neither) anything.
struct Pattern {
  std::optional<std::string> text;
  std::string regex_text;
  std::shared_ptr<const re2::RE2> regex;

  bool matches(std::string_view found) const;
  std::string to_string() const;
};

/// A pattern that is found anywhere in the text. Errors: kInvalid if it is no regular expression.
Result<Pattern> compile_pattern(std::string_view regex);

}  // namespace tocsin::promqltest
