// Prometheus' own parser cases: what parses, what must fail, and with which text.

#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "conformance/promql_parser/corpora.hpp"
#include "promql/parser/parser.hpp"

namespace json = boost::json;
using namespace tocsin;

TEST_CASE("Prometheus' parse cases parse or fail as there, with the text that comes first there") {
  const auto folder = test::corpora();
  if (!folder) return;
  const json::value document = json::parse(test::read(*folder + "/promql/parse-cases.json"));
  promql::parser::ParserOptions options;
  options.experimental_functions = true;
  options.binop_fill_modifiers = true;
  options.extended_range_selectors = true;

  int cases = 0;
  int failing = 0;
  for (const json::value& entry : document.as_array()) {
    const auto& object = entry.as_object();
    const std::string input(object.at("input").as_string());
    const bool ok = object.at("ok").as_bool();
    CAPTURE(input);
    ++cases;
    const auto parsed = promql::parser::parse_expr(input, options);
    if (ok) {
      if (!parsed) FAIL_CHECK(parsed.error().message);
      continue;
    }
    ++failing;
    if (parsed) {
      FAIL_CHECK("parsed as " << promql::parser::to_string(**parsed));
      continue;
    }
    const std::string expected = "parse error: " + std::string(object.at("errors").as_array().at(0).as_string());
    const std::string& message = parsed.error().message;
    const std::size_t at = message.find("parse error: ");
    CHECK((at == std::string::npos ? message : message.substr(at)) == expected);
  }
  CHECK(cases == 219);
  CHECK(failing == 102);
}
