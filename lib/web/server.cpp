#include "web/server.hpp"

#include "base/log.hpp"
#include "net/runtime.hpp"
#include "web/systemd.hpp"

namespace tocsin::web {
namespace {

using net::HttpRequest;
using net::HttpResponse;

/// As Go's http.Error().
HttpResponse refusal(int status, std::string_view text) {
  HttpResponse response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

/// As Go's http.Redirect(): a body for GET only.
HttpResponse redirect(const HttpRequest& request, int status, const std::string& to) {
  HttpResponse response(status, "");
  response.headers.set("Location", to);
  if (request.method == "GET" || request.method == "HEAD") {
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    const std::string_view phrase = status == 301 ? "Moved Permanently" : "Found";
    if (request.method == "GET") response.body = fmt::format("<a href=\"{}\">{}</a>.\n\n", to, phrase);
  }
  return response;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::string_view host_of(std::string_view peer) {
  return peer.substr(0, peer.rfind(':'));
}

/// Counts what passes, and reports when the stream is over.
class CountingWriter final : public net::BodyWriter {
 public:
  explicit CountingWriter(std::shared_ptr<net::BodyWriter> to) : to_(std::move(to)) {}
  net::Task<bool> write(std::string piece) override {
    bytes_ += piece.size();
    return to_->write(std::move(piece));
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<net::BodyWriter> to_;
  std::uint64_t bytes_ = 0;
};

using Stream = std::function<net::Task<void>(std::shared_ptr<net::BodyWriter>)>;

net::Task<void> stream_and_count(Stream stream, std::shared_ptr<net::BodyWriter> to,
                                 std::function<void(std::uint64_t)> ended) {
  auto counting = std::make_shared<CountingWriter>(std::move(to));
  co_await stream(counting);
  ended(counting->bytes());
}

}  // namespace

Server::Server(net::TaskLoop& loop, WorkPool& work, ServerOptions options, net::HttpHandler handler)
    : loop_(loop), options_(std::move(options)), handler_(std::move(handler)), authenticator_(loop, work) {}

Result<std::unique_ptr<Server>> Server::start(net::TaskLoop& loop, WorkPool& work, Fs& fs, ServerOptions options,
                                              net::HttpHandler handler) {
  std::unique_ptr<Server> server(new Server(loop, work, std::move(options), std::move(handler)));
  TOCSIN_OK(server->open(work, fs));
  TOCSIN_OK(server->listen());
  return server;
}

Result<void> Server::open(WorkPool& work, Fs& fs) {
  TOCSIN_TRY(cors_, Cors::compile(options_.cors_origin));
  if (!options_.config_file.empty()) {
    auto config = ConfigFile::open(loop_, work, fs, options_.config_file);
    if (!config) return fail(std::move(config).error().wrap("--web.config.file"));
    config_ = std::move(*config);
  }
  if (!options_.access_log.empty()) {
    access_log_ = std::make_shared<LineLog>(fs, work.lane(Lane::kQuery), options_.access_log, "web", "the access log");
    if (auto opened = access_log_->open(); !opened) return fail(std::move(opened).error().wrap("--web.access-log"));
  }
  net::HttpServerOptions http;
  http.max_connections = options_.max_connections;
  http.max_body_bytes = options_.max_body_bytes;
  http.read_timeout = options_.read_timeout;
  if (options_.handler_timeout > Duration::zero()) http.handler_timeout = options_.handler_timeout;
  http.work = &work;
  if (has_tls()) http.tls = [this] { return tls_now(); };
  TOCSIN_TRY(http_, net::make_http_server(loop_, std::move(http),
                                          [this](HttpRequest request) { return handle(std::move(request)); }));
  return {};
}

Result<void> Server::listen() {
  if (options_.systemd_socket) {
    TOCSIN_TRY(const std::vector<int> sockets, systemd_sockets());
    for (const int socket : sockets) {
      TOCSIN_OK(http_->listen_on(socket));
      log::info("web", "listening on a socket of systemd", {{"fd", socket}, {"tls", has_tls()}});
    }
    return {};
  }
  for (const std::string& address : options_.listen_addresses) {
    TOCSIN_TRY(const std::uint16_t port, http_->listen(address));
    log::info("web", "listening", {{"address", address}, {"port", port}, {"tls", has_tls()}});
    ports_.push_back(port);
  }
  return {};
}

net::Task<std::shared_ptr<const net::TlsServerContext>> Server::tls_now() {
  const auto config = co_await config_->fresh();
  co_return config->tls;
}

net::Task<HttpResponse> Server::handle(HttpRequest request) {
  if (!access_log_) {
    std::string user;
    co_return co_await guard(std::move(request), &user);
  }
  const MonoTime began = loop_.clock().mono();
  AccessEntry entry;
  entry.time = loop_.clock().now();
  entry.peer = request.peer;
  entry.method = request.method;
  entry.path = path_of(request.target);
  HttpResponse response = co_await guard(std::move(request), &entry.user);
  log_answer(std::move(entry), response, began);
  co_return response;
}

void Server::log_answer(AccessEntry entry, HttpResponse& response, MonoTime began) {
  entry.status = response.status;
  auto write = [this, entry = std::move(entry), began](std::uint64_t bytes) mutable {
    entry.bytes = bytes;
    entry.took = loop_.clock().mono() - began;
    access_log_->write(access_line(entry));
  };
  if (!response.stream) return write(response.body.size());
  Stream stream = std::move(response.stream);
  response.stream = [stream = std::move(stream), write](std::shared_ptr<net::BodyWriter> to) {
    return stream_and_count(stream, std::move(to), write);
  };
}

net::Task<HttpResponse> Server::guard(HttpRequest request, std::string* user) {
  if (!config_) co_return co_await route(std::move(request));
  std::shared_ptr<const WebConfig> config = co_await config_->fresh();
  if (!rate_limiter_.allow(config->rate_limit, loop_.clock().mono())) {
    ++rate_limited_;
    co_return refusal(429, "Too Many Requests");
  }
  HttpResponse response = co_await let_in(config, std::move(request), user);
  for (const auto& [name, value] : config->headers) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  co_return response;
}

net::Task<HttpResponse> Server::let_in(std::shared_ptr<const WebConfig> config, HttpRequest request,
                                       std::string* user) {
  if (config->users.empty() || is_open_to_all(path_of(request.target))) co_return co_await route(std::move(request));
  const auto verdict = co_await authenticator_.check(
      std::move(config), std::string(request.headers.get("Authorization")), std::string(host_of(request.peer)), user);
  if (verdict == Authenticator::Verdict::kWelcome) co_return co_await route(std::move(request));
  if (verdict == Authenticator::Verdict::kBusy) {
    HttpResponse busy = refusal(503, "too many passwords wait to be checked");
    busy.headers.set("Retry-After", "1");
    co_return busy;
  }
  HttpResponse unknown = refusal(401, "Unauthorized");
  unknown.headers.set("WWW-Authenticate", "Basic");
  co_return unknown;
}

bool Server::is_open_to_all(std::string_view path) const {
  const std::string& prefix = options_.route_prefix;
  if (prefix != "/") {
    if (!path.starts_with(prefix)) return false;
    path.remove_prefix(prefix.size());
  }
  return path == "/-/healthy" || path == "/-/ready";
}

net::Task<HttpResponse> Server::route(HttpRequest request) {
  const std::string& prefix = options_.route_prefix;
  if (prefix != "/") {
    const std::string_view path = path_of(request.target);
    if (path == "/") co_return redirect(request, 302, prefix);
    if (path == prefix) co_return redirect(request, 301, prefix + "/");
    if (!path.starts_with(prefix) || path[prefix.size()] != '/') co_return refusal(404, "404 page not found");
    request.target.erase(0, prefix.size());
  }
  const bool api = request.target.starts_with("/api/");
  const std::string origin(request.headers.get("Origin"));
  HttpResponse response(204, "");
  if (!api || request.method != "OPTIONS") response = co_await handler_(std::move(request));
  if (api) cors_->apply(origin, response.headers);
  co_return response;
}

void Server::close() {
  http_.reset();
  authenticator_.close();
}

void Server::reopen_access_log() {
  if (access_log_) access_log_->reopen();
}

void Server::put_metrics(telemetry::Sink& sink) const {
  if (http_ == nullptr) return;
  const net::HttpServerStats http = http_->stats();
  const auto count = [&sink](std::string_view name, std::string_view help, std::uint64_t value) {
    sink.counter(name, help, static_cast<double>(value));
  };
  sink.gauge("tocsin_http_connections_open", "Connections that are open.", static_cast<double>(http.connections_open));
  count("tocsin_http_connections_refused_total", "Connections refused because of --web.max-connections.",
        http.connections_refused);
  count("tocsin_http_connections_evicted_total",
        "Connections without a request that were closed to make room for new ones.", http.connections_evicted);
  count("tocsin_http_requests_total", "Requests received.", http.requests);
  count("tocsin_http_bad_requests_total", "Requests that were none.", http.bad_requests);
  count("tocsin_http_timeouts_total", "Connections that ended because a client or a handler took too long.",
        http.timeouts);
  count("tocsin_http_tls_handshake_failures_total", "TLS handshakes that failed.", http.tls_handshake_failures);
  if (access_log_) {
    count("tocsin_web_access_log_dropped_total", "Lines of the access log that could not be written.",
          access_log_->dropped());
  }
  if (!config_) return;
  const AuthStats auth = authenticator_.stats();
  count("tocsin_web_auth_refused_total", "Requests with wrong or no credentials.", auth.refused);
  count("tocsin_web_auth_busy_total", "Requests turned away because too many passwords wait to be checked.", auth.busy);
  count("tocsin_web_auth_hashes_total", "Password hashes computed.", auth.hashes);
  count("tocsin_web_rate_limited_total", "Requests refused by rate_limit.", rate_limited_);
  sink.gauge("tocsin_web_config_last_reload_successful", "Whether the web configuration on disk is in force.",
             config_->stats().last_reload_successful ? 1 : 0);
  sink.gauge("tocsin_web_config_last_reload_success_timestamp_seconds", "When the web configuration in force was read.",
             static_cast<double>(config_->stats().last_success) / 1000);
}

}  // namespace tocsin::web
