#pragma once
// What can be said about a regular expression without running it: the finite set of texts it matches, or how each match
// begins, or that it is one of the everyday shapes that need no automaton.

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::model {

struct RegexShape {
  enum class Kind {
    kGeneral,    // RE2 decides
    kLiterals,   // a|b|c: exactly these
    kAnything,   // .*
    kNonEmpty,   // .+
    kPrefix,     // text.*
    kPrefixOne,  // text.+
    kSuffix,     // .*text
    kContains,   // .*text.*
  };
  Kind kind = Kind::kGeneral;
  std::vector<std::string> literals;  // kLiterals: sorted, unique
  std::string text;                   // of kPrefix, kPrefixOne, kSuffix, kContains
  std::string prefix;                 // what each match begins with, for all kinds
};

/// The shape of an expression that is anchored at both ends and whose dot matches newline. Unsure means kGeneral.
/// The expression must be one that RE2 accepts.
RegexShape shape_of(std::string_view expression);

}  // namespace tocsin::model
