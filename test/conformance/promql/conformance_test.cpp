// Runs Prometheus' promqltest scripts (commit d15adb9a, 3.14.0) from the corpora. No evaluation may be wrong; what is
// not supported yet is listed in unsupported.txt, and nothing else.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "base/clock.hpp"
#include "support/promql_test_runner.hpp"

namespace tocsin::test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

/// Lines "file.test:line"; # begins a comment.
std::set<std::string> read_unsupported() {
  std::ifstream file(TOCSIN_PROMQL_UNSUPPORTED);
  std::set<std::string> out;
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    line.erase(std::remove_if(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t'; }), line.end());
    if (!line.empty()) out.insert(line);
  }
  return out;
}

TEST_CASE("Prometheus' own test scripts give Prometheus' answers, or say what is not supported") {
  const char* const corpora = std::getenv("TOCSIN_CORPORA");
  if (corpora == nullptr) {
    WARN("TOCSIN_CORPORA is not set: Prometheus' test scripts were NOT run");
    return;
  }
  const promql::Engine engine(promql_test_engine_options(), system_clock());
  const std::set<std::string> listed = read_unsupported();
  std::set<std::string> unsupported;
  std::map<std::string, int> reasons;
  std::size_t passed = 0;
  std::size_t failed = 0;
  const fs::path folder = fs::path(corpora) / "promql" / "testdata";
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".test") continue;
    const std::string name = entry.path().filename().string();
    const ScriptReport report = run_promql_script(read(entry.path()), engine, make_map_test_store);
    for (const std::string& error : report.errors) FAIL_CHECK(name << ": " << error);
    for (const EvalReport& eval : report.evals) {
      const std::string place = name + ":" + std::to_string(eval.line);
      switch (eval.status) {
        case EvalStatus::kPass:
          ++passed;
          if (listed.contains(place)) FAIL_CHECK(place << " is supported now: take it out of unsupported.txt");
          break;
        case EvalStatus::kFail:
          ++failed;
          FAIL_CHECK(place << ": " << eval.expr << ": " << eval.message);
          break;
        case EvalStatus::kUnsupported:
          unsupported.insert(place);
          ++reasons[eval.message];
          if (!listed.contains(place)) FAIL_CHECK(place << " was supported: " << eval.expr << ": " << eval.message);
          break;
      }
    }
  }
  std::ostringstream summary;
  summary << passed << " evaluations pass, " << failed << " fail, " << unsupported.size() << " are not supported yet:";
  for (const auto& [reason, count] : reasons) summary << "\n  " << count << "  " << reason;
  WARN(summary.str());
  CHECK(passed + failed + unsupported.size() == 1562);
}

}  // namespace
}  // namespace tocsin::test
