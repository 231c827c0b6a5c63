#pragma once
// Label matchers: =, !=, =~, !~. Regular expressions are RE2, fully anchored, dot matches newline.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/labels.hpp"

namespace tocsin::model {

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };
std::string_view match_op_text(MatchOp op);  // "=", "!=", "=~", "!~"

/// Immutable, cheap to copy (the compiled expression is shared). Thread: any.
class Matcher {
 public:
  /// @return kInvalid with RE2's message if the expression does not compile.
  static Result<Matcher> make(MatchOp op, std::string name, std::string value);
  static Matcher equal(std::string name, std::string value);

  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  MatchOp op() const { return op_; }
  /// An absent label is "".
  bool matches(std::string_view value) const;
  bool matches(const Labels& labels) const { return matches(labels.get(name_)); }

  /// The only values that can match, for an equality or a regular expression that is an alternation of literals; empty
  /// if there is no such finite set. Postings are looked up by these before RE2 runs.
  const std::vector<std::string>& literals() const { return literals_; }
  /// What each match begins with, or "" if nothing is known.
  const std::string& prefix() const { return prefix_; }

  /// `name="value"` with Go quoting; names that are not legacy are quoted too.
  std::string to_string() const;
  bool operator==(const Matcher& o) const { return op_ == o.op_ && name_ == o.name_ && value_ == o.value_; }

 private:
  Matcher() = default;
  struct Regex;
  MatchOp op_ = MatchOp::kEqual;
  std::string name_, value_;
  std::shared_ptr<const Regex> regex_;
  std::vector<std::string> literals_;
  std::string prefix_;
};

bool match_all(const std::vector<Matcher>& matchers, const Labels& labels);

/// An RE2 expression anchored at both ends with `^(?s:...)$`, shared and immutable: relabelling and templates use it.
class AnchoredRegex {
 public:
  static Result<AnchoredRegex> make(const std::string& expression);
  bool matches(std::string_view text) const;
  /// Go's Expand of `$1`, `${1}`, `$name` in `replacement` with the match of `text`; false if it does not match.
  bool expand(std::string_view text, std::string_view replacement, std::string& out) const;
  const std::string& expression() const { return expression_; }

 private:
  struct Impl;
  std::string expression_;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tocsin::model
