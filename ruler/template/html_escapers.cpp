#include "template/html_escapers.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "template/go_format.hpp"
#include "template/go_json.hpp"
#include "template/html_context.hpp"

namespace tocsin::tmpl::html {

namespace {

constexpr std::string_view kFailsafe = "ZgotmplZ";
constexpr auto kEnd = std::string_view::npos;

/// A value as text, and what it is said to be.
struct Content {
  std::string text;
  const Type* type = &kStringType;
  bool is_html() const { return type == &kHtmlType; }
  bool is_url() const { return type == &kUrlType; }
};

Result<Content> content_of(Args args) {
  if (args.size() == 1) {
    const Value& value = args[0];
    if (value.is_nil()) return Content{};
    if (value.kind() == Kind::kString && value.type()->text == nullptr) return Content{value.as_string(), value.type()};
  }
  ListData shown;
  for (const Value& value : args) {
    if (value.is_nil()) continue;
    shown.push_back(value.type()->text != nullptr ? value : value.indirect());
  }
  TOCSIN_TRY(std::string text, sprint(shown));
  return Content{std::move(text), &kStringType};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_html_space(char c) {
  return std::string_view("\t\n\f\r ").find(c) != kEnd;
}

// ---- HTML

/// Replacements of characters of ASCII; "" keeps the character.
using Table = std::array<std::string_view, 128>;

constexpr Table make_table(std::initializer_list<std::pair<char, std::string_view>> entries) {
  Table out{};
  for (const auto& [c, text] : entries) out[static_cast<std::size_t>(c)] = text;
  return out;
}

constexpr Table without_ampersand(Table table) {
  table['&'] = "";
  return table;
}

constexpr Table kHtml = make_table({{'\0', "\xef\xbf\xbd"},
                                    {'"', "&#34;"},
                                    {'&', "&amp;"},
                                    {'\'', "&#39;"},
                                    {'+', "&#43;"},
                                    {'<', "&lt;"},
                                    {'>', "&gt;"}});
constexpr Table kHtmlNorm = without_ampersand(kHtml);  // for what is HTML already
constexpr Table kUnquoted = make_table({{'\0', "&#xfffd;"},
                                        {'\t', "&#9;"},
                                        {'\n', "&#10;"},
                                        {'\v', "&#11;"},
                                        {'\f', "&#12;"},
                                        {'\r', "&#13;"},
                                        {' ', "&#32;"},
                                        {'"', "&#34;"},
                                        {'&', "&amp;"},
                                        {'\'', "&#39;"},
                                        {'+', "&#43;"},
                                        {'<', "&lt;"},
                                        {'=', "&#61;"},
                                        {'>', "&gt;"},
                                        {'`', "&#96;"}});
constexpr Table kUnquotedNorm = without_ampersand(kUnquoted);

/// @param references  whether characters that a browser could take for spaces become references.
std::string replace(std::string_view s, const Table& table, bool references = false) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    const Rune rune = decode_utf8(s);
    const std::string_view text = s.substr(0, rune.size);
    s.remove_prefix(rune.size);
    if (rune.code < table.size()) {
      const std::string_view replacement = table[rune.code];
      out += replacement.empty() ? text : replacement;
    } else if (references &&
               ((rune.code >= 0xfdd0 && rune.code <= 0xfdef) || (rune.code >= 0xfff0 && rune.code <= 0xffff))) {
      out += fmt::format("&#x{:x};", rune.code);
    } else {
      out += text;
    }
  }
  return out;
}

/// The text of HTML without its tags and comments.
std::string strip_tags(std::string_view html) {
  std::string out;
  Context c;
  std::size_t i = 0;
  bool all_text = true;
  while (i != html.size()) {
    if (c.delim != Delim::kNone) {
      const std::string_view ends = c.delim == Delim::kDoubleQuote   ? "\""
                                    : c.delim == Delim::kSingleQuote ? "'"
                                                                     : " \t\n\f\r>";
      const std::size_t end = html.find_first_of(ends, i);
      if (end == kEnd) break;
      i = c.delim == Delim::kSpaceOrTagEnd ? end : end + 1;
      c = Context{.state = State::kTag, .element = c.element};
      continue;
    }
    Context seen = c;
    if (c.element != Element::kNone && !is_in_tag(c.state)) seen.state = State::kRcdata;  // scripts are not parsed
    Step step = transition(seen, html.substr(i));
    const std::size_t next = i + step.read;
    if (c.state == State::kText || c.state == State::kRcdata) {
      std::size_t end = next;
      if (step.context.state != c.state && end > i) {
        const std::size_t tag = html.rfind('<', end - 1);
        if (tag != kEnd && tag >= i) end = tag;
      }
      out += html.substr(i, end - i);
    } else {
      all_text = false;
    }
    if (next == i && step.context == c) break;
    c = std::move(step.context);
    i = next;
  }
  if (all_text) return std::string(html);
  if (c.state == State::kText || c.state == State::kRcdata) out += html.substr(i);
  return out;
}

std::string html_text(const Content& c) {
  return c.is_html() ? c.text : replace(c.text, kHtml);
}
std::string html_rcdata(const Content& c) {
  return replace(c.text, c.is_html() ? kHtmlNorm : kHtml);
}
std::string html_attribute(const Content& c) {
  return c.is_html() ? replace(strip_tags(c.text), kHtmlNorm) : replace(c.text, kHtml);
}
std::string html_unquoted(const Content& c) {
  if (c.text.empty()) return std::string(kFailsafe);
  return c.is_html() ? replace(strip_tags(c.text), kUnquotedNorm, true) : replace(c.text, kUnquoted, true);
}
std::string html_name(const Content& c) {
  const std::string name = to_lower(c.text);
  const bool plain = !name.empty() && attr_kind(name) == AttrKind::kPlain && std::ranges::all_of(name, is_alnum);
  return plain ? name : std::string(kFailsafe);
}
std::string nothing(const Content&) {
  return "";
}

// ---- URLs

/// Relative, or of a scheme that runs nothing.
bool is_safe_url(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == kEnd) return true;
  const std::string_view scheme = url.substr(0, colon);
  if (scheme.find('/') != kEnd) return true;
  return std::ranges::any_of(std::array<std::string_view, 3>{"http", "https", "mailto"},
                             [&](std::string_view safe) { return equal_ignoring_case(scheme, safe); });
}

