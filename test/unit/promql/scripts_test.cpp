// Tocsin's own promqltest scripts: what a clone alone can prove of the language.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "base/mem_fs.hpp"
#include "net/work_threads.hpp"
#include "promqltest/runner.hpp"
#include "promqltest/tsdb_store.hpp"
#include "support/promql_map_store.hpp"

namespace tocsin::promqltest {
namespace {

using test::map_stores;

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::size_t run_all(const promql::Engine& engine, const MakeStore& make) {
  std::size_t passed = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(TOCSIN_PROMQL_SCRIPTS)) {
    const std::string name = entry.path().filename().string();
    const ScriptReport report = run_script(read(entry.path()), engine, make);
    if (report.unreadable) FAIL_CHECK(name << ":" << report.unreadable->line << ": " << report.unreadable->message);
    for (const ScriptError& error : report.failed_loads) FAIL_CHECK(name << ":" << error.line << ": " << error.message);
    for (const EvalReport& eval : report.evals) {
      if (eval.status == EvalStatus::kPass) {
        ++passed;
      } else {
        FAIL_CHECK(name << ":" << eval.line << ": " << eval.expr << ": " << eval.message);
      }
    }
  }
  return passed;
}

/// The parser takes everything; what runs is what a server runs.
promql::EngineOptions default_options() {
  promql::EngineOptions options;
  options.parser.experimental_functions = true;
  options.parser.binop_fill_modifiers = true;
  options.parser.extended_range_selectors = true;
  return options;
}

TEST_CASE("the scripts of test/data/promql hold with the default switches") {
  const promql::EngineOptions options = default_options();
  const promql::Engine engine(options, system_clock());
  CHECK(run_all(engine, map_stores()) > 200);
}

TEST_CASE("the scripts hold on the store of a server, with helpers on threads of their own") {
  MemFs fs;
  net::WorkThreads threads(0, 0, 2);
  promql::EngineOptions options = default_options();
  options.helpers = &threads;
  options.help_from = 0;
  const promql::Engine engine(options, system_clock());
  CHECK(run_all(engine, tsdb_stores(fs, "/scripts")) > 200);
  CHECK(threads.helper_jobs() > 200);
}

TEST_CASE("the scripts of test/data/promql hold with delayed name removal") {
  promql::EngineOptions options = default_options();
  options.delayed_name_removal = true;
  const promql::Engine engine(options, system_clock());
  CHECK(run_all(engine, map_stores()) > 200);
}

TEST_CASE("a script with a wrong expectation fails") {
  const promql::Engine engine(script_engine_options(), system_clock());
  const auto failures = [&](const std::string& block) {
    const ScriptReport report = run_script("load 1m\n  m{a=\"b\"} 1 2 3\n\n" + block, engine, map_stores());
    REQUIRE(!report.unreadable);
    REQUIRE(report.failed_loads.empty());
    return report.count(EvalStatus::kFail);
  };
  CHECK(failures("eval instant at 1m m\n  m{a=\"b\"} 2\n") == 0);
  CHECK(failures("eval instant at 1m m\n  m{a=\"b\"} 2.001\n") == 1);
  CHECK(failures("eval instant at 1m m\n  m{a=\"c\"} 2\n") == 1);
  CHECK(failures("eval instant at 1m m\n") == 1);
  CHECK(failures("eval instant at 1m m\n  m{a=\"b\"} 2\n  m{a=\"c\"} 2\n") == 1);
  CHECK(failures("eval range from 0 to 2m step 1m m\n  m{a=\"b\"} 1 2 3\n") == 0);
  CHECK(failures("eval range from 0 to 2m step 1m m\n  m{a=\"b\"} 1 _ 3\n") == 1);
  CHECK(failures("eval range from 0 to 2m step 1m m\n  m{a=\"b\"} 1 2\n") == 1);
  CHECK(failures("eval instant at 1m 1 + 1\n  3\n") == 1);
  CHECK(failures("eval instant at 1m m\n  expect fail\n") == 1);
  CHECK(failures("eval instant at 1m m\n  expect warn\n  m{a=\"b\"} 2\n") == 1);
  CHECK(failures("eval instant at 1m rate(m[2m])\n  expect no_info\n  {a=\"b\"} 0.0166666667\n") == 1);
  CHECK(failures("eval instant at 1m topk(NaN, m)\n  expect fail msg: something else\n") == 1);
}

}  // namespace
}  // namespace tocsin::promqltest
