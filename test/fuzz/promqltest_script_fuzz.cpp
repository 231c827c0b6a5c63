// Any bytes as a promqltest script: commands, or one error with a line of the text. What can be read is run over a
// store in memory, with small limits; each evaluation ends in a verdict.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/mem_fs.hpp"
#include "promqltest/tsdb_store.hpp"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  static const bool quiet = (log::setup(log::Level::kError, log::Format::kLogfmt), true);
  require(quiet, "log");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  promql::EngineOptions engine_options = promqltest::script_engine_options();
  engine_options.timeout = std::chrono::seconds(1);
  const promql::Engine engine(engine_options, system_clock());
  promqltest::RunOptions options;
  options.variants = false;
  options.limits.values = 2000;
  options.limits.range_steps = 100;
  MemFs fs;
  const promqltest::ScriptReport report =
      promqltest::run_script(text, engine, promqltest::tsdb_stores(fs, "/scripts"), options);
  if (report.unreadable) {
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    require(report.unreadable->line >= 1 && report.unreadable->line <= lines, "a line that is not there");
    require(!report.unreadable->message.empty(), "an error without a text");
    require(report.evals.empty() && report.failed_loads.empty(), "something was run");
  }
  for (const promqltest::EvalReport& eval : report.evals) {
    require((eval.status == promqltest::EvalStatus::kPass) == eval.message.empty(), "a verdict without a reason");
  }
  return 0;
}
