#include "app/web.hpp"

#include <unistd.h>

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

net::Task<net::HttpResponse> reload(const WebOptions* options) {
  if (!options->lifecycle) co_return plain(403, "Lifecycle API is not enabled.");
  if (auto done = options->reload(); !done) {
    co_return plain(500, fmt::format("failed to reload config: {}\n", done.error().message));
  }
  co_return plain(200, "");
}

net::Task<net::HttpResponse> quit(const WebOptions* options) {
  if (!options->lifecycle) co_return plain(403, "Lifecycle API is not enabled.");
  options->quit();
  co_return plain(200, "Requesting termination... Goodbye!");
}

}  // namespace

Web::Web(net::Runtime& runtime, WebOptions options) : runtime_(runtime), options_(std::move(options)) {
  using Captures = net::HttpRouter::Captures;
  router_.add("GET", "/-/healthy", [this](net::HttpRequest, Captures) { return answer(200, options_.healthy_text); });
  router_.add("GET", "/-/ready", [this](net::HttpRequest, Captures) { return answer(200, options_.ready_text); });
  router_.add("GET", "/metrics", [this](net::HttpRequest, Captures) { return metrics(); });
  router_.add("POST,PUT", "/-/reload", [this](net::HttpRequest, Captures) { return reload(&options_); });
  if (options_.quit) {
    router_.add("POST,PUT", "/-/quit", [this](net::HttpRequest, Captures) { return quit(&options_); });
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
    static constexpr std::string_view kLanes[] = {"scrape", "rule", "query"};
    for (std::size_t lane = 0; lane < 3; ++lane) {
      sink.gauge("tocsin_work_queued_jobs", "Jobs that wait for a worker.", {{"lane", kLanes[lane]}},
                 static_cast<double>(stats.queued_jobs[lane]));
    }
    net::HttpServerStats http;
    for (const auto& server : servers_) {
      const net::HttpServerStats one = server->stats();
      http.connections_accepted += one.connections_accepted;
      http.connections_refused += one.connections_refused;
      http.requests += one.requests;
      http.bad_requests += one.bad_requests;
      http.connections_open += one.connections_open;
    }
    sink.gauge("tocsin_http_connections_open", "Connections that are open.",
               static_cast<double>(http.connections_open));
    sink.counter("tocsin_http_connections_refused_total", "Connections refused because of --web.max-connections.",
                 static_cast<double>(http.connections_refused));
    sink.counter("tocsin_http_requests_total", "Requests received.", static_cast<double>(http.requests));
    sink.counter("tocsin_http_bad_requests_total", "Requests that were none.", static_cast<double>(http.bad_requests));
  });
}

net::Task<net::HttpResponse> Web::metrics() {
  const auto page = registry_.render();
  co_return net::HttpResponse(200, expo::kTextContentType,
                              net::Body(std::shared_ptr<const std::string>(page, &page->text)));
}

net::Task<net::HttpResponse> Web::handle(net::HttpRequest request) {
  if (!ready_) {
    const std::string path = request.path();
    if (path != "/-/healthy" && path != "/metrics") return answer(503, "Service Unavailable");
  }
  return router_.handle(std::move(request));
}

Result<void> Web::listen(const Flags& flags) {
  for (const std::string& address : flags.listen_addresses) {
    net::HttpServerOptions options;
    options.listen_address = address;
    options.max_connections = flags.max_connections;
    options.work = &runtime_.work();
    options.read_timeout = flags.read_timeout;
    TOCSIN_TRY(auto server, net::make_http_server(runtime_.loop(), options, [this](net::HttpRequest request) {
                 return handle(std::move(request));
               }));
    log::info("web", "listening", {{"address", address}, {"port", server->port()}});
    servers_.push_back(std::move(server));
  }
  return {};
}

std::vector<std::uint16_t> Web::ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& server : servers_) ports.push_back(server->port());
  return ports;
}

net::Task<void> Web::drain(Duration limit) {
  for (const auto& server : servers_) co_await server->drain(limit);
}

Result<std::string> external_url(const Flags& flags) {
  std::string url = flags.external_url;
  if (url.empty()) {
    char host[256] = "localhost";
    ::gethostname(host, sizeof host - 1);
    const std::string& address = flags.listen_addresses.front();
    url = fmt::format("http://{}{}", host, address.substr(address.rfind(':')));
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return fail(Errc::kInvalid, "--web.external-url: \"{}\" is not an http or https URL", url);
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace tocsin::app
