#include <csignal>

#include "api/alertmanager_v2.hpp"
#include "app/alerting_part.hpp"
#include "app/process.hpp"
#include "app/web.hpp"

namespace tocsin::app {
namespace {

constexpr Duration kDrainLimit = std::chrono::seconds(5);

/// Everything but the runtime: it outlives the runtime, whose tasks refer to it.
struct Parts {
  std::unique_ptr<AlertingPart> alerting;
  std::unique_ptr<Web> web;
  bool stopping = false;
};

Result<void> reload(Parts& parts) {
  parts.web->reopen_access_log();
  auto done = parts.alerting->reload();
  if (!done)
    log::error("app", "the configuration was not reloaded; the former one stays", {{"err", done.error().message}});
  return done;
}

net::Task<void> shut_down(net::Runtime* runtime, Parts* parts) {
  log::info("app", "received a signal, exiting gracefully");
  co_await parts->web->drain(kDrainLimit);
  parts->alerting->stop(kDrainLimit, [runtime] {
    log::info("app", "See you next time!");
    runtime->stop();
  });
}

Result<void> start(net::Runtime& runtime, const Flags& flags, Parts& parts) {
  TOCSIN_TRY(const web::ExternalUrl url, external_url(flags));
  TOCSIN_TRY(parts.alerting, AlertingPart::open(runtime, flags, url.text, posix_fs()));
  WebOptions options{.healthy_text = "OK",
                     .ready_text = "OK",
                     .lifecycle = true,
                     .reload = [&parts] { return reload(parts); },
                     .quit = nullptr};
  parts.web = std::make_unique<Web>(runtime, std::move(options));
  parts.alerting->add_to(parts.web->router(), runtime);
  api::add_alertmanager_v1(parts.web->router());
  parts.alerting->add_metrics(parts.web->registry());
  TOCSIN_OK(parts.alerting->reload());
  TOCSIN_OK(parts.web->listen(flags, posix_fs()));
  parts.web->set_ready(true);
  return {};
}

}  // namespace

int run_alertmanager(const Flags& flags) {
  Parts parts;
  auto runtime = net::make_runtime({});
  if (auto started = start(*runtime, flags, parts); !started) {
    log::error("app", "cannot start", {{"err", started.error().message}});
    if (parts.web) parts.web->close();
    if (parts.alerting) parts.alerting->close();
    return 1;
  }
  for (const int signal : {SIGINT, SIGTERM}) {
    runtime->on_signal(signal, [&runtime, &parts] {
      if (!std::exchange(parts.stopping, true)) runtime->loop().spawn("shut down", shut_down(runtime.get(), &parts));
    });
  }
  runtime->on_signal(SIGHUP, [&parts] { (void)reload(parts); });
  runtime->run();
  parts.web->close();
  parts.alerting->close();
  runtime.reset();
  return 0;
}

}  // namespace tocsin::app
