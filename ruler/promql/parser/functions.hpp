#pragma once
// The table of functions: names, argument types, feature switches. Source: Prometheus promql/parser/functions.go.

#include <span>
#include <string_view>
#include <vector>

#include "promql/parser/ast.hpp"

namespace tocsin::promql::parser {

struct Function {
  std::string_view name;
  std::vector<ValueType> args;
  /// 0: exactly args.size() arguments. Else at least args.size() - 1, and up to n more, or any number if n is -1;
  /// further ones have the last type.
  int variadic = 0;
  ValueType returns = ValueType::kVector;
  bool experimental = false;
};

/// nullptr if there is no function of this name.
const Function* find_function(std::string_view name);
std::span<const Function> all_functions();

}  // namespace tocsin::promql::parser
