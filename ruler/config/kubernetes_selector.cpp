#include "config/kubernetes_selector.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/strings.hpp"

namespace tocsin::config {
namespace {

constexpr std::size_t kMaxPart = 63;  // of names and values
constexpr std::size_t kMaxSubdomain = 253;

constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

bool is_lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_alphanumeric(char c) {
  return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_subdomain(std::string_view text) {
  const auto labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
    return !label.empty() && is_lower_alphanumeric(label.front()) && is_lower_alphanumeric(label.back()) &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
  });
}

/// What is wrong with a label's key, joined by "; ". Source: apimachinery util/validation, IsQualifiedName.
std::string wrong_key(std::string_view key) {
  std::vector<std::string> wrong;
  const auto parts = split(key, '/');
  if (parts.size() > 2) {
    return fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                       kNameRule);
  }
  if (parts.size() == 2) {
    const std::string_view prefix = parts[0];
    if (prefix.empty()) {
      wrong.emplace_back("prefix part must be non-empty");
    } else {
      if (prefix.size() > kMaxSubdomain)
        wrong.push_back(fmt::format("prefix part must be no more than {} bytes", kMaxSubdomain));
      if (!is_subdomain(prefix)) wrong.push_back(fmt::format("prefix part {}", kSubdomainRule));
    }
  }
  const std::string_view name = parts.back();
  if (name.empty()) {
    wrong.emplace_back("name part must be non-empty");
  } else if (name.size() > kMaxPart) {
    wrong.push_back(fmt::format("name part must be no more than {} bytes", kMaxPart));
  }
  if (!is_name(name)) wrong.push_back(fmt::format("name part {}", kNameRule));
  return fmt::format("{}", fmt::join(wrong, "; "));
}

std::string wrong_value(std::string_view value) {
  std::vector<std::string> wrong;
  if (value.size() > kMaxPart) wrong.push_back(fmt::format("must be no more than {} bytes", kMaxPart));
  if (!value.empty() && !is_name(value)) wrong.emplace_back(kValueRule);
  return fmt::format("{}", fmt::join(wrong, "; "));
}

enum class TokenKind { kEnd, kIdentifier, kOperator, kError };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  bool is(std::string_view symbol) const { return kind == TokenKind::kOperator && text == symbol; }
  /// "in" and "notin" are words like others where a value may stand.
  bool is_word() const { return kind == TokenKind::kIdentifier || is("in") || is("notin"); }
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_symbol(char c) {
  return std::string_view("=!(),><").find(c) != std::string_view::npos;
}

std::vector<Token> scan(std::string_view text) {
  static constexpr std::string_view kSymbols[] = {"==", "!=", "=", "!", "(", ")", ",", ">", "<"};
  std::vector<Token> out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    if (is_symbol(text[at])) {
      const auto* symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols),
                                        [&](std::string_view s) { return text.substr(at).starts_with(s); });
      out.push_back({TokenKind::kOperator, std::string(*symbol)});
      at += symbol->size();
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_space(text[at]) && !is_symbol(text[at])) ++at;
    const std::string word(text.substr(begin, at - begin));
    out.push_back({word == "in" || word == "notin" ? TokenKind::kOperator : TokenKind::kIdentifier, word});
  }
  out.push_back({});
  return out;
}

/// Grammar of labels.Parse; each function consumes from at_.
class LabelSelectorParser {
 public:
  explicit LabelSelectorParser(std::string_view text) : tokens_(scan(text)) {}

  Result<void> parse() {
    if (peek().kind == TokenKind::kEnd) return {};
    for (;;) {
      if (!peek().is_word() && !peek().is("!")) {
        return fail(Errc::kInvalid, "found '{}', expected: !, identifier, or 'end of string'", peek().text);
      }
      if (auto requirement = parse_requirement(); !requirement) {
        return fail(std::move(requirement).error().wrap("unable to parse requirement"));
      }
      const Token& separator = next();
      if (separator.kind == TokenKind::kEnd) return {};
      if (!separator.is(",")) {
        return fail(Errc::kInvalid, "found '{}', expected: ',' or 'end of string'", separator.text);
      }
      if (!peek().is_word() && !peek().is("!")) {
        return fail(Errc::kInvalid, "found '{}', expected: identifier after ','", peek().text);
      }
    }
  }

