// Runs Prometheus' promqltest scripts (commit d15adb9a, 3.14.0) from the corpora. No evaluation may be wrong.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/mem_fs.hpp"
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

/// Lines "file.test:line"; # begins a comment.
std::set<std::string> read_list(const std::string& name) {
  std::ifstream file(fs::path(TOCSIN_PROMQL_LISTS) / name);
  std::set<std::string> out;
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    line.erase(std::remove_if(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t'; }), line.end());
    if (!line.empty()) out.insert(line);
  }
  return out;
}

struct PlacedReport {
  std::string place;  // file.test:line
  EvalReport eval;
};

/// All evaluations of the corpus; empty (and said aloud) if there is none.
std::vector<PlacedReport> run_corpus(const promql::Engine& engine, const MakeStore& make = map_stores()) {
  std::vector<PlacedReport> out;
  const char* const corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora == nullptr) {
    WARN("TOCSIN_CORPORA is not set: Prometheus' test scripts were NOT run");
    return out;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(corpora) / "promql" / "testdata")) {
    if (entry.path().extension() != ".test") continue;
    const std::string name = entry.path().filename().string();
    const ScriptReport report = run_script(read(entry.path()), engine, make);
    if (report.unreadable) FAIL_CHECK(name << ":" << report.unreadable->line << ": " << report.unreadable->message);
    for (const ScriptError& error : report.failed_loads) FAIL_CHECK(name << ":" << error.line << ": " << error.message);
    for (const EvalReport& eval : report.evals) out.push_back({name + ":" + std::to_string(eval.line), eval});
  }
  CHECK(out.size() == 1562);
  return out;
}

TEST_CASE("Prometheus' own test scripts give Prometheus' answers") {
  const promql::Engine engine(script_engine_options(), system_clock());
  for (const auto& [place, eval] : run_corpus(engine)) {
    if (eval.status != EvalStatus::kPass) FAIL_CHECK(place << ": " << eval.expr << ": " << eval.message);
  }
}

TEST_CASE("Prometheus' own test scripts give Prometheus' answers from the store, too") {
  const promql::Engine engine(script_engine_options(), system_clock());
  log::setup(log::Level::kError, log::Format::kLogfmt);  // not of each store that opens
  MemFs fs;
  for (const auto& [place, eval] : run_corpus(engine, tsdb_stores(fs, "/scripts"))) {
    if (eval.status != EvalStatus::kPass) FAIL_CHECK(place << ": " << eval.expr << ": " << eval.message);
  }
}

TEST_CASE("with the default switches Prometheus' test scripts differ only where a switch says so") {
  promql::EngineOptions options = script_engine_options();
  options.delayed_name_removal = false;
  options.use_start_timestamps = false;
  const promql::Engine engine(options, system_clock());
  const std::set<std::string> listed = read_list("needs_switches.txt");
  for (const auto& [place, eval] : run_corpus(engine)) {
    const bool differs = eval.status == EvalStatus::kFail;
    if (differs && !listed.contains(place)) FAIL_CHECK(place << ": " << eval.expr << ": " << eval.message);
    if (!differs && listed.contains(place)) FAIL_CHECK(place << " does not differ: take it out of needs_switches.txt");
  }
}

}  // namespace
}  // namespace tocsin::promqltest