/// @param whole  of a whole URL its structure and its escapes stay; a part of one is escaped whole.
std::string escape_url(std::string_view url, bool whole) {
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    const bool structure = std::string_view("!#$&*+,/:;=?@[]").find(c) != kEnd;
    const bool escape = c == '%' && i + 2 < url.size() && is_hex(url[i + 1]) && is_hex(url[i + 2]);
    if (is_alnum(c) || std::string_view("-._~").find(c) != kEnd || (whole && (structure || escape))) {
      out += c;
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string url_filter(const Content& c) {
  return c.is_url() || is_safe_url(c.text) ? c.text : "#" + std::string(kFailsafe);
}
std::string url_escape(const Content& c) {
  return escape_url(c.text, c.is_url());
}
std::string url_normalize(const Content& c) {
  return escape_url(c.text, true);
}

/// One image candidate: a URL and what is said of its size.
std::string srcset_part(std::string_view part) {
  const auto* const begin = std::ranges::find_if_not(part, is_html_space);
  const auto* const end = std::find_if(begin, part.end(), is_html_space);
  const std::string_view url(begin, end), rest(end, part.end());
  const auto plain = [](char c) { return is_html_space(c) || is_alnum(c); };
  if (!is_safe_url(url) || !std::ranges::all_of(rest, plain)) return "#" + std::string(kFailsafe);
  return std::string(part.begin(), begin) + escape_url(url, true) + std::string(rest);
}

std::string srcset(const Content& c) {
  if (c.is_url()) return replace_all(escape_url(c.text, true), ",", "%2c");
  std::string out;
  for (const std::string_view part : split(c.text, ',')) {
    if (!out.empty()) out += ',';
    out += srcset_part(part);
  }
  return out;
}

// ---- CSS

constexpr Table kCss = make_table({{'\0', "\\0"},
                                   {'\t', "\\9"},
                                   {'\n', "\\a"},
                                   {'\f', "\\c"},
                                   {'\r', "\\d"},
                                   {'"', "\\22"},
                                   {'&', "\\26"},
                                   {'\'', "\\27"},
                                   {'(', "\\28"},
                                   {')', "\\29"},
                                   {'+', "\\2b"},
                                   {'/', "\\2f"},
                                   {':', "\\3a"},
                                   {';', "\\3b"},
                                   {'<', "\\3c"},
                                   {'>', "\\3e"},
                                   {'\\', "\\\\"},
                                   {'{', "\\7b"},
                                   {'}', "\\7d"}});

std::string css_string(const Content& c) {
  std::string out;
  const std::string& s = c.text;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto byte = static_cast<unsigned char>(s[i]);
    const std::string_view replacement = byte < kCss.size() ? kCss[byte] : "";
    if (replacement.empty()) {
      out += s[i];
      continue;
    }
    out += replacement;
    const bool ends = i + 1 == s.size() || is_hex(s[i + 1]) || is_css_space(s[i + 1]);
    if (replacement != "\\\\" && ends) out += ' ';  // the end of the number
  }
  return out;
}

/// Keywords, numbers, colours; nothing that could end the declaration or run a program.
std::string css_value(const Content& c) {
  const std::string decoded = decode_css(c.text);
  std::string id;
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const char byte = decoded[i];
    if (std::string_view("\0\"'()/;@[\\]`{}<>", 17).find(byte) != kEnd) return std::string(kFailsafe);
    if (byte == '-' && i != 0 && decoded[i - 1] == '-') return std::string(kFailsafe);
    if (is_alnum(byte) || byte == '_' || byte == '-') id += byte;
  }
  id = to_lower(id);
  if (id.find("expression") != kEnd || id.find("mozbinding") != kEnd) return std::string(kFailsafe);
  return decoded;
}

