#pragma once
// Phase 2: tokens to trees. Source: Go text/template/parse (the language and its error texts).

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "template/ast.hpp"

namespace tocsin::tmpl {

inline constexpr std::size_t kMaxTemplateBytes = 1U << 20U;
inline constexpr int kMaxBlockNesting = 200;
inline constexpr int kMaxParenNesting = 100;

using DefinitionMap = std::map<std::string, std::shared_ptr<const Definition>, std::less<>>;

/// Parses a text that holds the template `name` and any number of definitions.
/// @param has_function  tells which functions exist: a call of another is an error.
/// @return all templates of the text by name; kInvalid "template: name:1: message", kLimit for a text that is too long.
Result<DefinitionMap> parse_template(const std::string& name, std::string_view text,
                                     const std::function<bool(std::string_view)>& has_function);

/// A numeric or character constant; kInvalid with Go's text, kUnsupported for a complex number.
Result<Number> parse_number(std::string_view text);

}  // namespace tocsin::tmpl
