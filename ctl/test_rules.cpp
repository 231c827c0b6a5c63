#include "ctl/test_rules.hpp"

#include <cstdio>

#include "base/fs.hpp"
#include "base/log.hpp"
#include "ctl/promql_features.hpp"

namespace tocsin::ctl {
namespace {

void print_report(const ruletest::FileReport& report) {
  if (report.errors.empty()) {
    fmt::print("  SUCCESS\n");
  } else {
    fmt::print(stderr, "  FAILED:\n");
    for (const std::string& error : report.errors) {
      fmt::print(stderr, "{}\n", error);
      std::fflush(stderr);
      fmt::print("\n");
      std::fflush(stdout);
    }
  }
  fmt::print("\n");
  std::fflush(stdout);
}

bool write_junit(const std::string& file, const std::vector<ruletest::JunitSuite>& suites) {
  if (file.empty()) return true;
  const auto written = posix_fs().write_file_atomic(file, ruletest::junit_xml(suites));
  if (!written) fmt::print(stderr, "failed to write JUnit XML: {}\n", written.error().message);
  return written.has_value();
}

}  // namespace

int test_rules(TestRulesArgs args) {
  log::setup(log::Level::kError, log::Format::kLogfmt);  // rules that fail are in the report
  const PromqlFeatures features = promql_features(args.features);
  args.options.parser = features.parser;
  args.options.delayed_name_removal = features.delayed_name_removal;
  args.options.warn = [](const std::string& text) { fmt::print(stderr, "  WARNING: {}\n", text); };
  if (args.debug) args.options.debug = [](const std::string& text) { fmt::print(stderr, "DEBUG: {}\n", text); };
  bool good = true;
  std::vector<ruletest::JunitSuite> suites;
  for (const std::string& file : args.files) {
    auto report = ruletest::run_test_file(posix_fs(), file, args.options);
    if (!report) {
      fmt::print(stderr, "--run: {}\n", report.error().message);
      return 1;
    }
    print_report(*report);
    good &= report->errors.empty();
    suites.push_back(std::move(report->junit));
  }
  return write_junit(args.junit_file, suites) && good ? 0 : 1;
}

}  // namespace tocsin::ctl
