// What a script may say, and what is said of one that cannot be read.

#include <catch2/catch.hpp>

#include "promqltest/runner.hpp"

namespace tocsin::promqltest {
namespace {

promql::parser::ParserOptions all_switches() {
  return script_engine_options().parser;
}

std::string problem(std::string_view script, const ScriptLimits& limits = {}) {
  const auto commands = parse_script(script, all_switches(), limits);
  return commands ? std::string("none") : fmt::format("{}: {}", commands.error().line, commands.error().message);
}

EvalCommand first_eval(std::string_view script) {
  const auto commands = parse_script(script, all_switches());
  INFO((commands ? std::string() : commands.error().message));
  REQUIRE(commands);
  for (const ScriptCommand& command : *commands) {
    if (const auto* eval = std::get_if<EvalCommand>(&command)) return *eval;
  }
  FAIL("no eval");
  return {};
}

TEST_CASE("what cannot be read is told with its line, in Prometheus' words") {
  struct Case {
    std::string_view script, problem;
  };
  const Case cases[] = {
      {"\nlaod 1m\n", "2: invalid command \"laod 1m\""},
      {"load\n", "1: invalid load command. (load[_with_nhcb] <step:duration>)"},
      {"load_all 1m\n", "1: invalid load command. (load[_with_nhcb] <step:duration>)"},
      {"load soon\n", "1: invalid step definition \"soon\": not a valid duration string: \"soon\""},
      {"load 1m\n  {a=\"b\\\n", "2: 1:4: parse error: escape sequence not terminated"},
      {"load 1m\n  m 1\n  n@st 0s\n", "3: @st line has no following sample line"},
      {"load 1m\n  m@st 0s\n  n 1\n", "3: @st metric does not match the following sample line metric"},
      {"load 1m\n  m@st 0s 0s\n  m 1\n", "3: @st line has 2 values but sample line has 1"},
      {"eval m\n",
       "1: invalid evaluation command. Must be either 'eval[_fail|_warn|_ordered] instant [at <offset:duration>] "
       "<query>' or 'eval[_fail|_warn] range from <from> to <to> step <step> <query>'"},
      {"eval instant at never m\n",
       "1: error in eval m (line 1): invalid timestamp definition \"never\": not a valid duration string: \"never\""},
      {"eval range from 2m to 1m step 1m m\n",
       "1: error in eval m (line 1): invalid test definition, end timestamp (1m) is before start timestamp (2m)"},
      {"eval instant at 1m m(\n", "1: eval instant at 1m m(: 1:3: parse error: unclosed left parenthesis"},
      {"eval instant at 0 m\n  expect the unexpected\n",
       "2: error in eval m (line 1): invalid expect statement, must match `expect <type> <match_type>: <string>` "
       "format"},
      {"eval instant at 0 m\n  expect warn\n  expect no_warn\n",
       "3: error in eval m (line 1): invalid expect lines, warn and no_warn cannot be used together"},
      {"eval instant at 0 m\n  expect info\n  expect no_info\n",
       "3: error in eval m (line 1): invalid expect lines, info and no_info cannot be used together"},
      {"eval instant at 0 m\n  expect fail\n  expect fail\n",
       "3: error in eval m (line 1): invalid expect lines, multiple expect fail lines are not allowed"},
      {"eval instant at 0 m\n  m 1 2\n",
       "2: error in eval m (line 1): expecting multiple values in instant evaluation not allowed. consider using "
       "'expect range vector' directive to enable a range vector result for an instant query"},
      {"eval instant at 0 m\n  expect string\n",
       "2: error in eval m (line 1): expected string literal not valid - a quoted string literal is required"},
      {"eval instant at 0 m\n  expect string x\n",
       "2: error in eval m (line 1): expected string literal not valid - check that the string is correctly quoted"},
      {"eval instant at 0 m\n  expect range vector from 1m\n",
       "2: error in eval m (line 1): invalid range vector definition \"expect range vector from 1m\""},
  };
  for (const Case& c : cases) {
    INFO(c.script);
    CHECK(problem(c.script) == c.problem);
  }
}

TEST_CASE("an unusual but right script is read") {
  for (const std::string_view script :
       {"", "# only a comment", "CLEAR", "clear now", "load 1m", "load 1m\n m\n", "eval instant at 0 vector(1)",
        "eval_fail instant at 0 m\nexpected_fail_message x", "eval instant at 0 expect\n expect{} 1\n",
        "load 1m\r\n m 1\r\n"}) {
    INFO(script);
    CHECK(problem(script) == "none");
  }
}

TEST_CASE("the old and the new way of expecting a failure") {
  CHECK(first_eval("eval_fail instant at 0 m\n").expected.failure->matches("anything"));
  const auto message = first_eval("eval_fail instant at 0 m\n  expected_fail_message what is wrong\n");
  CHECK(message.expected.failure->matches("what is wrong"));
  CHECK_FALSE(message.expected.failure->matches("what is wrong here"));
  const auto regex = first_eval("eval_fail instant at 0 m\n  expected_fail_regexp wr.ng\n");
  CHECK(regex.expected.failure->matches("what is wrong here"));
  const auto both = first_eval("eval_fail instant at 0 m\n  expect fail msg: x\n");
  CHECK(both.expected.failure->matches("x"));
}

TEST_CASE("a number ends its block, and a range vector is asked at its end") {
  const auto commands = parse_script(
      "eval instant at 1m 1\n  1\neval instant at 0 m[2m]\n  expect range vector from 1m to 3m step 1m\n  m 1 2 3\n",
      all_switches());
  REQUIRE(commands);
  REQUIRE(commands->size() == 2);
  CHECK(std::get<EvalCommand>((*commands)[0]).expected.scalar == 1.0);
  CHECK(std::get<EvalCommand>((*commands)[1]).start == 180'000);
}

TEST_CASE("scripts that would fill the memory are refused") {
  CHECK(problem("load 1m\n  m 1x9999999\n") == "2: the script writes out too many values");
  CHECK(problem("load 1m\n  m 1x99999999999999999999\n") == "2: more than 10000000 repetitions");
  CHECK(problem("load 1m\n  m {{buckets:[1 1 1 1 1 1 1 1]}}x900000\n") == "2: the script writes out too many values");
  CHECK(problem("load 1m\n  m {{schema:1000}}\n") == "2: there is no schema 1000");
  CHECK(problem("load 1m\n  m {{offset:1e300}}\n") == "2: \"1e300\" is not an integer of a histogram");
  CHECK(problem("load 290y\n  m 1x1000000\n") == "2: the series reaches further than time does");
  CHECK(problem("load 1m\n  m@st 9999999999999y\n  m 1\n") != "none");
  CHECK(problem("eval range from 0 to 100y step 1ms m\n").find("1: error in eval m (line 1): a range of no steps") ==
        0);
  CHECK(problem("eval range from 0 to 1m step 0 m\n").find("1: error in eval m (line 1): a range of no steps") == 0);
  ScriptLimits limits;
  limits.bytes = 10;
  CHECK(problem("load 1m\n  m 1\n", limits) == "1: the script is larger than 10 bytes");
}

}  // namespace
}  // namespace tocsin::promqltest