 private:
  const Token& peek() const { return tokens_[at_]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  Result<void> parse_requirement() {
    const bool negated = peek().is("!");
    if (negated) next();
    const Token key = next();
    if (!key.is_word()) return fail(Errc::kInvalid, "found '{}', expected: identifier", key.text);
    if (const std::string wrong = wrong_key(key.text); !wrong.empty()) {
      return fail(Errc::kInvalid, "<nil>: Invalid value: {}: {}", go_quote(key.text), wrong);
    }
    if (negated || peek().kind == TokenKind::kEnd || peek().is(",")) return {};
    const Token op = next();
    std::set<std::string> values;
    if (op.is("in") || op.is("notin")) {
      TOCSIN_OK(parse_values(values));
    } else if (op.is("=") || op.is("==") || op.is("!=") || op.is(">") || op.is("<")) {
      TOCSIN_OK(parse_value(values));
    } else {
      return fail(Errc::kInvalid, "found '{}', expected: in, notin, =, ==, !=, gt, lt", op.text);
    }
    return check_values(key.text, op, values);
  }

  Result<void> parse_value(std::set<std::string>& values) {
    if (peek().kind == TokenKind::kEnd || peek().is(",")) {
      values.insert("");
      return {};
    }
    const Token& value = next();
    if (!value.is_word()) return fail(Errc::kInvalid, "found '{}', expected: identifier", value.text);
    values.insert(value.text);
    return {};
  }

  Result<void> parse_values(std::set<std::string>& values) {
    if (const Token& open = next(); !open.is("(")) return fail(Errc::kInvalid, "found '{}' expected: '('", open.text);
    if (peek().is(")")) {
      next();
      values.insert("");
      return {};
    }
    if (!peek().is_word() && !peek().is(",")) {
      return fail(Errc::kInvalid, "found '{}', expected: ',', ')' or identifier", peek().text);
    }
    for (;;) {
      const Token& token = next();
      if (token.is_word()) {
        values.insert(token.text);
        if (peek().is(")")) break;
        if (!peek().is(",")) return fail(Errc::kInvalid, "found '{}', expected: ',' or ')'", peek().text);
        continue;
      }
      if (!token.is(",")) return fail(Errc::kInvalid, "found '{}', expected: ',', or identifier", token.text);
      if (values.empty()) values.insert("");
      if (peek().is(")")) {
        values.insert("");
        break;
      }
      if (peek().is(",")) {
        next();
        values.insert("");
      }
    }
    next();
    return {};
  }

  static Result<void> check_values(const std::string& key, const Token& op, const std::set<std::string>& values) {
    std::size_t index = 0;
    for (const std::string& value : values) {
      if (op.is(">") || op.is("<")) TOCSIN_OK(check_integer(index, value));
      if (const std::string wrong = wrong_value(value); !wrong.empty()) {
        return fail(Errc::kInvalid, "values[{}][{}]: Invalid value: {}: {}", index, key, go_quote(value), wrong);
      }
      ++index;
    }
    return {};
  }

  static Result<void> check_integer(std::size_t index, const std::string& value) {
    const bool digits = !value.empty() && value.size() < 19 &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits) return {};
    return fail(Errc::kInvalid, "values[{}]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                index, go_quote(value));
  }

  const std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// "a<op>b" with exactly one operator.
bool splits_once(std::string_view part, std::string_view op) {
  const std::size_t at = part.find(op);
  return at != std::string_view::npos && part.find(op, at + op.size()) == std::string_view::npos;
}

}  // namespace

Result<void> check_field_selector(std::string_view text) {
  auto parts = split(text, ',');
  std::sort(parts.begin(), parts.end());
  for (const std::string_view part : parts) {
    if (part.empty() || splits_once(part, "!=") || splits_once(part, "==") || splits_once(part, "=")) continue;
    return fail(Errc::kInvalid, "invalid selector: '{}'; can't understand '{}'", text, part);
  }
  return {};
}

Result<void> check_label_selector(std::string_view text) {
  return LabelSelectorParser(text).parse();
}

}  // namespace tocsin::config
