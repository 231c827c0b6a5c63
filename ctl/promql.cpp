#include "ctl/promql.hpp"

#include <cstdio>
#include <filesystem>

#include <stdlib.h>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/log.hpp"
#include "promql/parser/parser.hpp"
#include "promqltest/runner.hpp"
#include "promqltest/tsdb_store.hpp"

namespace tocsin::ctl {
namespace {

/// A folder that is gone with it.
class TempFolder {
 public:
  TempFolder() {
    std::error_code ignored;
    path_ = (std::filesystem::temp_directory_path(ignored) / "tocsinctl-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    if (!path_.empty()) (void)posix_fs().remove_all(path_);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Totals {
  std::size_t passed = 0, failed = 0, unreadable = 0;
};

void run_file(const std::string& file, const promql::Engine& engine, const promqltest::MakeStore& make,
              Totals& totals) {
  const auto unreadable = [&](std::string_view where, std::string_view problem) {
    fmt::print("{}{}: {}\n", file, where, problem);
    ++totals.unreadable;
  };
  const auto text = posix_fs().read_file(file, promqltest::ScriptLimits{}.bytes);
  if (!text) return unreadable("", text.error().message);
  const promqltest::ScriptReport report = promqltest::run_script(*text, engine, make);
  if (report.unreadable) return unreadable(fmt::format(":{}", report.unreadable->line), report.unreadable->message);
  for (const promqltest::ScriptError& load : report.failed_loads) {
    fmt::print("{}:{}: load: {}\n", file, load.line, load.message);
  }
  totals.failed += report.failed_loads.size();
  for (const promqltest::EvalReport& eval : report.evals) {
    if (eval.status == promqltest::EvalStatus::kPass) {
      ++totals.passed;
      continue;
    }
    ++totals.failed;
    fmt::print("{}:{}: {}: {}\n", file, eval.line, eval.expr, eval.message);
  }
}

}  // namespace

int promql_format(const std::string& expression) {
  promql::parser::ParserOptions options;
  options.experimental_functions = options.binop_fill_modifiers = options.extended_range_selectors = true;
  const auto expr = promql::parser::parse_expr(expression, options);
  if (!expr) {
    fmt::print(stderr, "{}\n", expr.error().message);
    return 1;
  }
  fmt::print("{}\n", promql::parser::to_pretty_string(**expr));
  return 0;
}

int test_promql(const std::vector<std::string>& files) {
  const TempFolder folder;
  if (folder.path().empty()) {
    fmt::print(stderr, "cannot make a folder for the samples\n");
    return 1;
  }
  log::setup(log::Level::kWarn, log::Format::kLogfmt);  // not of each store that opens
  const promql::Engine engine(promqltest::script_engine_options(), system_clock());
  const promqltest::MakeStore make = promqltest::tsdb_stores(posix_fs(), folder.path());
  Totals totals;
  for (const std::string& file : files) run_file(file, engine, make, totals);
  fmt::print("{} passed, {} failed\n", totals.passed, totals.failed);
  if (totals.unreadable > 0) return 2;
  return totals.failed > 0 ? 1 : 0;
}

}  // namespace tocsin::ctl
