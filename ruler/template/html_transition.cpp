// How the text of a template moves from context to context: tags, attributes, comments.

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "template/go_text.hpp"
#include "template/html_context.hpp"
#include "template/html_entities.hpp"

namespace tocsin::tmpl::html {

namespace {

constexpr std::string_view kSpace = " \t\n\f\r";
constexpr auto kEnd = std::string_view::npos;

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alnum(char c) {
  return is_alpha(c) || (c >= '0' && c <= '9');
}

std::size_t skip_space(std::string_view s, std::size_t from) {
  return std::min(s.find_first_not_of(kSpace, from), s.size());
}

Element element_of(std::string_view name) {
  for (const Element element : {Element::kScript, Element::kStyle, Element::kTextarea, Element::kTitle}) {
    if (equal_ignoring_case(name, element_name(element))) return element;
  }
  return Element::kNone;
}

/// Behind a tag's name: letters and digits, `-` and `:` between them.
std::size_t skip_tag_name(std::string_view s, std::size_t i) {
  if (i == s.size() || !is_alpha(s[i])) return i;
  for (++i; i < s.size();) {
    if (is_alnum(s[i])) {
      ++i;
    } else if ((s[i] == ':' || s[i] == '-') && i + 1 < s.size() && is_alnum(s[i + 1])) {
      i += 2;
    } else {
      break;
    }
  }
  return i;
}

Context bad_html(std::string text) {
  return error_context(std::move(text));
}

Step after_plain(const Context& c, std::string_view s) {
  for (std::size_t k = 0;;) {
    std::size_t i = s.find('<', k);
    if (i == kEnd || i + 1 == s.size()) return {c, s.size()};
    if (s.substr(i, 4) == "<!--") return {{.state = State::kHtmlComment}, i + 4};
    ++i;
    const bool closing = s[i] == '/';
    if (closing && ++i == s.size()) return {c, s.size()};
    const std::size_t j = skip_tag_name(s, i);
    if (j != i) {
      const Element element = closing ? Element::kNone : element_of(s.substr(i, j - i));
      return {{.state = State::kTag, .element = element}, j};
    }
    k = j;
  }
}

State content_state(Element element) {
  switch (element) {
    case Element::kScript:
      return State::kJs;
    case Element::kStyle:
      return State::kCss;
    case Element::kTextarea:
    case Element::kTitle:
      return State::kRcdata;
    default:
      return State::kText;
  }
}

struct AttrName {
  std::size_t end = 0;
  std::string error;
};

AttrName skip_attr_name(std::string_view s, std::size_t i) {
  const std::size_t end = std::min(s.find_first_of(" \t\n\f\r=>'\"<", i), s.size());
  if (end == s.size() || std::string_view("'\"<").find(s[end]) == kEnd) return {end, ""};
  return {end, fmt::format("{} in attribute name: {}", go_quote(s.substr(end, 1)), go_quote(first_runes(s, 32)))};
}

Attr attr_of(Element element, std::string_view name) {
  if (element == Element::kScript && name == "type") return Attr::kScriptType;
  switch (attr_kind(name)) {
    case AttrKind::kUrl:
      return Attr::kUrl;
    case AttrKind::kCss:
      return Attr::kStyle;
    case AttrKind::kJs:
      return Attr::kScript;
    case AttrKind::kSrcset:
      return Attr::kSrcset;
    default:
      return Attr::kNone;
  }
}

Step after_tag(const Context& c, std::string_view s) {
  const std::size_t i = skip_space(s, 0);
  if (i == s.size()) return {c, s.size()};
  if (s[i] == '>') return {{.state = content_state(c.element), .element = c.element}, i + 1};
  const AttrName name = skip_attr_name(s, i);
  if (!name.error.empty()) return {bad_html(name.error), s.size()};
  if (name.end == i) {
    return {bad_html("expected space, attr name, or end of tag, but got " + go_quote(s.substr(i))), s.size()};
  }
  const Attr attr = attr_of(c.element, to_lower(s.substr(i, name.end - i)));
  const State state = name.end == s.size() ? State::kAttrName : State::kAfterName;
  return {{.state = state, .attr = attr, .element = c.element}, name.end};
}

Step after_attr_name(Context c, std::string_view s) {
  const AttrName name = skip_attr_name(s, 0);
  if (!name.error.empty()) return {bad_html(name.error), s.size()};
  if (name.end != s.size()) c.state = State::kAfterName;
  return {std::move(c), name.end};
}

Step after_after_name(Context c, std::string_view s) {
  const std::size_t i = skip_space(s, 0);
  if (i == s.size()) return {std::move(c), i};
  const bool value = s[i] == '=';
  c.state = value ? State::kBeforeValue : State::kTag;
  return {std::move(c), value ? i + 1 : i};
}

Step after_equals(Context c, std::string_view s) {
  const std::size_t i = skip_space(s, 0);
  if (i == s.size()) return {std::move(c), i};
  c.state = value_state(c.attr);
  const bool quoted = s[i] == '\'' || s[i] == '"';
  c.delim = s[i] == '\'' ? Delim::kSingleQuote : s[i] == '"' ? Delim::kDoubleQuote : Delim::kSpaceOrTagEnd;
  return {std::move(c), quoted ? i + 1 : i};
}

Step after_html_comment(const Context& c, std::string_view s) {
  const std::size_t i = s.find("-->");
  if (i == kEnd) return {c, s.size()};
  return {{}, i + 3};
}

/// "</script" within a literal or comment of a script does not end the element: it is escaped.
Step after_special(const Context& c, std::string_view s) {
  if (c.element == Element::kNone) return {c, s.size()};
  if (c.element == Element::kScript && (is_script_literal(c.state) || is_comment(c.state))) return {c, s.size()};
  const std::size_t i = find_tag_end(s, element_name(c.element));
  if (i == kEnd) return {c, s.size()};
  return {{}, i};
}

std::string_view delim_ends(Delim delim) {
  switch (delim) {
    case Delim::kDoubleQuote:
      return "\"";
    case Delim::kSingleQuote:
      return "'";
    default:
      return " \t\n\f\r>";
  }
}

/// Is the content of <script type=...> a script?
bool is_js_type(std::string_view type) {
  constexpr std::string_view kTypes[] = {"application/ecmascript",
                                         "application/javascript",
                                         "application/json",
                                         "application/ld+json",
                                         "application/x-ecmascript",
                                         "application/x-javascript",
                                         "module",
                                         "text/ecmascript",
                                         "text/javascript",
                                         "text/javascript1.0",
                                         "text/javascript1.1",
                                         "text/javascript1.2",
                                         "text/javascript1.3",
                                         "text/javascript1.4",
                                         "text/javascript1.5",
                                         "text/jscript",
                                         "text/livescript",
                                         "text/x-ecmascript",
                                         "text/x-javascript"};
  const std::string lower = to_lower(type.substr(0, type.find(';')));
  return std::ranges::find(kTypes, trim_unicode(lower)) != std::end(kTypes);
}

/// Within an attribute's value; the value is seen as the browser decodes it.
Step after_value(Context c, std::string_view s) {
  std::size_t end = std::min(s.find_first_of(delim_ends(c.delim)), s.size());
  if (c.delim == Delim::kSpaceOrTagEnd) {
    if (const std::size_t bad = s.substr(0, end).find_first_of("\"'<=`"); bad != kEnd) {
      return {bad_html(fmt::format("{} in unquoted attr: {}", go_quote(s.substr(bad, 1)), go_quote(s.substr(0, end)))),
              s.size()};
    }
  }
  if (end == s.size()) {
    const std::string decoded = unescape_html(s);
    for (std::string_view rest = decoded; !rest.empty();) {
      Step step = transition(c, rest);
      c = std::move(step.context);
      rest.remove_prefix(step.read);
    }
    return {std::move(c), s.size()};
  }
  Element element = c.element;
  const bool script_type = c.state == State::kAttr && element == Element::kScript && c.attr == Attr::kScriptType;
  if (script_type && !is_js_type(s.substr(0, end))) element = Element::kNone;
  if (c.delim != Delim::kSpaceOrTagEnd) ++end;
  return {{.state = State::kTag, .element = element}, end};
}

}  // namespace

std::size_t find_tag_end(std::string_view text, std::string_view name) {
  const std::string lower = to_lower(text);
  const std::string marker = "</" + std::string(name);
  for (std::size_t i = lower.find(marker); i != kEnd; i = lower.find(marker, i + 1)) {
    const std::size_t behind = i + marker.size();
    if (behind < lower.size() && std::string_view(" \t\n\f/>").find(lower[behind]) != kEnd) return i;
  }
  return kEnd;
}

Step transition(const Context& c, std::string_view text) {
  switch (c.state) {
    case State::kText:
      return after_plain(c, text);
    case State::kTag:
      return after_tag(c, text);
    case State::kAttrName:
      return after_attr_name(c, text);
    case State::kAfterName:
      return after_after_name(c, text);
    case State::kBeforeValue:
      return after_equals(c, text);
    case State::kHtmlComment:
      return after_html_comment(c, text);
    case State::kRcdata:
      return after_special(c, text);
    case State::kUrl:
    case State::kSrcset:
      return after_url(c, text);
    case State::kJs:
      return after_js(c, text);
    case State::kJsTemplateLiteral:
      return after_js_template(c, text);
    case State::kJsDoubleQuoted:
    case State::kJsSingleQuoted:
    case State::kJsRegexp:
      return after_js_delimited(c, text);
    case State::kJsBlockComment:
    case State::kCssBlockComment:
      return after_block_comment(c, text);
    case State::kJsLineComment:
    case State::kJsHtmlOpenComment:
    case State::kJsHtmlCloseComment:
    case State::kCssLineComment:
      return after_line_comment(c, text);
    case State::kCss:
      return after_css(c, text);
    case State::kCssDoubleQuoted:
    case State::kCssSingleQuoted:
    case State::kCssDoubleQuotedUrl:
    case State::kCssSingleQuotedUrl:
    case State::kCssUrl:
      return after_css_string(c, text);
    case State::kAttr:
    case State::kError:
    case State::kDead:
      break;
  }
  return {c, text.size()};
}

Step after_text(const Context& c, std::string_view text) {
  if (c.delim != Delim::kNone) return after_value(c, text);
  const Step special = after_special(c, text);
  if (special.read == 0) return special;  // the end tag is next
  return transition(c, text.substr(0, special.read));
}

Step after_url(Context c, std::string_view text) {
  if (text.find_first_of("#?") != kEnd) {
    c.url_part = UrlPart::kQueryOrFragment;
  } else if (skip_space(text, 0) != text.size() && c.url_part == UrlPart::kNone) {
    c.url_part = UrlPart::kPreQuery;
  }
  return {std::move(c), text.size()};
}

}  // namespace tocsin::tmpl::html
