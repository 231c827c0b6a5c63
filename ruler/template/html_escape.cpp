#include "template/html_escape.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/strings.hpp"
#include "template/html_context.hpp"

namespace tocsin::tmpl::html {

namespace {

constexpr auto kEnd = std::string_view::npos;

/// The innermost place is kept.
Context at(Context c, const Source& source, std::uint32_t pos) {
  if (c.failed() && c.place.empty()) c.place = source.where(pos);
  return c;
}

bool is_predefined(std::string_view function) {
  return function == "html" || function == "urlquery";
}

/// The escaper that does what the predefined one does.
bool is_equivalent(std::string_view predefined, std::string_view escaper) {
  constexpr std::array<std::string_view, 3> kLikeHtml = {"_html_template_attrescaper", "_html_template_htmlescaper",
                                                         "_html_template_rcdataescaper"};
  constexpr std::array<std::string_view, 2> kLikeUrlquery = {"_html_template_urlescaper",
                                                             "_html_template_urlnormalizer"};
  return predefined == "html" ? std::ranges::find(kLikeHtml, escaper) != kLikeHtml.end()
                              : std::ranges::find(kLikeUrlquery, escaper) != kLikeUrlquery.end();
}

Command call_of(std::string function, std::uint32_t pos) {
  Operand identifier;
  identifier.type = Operand::Type::kIdentifier;
  identifier.pos = pos;
  identifier.text = std::move(function);
  Command out;
  out.pos = pos;
  out.args.push_back(std::move(identifier));
  return out;
}

const std::string* function_of(const Command& command) {
  const Operand& first = command.args[0];
  return first.type == Operand::Type::kIdentifier ? &first.text : nullptr;
}

/// The pipeline with the escapers behind it. A predefined escaper at its end takes the place of its equivalent.
Pipe with_escapers(Pipe pipe, std::vector<std::string> escapers) {
  const std::string* const last = function_of(pipe.commands.back());
  if (last != nullptr && is_predefined(*last)) {
    const std::string predefined = *last;
    const std::uint32_t pos = pipe.commands.back().pos;
    if (pipe.commands.size() == 1 && pipe.commands[0].args.size() > 1) {
      pipe.commands[0].args[0].text = "_eval_args_";
      pipe.commands.push_back(call_of(predefined, pos));
    }
    bool replaced = false;
    for (std::string& escaper : escapers) {
      if (!is_equivalent(predefined, escaper)) continue;
      escaper = predefined;
      replaced = true;
    }
    if (replaced && pipe.commands.size() > 1) pipe.commands.pop_back();
  }
  for (std::string& escaper : escapers) pipe.commands.push_back(call_of(std::move(escaper), pipe.pos));
  return pipe;
}

/// The contexts at the ends of two ways, as one.
Context join(const Context& a, const Context& b, std::string_view node) {
  if (a.failed()) return a;
  if (b.failed()) return b;
  if (a.state == State::kDead) return b;
  if (b.state == State::kDead || a == b) return a;
  Context c = a;
  c.url_part = b.url_part;
  if (c == b) {
    c.url_part = UrlPart::kUnknown;
    return c;
  }
  c = a;
  c.js_slash = b.js_slash;
  if (c == b) {
    c.js_slash = JsSlash::kUnknown;
    return c;
  }
  // A value in one of the ways may have moved it within the tag.
  const Context nudged_a = nudge(a), nudged_b = nudge(b);
  if (nudged_a != a || nudged_b != b) {
    Context joined = join(nudged_a, nudged_b, node);
    if (!joined.failed()) return joined;
  }
  return error_context(
      fmt::format("{{{{{}}}}} branches end in different contexts: {}, {}", node, a.describe(), b.describe()));
}

/// "</script", "<script" and "<!--" within a literal of a script, so that the browser does not see them.
std::string hide_script_tags(std::string_view text) {
  std::string out;
  const std::string lower = to_lower(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(lower).substr(i);
    const bool special = rest.starts_with("<script") || rest.starts_with("</script") || rest.starts_with("<!--");
    out += special ? std::string("\\x3C") : std::string(1, text[i]);
  }
  return out;
}

class Escaper {
 public:
  explicit Escaper(const DefinitionMap& definitions) : definitions_(definitions) {}

