#include "template/html_context.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace tocsin::tmpl::html {

namespace {

constexpr std::array<std::string_view, 29> kStates = {"stateText",           "stateTag",         "stateAttrName",
                                                      "stateAfterName",      "stateBeforeValue", "stateHTMLCmt",
                                                      "stateRCDATA",         "stateAttr",        "stateURL",
                                                      "stateSrcset",         "stateJS",          "stateJSDqStr",
                                                      "stateJSSqStr",        "stateJSTmplLit",   "stateJSRegexp",
                                                      "stateJSBlockCmt",     "stateJSLineCmt",   "stateJSHTMLOpenCmt",
                                                      "stateJSHTMLCloseCmt", "stateCSS",         "stateCSSDqStr",
                                                      "stateCSSSqStr",       "stateCSSDqURL",    "stateCSSSqURL",
                                                      "stateCSSURL",         "stateCSSBlockCmt", "stateCSSLineCmt",
                                                      "stateError",          "stateDead"};
constexpr std::array<std::string_view, 4> kDelims = {"delimNone", "delimDoubleQuote", "delimSingleQuote",
                                                     "delimSpaceOrTagEnd"};
constexpr std::array<std::string_view, 4> kUrlParts = {"urlPartNone", "urlPartPreQuery", "urlPartQueryOrFrag",
                                                       "urlPartUnknown"};
constexpr std::array<std::string_view, 3> kSlashes = {"jsCtxRegexp", "jsCtxDivOp", "jsCtxUnknown"};
constexpr std::array<std::string_view, 6> kAttrs = {"attrNone",  "attrScript", "attrScriptType",
                                                    "attrStyle", "attrURL",    "attrSrcset"};
constexpr std::array<std::string_view, 5> kElements = {"elementNone", "elementScript", "elementStyle",
                                                       "elementTextarea", "elementTitle"};
constexpr std::array<std::string_view, 5> kElementNames = {"", "script", "style", "textarea", "title"};

template <typename E, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, E value) {
  return names[static_cast<std::size_t>(value)];
}

/// Attributes whose meaning the name does not tell by the rules of attr_kind(). Source: the HTML standard's attributes.
constexpr std::pair<std::string_view, AttrKind> kAttrKinds[] = {
    {"accept", AttrKind::kPlain},       {"accept-charset", AttrKind::kUnsafe},
    {"action", AttrKind::kUrl},         {"alt", AttrKind::kPlain},
    {"archive", AttrKind::kUrl},        {"async", AttrKind::kUnsafe},
    {"autocomplete", AttrKind::kPlain}, {"autofocus", AttrKind::kPlain},
    {"autoplay", AttrKind::kPlain},     {"background", AttrKind::kUrl},
    {"border", AttrKind::kPlain},       {"challenge", AttrKind::kUnsafe},
    {"charset", AttrKind::kUnsafe},     {"checked", AttrKind::kPlain},
    {"cite", AttrKind::kUrl},           {"class", AttrKind::kPlain},
    {"classid", AttrKind::kUrl},        {"codebase", AttrKind::kUrl},
    {"cols", AttrKind::kPlain},         {"colspan", AttrKind::kPlain},
    {"content", AttrKind::kUnsafe},     {"contenteditable", AttrKind::kPlain},
    {"contextmenu", AttrKind::kPlain},  {"controls", AttrKind::kPlain},
    {"coords", AttrKind::kPlain},       {"crossorigin", AttrKind::kUnsafe},
    {"data", AttrKind::kUrl},           {"datetime", AttrKind::kPlain},
    {"default", AttrKind::kPlain},      {"defer", AttrKind::kUnsafe},
    {"dir", AttrKind::kPlain},          {"dirname", AttrKind::kPlain},
    {"disabled", AttrKind::kPlain},     {"draggable", AttrKind::kPlain},
    {"dropzone", AttrKind::kPlain},     {"enctype", AttrKind::kUnsafe},
    {"for", AttrKind::kPlain},          {"form", AttrKind::kUnsafe},
    {"formaction", AttrKind::kUrl},     {"formenctype", AttrKind::kUnsafe},
    {"formmethod", AttrKind::kUnsafe},  {"formnovalidate", AttrKind::kUnsafe},
    {"formtarget", AttrKind::kPlain},   {"headers", AttrKind::kPlain},
    {"height", AttrKind::kPlain},       {"hidden", AttrKind::kPlain},
    {"high", AttrKind::kPlain},         {"href", AttrKind::kUrl},
    {"hreflang", AttrKind::kPlain},     {"http-equiv", AttrKind::kUnsafe},
    {"icon", AttrKind::kUrl},           {"id", AttrKind::kPlain},
    {"ismap", AttrKind::kPlain},        {"keytype", AttrKind::kUnsafe},
    {"kind", AttrKind::kPlain},         {"label", AttrKind::kPlain},
    {"lang", AttrKind::kPlain},         {"language", AttrKind::kUnsafe},
    {"list", AttrKind::kPlain},         {"longdesc", AttrKind::kUrl},
    {"loop", AttrKind::kPlain},         {"low", AttrKind::kPlain},
    {"manifest", AttrKind::kUrl},       {"max", AttrKind::kPlain},
    {"maxlength", AttrKind::kPlain},    {"media", AttrKind::kPlain},
    {"mediagroup", AttrKind::kPlain},   {"method", AttrKind::kUnsafe},
    {"min", AttrKind::kPlain},          {"multiple", AttrKind::kPlain},
    {"name", AttrKind::kPlain},         {"novalidate", AttrKind::kUnsafe},
    {"open", AttrKind::kPlain},         {"optimum", AttrKind::kPlain},
    {"pattern", AttrKind::kUnsafe},     {"placeholder", AttrKind::kPlain},
    {"poster", AttrKind::kUrl},         {"preload", AttrKind::kPlain},
    {"profile", AttrKind::kUrl},        {"pubdate", AttrKind::kPlain},
    {"radiogroup", AttrKind::kPlain},   {"readonly", AttrKind::kPlain},
    {"rel", AttrKind::kUnsafe},         {"required", AttrKind::kPlain},
    {"reversed", AttrKind::kPlain},     {"rows", AttrKind::kPlain},
    {"rowspan", AttrKind::kPlain},      {"sandbox", AttrKind::kUnsafe},
    {"scope", AttrKind::kPlain},        {"scoped", AttrKind::kPlain},
    {"seamless", AttrKind::kPlain},     {"selected", AttrKind::kPlain},
    {"shape", AttrKind::kPlain},        {"size", AttrKind::kPlain},
    {"sizes", AttrKind::kPlain},        {"span", AttrKind::kPlain},
    {"spellcheck", AttrKind::kPlain},   {"src", AttrKind::kUrl},
    {"srcdoc", AttrKind::kHtml},        {"srclang", AttrKind::kPlain},
    {"srcset", AttrKind::kSrcset},      {"start", AttrKind::kPlain},
    {"step", AttrKind::kPlain},         {"style", AttrKind::kCss},
    {"tabindex", AttrKind::kPlain},     {"target", AttrKind::kPlain},
    {"title", AttrKind::kPlain},        {"type", AttrKind::kUnsafe},
    {"usemap", AttrKind::kUrl},         {"value", AttrKind::kUnsafe},
    {"width", AttrKind::kPlain},        {"wrap", AttrKind::kPlain},
    {"xmlns", AttrKind::kUrl},
};

}  // namespace

