#include "ctl/check_rules.hpp"

#include <cstdio>
#include <iostream>
#include <iterator>

#include <fmt/ranges.h>

#include "base/fs.hpp"
#include "ctl/promql_features.hpp"
#include "rules/check.hpp"

namespace tocsin::ctl {
namespace {

constexpr int kFailed = 1;
constexpr int kLintFailed = 3;

std::string duplicates_text(const std::vector<rules::DuplicateRule>& duplicates) {
  std::string out = fmt::format("lint error {} duplicate rule(s) found.\n", duplicates.size());
  for (const rules::DuplicateRule& duplicate : duplicates) {
    out += fmt::format("Metric: {}\nLabel(s):\n", duplicate.name);
    for (const auto& label : duplicate.labels) out += fmt::format("\t{}: {}\n", label.name, label.value);
  }
  return out + "Might cause inconsistency while recording expressions";
}

void print_failure(const std::vector<std::string>& problems) {
  fmt::print(stderr, "  FAILED:\n{}\n", fmt::join(problems, "\n"));
}

class Checker {
 public:
  explicit Checker(const CheckRulesArgs& args) : args_(args) {
    options_.ignore_unknown_fields = args.ignore_unknown_fields;
    options_.parser = promql_features(args.features).parser;
  }

  int run() {
    if (args_.files.empty()) {
      fmt::print("Checking standard input\n");
      std::string text(std::istreambuf_iterator<char>(std::cin), {});
      judge(rules::check_text(std::move(text), "standard input", options_));
    }
    for (const std::string& file : args_.files) {
      fmt::print("Checking {}\n", file);
      judge(rules::check_file(posix_fs(), file, options_));
    }
    if (errors_) return kFailed;
    return lints_ && args_.lint_fatal ? kLintFailed : 0;
  }

 private:
  void judge(const rules::CheckReport& report) {
    std::fflush(stdout);
    for (const std::string& warning : report.warnings) fmt::print("  WARNING: {}\n", warning);
    const bool linted = args_.lint == "all" || args_.lint == "duplicate-rules";
    if (!report.ok()) {
      errors_ = true;
      print_failure(report.errors);
    } else if (linted && !report.duplicates.empty()) {
      lints_ = true;
      print_failure({duplicates_text(report.duplicates)});
    } else {
      fmt::print("  SUCCESS: {} rules found\n", report.rules);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }

  const CheckRulesArgs& args_;
  rules::RuleFileOptions options_;
  bool errors_ = false, lints_ = false;
};

}  // namespace

int check_rules(const CheckRulesArgs& args) {
  return Checker(args).run();
}

}  // namespace tocsin::ctl
