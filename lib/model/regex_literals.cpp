#include "model/regex_literals.hpp"

#include <algorithm>
#include <optional>

#include "base/utf8.hpp"

// A small reader of the part of the grammar that stands for finite sets: literals, escaped punctuation, groups
// without flags, alternation and concatenation. Anything else (classes, repetition, flags, assertions) ends it.
//   alternation := sequence ('|' sequence)*
//   sequence    := ('(' alternation ')' | '(?:' alternation ')' | literal)*

namespace tocsin::model {
namespace {

constexpr std::size_t kMaxLiterals = 1000;
constexpr std::size_t kMaxDepth = 20;
constexpr std::string_view kMeta = "\\.+*?()|[]{}^$";

using Set = std::vector<std::string>;

/// One literal code point at the front of `rest`, appended to `out`; false if there is something else.
bool take_literal(std::string_view& rest, std::string& out) {
  if (rest.empty()) return false;
  if (rest.front() == '\\') {
    // Escaped punctuation stands for itself; escaped letters and digits mean something.
    if (rest.size() < 2 || kMeta.find(rest[1]) == std::string_view::npos) {
      const bool plain =
          rest.size() >= 2 && std::string_view("-/\"'#&~`!@%,:;<>=_ ").find(rest[1]) != std::string_view::npos;
      if (!plain) return false;
    }
    out += rest[1];
    rest.remove_prefix(2);
    return true;
  }
  if (kMeta.find(rest.front()) != std::string_view::npos) return false;
  const Rune rune = decode_utf8(rest);
  if (!rune.valid) return false;
  out.append(rest.substr(0, rune.size));
  rest.remove_prefix(rune.size);
  return true;
}

bool begins_repetition(std::string_view rest) {
  return !rest.empty() && std::string_view("*+?{").find(rest.front()) != std::string_view::npos;
}

std::optional<Set> take_alternation(std::string_view& rest, std::size_t depth);

/// What one element of a sequence stands for.
std::optional<Set> take_element(std::string_view& rest, std::size_t depth) {
  if (rest.front() != '(') {
    std::string literal;
    if (!take_literal(rest, literal)) return std::nullopt;
    return Set{std::move(literal)};
  }
  rest.remove_prefix(1);
  if (rest.starts_with("?")) {
    if (!rest.starts_with("?:")) return std::nullopt;
    rest.remove_prefix(2);
  }
  if (depth >= kMaxDepth) return std::nullopt;
  auto inside = take_alternation(rest, depth + 1);
  if (!inside || rest.empty() || rest.front() != ')') return std::nullopt;
  rest.remove_prefix(1);
  return inside;
}

std::optional<Set> take_sequence(std::string_view& rest, std::size_t depth) {
  Set all{""};
  while (!rest.empty() && rest.front() != '|' && rest.front() != ')') {
    const auto element = take_element(rest, depth);
    if (!element || begins_repetition(rest) || all.size() * element->size() > kMaxLiterals) return std::nullopt;
    if (element->size() == 1) {
      for (std::string& text : all) text += element->front();
      continue;
    }
    Set product;
    product.reserve(all.size() * element->size());
    for (const std::string& left : all) {
      for (const std::string& right : *element) product.push_back(left + right);
    }
    all = std::move(product);
  }
  return all;
}

std::optional<Set> take_alternation(std::string_view& rest, std::size_t depth) {
  Set all;
  for (;;) {
    auto sequence = take_sequence(rest, depth);
    if (!sequence || all.size() + sequence->size() > kMaxLiterals) return std::nullopt;
    all.insert(all.end(), std::make_move_iterator(sequence->begin()), std::make_move_iterator(sequence->end()));
    if (rest.empty() || rest.front() != '|') return all;
    rest.remove_prefix(1);
  }
}

/// The literal that the expression begins with, up to the first thing that is none. A character that is repeated is
/// not part of it, and with an alternation at the top nothing is known.
std::string take_prefix(std::string_view& rest) {
  std::string prefix;
  while (!rest.empty()) {
    std::string_view after = rest;
    std::string next;
    if (!take_literal(after, next) || begins_repetition(after)) break;
    prefix += next;
    rest = after;
  }
  return prefix;
}

bool has_top_alternation(std::string_view expression) {
  // Bars inside of groups count too: only certainty helps.
  return expression.find('|') != std::string_view::npos;
}

/// Shapes of a literal with dots-and-stars at one or both ends.
void find_simple_shape(std::string_view expression, RegexShape& shape) {
  using Kind = RegexShape::Kind;
  std::string_view rest = expression;
  const bool open_front = rest.starts_with(".*") && !begins_repetition(rest.substr(2));
  if (open_front) rest.remove_prefix(2);
  const std::string text = take_prefix(rest);
  if (!open_front) shape.prefix = text;
  if (rest.empty() && open_front) {
    shape.kind = text.empty() ? Kind::kAnything : Kind::kSuffix;
  } else if (rest == ".*") {
    shape.kind = open_front ? Kind::kContains : text.empty() ? Kind::kAnything : Kind::kPrefix;
  } else if (rest == ".+" && !open_front) {
    shape.kind = text.empty() ? Kind::kNonEmpty : Kind::kPrefixOne;
  } else {
    return;
  }
  shape.text = text;
}

std::string common_prefix(const Set& sorted) {
  const std::string& first = sorted.front();
  const std::string& last = sorted.back();
  const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
  return std::string(first.begin(), differ);
}

}  // namespace

RegexShape shape_of(std::string_view expression) {
  RegexShape shape;
  std::string_view rest = expression;
  if (auto literals = take_alternation(rest, 0); literals && rest.empty()) {
    std::sort(literals->begin(), literals->end());
    literals->erase(std::unique(literals->begin(), literals->end()), literals->end());
    shape.kind = RegexShape::Kind::kLiterals;
    shape.prefix = common_prefix(*literals);
    shape.literals = std::move(*literals);
    return shape;
  }
  if (!has_top_alternation(expression)) find_simple_shape(expression, shape);
  return shape;
}

}  // namespace tocsin::model
