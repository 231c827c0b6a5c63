#include "config/matcher_parser.hpp"

#include <algorithm>
#include <tuple>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "config/utf8_text.hpp"

namespace tocsin::config {
namespace {

using model::Matcher;
using model::MatchOp;

std::string_view go_trim_space(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = decode_utf8(text);
    if (!is_unicode_space(rune.code)) break;
    text.remove_prefix(rune.size);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) --start;
    const Rune rune = decode_utf8(text.substr(start));
    if (start + rune.size != text.size() || !is_unicode_space(rune.code)) break;
    text.remove_suffix(rune.size);
  }
  return text;
}

bool is_regexp_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

std::string_view trim_regexp_space(std::string_view text) {
  while (!text.empty() && is_regexp_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_regexp_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name_char(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  return letter || (!first && c >= '0' && c <= '9');
}

/// Splits `name op value`; false if the text has not that form.
bool split_classic(std::string_view text, std::string_view& name, MatchOp& op, std::string_view& value) {
  text = trim_regexp_space(text);
  std::size_t end = 0;
  while (end < text.size() && is_name_char(text[end], end == 0)) ++end;
  if (end == 0) return false;
  name = text.substr(0, end);
  std::string_view rest = trim_regexp_space(text.substr(end));
  std::size_t width = 2;
  if (rest.starts_with("=~")) {
    op = MatchOp::kRegex;
  } else if (rest.starts_with("=")) {
    op = MatchOp::kEqual;
    width = 1;
  } else if (rest.starts_with("!=")) {
    op = MatchOp::kNotEqual;
  } else if (rest.starts_with("!~")) {
    op = MatchOp::kNotRegex;
  } else {
    return false;
  }
  value = trim_regexp_space(rest.substr(width));
  return true;
}

/// Undoes the classic escapes of `written` (with its optional quotes).
Result<std::string> unescape_classic(std::string_view written) {
  std::string_view raw = written;
  bool expect_quote = false;
  if (raw.starts_with('"')) {
    raw.remove_prefix(1);
    expect_quote = true;
  }
  if (!is_valid_utf8(raw)) return fail(Errc::kInvalid, "matcher value not valid UTF-8: {}", written);
  std::string value;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '\\' && i + 1 < raw.size()) {
      const char next = raw[++i];
      if (next == 'n') {
        value += '\n';
      } else if (next == '"' || next == '\\') {
        value += next;
      } else {  // a spurious escape: the backslash is literal
        value += '\\';
        value += next;
      }
    } else if (c == '"') {
      if (!expect_quote || i + 1 < raw.size()) {
        return fail(Errc::kInvalid, "matcher value contains unescaped double quote: {}", written);
      }
      expect_quote = false;
    } else {
      value += c;
    }
  }
  if (expect_quote) return fail(Errc::kInvalid, "matcher value contains unescaped double quote: {}", written);
  return value;
}

bool disagree(const std::vector<Matcher>& a, const std::vector<Matcher>& b) {
  return !(a == b);
}

std::string joined(const std::vector<Matcher>& matchers) {
  std::string text;
  for (const Matcher& m : matchers) {
    if (!text.empty()) text += ',';
    text += matcher_text(m);
  }
  return text;
}

/// Alertmanager's fallback rule over the two readings of a text.
Result<ParsedMatchers> choose(std::string_view text, Result<std::vector<Matcher>> utf8,
                              Result<std::vector<Matcher>> classic) {
  if (!utf8) {
    if (!classic) return fail(std::move(classic).error());
    std::string warning =
        fmt::format("matcher {} is valid in the classic grammar only and is read as {}: write it like that ({})",
                    go_quote(text), joined(*classic), utf8.error().message);
    return ParsedMatchers{std::move(*classic), std::move(warning)};
  }
  if (classic && disagree(*utf8, *classic)) {
    std::string warning =
        fmt::format("matcher {} is read as {} by the classic grammar, which is used, and as {} by the UTF-8 grammar",
                    go_quote(text), joined(*classic), joined(*utf8));
    return ParsedMatchers{std::move(*classic), std::move(warning)};
  }
  return ParsedMatchers{std::move(*utf8), {}};
}

Result<std::vector<Matcher>> one(Result<Matcher> matcher) {
  if (!matcher) return fail(std::move(matcher).error());
  std::vector<Matcher> list;
  list.push_back(std::move(*matcher));
  return list;
}

