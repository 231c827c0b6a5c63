// What Go's html/template made of many texts (test/data/template/html_cases.json, recorded with Go 1.19 by
// record_html_cases.go beside it), and what we make of them; and what later versions of Go changed.

#include <cstdlib>
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/fs.hpp"
#include "template/template.hpp"

using namespace tocsin;
namespace json = boost::json;
using tmpl::Value;

namespace {

/// The data that the cases were recorded with.
Value case_data() {
  tmpl::MapData data;
  data["S"] = Value("a b<c>&\"d'+e`f");
  data["T"] = Value("plain");
  data["U"] = Value("javascript:alert(1)");
  data["V"] = Value("https://x.example/a b?q=1&r=%20<z>");
  data["I"] = Value(42);
  data["F"] = Value(1.5);
  data["N"] = Value::nil_interface();
  data["H"] = Value::text("<b title=\"x\">bold &amp; <i>it</i></b>", tmpl::kHtmlType);
  data["W"] = Value::text("javascript:ok('x')", tmpl::kUrlType);
  data["C"] = Value("red; } x");
  data["J"] = Value("</script><!-- \xe2\x80\xa8 x/*y*/");
  data["B"] = Value(true);
  data["L"] = Value::list({Value("p<"), Value("q>"), Value(3)});
  data["M"] = Value::map({{"k", Value("v<")}});
  data["E"] = Value("");
  data["D"] = Value("expression(1)");
  data["A"] = Value("onclick");
  data["P"] = Value("id");
  return Value::map(std::move(data));
}

}  // namespace

TEST_CASE("HTML templates give what Go's html/template gave, errors included") {
  auto file = posix_fs().read_file(TOCSIN_TEST_DATA "/html_cases.json");
  REQUIRE(file.has_value());
  const Value data = case_data();
  const auto functions = std::make_shared<const tmpl::FuncMap>();
  const json::value recorded = json::parse(*file);
  for (const json::value& item : recorded.as_array()) {
    const std::string text(item.at("text").as_string());
    INFO(text);
    auto set = tmpl::Template::parse("t", text, functions);
    const Result<std::string> out = set ? set->execute_html("t", data) : fail(set.error());
    if (const json::value* error = item.as_object().if_contains("error")) {
      INFO((out ? *out : std::string()));
      REQUIRE_FALSE(out.has_value());
      CHECK(out.error().message == std::string(error->as_string()));
    } else {
      INFO((out ? std::string() : out.error().message));
      REQUIRE(out.has_value());
      CHECK(*out == std::string(item.at("output").as_string()));
    }
  }
}

TEST_CASE("HTML templates know what later versions of Go know") {
  struct Case {
    const char* text;
    const char* output;
  };
  const Case cases[] = {
      // An unquoted value that is empty would take the next attribute for its own.
      {"<input value={{.E}} x>", "<input value=ZgotmplZ x>"},
      {"<input value={{.N}}>", "<input value=ZgotmplZ>"},
      // What would end a script stands within its strings as an escape.
      {"<script>x = \"</script>{{.T}}\"</script>", "<script>x = \"\\x3C/script>plain\"</script>"},
      {"<script>x = '<!-- {{.T}}'</script>", "<script>x = '\\x3C!-- plain'</script>"},
      // Template literals and what is calculated in them.
      {"<script>`a{{.S}}`</script>", "<script>`aa b\\u003cc\\u003e\\u0026\\u0022d\\u0027\\u002be\\u0060f`</script>"},
      {"<script>`${ {{.I}} }{{.T}}`; {{.T}}</script>", "<script>`${  42  }plain`; \"plain\"</script>"},
      {"<script>`${ {a:1} }{{.T}}`</script>", "<script>`${ {a:1} }plain`</script>"},
      // Comments of HTML end a line of a script.
      {"<script>1 <!-- {{.T}}\n{{.T}}</script>", "<script>1 \n\"plain\"</script>"},
      {"<script>#! {{.T}}\n{{.T}}</script>", "<script>\n\"plain\"</script>"},
      {"<style>p { a: {{.J}} }</style>", "<style>p { a: ZgotmplZ }</style>"},
  };
  const Value data = case_data();
  for (const Case& one : cases) {
    INFO(one.text);
    auto set = tmpl::Template::parse("t", one.text, std::make_shared<const tmpl::FuncMap>());
    REQUIRE(set.has_value());
    const auto out = set->execute_html("t", data);
    INFO((out ? std::string() : out.error().message));
    REQUIRE(out.has_value());
    CHECK(*out == one.output);
  }
}

TEST_CASE("HTML templates that call themselves keep their context, or are refused") {
  const auto escape = [](const std::string& text) {
    auto set = tmpl::Template::parse("t", text, std::make_shared<const tmpl::FuncMap>());
    REQUIRE(set.has_value());
    return set->execute_html("t", case_data());
  };
  const auto tree = escape(R"({{define "x"}}<i>{{.T}}</i>{{if .E}}{{template "x" .}}{{end}}{{end}}{{template "x" .}})");
  REQUIRE(tree.has_value());
  CHECK(*tree == "<i>plain</i>");
  const auto opens = escape(R"({{define "x"}}<a title="{{if .E}}{{template "x" .}}{{end}}{{end}}{{template "x" .}})");
  REQUIRE_FALSE(opens.has_value());
  CHECK(opens.error().message.starts_with("html/template:t:"));
}

TEST_CASE("a hostile HTML template ends at a limit") {
  std::string loops;
  for (int i = 0; i < 60; ++i) loops += "{{range .L}}";
  loops += "x";
  for (int i = 0; i < 60; ++i) loops += "{{end}}";
  auto set = tmpl::Template::parse("t", loops, std::make_shared<const tmpl::FuncMap>());
  REQUIRE(set.has_value());
  const auto out = set->check_html("t");
  REQUIRE_FALSE(out.has_value());
  CHECK(out.error().message.find("too many nested loops and calls") != std::string::npos);
}
