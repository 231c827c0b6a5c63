#include <csignal>

#include "api/alertmanager_v2.hpp"
#include "app/alerting_part.hpp"
#include "app/process.hpp"
#include "app/reloader.hpp"
#include "app/web.hpp"
#include "config/checksum.hpp"

namespace tocsin::app {
namespace {

constexpr Duration kDrainLimit = std::chrono::seconds(5);

/// Everything but the runtime: it outlives the runtime, whose tasks refer to it.
struct Parts {
  std::unique_ptr<AlertingPart> alerting;
  std::unique_ptr<Web> web;
  std::unique_ptr<Reloader> reloader;
  bool stopping = false;
};

net::Task<Result<void>> reload(net::Runtime* runtime, Parts* parts, const Flags* flags) {
  std::function<AlertingPart::Loaded()> load = [flags] { return AlertingPart::load(posix_fs(), *flags); };
  AlertingPart::Loaded loaded =
      co_await net::run_on(runtime->loop(), runtime->work().lane(Lane::kQuery), std::move(load));
  if (parts->stopping) co_return Result<void>();
  co_return parts->alerting->apply(std::move(loaded));
}

/// On demand; the access log may have been rotated.
net::Task<Result<void>> reload_all(Parts* parts) {
  parts->web->reopen_access_log();
  co_return co_await parts->reloader->reload();
}

net::Task<void> reload_for_signal(Parts* parts) {
  (void)co_await reload_all(parts);
}

void make_reloader(net::Runtime& runtime, const Flags& flags, Parts& parts) {
  ReloadPart part{flags.alertmanager_config_file,
                  [&flags] { return config::alertmanager_checksum(posix_fs(), flags.alertmanager_config_file); },
                  [&runtime, &parts, &flags] { return reload(&runtime, &parts, &flags); }};
  parts.reloader = std::make_unique<Reloader>(runtime.loop(), runtime.work(), std::vector<ReloadPart>{std::move(part)});
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
  make_reloader(runtime, flags, parts);
  WebOptions options{.healthy_text = "OK",
                     .ready_text = "OK",
                     .lifecycle = true,
                     .reload = [&parts] { return reload_all(&parts); },
                     .quit = nullptr,
                     .troubles = [&parts] { return parts.alerting->troubles(); }};
  parts.web = std::make_unique<Web>(runtime, std::move(options));
  parts.alerting->add_to(parts.web->router(), runtime);
  api::add_alertmanager_v1(parts.web->router());
  parts.alerting->add_metrics(parts.web->registry());
  TOCSIN_OK(parts.alerting->apply(AlertingPart::load(posix_fs(), flags)));
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
  runtime->on_signal(SIGHUP, [&runtime, &parts] { runtime->loop().spawn("reload", reload_for_signal(&parts)); });
  runtime->run();
  parts.web->close();
  parts.alerting->close();
  runtime.reset();
  return 0;
}

}  // namespace tocsin::app