  Result<DefinitionMap> run(const std::string& name) {
    top_ = name;
    const auto found = definitions_.find(name);
    if (found == definitions_.end()) return fail(Errc::kNotFound, "html/template: {} is undefined", go_quote(name));
    Context end = call(Context{}, name).end;
    if (!end.failed() && end.state != State::kText) {
      end = error_context("ends in a non-text context: " + end.describe());
    }
    if (end.failed()) {
      return fail(Errc::kInvalid, "html/template:{}: {}", end.place.empty() ? top_ : end.place, end.error);
    }
    DefinitionMap out = definitions_;
    for (auto& [derived, definition] : made_) out[derived] = definition;
    return out;
  }

 private:
  /// A call of a template: the context behind it, and the name of what is called there.
  struct Call {
    Context end;
    std::string name;
  };
  /// A {{break}} or {{continue}}: from there the loop ends or goes round again.
  struct Leap {
    Context c;
    const Statement* statement = nullptr;
  };
  struct Loop {
    std::vector<Leap> breaks, continues;
  };

  Call call(const Context& c, const std::string& name) {
    const std::string derived = c.state == State::kText ? name : name + "$htmltemplate_" + c.key();
    if (const auto known = ends_.find(derived); known != ends_.end()) {
      used_.emplace_back(derived);
      return {known->second, derived};
    }
    const auto found = definitions_.find(name);
    if (found == definitions_.end()) return {error_context("no such template " + go_quote(name)), name};
    if (++depth_ > kMaxDepth) return {error_context("templates call one another too deeply"), name};
    Context end = end_of(c, derived, *found->second);
    --depth_;
    if (!end.failed()) ends_[derived] = end;
    return {std::move(end), derived};
  }

  /// A template that calls itself: its end must be what was assumed.
  Context end_of(const Context& begin, const std::string& derived, const Definition& definition) {
    Context assumed = begin;
    for (int attempt = 0; attempt < 2; ++attempt) {
      const Escaper before = *this;
      ends_[derived] = assumed;
      const std::size_t mark = used_.size();
      auto body = std::make_shared<Definition>();
      body->name = definition.name;
      body->source = definition.source;
      std::vector<Loop> outer = std::exchange(loops_, {});
      const Source* const source = std::exchange(source_, definition.source.get());
      Context end = list(begin, definition.root, body->root);
      loops_ = std::move(outer);
      source_ = source;
      const bool recursive =
          std::find(used_.begin() + static_cast<std::ptrdiff_t>(mark), used_.end(), derived) != used_.end();
      if (end.failed()) {
        ends_.erase(derived);
        return end;
      }
      if (!recursive || end == assumed) {
        made_[derived] = std::move(body);
        return end;
      }
      restore(before);
      assumed = std::move(end);
    }
    return error_context("cannot compute output context for template " + derived);
  }

  /// Forgets what was made under an assumption that did not hold.
  void restore(const Escaper& before) {
    made_ = before.made_;
    ends_ = before.ends_;
    used_ = before.used_;
  }

  /// Goes on after an error, since a later one may be the one to tell.
  Context list(Context c, const StatementList& in, StatementList& out) {
    out.pos = in.pos;
    out.statements.reserve(in.statements.size());
    for (const Statement& statement : in.statements) {
      c = one(std::move(c), statement, out.statements.emplace_back(statement));
    }
    return c;
  }

  Context one(Context c, const Statement& in, Statement& out) {
    if (++steps_ > kMaxSteps) return error_context("too many nested loops and calls");
    switch (in.type) {
      case Statement::Type::kText:
        return text(std::move(c), in.text, out.text);
      case Statement::Type::kAction:
        return at(action(std::move(c), *in.pipe, out), *source_, in.pos);
      case Statement::Type::kIf:
        return branch(c, in, out, "if");
      case Statement::Type::kWith:
        return branch(c, in, out, "with");
      case Statement::Type::kRange:
        return range(c, in, out);
      case Statement::Type::kTemplate: {
        Call done = call(c, in.text);
        done.end = at(std::move(done.end), *source_, in.pos);
        out.text = std::move(done.name);
        return std::move(done.end);
      }
      case Statement::Type::kBreak:
        if (!loops_.empty()) loops_.back().breaks.push_back({std::move(c), &in});
        return Context{.state = State::kDead};
      case Statement::Type::kContinue:
        if (!loops_.empty()) loops_.back().continues.push_back({std::move(c), &in});
        return Context{.state = State::kDead};
    }
    return c;
  }

