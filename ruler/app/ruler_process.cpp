#include <csignal>

#include "app/process.hpp"
#include "app/ruler.hpp"

namespace tocsin::app {

int run_ruler(const Flags& flags) {
  std::unique_ptr<Ruler> ruler;  // outlives the runtime, whose tasks refer to it
  auto runtime = net::make_runtime({});
  if (auto started = Ruler::start(*runtime, flags, posix_fs()); started) {
    ruler = std::move(*started);
  } else {
    log::error("app", "cannot start", {{"err", started.error().message}});
    return 1;
  }
  for (const int signal : {SIGINT, SIGTERM}) {
    runtime->on_signal(signal, [&ruler] {
      log::info("app", "received a signal, exiting gracefully");
      ruler->shut_down();
    });
  }
  runtime->on_signal(SIGHUP, [&ruler] { ruler->reload(); });
  runtime->run();
  ruler->close();
  runtime.reset();
  return 0;
}

}  // namespace tocsin::app
