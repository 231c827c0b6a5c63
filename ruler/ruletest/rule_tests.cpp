#include "ruletest/rule_tests.hpp"

#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/mem_fs.hpp"
#include "base/strings.hpp"
#include "promqltest/tsdb_store.hpp"
#include "ruletest/group_test.hpp"
#include "ruletest/test_file.hpp"

namespace tocsin::ruletest {
namespace {

struct LoadedRules {
  std::vector<rules::GroupSpec> groups;
  std::vector<std::string> errors;
};

LoadedRules load_rules(Fs& fs, const TestFile& file, const RunOptions& options) {
  rules::RuleFileOptions rule_options;
  rule_options.ignore_unknown_fields = options.ignore_unknown_fields;
  rule_options.parser = options.parser;
  const std::size_t slash = file.name.rfind('/');
  const std::string folder = slash == std::string::npos ? std::string() : file.name.substr(0, slash);
  LoadedRules out;
  std::set<std::string> seen;
  for (const std::string& pattern : file.rule_files) {
    const std::string path = folder.empty() ? pattern : resolve_path(folder, pattern);
    const auto found = glob(fs, path);
    if (!found) {
      out.errors.push_back(found.error().message);
      continue;
    }
    if (found->empty() && options.warn) options.warn(fmt::format("no file match pattern {}", path));
    for (const std::string& name : *found) {
      if (!seen.insert(name).second) continue;
      rules::RuleFile read = rules::read_rule_file(fs, name, rule_options);
      std::ranges::move(read.errors, std::back_inserter(out.errors));
      std::ranges::move(read.groups, std::back_inserter(out.groups));
    }
  }
  return out;
}

/// Those that group_eval_order does not name come with the first one, in the order of the files.
void sort_groups(std::vector<rules::GroupSpec>& groups, const std::vector<std::string>& order) {
  std::vector<std::vector<rules::GroupSpec>> places(std::max<std::size_t>(order.size(), 1));
  for (rules::GroupSpec& group : groups) {
    const auto found = std::ranges::find(order, group.name);
    places[found == order.end() ? 0 : static_cast<std::size_t>(found - order.begin())].push_back(std::move(group));
  }
  groups.clear();
  for (auto& place : places) std::ranges::move(place, std::back_inserter(groups));
}

promql::EngineOptions engine_options(const TestFile& file, const RunOptions& options) {
  promql::EngineOptions out;
  out.default_subquery_step = file.evaluation_interval;
  out.delayed_name_removal = options.delayed_name_removal;
  out.parser = options.parser;
  return out;
}

class FileRun {
 public:
  FileRun(Fs& fs, const RunOptions& options) : fs_(fs), options_(options) {}

  Result<void> compile_names() {
    if (options_.run.empty()) return {};
    const std::string pattern = fmt::format("{}", fmt::join(options_.run, "|"));
    TOCSIN_TRY(names_, promqltest::compile_pattern(pattern));
    return {};
  }

  FileReport run(const std::string& name) {
    FileReport report;
    report.junit.name = name;
    auto text = fs_.read_file(name);
    auto file = text ? parse_test_file(std::move(*text), name) : Result<TestFile>(fail(std::move(text).error()));
    if (!file) {
      report.junit.error = file.error().message;
      report.errors.push_back(std::move(file.error().message));
      return report;
    }
    report.junit.timestamp = format_rfc3339(system_clock().now()).substr(0, sizeof("2026-01-02T03:04:05") - 1);
    run_tests(*file, report);
    return report;
  }

 private:
  void run_tests(const TestFile& file, FileReport& report) {
    LoadedRules rules = load_rules(fs_, file, options_);
    sort_groups(rules.groups, file.group_eval_order);
    const promql::Engine engine(engine_options(file, options_), system_clock());
    MemFs memory;
    const promqltest::MakeStore make_store = promqltest::tsdb_stores(memory, "/stores");
    const TestEnvironment environment{file, rules.groups, engine, make_store, options_.diff};
    for (std::size_t i = 0; i < file.tests.size(); ++i) {
      const TestGroup& test = file.tests[i];
      if (!options_.run.empty() && !names_.matches(test.name)) continue;
      const std::string name = test.name.empty() ? fmt::format("unnamed#{}", i) : test.name;
      std::vector<std::string> errors = rules.errors.empty() ? run_test(test, name, environment) : rules.errors;
      report.junit.cases.push_back({name, errors});
      std::ranges::move(errors, std::back_inserter(report.errors));
    }
  }

  std::vector<std::string> run_test(const TestGroup& test, const std::string& name,
                                    const TestEnvironment& environment) {
    const MonoTime began = system_clock().mono();
    debug(fmt::format("Starting test {}", name));
    GroupTest group_test(test, environment);
    std::vector<std::string> errors = group_test.run();
    if (options_.debug) {
      debug(fmt::format("Dump of all data (input_series and rules) at {}:\n{}",
                        format_go_duration(test.last_eval_time()), group_test.dump()));
      debug(fmt::format("Test {} finished, took {}", name, format_go_duration(system_clock().mono() - began)));
    }
    return errors;
  }

  void debug(const std::string& line) const {
    if (options_.debug) options_.debug(line);
  }

  Fs& fs_;
  const RunOptions& options_;
  promqltest::Pattern names_;
};

}  // namespace

Result<FileReport> run_test_file(Fs& fs, const std::string& file, const RunOptions& options) {
  FileRun run(fs, options);
  TOCSIN_OK(run.compile_names());
  return run.run(file);
}

}  // namespace tocsin::ruletest
