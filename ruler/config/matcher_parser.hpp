#pragma once
// Alertmanager's two matcher grammars: the classic one (a regular expression) and the UTF-8 one (a small parser).
// Source: Alertmanager pkg/labels/parse.go, matcher/parse, matcher/compat; tables in test/conformance/alerting.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/matcher.hpp"

namespace tocsin::config {

enum class MatcherMode {
  kFallback,  // both grammars; where both parse and differ, the classic one wins
  kClassic,
  kUtf8,
};

/// What a text means, and what a person should be told about it.
struct ParsedMatchers {
  std::vector<model::Matcher> matchers;
  std::string warning;  // not empty: the two grammars disagree about this text
};

/// `{foo="bar",baz!~".*"}`, braces optional: what `matchers:` entries and the `filter` parameters of API v2 hold.
/// Thread: any. @return kInvalid with Alertmanager's text.
Result<ParsedMatchers> parse_matchers(std::string_view text, MatcherMode mode = MatcherMode::kFallback);

/// Exactly one matcher, without braces.
Result<ParsedMatchers> parse_matcher(std::string_view text, MatcherMode mode = MatcherMode::kFallback);

/// The grammars by themselves; parse_matchers() chooses between them.
Result<std::vector<model::Matcher>> parse_matchers_classic(std::string_view text);
Result<std::vector<model::Matcher>> parse_matchers_utf8(std::string_view text);
Result<model::Matcher> parse_matcher_classic(std::string_view text);
Result<model::Matcher> parse_matcher_utf8(std::string_view text);

/// Alertmanager's text of a matcher: `name="value"`, the value in Go quotes, the name too if it is not a legacy name,
/// or empty.
std::string matcher_text(const model::Matcher& matcher);
/// `{a="b",c=~"d"}`: the element of a route key.
std::string matchers_text(const std::vector<model::Matcher>& matchers);
/// Alertmanager's order: name, then value, then operator.
void sort_matchers(std::vector<model::Matcher>& matchers);

}  // namespace tocsin::config
