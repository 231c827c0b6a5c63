#include "agent/check.hpp"

#include "agent/config.hpp"
#include "agent/source_set.hpp"
#include "agent/sources.hpp"

namespace tocsin::agent {
namespace {

Result<CheckedFile> check(Fs& fs, AgentConfig config, SourceSet& sources) {
  CheckedFile checked;
  checked.warnings = std::move(config.warnings);
  TOCSIN_TRY(const auto collectors, make_collectors(config, fs));
  if (config.node_enabled) {
    checked.summary = fmt::format("node ({} collectors)", collectors.size());
  }
  TOCSIN_TRY(const auto made, sources.prepare(std::move(config.sources)));
  for (const RunningSource& source : made) {
    const std::size_t targets = source.targets.size();
    checked.summary += fmt::format("{}{} ({} target{})", checked.summary.empty() ? "" : ", ", source.section.info.kind,
                                   targets, targets == 1 ? "" : "s");
  }
  return checked;
}

}  // namespace

Result<CheckedFile> check_file(Fs& fs, const std::string& file) {
  TOCSIN_TRY(AgentConfig config, read_config(fs, file, {}, known_sources()));
  net::RuntimeOptions options;
  options.work_threads = 1;
  const auto runtime = net::make_runtime(options);
  const auto anchor = std::make_shared<exporters::LoopAnchor>(runtime->loop());
  SourceSet sources(*runtime, fs, anchor);
  auto checked = check(fs, std::move(config), sources);
  anchor->close();
  sources.close();
  return checked;
}

}  // namespace tocsin::agent
