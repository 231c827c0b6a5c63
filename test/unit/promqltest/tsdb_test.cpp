// Scripts over the ruler's own store.

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "base/mem_fs.hpp"
#include "promqltest/tsdb_store.hpp"

namespace tocsin::promqltest {
namespace {

ScriptReport run(std::string_view script, Fs& fs) {
  const promql::Engine engine(script_engine_options(), system_clock());
  return run_script(script, engine, tsdb_stores(fs, "/scripts"));
}

TEST_CASE("samples are in the store until clear, and the folders are gone at the end") {
  MemFs fs;
  const ScriptReport report =
      run("load 1m\n  m 1 2 3\n\neval instant at 2m m\n  m 3\n\nload 1m\n  n 7\n\neval instant at 0 n\n  n 7\n\n"
          "clear\n\neval instant at 2m m\n\nload 1m\n  m _ 5 stale\n\neval instant at 1m m\n  m 5\n\neval instant at "
          "2m m\n",
          fs);
  REQUIRE_FALSE(report.unreadable);
  CHECK(report.failed_loads.empty());
  CHECK(report.evals.size() == 5);
  CHECK(report.count(EvalStatus::kPass) == 5);
  CHECK(fs.list("/scripts")->empty());
}

TEST_CASE("a load that the store refuses is told, and the script goes on") {
  MemFs fs;
  const ScriptReport report = run("load 1m\n  m 1 2 3\n\nload 1m\n  m 4\n\neval instant at 2m m\n  m 3\n", fs);
  REQUIRE(report.failed_loads.size() == 1);
  CHECK(report.failed_loads[0].line == 4);
  CHECK(report.failed_loads[0].message == "{__name__=\"m\"} at 0 ms: out_of_order");
  CHECK(report.count(EvalStatus::kPass) == 1);
}

TEST_CASE("a wrong expectation says what was expected and what came") {
  MemFs fs;
  const ScriptReport report = run("load 1m\n  m 1 2 3\n\neval instant at 2m m\n  m 4\n", fs);
  REQUIRE(report.evals.size() == 1);
  CHECK(report.evals[0].line == 4);
  CHECK(report.evals[0].message == "{__name__=\"m\"}: expected 4, got 3");
}

}  // namespace
}  // namespace tocsin::promqltest
