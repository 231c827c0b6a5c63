#include "app/process.hpp"

#include "base/fault_point.hpp"
#include "base/version.hpp"
#include "config/environment.hpp"

namespace tocsin::app {

int run(int argc, const char* const* argv) {
  const auto flags = parse_flags(argc, argv);
  if (!flags) return flags.error();
  log::setup(flags->log_level, flags->log_format);
  log::info("app", "starting", {{"version", version()}, {"revision", revision()}});
  for (const std::string& warning : flags->warnings) log::warn("app", warning);
  for (const config::FeatureNote& note : flags->feature_notes) {
    log::write(note.level, "app", note.text, {{"option", note.option}});
  }
  if (const std::string points = config::process_environment()("TOCSIN_FAULT_POINT"); !points.empty()) {
    if (const auto armed = arm_fault_points(points); !armed) {
      log::error("app", "cannot start", {{"err", armed.error().message}});
      return 1;
    }
    log::warn("app", "a test: the process kills itself", {{"at", points}});
  }
  return flags->alertmanager_only ? run_alertmanager(*flags) : run_ruler(*flags);
}

}  // namespace tocsin::app
