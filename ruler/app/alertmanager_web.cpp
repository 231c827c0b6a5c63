#include "app/alertmanager_web.hpp"

#include "api/alertmanager_v2.hpp"

namespace tocsin::app {
namespace {

using Captures = net::HttpRouter::Captures;

net::Task<net::HttpResponse> plain(int status, std::string text) {
  co_return net::HttpResponse(status, "text/plain; charset=utf-8", std::move(text));
}

net::Task<net::HttpResponse> reload_now(const AlertmanagerWeb::ReloadFn* reload) {
  const Result<void> done = co_await (*reload)();
  if (done) co_return net::HttpResponse(200, "");
  co_return co_await plain(500, fmt::format("failed to reload config: {}\n", done.error().message));
}

}  // namespace

AlertmanagerWeb::AlertmanagerWeb(net::Runtime& runtime, const Flags& flags, AlertingPart& alerting, Web& web,
                                 ReloadFn reload)
    : runtime_(runtime), flags_(flags), alerting_(alerting), web_(web), reload_(std::move(reload)) {
  add_paths(below_, flags.enable_lifecycle);
  add_paths(own_, true);
  web_.mount("/alertmanager", [this](net::HttpRequest request) { return below_.handle(std::move(request)); });
}

void AlertmanagerWeb::add_paths(net::HttpRouter& router, bool lifecycle) {
  router.add("GET", "/-/healthy", [](net::HttpRequest, Captures) { return plain(200, "OK"); });
  router.add("GET", "/-/ready",
             [this](net::HttpRequest, Captures) { return plain(200, with_troubles("OK", alerting_.troubles())); });
  router.add("GET", "/metrics",
             [this](net::HttpRequest request, Captures) { return web_.metrics(std::move(request)); });
  router.add("POST", "/-/reload", [this, lifecycle](net::HttpRequest, Captures) {
    return lifecycle ? reload_now(&reload_) : plain(403, "Lifecycle API is not enabled.");
  });
  alerting_.add_to(router, runtime_);
  api::add_alertmanager_v1(router);
}

Result<void> AlertmanagerWeb::listen(Fs& fs) {
  if (flags_.alertmanager_listen_addresses.empty()) return {};
  web::ServerOptions options = web_.server_options(flags_);
  options.listen_addresses = flags_.alertmanager_listen_addresses;
  options.route_prefix = "/";
  TOCSIN_TRY(server_, web::Server::start(
                          runtime_.loop(), runtime_.work(), fs, std::move(options),
                          [this](net::HttpRequest request) { return web_.when_ready(std::move(request), own_); }));
  return {};
}

net::Task<void> AlertmanagerWeb::drain(Duration limit) {
  if (server_) co_await server_->drain(limit);
}

void AlertmanagerWeb::reopen_access_log() {
  if (server_) server_->reopen_access_log();
}

void AlertmanagerWeb::close() {
  if (server_) server_->close();
}

}  // namespace tocsin::app