  Context branch(const Context& c, const Statement& in, Statement& out, std::string_view node) {
    out.body = {};
    out.else_body = {};
    const Context first = list(c, in.body, out.body);
    const Context second = list(c, in.else_body, out.else_body);
    return at(join(first, second, node), *source_, in.pos);
  }

  Context range(const Context& c, const Statement& in, Statement& out) {
    out.body = {};
    out.else_body = {};
    loops_.emplace_back();
    Context once = list(c, in.body, out.body);
    once = join_ends(std::move(once));
    if (!once.failed()) {
      // Going round again must change nothing.
      const Escaper before = *this;
      StatementList again;
      loops_.back() = {};
      const Context twice = list(once, in.body, again);
      once = join(once, twice, "range");
      if (once.failed()) {
        once.error = "on range loop re-entry: " + once.error;
        if (once.place == top_) once.place = line_of(in.pos);
        once = at(std::move(once), *source_, in.pos);
      } else {
        once = join_ends(std::move(once));
      }
      restore(before);
    }
    loops_.pop_back();
    if (once.failed()) return once;
    const Context none = list(c, in.else_body, out.else_body);
    return at(join(once, none, "range"), *source_, in.pos);
  }

  Context join_ends(Context c) {
    c = join_leaps(std::move(c), loops_.back().breaks, "break");
    return join_leaps(std::move(c), loops_.back().continues, "continue");
  }
  Context join_leaps(Context c, const std::vector<Leap>& leaps, std::string_view what) {
    for (const Leap& leap : leaps) {
      if (c.failed()) return c;
      c = at(join(c, leap.c, "range"), *source_, leap.statement->pos);
      if (!c.failed()) continue;
      c.error = fmt::format("at range loop {}: {}", what, c.error);
      if (c.place == top_) c.place = line_of(leap.statement->pos);
    }
    return c;
  }

  std::string line_of(std::uint32_t pos) const {
    const std::string where = source_->where(pos);
    return where.substr(0, where.rfind(':'));
  }

  Context text(Context c, std::string_view in, std::string& out) {
    if (c.failed() || c.state == State::kDead) return c;
    std::string made;
    std::size_t written = 0;
    for (std::size_t i = 0; i != in.size();) {
      Step step = after_text(c, in.substr(i));
      const std::size_t next = i + step.read;
      if (next == i && step.context == c) return error_context("BUG: no progress in " + c.describe());
      plain_part(c, step.context, in, i, next, made, written);
      c = std::move(step.context);
      i = next;
    }
    if (c.failed() && c.place.empty()) c.place = top_;
    if (written == 0 || c.failed()) return c;
    if (!is_comment(c.state) || c.delim != Delim::kNone) made += in.substr(written);
    out = std::move(made);
    return c;
  }

  /// What of in[i, next) is written differently: a `<` that begins no tag, comments, tags within scripts' literals.
  static void plain_part(const Context& c, const Context& after, std::string_view in, std::size_t i, std::size_t next,
                         std::string& made, std::size_t& written) {
    const auto keep_to = [&](std::size_t end) {
      made += in.substr(written, end - written);
      written = end;
    };
    if (c.state == State::kText || c.state == State::kRcdata) {
      std::size_t end = next;
      if (after.state != c.state && next > i) {
        const std::size_t tag = in.rfind('<', next - 1);
        if (tag != kEnd && tag >= i) end = tag;
      }
      for (std::size_t j = i; j < end; ++j) {
        if (in[j] != '<' || equal_ignoring_case(in.substr(j, 9), "<!doctype")) continue;
        keep_to(j);
        made += "&lt;";
        written = j + 1;
      }
    } else if (is_comment(c.state) && c.delim == Delim::kNone) {
      if (c.state == State::kJsBlockComment) {
        const std::string_view comment = in.substr(written, next - written);
        const bool lines = comment.find_first_of("\n\r") != kEnd || comment.find("\xe2\x80\xa8") != kEnd ||
                           comment.find("\xe2\x80\xa9") != kEnd;
        made += lines ? '\n' : ' ';
      } else if (c.state == State::kCssBlockComment) {
        made += ' ';
      }
      written = next;
    }
    if (c.state != after.state && is_comment(after.state) && after.delim == Delim::kNone) {
      std::size_t begin = next - 2;
      if (after.state == State::kHtmlComment || after.state == State::kJsHtmlOpenComment) begin -= 2;
      if (after.state == State::kJsHtmlCloseComment) begin -= 1;
      keep_to(begin);
      written = next;
    }
    if (is_script_literal(c.state)) {
      const std::string hidden = hide_script_tags(in.substr(i, next - i));
      if (hidden.size() != next - i) {
        keep_to(i);
        made += hidden;
        written = next;
      }
    }
  }

