#pragma once
// The tree of an expression as JSON, for /api/v1/parse_query. Source: Prometheus web/api/v1/translate_ast.go.

#include "api/json_writer.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::api {

void write_ast(JsonWriter& json, const promql::parser::Expr& expr);

}  // namespace tocsin::api
