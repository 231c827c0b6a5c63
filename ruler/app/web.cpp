#include "app/web.hpp"

#include "base/arena.hpp"
#include "base/log.hpp"
#include "base/version.hpp"

namespace tocsin::app {
namespace {

net::HttpResponse plain(int status, std::string text) {
  return net::HttpResponse(status, "text/plain; charset=utf-8", std::move(text));
}

net::Task<net::HttpResponse> answer(int status, std::string text) {
  co_return plain(status, std::move(text));
}

std::string ready_text(const WebOptions& options) {
  return options.troubles ? with_troubles(options.ready_text, options.troubles()) : options.ready_text;
}

net::Task<net::HttpResponse> reload(const WebOptions* options) {
  if (!options->lifecycle) co_return plain(403, "Lifecycle API is not enabled.");
  const Result<void> done = co_await options->reload();
  if (!done) {
    co_return plain(500, fmt::format("failed to reload config: {}\n", done.error().message));
  }
  co_return plain(200, "");
}

net::Task<net::HttpResponse> quit(const WebOptions* options) {
  if (!options->lifecycle) co_return plain(403, "Lifecycle API is not enabled.");
  options->quit();
  co_return plain(200, "Requesting termination... Goodbye!");
}

/// Served while the process starts. The notifications: Prometheus' page of the start asks them.
bool is_served_at_the_start(std::string_view path) {
  return path == "/-/healthy" || path == "/metrics" || path == "/api/v1/status/walreplay" ||
         path.starts_with("/api/v1/notifications");
}

}  // namespace

std::string with_troubles(std::string text, const std::vector<std::string>& troubles) {
  for (const std::string& trouble : troubles) {
    if (!text.ends_with('\n')) text += '\n';
    text += trouble + "\n";
  }
  return text;
}

Web::Web(net::Runtime& runtime, WebOptions options) : runtime_(runtime), options_(std::move(options)) {
  using Captures = net::HttpRouter::Captures;
  router_.add("GET", "/-/healthy", [this](net::HttpRequest, Captures) { return answer(200, options_.healthy_text); });
  router_.add("GET", "/-/ready", [this](net::HttpRequest, Captures) { return answer(200, ready_text(options_)); });
  router_.add("GET", "/metrics", [this](net::HttpRequest request, Captures) { return metrics(std::move(request)); });
  router_.add("POST,PUT", "/-/reload", [this](net::HttpRequest, Captures) { return reload(&options_); });
  if (options_.quit) {
    router_.add("POST,PUT", "/-/quit", [this](net::HttpRequest, Captures) { return quit(&options_); });
    // Prometheus' words; Alertmanager answers as for any method that a path does not have.
    for (const char* path : {"/-/reload", "/-/quit"}) {
      router_.add("GET", path,
                  [](net::HttpRequest, Captures) { return answer(405, "Only POST or PUT requests allowed"); });
    }
  }
  add_process_metrics();
}

void Web::add_process_metrics() {
  registry_.add(telemetry::make_process_probe(posix_fs(), "/proc"));
  registry_.add([this](telemetry::Sink& sink) {
    sink.gauge("tocsin_build_info", "The version of this process.", {{"revision", revision()}, {"version", version()}},
               1);
    const net::RuntimeStats stats = runtime_.stats();
    sink.gauge("tocsin_loop_lag_seconds", "Longest wait of a job or timer of the event loop since the last scrape.",
               stats.loop_lag_seconds_max);
    sink.counter("tocsin_task_failures_total", "Tasks that ended with a defect.",
                 static_cast<double>(stats.task_failures));
    sink.counter("tocsin_work_helper_jobs_total", "Parts of queries that idle cores took on.",
                 static_cast<double>(stats.helper_jobs));
    sink.gauge("tocsin_query_arena_kept_bytes", "Memory that queries gave back, for the next ones.",
               static_cast<double>(ArenaChunks::shared().kept_bytes()));
    static constexpr std::string_view kLanes[] = {"scrape", "rule", "query"};
    for (std::size_t lane = 0; lane < 3; ++lane) {
      sink.gauge("tocsin_work_queued_jobs", "Jobs that wait for a worker.", {{"lane", kLanes[lane]}},
                 static_cast<double>(stats.queued_jobs[lane]));
    }
    if (server_) server_->put_metrics(sink);
  });
}

net::Task<net::HttpResponse> Web::metrics(net::HttpRequest request) {
  const std::shared_ptr<const expo::RenderedPage> pages[] = {registry_.render()};
  co_return web::expose(request.headers.get("Accept"), pages, merge_order_);
}

net::Task<net::HttpResponse> Web::when_ready(net::HttpRequest request, const net::HttpRouter& router) {
  if (!ready_ && !is_served_at_the_start(request.path())) return answer(503, "Service Unavailable");
  return router.handle(std::move(request));
}

net::Task<net::HttpResponse> Web::handle(net::HttpRequest request) {
  const std::string path = request.path();
  for (const auto& [prefix, handler] : mounts_) {
    if (!path.starts_with(prefix) || path.size() == prefix.size() || path[prefix.size()] != '/') continue;
    if (!request.target.starts_with(prefix)) continue;  // written with escapes
    request.target.erase(0, prefix.size());
    if (!ready_ && !is_served_at_the_start(request.path())) return answer(503, "Service Unavailable");
    return handler(std::move(request));
  }
  if (options_.must_wait && options_.must_wait(path)) return answer(503, "Service Unavailable");
  return when_ready(std::move(request), router_);
}

web::ServerOptions Web::server_options(const Flags& flags) {
  web::ServerOptions options;
  options.config_file = flags.web_config_file;
  options.cors_origin = flags.cors_origin;
  options.access_log = flags.access_log;
  options.max_connections = flags.max_connections;
  options.read_timeout = flags.read_timeout;
  options.handler_timeout = flags.handler_timeout;
  return options;
}

Result<void> Web::listen(const Flags& flags, Fs& fs) {
  TOCSIN_TRY(const web::ExternalUrl url, external_url(flags));
  web::ServerOptions options = server_options(flags);
  options.listen_addresses = flags.listen_addresses;
  options.systemd_socket = flags.systemd_socket;
  options.route_prefix = web::route_prefix(flags.route_prefix, url);
  TOCSIN_TRY(server_, web::Server::start(runtime_.loop(), runtime_.work(), fs, std::move(options),
                                         [this](net::HttpRequest request) { return handle(std::move(request)); }));
  return {};
}

}  // namespace tocsin::app