  Context action(Context c, const Pipe& pipe, Statement& out) {
    if (!pipe.variables.empty()) return c;
    c = nudge(std::move(c));
    for (std::size_t i = 0; i < pipe.commands.size(); ++i) {
      const std::string* const function = function_of(pipe.commands[i]);
      if (function == nullptr || !is_predefined(*function)) continue;
      const bool unquoted = c.state == State::kAttr && c.delim == Delim::kSpaceOrTagEnd && *function == "html";
      if (i + 1 < pipe.commands.size() || unquoted) {
        return error_context(fmt::format("predefined escaper {} disallowed in template", go_quote(*function)));
      }
    }
    std::vector<std::string> escapers;
    c = choose(std::move(c), pipe, escapers);
    if (c.failed() || c.state == State::kDead) return c;
    if (c.delim == Delim::kSpaceOrTagEnd) {
      escapers.emplace_back("_html_template_nospaceescaper");
    } else if (c.delim != Delim::kNone) {
      escapers.emplace_back("_html_template_attrescaper");
    }
    out.pipe = std::make_shared<const Pipe>(with_escapers(pipe, std::move(escapers)));
    return c;
  }

  static Context choose(Context c, const Pipe& pipe, std::vector<std::string>& escapers) {
    const auto with = [&](std::string_view name) { escapers.push_back("_html_template_" + std::string(name)); };
    switch (c.state) {
      case State::kUrl:
      case State::kCssDoubleQuoted:
      case State::kCssSingleQuoted:
      case State::kCssDoubleQuotedUrl:
      case State::kCssSingleQuotedUrl:
      case State::kCssUrl:
        if (c.url_part == UrlPart::kUnknown) {
          return error_context("{{" + pipe.to_string() + "}} appears in an ambiguous context within a URL");
        }
        if (c.url_part == UrlPart::kQueryOrFragment) {
          with("urlescaper");
          break;
        }
        if (c.url_part == UrlPart::kNone) with("urlfilter");
        with(c.state == State::kCssDoubleQuoted || c.state == State::kCssSingleQuoted ? "cssescaper" : "urlnormalizer");
        break;
      case State::kJs:
        with("jsvalescaper");
        c.js_slash = JsSlash::kDivision;
        break;
      case State::kJsDoubleQuoted:
      case State::kJsSingleQuoted:
        with("jsstrescaper");
        break;
      case State::kJsTemplateLiteral:
        with("jstmpllitescaper");
        break;
      case State::kJsRegexp:
        with("jsregexpescaper");
        break;
      case State::kCss:
        with("cssvaluefilter");
        break;
      case State::kText:
        with("htmlescaper");
        break;
      case State::kRcdata:
        with("rcdataescaper");
        break;
      case State::kAttrName:
      case State::kTag:
        c.state = State::kAttrName;
        with("htmlnamefilter");
        break;
      case State::kSrcset:
        with("srcsetescaper");
        break;
      default:
        if (is_comment(c.state)) with("commentescaper");
        break;
    }
    return c;
  }

  static constexpr int kMaxDepth = 200;
  static constexpr int kMaxSteps = 200'000;  // loops are walked twice, and so are loops within them

  const DefinitionMap& definitions_;
  std::string top_;                      // errors of texts name it
  DefinitionMap made_;                   // rewritten
  std::map<std::string, Context> ends_;  // of those that were called, or are being walked and assumed
  std::vector<std::string> used_;        // names in ends_ that were used, in order
  std::vector<Loop> loops_;
  const Source* source_ = nullptr;
  int depth_ = 0, steps_ = 0;
};

}  // namespace

Result<DefinitionMap> escape(const DefinitionMap& definitions, const std::string& name) {
  return Escaper(definitions).run(name);
}

}  // namespace tocsin::tmpl::html
