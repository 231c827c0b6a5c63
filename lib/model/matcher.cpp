#include "model/matcher.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/strings.hpp"
#include "model/regex.hpp"
#include "model/regex_literals.hpp"

namespace tocsin::model {

/// A regular expression with what is known of it. Immutable.
struct Matcher::Regex {
  RegexShape shape;
  std::shared_ptr<const re2::RE2> compiled;  // for kGeneral only

  bool matches(std::string_view value) const {
    using Kind = RegexShape::Kind;
    switch (shape.kind) {
      case Kind::kLiterals:
        return std::binary_search(shape.literals.begin(), shape.literals.end(), value);
      case Kind::kAnything:
        return true;
      case Kind::kNonEmpty:
        return !value.empty();
      case Kind::kPrefix:
        return value.starts_with(shape.text);
      case Kind::kPrefixOne:
        return value.size() > shape.text.size() && value.starts_with(shape.text);
      case Kind::kSuffix:
        return value.ends_with(shape.text);
      case Kind::kContains:
        return value.find(shape.text) != std::string_view::npos;
      case Kind::kGeneral:
        break;
    }
    return value.starts_with(shape.prefix) &&
           re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *compiled);
  }
};

std::string_view match_op_text(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kRegex:
      return "=~";
    case MatchOp::kNotRegex:
      return "!~";
  }
  bug("BUG: no such match operator");
}

Result<Matcher> Matcher::make(MatchOp op, std::string name, std::string value) {
  Matcher matcher;
  matcher.op_ = op;
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  if (op == MatchOp::kEqual) {
    matcher.literals_ = {matcher.value_};
    matcher.prefix_ = matcher.value_;
  }
  if (op == MatchOp::kEqual || op == MatchOp::kNotEqual) return matcher;

  TOCSIN_TRY(auto compiled, compile_whole(matcher.value_));
  auto regex = std::make_shared<Regex>();
  regex->shape = shape_of(matcher.value_);
  if (regex->shape.kind == RegexShape::Kind::kGeneral) regex->compiled = std::move(compiled);
  if (op == MatchOp::kRegex) {
    matcher.literals_ = regex->shape.literals;
    matcher.prefix_ = regex->shape.prefix;
  }
  matcher.regex_ = std::move(regex);
  return matcher;
}

Matcher Matcher::equal(std::string name, std::string value) {
  return *make(MatchOp::kEqual, std::move(name), std::move(value));
}

bool Matcher::matches(std::string_view value) const {
  switch (op_) {
    case MatchOp::kEqual:
      return value == value_;
    case MatchOp::kNotEqual:
      return value != value_;
    case MatchOp::kRegex:
      return regex_->matches(value);
    case MatchOp::kNotRegex:
      return !regex_->matches(value);
  }
  bug("BUG: no such match operator");
}

std::string Matcher::to_string() const {
  std::string out = is_legacy_label_name(name_) ? name_ : go_quote(name_);
  out += match_op_text(op_);
  out += go_quote(value_);
  return out;
}

bool match_all(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) { return matcher.matches(labels); });
}

}  // namespace tocsin::model
