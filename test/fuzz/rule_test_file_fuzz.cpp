// Any bytes as a file of unit tests of rules: tests, or an error that names the file. Tests that are short run too,
// without rules: whatever they hold, they end with texts.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/mem_fs.hpp"
#include "ruletest/rule_tests.hpp"
#include "ruletest/test_file.hpp"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool is_short(const tocsin::ruletest::TestFile& file) {
  std::int64_t evaluations = 0;
  for (const auto& test : file.tests) evaluations += 1 + test.last_eval_time() / file.evaluation_interval;
  return evaluations <= 8;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto file = ruletest::parse_test_file(text, "fuzzed.yml");
  if (!file) {
    require(file.error().message.starts_with("fuzzed.yml:"), file.error().message.c_str());
    return 0;
  }
  require(file->evaluation_interval > Duration{0}, "no interval");
  if (!is_short(*file) || size > 2000) return 0;
  MemFs fs;
  require(fs.create_directories("/f").has_value() && fs.write_file_atomic("/f/t.yml", text).has_value(), "no file");
  const auto report = ruletest::run_test_file(fs, "/f/t.yml");
  require(report.has_value(), "no report");
  (void)ruletest::junit_xml({report->junit});
  return 0;
}