std::string Context::describe() const {
  return fmt::format("{{{} {} {} {} {} {} <nil>}}", name_of(kStates, state), name_of(kDelims, delim),
                     name_of(kUrlParts, url_part), name_of(kSlashes, js_slash), name_of(kAttrs, attr),
                     name_of(kElements, element));
}

std::string Context::key() const {
  return describe() + fmt::format("{}", fmt::join(js_braces, ","));
}

bool is_comment(State state) {
  switch (state) {
    case State::kHtmlComment:
    case State::kJsBlockComment:
    case State::kJsLineComment:
    case State::kJsHtmlOpenComment:
    case State::kJsHtmlCloseComment:
    case State::kCssBlockComment:
    case State::kCssLineComment:
      return true;
    default:
      return false;
  }
}

bool is_script_literal(State state) {
  switch (state) {
    case State::kJsDoubleQuoted:
    case State::kJsSingleQuoted:
    case State::kJsTemplateLiteral:
    case State::kJsRegexp:
      return true;
    default:
      return false;
  }
}

bool is_in_tag(State state) {
  switch (state) {
    case State::kTag:
    case State::kAttrName:
    case State::kAfterName:
    case State::kBeforeValue:
    case State::kAttr:
      return true;
    default:
      return false;
  }
}

State value_state(Attr attr) {
  switch (attr) {
    case Attr::kScript:
      return State::kJs;
    case Attr::kStyle:
      return State::kCss;
    case Attr::kUrl:
      return State::kUrl;
    case Attr::kSrcset:
      return State::kSrcset;
    default:
      return State::kAttr;
  }
}

Context nudge(Context c) {
  if (c.state == State::kTag) {
    c.state = State::kAttrName;
  } else if (c.state == State::kBeforeValue) {
    c.state = value_state(c.attr);
    c.delim = Delim::kSpaceOrTagEnd;
    c.attr = Attr::kNone;
  } else if (c.state == State::kAfterName) {
    c.state = State::kAttrName;
    c.attr = Attr::kNone;
  }
  return c;
}

AttrKind attr_kind(std::string_view name) {
  if (name.starts_with("data-")) {
    name.remove_prefix(5);  // data-href is treated as href
  } else if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    if (name.substr(0, colon) == "xmlns") return AttrKind::kUrl;
    name.remove_prefix(colon + 1);
  }
  const auto* found = std::ranges::lower_bound(kAttrKinds, name, {}, &std::pair<std::string_view, AttrKind>::first);
  if (found != std::end(kAttrKinds) && found->first == name) return found->second;
  if (name.starts_with("on")) return AttrKind::kJs;
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  return has("src") || has("uri") || has("url") ? AttrKind::kUrl : AttrKind::kPlain;
}

std::string_view element_name(Element element) {
  return name_of(kElementNames, element);
}

}  // namespace tocsin::tmpl::html
