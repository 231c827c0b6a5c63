#pragma once
// Go's text/template: a set of templates that call one another, parsed once and executed often.
//   text -> lexer.hpp -> parser.hpp -> ast.hpp -> exec.cpp, over the values of value.hpp and the functions given.
// Texts of errors are Go's: `template: name:1:2: executing "name" at <.X>: can't evaluate field X in type int`.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "template/parser.hpp"
#include "template/value.hpp"

namespace tocsin::tmpl {

/// What one execution may use; beyond is kLimit. The user's template is input like any other: it can loop and recurse.
struct ExecLimits {
  std::size_t output_bytes = 1U << 20U;   // of the text that comes out
  std::size_t memory_bytes = 64U << 20U;  // of all texts, lists and maps that functions made on the way
  std::size_t steps = 1'000'000;          // statements and commands
  int depth = 500;                        // of templates, blocks and parentheses under way, together
};

struct ExecOptions {
  /// Looked up before the functions of the set, so that one execution can bring its own data; may be nullptr.
  const FuncMap* functions = nullptr;
  ExecLimits limits = {};
};

/// A set of associated templates. Copies are cheap and independent: adding to one does not change the other.
/// Thread: execute() from any, several at once; add() from one, before.
class Template {
 public:
  /// @param functions  shared by all copies; Go's builtins are always there.
  explicit Template(std::shared_ptr<const FuncMap> functions);
  /// Parses `text` into a new set whose main template is `name`.
  static Result<Template> parse(const std::string& name, std::string_view text,
                                std::shared_ptr<const FuncMap> functions);

  /// Parses a text that holds the template `name` and definitions, which replace earlier ones of their names unless
  /// they are empty. @return kInvalid "template: name:1: unclosed action"; nothing was added then.
  Result<void> add(const std::string& name, std::string_view text);
  /// `options` (if any) may hold functions that the text calls beside those of the set.
  Result<void> add(const std::string& name, std::string_view text, const ExecOptions& options);

  bool has(std::string_view name) const { return definitions_.contains(name); }
  std::vector<std::string> names() const;

  /// @return kExecution with Go's text, kLimit, kNotFound if there is no such template.
  Result<std::string> execute(std::string_view name, const Value& data, const ExecOptions& options = {}) const;
  /// The same as an HTML template: values are escaped for where they stand (html_escape.hpp).
  /// @return also kInvalid for a template whose contexts cannot be told: "html/template:...".
  Result<std::string> execute_html(std::string_view name, const Value& data, const ExecOptions& options = {}) const;
  /// Only whether it can be escaped.
  Result<void> check_html(std::string_view name) const;

 private:
  std::shared_ptr<const FuncMap> functions_;
  DefinitionMap definitions_;
};

/// and or not eq ne lt le gt ge len index slice call print printf println html js urlquery.
const FuncMap& builtin_functions();

}  // namespace tocsin::tmpl
