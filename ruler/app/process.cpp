#include "app/process.hpp"

#include "base/version.hpp"

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
  return flags->alertmanager_only ? run_alertmanager(*flags) : run_ruler(*flags);
}

}  // namespace tocsin::app