// ---- scripts

constexpr std::initializer_list<std::pair<char, std::string_view>> kJsEntries = {
    {'\0', "\\u0000"}, {'\t', "\\t"},    {'\n', "\\n"},    {'\v', "\\u000b"}, {'\f', "\\f"},
    {'\r', "\\r"},     {'"', "\\u0022"}, {'`', "\\u0060"}, {'&', "\\u0026"},  {'\'', "\\u0027"},
    {'+', "\\u002b"},  {'/', "\\/"},     {'<', "\\u003c"}, {'>', "\\u003e"},  {'\\', "\\\\"}};
constexpr Table kJsString = make_table(kJsEntries);
constexpr Table kJsTemplate = [] {
  Table out = kJsString;
  out['$'] = "\\u0024";
  out['{'] = "\\u007b";
  out['}'] = "\\u007d";
  return out;
}();
constexpr Table kJsRegexp = [] {
  Table out = kJsString;
  out['`'] = "";
  out['$'] = "\\$";
  out['('] = "\\(";
  out[')'] = "\\)";
  out['*'] = "\\*";
  out['-'] = "\\-";
  out['.'] = "\\.";
  out['?'] = "\\?";
  out['['] = "\\[";
  out[']'] = "\\]";
  out['^'] = "\\^";
  out['{'] = "\\{";
  out['|'] = "\\|";
  out['}'] = "\\}";
  return out;
}();

/// U+2028 and U+2029 end a line in scripts.
std::string js_replace(std::string_view s, const Table& table) {
  return replace_all(replace_all(replace(s, table), "\xe2\x80\xa8", "\\u2028"), "\xe2\x80\xa9", "\\u2029");
}

std::string js_string(const Content& c) {
  return js_replace(c.text, kJsString);
}
std::string js_template(const Content& c) {
  return js_replace(c.text, kJsTemplate);
}
std::string js_regexp(const Content& c) {
  return c.text.empty() ? "(?:)" : js_replace(c.text, kJsRegexp);
}

/// A value as JSON; numbers and words get spaces around, so that they join no neighbour.
Result<Value> js_value(Args args) {
  Value value;
  if (args.size() == 1) {
    value = args[0];
  } else {
    TOCSIN_TRY(std::string text, sprint(args));
    value = Value(std::move(text));
  }
  if (value.is_nil()) return Value(" null ");
  auto json = to_json(value);
  if (!json) {
    const std::string why = replace_all(replace_all(json.error().message, "*/", "* /"), "</script", "\\x3C/script");
    return Value(fmt::format(" /* {} */null ", replace_all(why, "<!--", "\\x3C!--")));
  }
  std::string text = replace_all(replace_all(std::move(*json), "\xe2\x80\xa8", "\\u2028"), "\xe2\x80\xa9", "\\u2029");
  if (text.empty()) return Value("\"\"");
  const auto joins = [](char c) { return is_alnum(c) || c == '_' || c == '$'; };
  if (joins(text.front()) || joins(text.back())) text = ' ' + text + ' ';
  return Value(std::move(text));
}

template <std::string (*Escape)(const Content&)>
Function escaper() {
  return {{&kAnyType}, true, [](Args args) -> Result<Value> {
            TOCSIN_TRY(const Content content, content_of(args));
            return Value(Escape(content));
          }};
}

/// The arguments of a call of `html` or `urlquery`, which is moved behind the other escapers.
Result<Value> eval_args(Args args) {
  if (args.size() == 1 && args[0].type() == &kStringType) return args[0];
  TOCSIN_TRY(std::string text, sprint(args));
  return Value(std::move(text));
}

FuncMap make_escapers() {
  FuncMap f;
  f["_html_template_attrescaper"] = escaper<html_attribute>();
  f["_html_template_commentescaper"] = escaper<nothing>();
  f["_html_template_cssescaper"] = escaper<css_string>();
  f["_html_template_cssvaluefilter"] = escaper<css_value>();
  f["_html_template_htmlnamefilter"] = escaper<html_name>();
  f["_html_template_htmlescaper"] = escaper<html_text>();
  f["_html_template_jsregexpescaper"] = escaper<js_regexp>();
  f["_html_template_jsstrescaper"] = escaper<js_string>();
  f["_html_template_jstmpllitescaper"] = escaper<js_template>();
  f["_html_template_jsvalescaper"] = {{&kAnyType}, true, js_value};
  f["_html_template_nospaceescaper"] = escaper<html_unquoted>();
  f["_html_template_rcdataescaper"] = escaper<html_rcdata>();
  f["_html_template_srcsetescaper"] = escaper<srcset>();
  f["_html_template_urlescaper"] = escaper<url_escape>();
  f["_html_template_urlfilter"] = escaper<url_filter>();
  f["_html_template_urlnormalizer"] = escaper<url_normalize>();
  f["_eval_args_"] = {{&kAnyType}, true, eval_args};
  return f;
}

}  // namespace

const FuncMap& escapers() {
  static const FuncMap made = make_escapers();
  return made;
}

}  // namespace tocsin::tmpl::html
