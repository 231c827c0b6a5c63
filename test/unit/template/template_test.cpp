#include "template/template.hpp"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "template/go_format.hpp"

using namespace tocsin;
using namespace tocsin::tmpl;

namespace {

std::shared_ptr<const FuncMap> functions() {
  auto out = std::make_shared<FuncMap>();
  (*out)["list"] = {{&kAnyType}, true, [](Args a) -> Result<Value> { return Value::list({a.begin(), a.end()}); }};
  (*out)["fails"] = {{}, false, [](Args) -> Result<Value> { return fail(Errc::kExecution, "on purpose"); }};
  (*out)["upper"] = {{&kStringType}, false, [](Args a) -> Result<Value> { return Value("U" + a[0].as_string()); }};
  (*out)["fn"] = {{}, false, [](Args) -> Result<Value> {
                    return Value::function(std::make_shared<const Function>(Function{
                        {&kIntType}, false, [](Args a) -> Result<Value> { return Value(a[0].as_int() + 1); }}));
                  }};
  (*out)["nothing"] = {{}, false, [](Args) -> Result<Value> { return Value(); }};
  return out;
}

std::string run(std::string_view text, const Value& data = {}, const ExecOptions& options = {}) {
  const auto set = Template::parse("t", text, functions());
  if (!set) return "parse: " + set.error().message;
  const auto out = set->execute("t", data, options);
  return out ? *out : "error: " + out.error().message;
}

}  // namespace