bool is_reserved_name(std::string_view name) {
  while (!name.empty()) {
    const Rune rune = decode_utf8(name);
    if (is_matcher_reserved(rune.code)) return true;
    name.remove_prefix(rune.size);
  }
  return false;
}

std::string open_metrics_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"') {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<Matcher> parse_matcher_classic(std::string_view text) {
  std::string_view name, written;
  MatchOp op = MatchOp::kEqual;
  if (!split_classic(text, name, op, written)) return fail(Errc::kInvalid, "bad matcher format: {}", text);
  TOCSIN_TRY(std::string value, unescape_classic(written));
  return Matcher::make(op, std::string(name), std::move(value));
}

Result<std::vector<Matcher>> parse_matchers_classic(std::string_view text) {
  if (text.starts_with('{')) text.remove_prefix(1);
  if (text.ends_with('}')) text.remove_suffix(1);
  std::vector<std::string_view> pieces;
  bool quoted = false, escaped = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ',' && !quoted) {
      pieces.push_back(text.substr(start, i - start));
      start = i + 1;
      continue;  // as there, a comma leaves the escape state alone
    }
    if (c == '"') {
      if (!escaped) quoted = !quoted;
      escaped = false;
    } else if (c == '\\') {
      escaped = !escaped;
    } else if (c != ',') {
      escaped = false;
    }
  }
  if (const std::string_view last = go_trim_space(text.substr(start)); !last.empty()) pieces.push_back(last);
  std::vector<Matcher> matchers;
  for (const std::string_view piece : pieces) {
    TOCSIN_TRY(Matcher matcher, parse_matcher_classic(piece));
    matchers.push_back(std::move(matcher));
  }
  return matchers;
}

Result<Matcher> parse_matcher_utf8(std::string_view text) {
  TOCSIN_TRY(std::vector<Matcher> matchers, parse_matchers_utf8(text));
  if (matchers.empty()) return fail(Errc::kInvalid, "no matchers");
  if (matchers.size() > 1) return fail(Errc::kInvalid, "expected 1 matcher, found {}", matchers.size());
  return std::move(matchers.front());
}

Result<ParsedMatchers> parse_matchers(std::string_view text, MatcherMode mode) {
  if (mode == MatcherMode::kFallback) return choose(text, parse_matchers_utf8(text), parse_matchers_classic(text));
  auto matchers = mode == MatcherMode::kClassic ? parse_matchers_classic(text) : parse_matchers_utf8(text);
  if (!matchers) return fail(std::move(matchers).error());
  return ParsedMatchers{std::move(*matchers), {}};
}

Result<ParsedMatchers> parse_matcher(std::string_view text, MatcherMode mode) {
  if (mode != MatcherMode::kClassic && (text.starts_with('{') || text.ends_with('}'))) {
    return fail(Errc::kInvalid, "unexpected open or close brace: {}", text);
  }
  if (mode == MatcherMode::kFallback) {
    return choose(text, one(parse_matcher_utf8(text)), one(parse_matcher_classic(text)));
  }
  auto matcher = one(mode == MatcherMode::kClassic ? parse_matcher_classic(text) : parse_matcher_utf8(text));
  if (!matcher) return fail(std::move(matcher).error());
  return ParsedMatchers{std::move(*matcher), {}};
}

std::string matcher_text(const Matcher& matcher) {
  // An empty name stands in quotes, too, or the text would be none that is read (Alertmanager's is not).
  if (matcher.name().empty() || is_reserved_name(matcher.name())) {
    return go_quote(matcher.name()) + std::string(model::match_op_text(matcher.op())) + go_quote(matcher.value());
  }
  return fmt::format("{}{}\"{}\"", matcher.name(), model::match_op_text(matcher.op()),
                     open_metrics_escape(matcher.value()));
}

std::string matchers_text(const std::vector<Matcher>& matchers) {
  return "{" + joined(matchers) + "}";
}

void sort_matchers(std::vector<Matcher>& matchers) {
  std::sort(matchers.begin(), matchers.end(), [](const Matcher& a, const Matcher& b) {
    return std::forward_as_tuple(a.name(), a.value(), a.op()) < std::forward_as_tuple(b.name(), b.value(), b.op());
  });
}

}  // namespace tocsin::config
