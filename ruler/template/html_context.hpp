#pragma once
// Where in an HTML document a place of a template lies, as far as it matters to what may be put there safely.
// Source: Go html/template (the contextual escaping that it documents).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::tmpl::html {

enum class State : std::uint8_t {
  kText,
  kTag,  // within a tag, between attributes
  kAttrName,
  kAfterName,    // behind an attribute's name, before any `=`
  kBeforeValue,  // behind the `=`
  kHtmlComment,
  kRcdata,  // <textarea>, <title>
  kAttr,    // an attribute's value without a meaning of its own
  kUrl,
  kSrcset,
  kJs,
  kJsDoubleQuoted,
  kJsSingleQuoted,
  kJsTemplateLiteral,
  kJsRegexp,
  kJsBlockComment,
  kJsLineComment,
  kJsHtmlOpenComment,
  kJsHtmlCloseComment,
  kCss,
  kCssDoubleQuoted,
  kCssSingleQuoted,
  kCssDoubleQuotedUrl,
  kCssSingleQuotedUrl,
  kCssUrl,
  kCssBlockComment,
  kCssLineComment,
  kError,
  kDead,  // behind a {{break}} or {{continue}}
};

/// What ends an attribute's value.
enum class Delim : std::uint8_t { kNone, kDoubleQuote, kSingleQuote, kSpaceOrTagEnd };
enum class UrlPart : std::uint8_t { kNone, kPreQuery, kQueryOrFragment, kUnknown };
/// What a `/` in a script begins.
enum class JsSlash : std::uint8_t { kRegexp, kDivision, kUnknown };
enum class Attr : std::uint8_t { kNone, kScript, kScriptType, kStyle, kUrl, kSrcset };
enum class Element : std::uint8_t { kNone, kScript, kStyle, kTextarea, kTitle };

struct Context {
  State state = State::kText;
  Delim delim = Delim::kNone;
  UrlPart url_part = UrlPart::kNone;
  JsSlash js_slash = JsSlash::kRegexp;
  std::vector<int> js_braces = {};  // open braces in each `${` of template literals that is open
  Attr attr = Attr::kNone;
  Element element = Element::kNone;
  std::string error = {};  // kError: Go's text, without the place
  std::string place = {};  // kError: "name:line:column"; "" if the text has none

  bool operator==(const Context&) const = default;
  bool failed() const { return state == State::kError; }
  /// Go's "{stateURL delimDoubleQuote urlPartPreQuery jsCtxRegexp attrURL elementNone <nil>}".
  std::string describe() const;
  /// Different for different contexts: for names of derived templates.
  std::string key() const;
};

inline Context error_context(std::string text) {
  Context out;
  out.state = State::kError;
  out.error = std::move(text);
  return out;
}

bool is_comment(State state);
/// Within a string, regular expression or template literal of a script.
bool is_script_literal(State state);
bool is_in_tag(State state);

/// The context of an action: within a tag it gives an attribute's name, behind `=` a value without quotes.
Context nudge(Context c);
/// The state of a value of the attribute, at its beginning.
State value_state(Attr attr);

/// What the attribute's value is.
enum class AttrKind { kPlain, kCss, kHtml, kJs, kUrl, kSrcset, kUnsafe };
/// @param name  in lower case.
AttrKind attr_kind(std::string_view name);

struct Step {
  Context context;
  std::size_t read = 0;  // bytes of the text
};

/// The context behind a prefix of the text of a template, which is not empty. Always advances, or changes the state.
Step after_text(const Context& c, std::string_view text);
/// The same without looking for what ends the attribute or element around.
Step transition(const Context& c, std::string_view text);

// Of scripts and styles: parts of transition().
Step after_js(Context c, std::string_view text);
Step after_js_template(Context c, std::string_view text);
Step after_js_delimited(Context c, std::string_view text);
Step after_css(Context c, std::string_view text);
Step after_css_string(Context c, std::string_view text);
Step after_block_comment(Context c, std::string_view text);
Step after_line_comment(Context c, std::string_view text);
Step after_url(Context c, std::string_view text);

/// Backslash escapes of CSS resolved.
std::string decode_css(std::string_view text);
bool is_css_space(char c);

/// Texts of special elements end at "</name" in any case; where it begins, or npos.
std::size_t find_tag_end(std::string_view text, std::string_view name);
std::string_view element_name(Element element);

}  // namespace tocsin::tmpl::html
