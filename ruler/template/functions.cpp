#include "template/functions.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include <re2/re2.h>

#include "template/go_format.hpp"
#include "template/go_text.hpp"

namespace tocsin::tmpl {

namespace {

/// Go's words for what is wrong with an expression.
std::string go_message(const re2::RE2& regex) {
  switch (regex.error_code()) {
    case re2::RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case re2::RE2::ErrorBadCharRange:
      return "invalid character class range";
    case re2::RE2::ErrorMissingBracket:
      return "missing closing ]";
    case re2::RE2::ErrorMissingParen:
      return "missing closing )";
    case re2::RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return regex.error();
  }
}

/// Compiled expressions of this thread; templates use the same few again and again.
Result<std::shared_ptr<const re2::RE2>> compile(const std::string& expression) {
  constexpr std::size_t kMostKept = 64;
  thread_local std::map<std::string, std::shared_ptr<const re2::RE2>> kept;
  if (auto it = kept.find(expression); it != kept.end()) return it->second;
  re2::RE2::Options options(re2::RE2::Quiet);
  auto compiled = std::make_shared<const re2::RE2>(expression, options);
  if (!compiled->ok()) {
    return fail(Errc::kInvalid, "error parsing regexp: {}: `{}`", go_message(*compiled), compiled->error_arg());
  }
  if (kept.size() >= kMostKept) kept.clear();
  kept.emplace(expression, compiled);
  return compiled;
}

/// Go's template of a replacement: `$name`, `${name}`, `$1`, `$$`.
class Expansion {
 public:
  Expansion(const re2::RE2& regex, std::string_view replacement);
  void append(std::string& out, const std::vector<re2::StringPiece>& groups) const;

 private:
  struct Part {
    std::string text;
    int group = -1;  // -1: text
  };
  std::vector<Part> parts_;
};

bool name_char(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The group of a name or number; a number beyond all groups, or an unknown name, stands for nothing.
int group_of(const re2::RE2& regex, std::string_view name) {
  constexpr int kNone = 1 << 20;
  bool number = !name.empty();
  int value = 0;
  for (const char c : name) {
    number = number && c >= '0' && c <= '9' && value < kNone;
    if (number) value = value * 10 + (c - '0');
  }
  if (number && (name.size() == 1 || name[0] != '0')) return value;
  const auto& names = regex.NamedCapturingGroups();
  auto it = names.find(std::string(name));
  return it == names.end() ? kNone : it->second;
}

Expansion::Expansion(const re2::RE2& regex, std::string_view replacement) {
  parts_.emplace_back();
  while (!replacement.empty()) {
    const std::size_t dollar = std::min(replacement.find('$'), replacement.size());
    parts_.back().text += replacement.substr(0, dollar);
    replacement.remove_prefix(dollar);
    if (replacement.empty()) break;
    replacement.remove_prefix(1);
    if (replacement.starts_with('$')) {
      parts_.back().text += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const bool brace = replacement.starts_with('{');
    std::size_t end = brace ? 1 : 0;
    while (end < replacement.size() && name_char(replacement[end])) ++end;
    const std::string_view name = replacement.substr(brace ? 1 : 0, end - (brace ? 1 : 0));
    if (name.empty() || (brace && (end >= replacement.size() || replacement[end] != '}'))) {
      parts_.back().text += '$';  // malformed: as it stands
      continue;
    }
    parts_.push_back({"", group_of(regex, name)});
    parts_.emplace_back();
    replacement.remove_prefix(end + (brace ? 1 : 0));
  }
}

void Expansion::append(std::string& out, const std::vector<re2::StringPiece>& groups) const {
  for (const Part& part : parts_) {
    if (part.group < 0) {
      out += part.text;
    } else if (static_cast<std::size_t>(part.group) < groups.size()) {
      const re2::StringPiece& group = groups[static_cast<std::size_t>(part.group)];
      out.append(group.data(), group.size());
    }
  }
}

}  // namespace

Result<bool> regex_match(const std::string& expression, std::string_view text) {
  TOCSIN_TRY(const auto regex, compile(expression));
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex);
}

Result<std::string> regex_replace_all(const std::string& expression, std::string_view replacement,
                                      std::string_view text) {
  auto regex = compile(expression);
  if (!regex) return fail(Errc::kInvalid, "regexp: Compile(`{}`): {}", expression, regex.error().message);
  const Expansion expansion(**regex, replacement);
  const re2::StringPiece input(text.data(), text.size());
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>((*regex)->NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t last_end = 0, search = 0;
  while (search <= text.size() && (*regex)->Match(input, search, text.size(), re2::RE2::UNANCHORED, groups.data(),
                                                  static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - input.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(last_end, begin - last_end);
    // An empty match right behind another match is none.
    if (end > last_end || begin == 0) expansion.append(out, groups);
    if (out.size() > kMaxTextBytes)
      return fail(Errc::kLimit, "text is longer than the limit of {} bytes", kMaxTextBytes);
    last_end = end;
    const std::size_t width = first_runes(text.substr(search), 1).size();
    search = std::max({search + std::max<std::size_t>(width, 1), end});
  }
  out += text.substr(last_end);
  return out;
}

Function text_function(std::size_t count, std::function<Result<std::string>(Args)> call) {
  return {std::vector<const Type*>(count, &kStringType), false, [call = std::move(call)](Args args) -> Result<Value> {
            TOCSIN_TRY(std::string text, call(args));
            return Value(std::move(text));
          }};
}

Function number_function(std::function<Result<std::string>(double)> call) {
  return {{&kAnyType}, false, [call = std::move(call)](Args args) -> Result<Value> {
            TOCSIN_TRY(const double number, to_float(args[0]));
            TOCSIN_TRY(std::string text, call(number));
            return Value(std::move(text));
          }};
}

void add_common_functions(FuncMap& f) {
  f["toUpper"] = text_function(1, [](Args a) -> Result<std::string> { return to_upper_text(a[0].as_string()); });
  f["toLower"] = text_function(1, [](Args a) -> Result<std::string> { return to_lower_text(a[0].as_string()); });
  f["reReplaceAll"] =
      text_function(3, [](Args a) { return regex_replace_all(a[0].as_string(), a[1].as_string(), a[2].as_string()); });
  f["match"] = {{&kStringType, &kStringType}, false, [](Args a) -> Result<Value> {
                  TOCSIN_TRY(const bool matched, regex_match(a[0].as_string(), a[1].as_string()));
                  return Value(matched);
                }};
  f["safeHtml"] = {{&kStringType}, false, [](Args a) -> Result<Value> { return a[0].as(kHtmlType); }};
  f["humanizeDuration"] = number_function([](double v) -> Result<std::string> { return humanize_duration(v); });
}

}  // namespace tocsin::tmpl