TEST_CASE("what newer Go has beyond the recorded cases") {
  struct Row {
    const char* text;
    const char* out;
  };
  const Row rows[] = {
      {"{{ with 0 }}a{{ else with 1 }}b{{ . }}{{ else }}c{{ end }}", "b1"},
      {"{{ if 0 }}a{{ else with 1 }}b{{ end }}{{ end }}", "parse: template: t:1: unexpected <with> in input"},
      {"{{ range 3 }}{{ . }}{{ end }}", "012"},
      {"{{ range $i := 2 }}{{ $i }}{{ end }}", "01"},
      {"{{ range $i, $j := 2 }}{{ end }}",
       "error: template: t:1:19: executing \"t\" at <2>: can't use 2 to iterate over more than one variable"},
      {"{{ ) }}", "parse: template: t:1: unexpected right paren"},
      {"{{ eq 1 1.0 }}",
       "error: template: t:1:3: executing \"t\" at <eq 1 1.0>: error calling eq: incompatible types for comparison: "
       "int "
       "and float64"},
      {"{{ eq (list 1) (list 1) }}",
       "error: template: t:1:3: executing \"t\" at <eq (list 1) (list 1)>: error calling eq: non-comparable type [1]: "
       "[]interface {}"},
      {"{{ call fn 2 }}", "3"},
      {"{{ call 1 }}",
       "error: template: t:1:3: executing \"t\" at <call 1>: error calling call: non-function 1 of type int"},
      {"{{ call fn }}",
       "error: template: t:1:3: executing \"t\" at <call fn>: error calling call: wrong number of args for fn: got 0 "
       "want 1"},
      {"{{ call fn \"a\" }}",
       "error: template: t:1:3: executing \"t\" at <call fn \"a\">: error calling call: arg 0: value has type string; "
       "should "
       "be int"},
      {"{{ fn }}", "error: template: t:1:3: executing \"t\" at <{{fn}}>: can't print {{fn}} of type func"},
      {"{{ 1i }}", "parse: template: t:1: complex constants are not supported: 1i"},
      {"{{ 1+2i }}", "parse: template: t:1: complex constants are not supported: 1+2i"},
      {"{{ fails }}", "error: template: t:1:3: executing \"t\" at <fails>: error calling fails: on purpose"},
      {"{{ nothing }}|{{ print nothing }}|{{ printf \"%v %d\" nothing nothing }}", "<no value>|<nil>|<nil> %!d(<nil>)"},
      {"{{ nothing.Foo }}{{ (nothing).Foo.Bar }}", "<no value><no value>"},
      {"{{ list nil 1 }} {{ index (list nil) 0 }} {{ range list nil }}{{ . }}{{ end }}",
       "[<nil> 1] <no value> <no value>"},
      {"{{ $x := 1 -}} {{/* gone */ -}} {{ $x }}", "1"},
      {"line1\n{{ \"a\" }}\n{{ .X }}",
       "error: template: t:3:3: executing \"t\" at <.X>: can't evaluate field X in type int"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const bool wants_int = std::string_view(row.text).find(".X") != std::string_view::npos;
    CHECK(run(row.text, wants_int ? Value(1) : Value()) == row.out);
  }
}

TEST_CASE("maps and structs are walked by their names") {
  const Value inner = Value::map({{"b", Value("B")}, {"a", Value(1)}, {"n", Value()}});
  const Value data = Value::map({{"m", inner}, {"l", Value::list({Value("x"), Value(2.5)})}});
  CHECK(run("{{ .m.a }}{{ .m.b }} {{ .m.none }} {{ .m.n }} {{ .l }} {{ .m }}", data) ==
        "1B <no value> <no value> [x 2.5] map[a:1 b:B n:<nil>]");
  CHECK(run("{{ .m.none.x }}", data) ==
        "error: template: t:1:5: executing \"t\" at <.m.none.x>: nil pointer evaluating interface {}.x");
  CHECK(run("{{ range $k, $v := .m }}{{ $k }}={{ $v }};{{ end }}", data) == "a=1;b=B;n=<no value>;");
  static constexpr std::string_view kNames[] = {"Name", "Age"};
  static const Type kPerson{.name = "main.Person", .kind = Kind::kStruct, .fields = kNames};
  static const Type kPointer{.name = "*main.Person", .kind = Kind::kStruct, .target = &kPerson};
  const Value person = Value::object({Value("Ann"), Value(7)}, kPerson);
  CHECK(run("{{ .Name }} {{ .Age }} {{ . }} {{ printf \"%+v %#v\" . . }}", person) ==
        "Ann 7 {Ann 7} {Name:Ann Age:7} main.Person{Name:\"Ann\", Age:7}");
  CHECK(run("{{ .name }}", person) ==
        "error: template: t:1:3: executing \"t\" at <.name>: can't evaluate field name in type main.Person");
  CHECK(run("{{ .Name 1 }}", person) ==
        "error: template: t:1:3: executing \"t\" at <.Name>: Name has arguments but cannot be invoked as function");
  CHECK(run("{{ . }} {{ printf \"%v\" . }}", person.as(kPointer)) == "{Ann 7} &{Ann 7}");
}

TEST_CASE("one execution may bring functions of its own") {
  auto set = Template::parse("t", "{{ upper \"x\" }}", functions());
  REQUIRE(set.has_value());
  FuncMap own;
  own["upper"] = {{&kStringType}, false, [](Args) -> Result<Value> { return Value("mine"); }};
  ExecOptions options;
  options.functions = &own;
  CHECK(set->execute("t", {}, options).value() == "mine");
  CHECK(set->execute("t", {}).value() == "Ux");
}

TEST_CASE("templates of several texts see one another, and copies go their own way") {
  auto set = Template::parse("a", "{{ define \"x\" }}1{{ end }}{{ template \"x\" }}{{ template \"y\" }}", functions());
  REQUIRE(set.has_value());
  CHECK(set->execute("a", {}).error().message.find("template \"y\" not defined") != std::string::npos);
  REQUIRE(set->add("b", "{{ define \"y\" }}2{{ end }}").has_value());
  CHECK(set->execute("a", {}).value() == "12");
  Template copy = *set;
  REQUIRE(copy.add("c", "{{ define \"x\" }}9{{ end }}{{ define \"y\" }} {{ end }}").has_value());
  CHECK(copy.execute("a", {}).value() == "92");  // an empty definition replaces nothing
  CHECK(set->execute("a", {}).value() == "12");
  CHECK_FALSE(set->add("d", "{{").has_value());
  CHECK(set->execute("none", {}).error().code == Errc::kNotFound);
  CHECK(set->names() == std::vector<std::string>{"a", "b", "x", "y"});
}

TEST_CASE("a template cannot run away") {
  ExecOptions small;
  small.limits.steps = 1000;
  small.limits.output_bytes = 100;
  small.limits.memory_bytes = 10000;
  small.limits.depth = 50;
  auto code = [&](const char* text) {
    const auto set = Template::parse("t", text, functions());
    REQUIRE(set.has_value());
    const auto out = set->execute("t", {}, small);
    REQUIRE_FALSE(out.has_value());
    CHECK(out.error().code == Errc::kLimit);
    return out.error().message;
  };
  CHECK(code("{{ range 1000000000 }}{{ end }}").find("more than 1000 steps") != std::string::npos);
  CHECK(code("{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}").find("maximum template depth") !=
        std::string::npos);
  CHECK(code("{{ range 100 }}abc{{ end }}").find("output is longer than 100 bytes") != std::string::npos);
  CHECK(
      code("{{ $x := \"aaaaaaaa\" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}").find("more than 10000 bytes of") !=
      std::string::npos);
  CHECK(code("{{ $x := list 1 }}{{ range 70 }}{{ $x = list $x }}{{ end }}").find("nested more than 64 deep") !=
        std::string::npos);
}

TEST_CASE("printing a value that shares its parts many times over stops at the limit") {
  const auto out = run("{{ $x := list \"aaaaaaaa\" }}{{ range 40 }}{{ $x = list $x $x }}{{ end }}{{ $x }}");
  CHECK(out.find("text is longer than the limit of") != std::string::npos);
}

TEST_CASE("deep nesting is refused before it hurts") {
  std::string parens(5000, '('), blocks;
  CHECK(run("{{ " + parens).find("max expression depth exceeded") != std::string::npos);
  for (int i = 0; i < 5000; ++i) blocks += "{{ if 1 }}";
  CHECK(run(blocks).find("blocks nested more than 200 deep") != std::string::npos);
  std::string chain = "{{ if 0 }}";
  for (int i = 0; i < 5000; ++i) chain += "{{ else if 0 }}";
  CHECK(run(chain + "{{ end }}").find("blocks nested more than 200 deep") != std::string::npos);
  CHECK(run(std::string(2U << 20U, 'x')).find("is longer than the limit") != std::string::npos);
}

TEST_CASE("a long else-if chain works") {
  std::string chain = "{{ $x := 60 }}{{ if eq $x 0 }}0";
  for (int i = 1; i < 80; ++i) chain += "{{ else if eq $x " + std::to_string(i) + " }}" + std::to_string(i);
  CHECK(run(chain + "{{ end }}") == "60");
}
