#include <optional>
#include <vector>

#include "base/utf8.hpp"
#include "model/matcher.hpp"
#include "model/regex.hpp"

namespace tocsin::model {
namespace {

/// Group 0 and those of the expression, unset groups empty.
using Groups = std::vector<re2::StringPiece>;

bool run(const re2::RE2& regex, std::string_view text, Groups& groups) {
  return regex.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size()));
}

/// The name behind a '$' at the front of `rest`: `name` or `{name}`. Takes it; nothing if it is malformed, and then
/// `rest` is left alone. Names are letters, digits and underscores. Source: Go regexp, extract().
std::optional<std::string_view> take_name(std::string_view& rest) {
  const bool brace = rest.starts_with('{');
  const std::string_view body = brace ? rest.substr(1) : rest;
  std::size_t length = 0;
  while (length < body.size()) {
    const Rune rune = decode_utf8(body.substr(length));
    if (!rune.valid || (rune.code != '_' && !is_letter_or_digit(rune.code))) break;
    length += rune.size;
  }
  if (length == 0) return std::nullopt;
  if (brace && (length >= body.size() || body[length] != '}')) return std::nullopt;
  rest.remove_prefix(length + (brace ? 2 : 0));
  return body.substr(0, length);
}

/// The number that a name is, if it is all digits: "1", "12"; "01" is a name in Go, and numbers end at 1e8.
std::optional<std::size_t> group_number(std::string_view name) {
  std::size_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9' || number >= 100'000'000) return std::nullopt;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  if (name.size() > 1 && name.front() == '0') return std::nullopt;
  return number;
}

}  // namespace

struct AnchoredRegex::Impl {
  std::shared_ptr<const re2::RE2> regex;
  std::size_t groups = 1;
};

Result<AnchoredRegex> AnchoredRegex::make(const std::string& expression) {
  TOCSIN_TRY(auto regex, compile_anchored(expression, true));
  const auto groups = static_cast<std::size_t>(regex->NumberOfCapturingGroups()) + 1;
  AnchoredRegex made;
  made.expression_ = expression;
  made.impl_ = std::make_shared<const Impl>(Impl{std::move(regex), groups});
  return made;
}

bool AnchoredRegex::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *impl_->regex);
}

bool AnchoredRegex::expand(std::string_view text, std::string_view replacement, std::string& out) const {
  Groups groups(impl_->groups);
  if (!run(*impl_->regex, text, groups)) return false;
  const auto append_group = [&](std::size_t number) {
    if (number < groups.size() && groups[number].data() != nullptr)
      out.append(groups[number].data(), groups[number].size());
  };

  out.clear();
  while (!replacement.empty()) {
    const std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const auto name = take_name(replacement);
    if (!name) {
      out += '$';  // malformed: the dollar stands for itself
      continue;
    }
    if (const auto number = group_number(*name)) {
      append_group(*number);
      continue;
    }
    // A name may stand for several groups; the first that took part wins.
    for (const auto& [number, group_name] : impl_->regex->CapturingGroupNames()) {
      const auto& group = groups[static_cast<std::size_t>(number)];
      if (group_name == *name && group.data() != nullptr) {
        append_group(static_cast<std::size_t>(number));
        break;
      }
    }
  }
  return true;
}

}  // namespace tocsin::model
