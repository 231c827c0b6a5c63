#include <algorithm>
#include <csignal>

#include "app/process.hpp"
#include "app/ruler.hpp"
#include "tsdb/return_memory.hpp"

namespace tocsin::app {
namespace {

constexpr unsigned kOtherQueryWork = 2;  // handshakes and compressed pages go on while all queries are long ones

/// Queries have threads of their own, as many as may run at once: a flood of them holds up neither scrapes nor rules,
/// and a short one runs beside long ones.
net::RuntimeOptions runtime_options(const Flags& flags) {
  net::RuntimeOptions options;
  options.query_threads =
      static_cast<unsigned>(std::min(flags.query_max_concurrency, kMostQueryThreads)) + kOtherQueryWork;
  return options;
}

}  // namespace

int run_ruler(const Flags& flags) {
  tsdb::keep_some_freed_memory();
  std::unique_ptr<Ruler> ruler;  // outlives the runtime, whose tasks refer to it
  auto runtime = net::make_runtime(runtime_options(flags));
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
