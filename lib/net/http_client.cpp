// The client: connections, retries, redirects, decompression around single exchanges (http_exchange.hpp).

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "net/connection_pool.hpp"
#include "net/connector.hpp"
#include "net/gzip.hpp"
#include "net/http_exchange.hpp"
#include "net/net_error.hpp"
#include "net/runtime.hpp"

namespace tocsin::net {
namespace {

constexpr int kMaxRedirects = 10;              // Go's
constexpr std::size_t kLoopBytes = 4U << 10U;  // more compressed bytes than this are a lane's work

/// What sends have in common. Each send holds it: the client may go before them.
struct ClientCore {
  ClientCore(TaskLoop& l, HttpClientOptions o)
      : loop(l),
        options(std::move(o)),
        connector(l, options.resolver ? options.resolver : std::shared_ptr<Resolver>(make_system_resolver(l)),
                  options.work != nullptr ? &options.work->lane(Lane::kScrape) : nullptr, options.user_agent),
        pool(std::make_shared<ConnectionPool>(l, options.max_idle_per_host, options.idle_timeout)) {}

  TaskLoop& loop;
  const HttpClientOptions options;
  Connector connector;
  const std::shared_ptr<ConnectionPool> pool;
  // The URL of the last request: a burst has the same one again and again.
  std::string last_target;
  Url last_url;
};

Result<Url> url_of(ClientCore& core, const std::string& target) {
  if (target == core.last_target && !target.empty()) return core.last_url;
  TOCSIN_TRY(Url url, parse_url(target));
  core.last_target = target;
  core.last_url = url;
  return url;
}

/// RFC 9110 section 9.2.2, as far as Go's client goes: what may be sent twice.
bool may_repeat(const HttpRequest& request) {
  static constexpr std::array<std::string_view, 4> kSafe = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::find(kSafe.begin(), kSafe.end(), request.method) != kSafe.end() ||
         request.headers.has("Idempotency-Key") || request.headers.has("X-Idempotency-Key");
}

Way way_to(Url url, const SendOptions& options) {
  Way way;
  way.tls = options.tls;
  way.unix_socket = options.unix_socket;
  if (options.proxy && way.unix_socket.empty()) {
    way.rules = options.proxy;
    way.proxy = options.proxy->choose(url);
  }
  way.url = std::move(url);
  return way;
}

/// One hop: on an idle connection if there is one, and once more on a fresh one if the peer had closed that meanwhile.
Task<Result<HttpResponse>> send_once(std::shared_ptr<ClientCore> core, const HttpRequest* request, Url url,
                                     const SendOptions* options, const HttpClient::Sink* sink, MonoTime deadline) {
  Way way = way_to(std::move(url), *options);
  const std::string key = way.key();
  ExchangeOrder order;
  order.head = request_head(*request, way.url, options->accept_gzip, core->options.user_agent,
                            way.is_forwarded() ? &way.proxy->url : nullptr);
  order.body = &request->body;
  order.to_head = request->method == "HEAD";
  order.max_body_bytes = options->max_body_bytes;
  order.sink = sink;
  order.deadline = deadline;
  std::unique_ptr<Connection> connection = core->pool->take(key);
  if (connection) {
    Exchange done = co_await exchange(core->loop, connection.get(), &order);
    if (done.reusable) core->pool->put(key, std::move(connection));
    const bool stale = !done.response && done.response.error().code == Errc::kIo && !done.got_some;
    if (!stale || (done.wrote_some && !may_repeat(*request))) co_return std::move(done.response);
  }
  auto fresh = co_await core->connector.connect(std::move(way), deadline);
  if (!fresh) co_return fail(std::move(fresh).error());
  connection = std::move(*fresh);
  Exchange done = co_await exchange(core->loop, connection.get(), &order);
  if (done.reusable) core->pool->put(key, std::move(connection));
  co_return std::move(done.response);
}

/// The request of the next hop. What is secret is gone for good once a hop leads to another host, as in Go.
/// Source: Go net/http client.go, Client.makeHeadersCopier.
void follow(HttpRequest& request, int status, const Url& from, const Url& to, const SendOptions& options) {
  if (status != 307 && status != 308) {
    if (request.method != "HEAD") request.method = "GET";
    request.body.clear();
    request.headers.remove("Content-Type");
    request.headers.remove("Content-Encoding");
  }
  request.headers.remove("Host");
  const bool same_host = from.host == to.host && (to.tls || !from.tls);
  if (same_host) return;
  for (const std::string_view secret :
       {"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Proxy-Authenticate", "Www-Authenticate"}) {
    request.headers.remove(secret);
  }
  if (!options.secret_fields) return;
  for (const std::string& secret : *options.secret_fields) request.headers.remove(secret);
}

bool is_redirect(const HttpResponse& response) {
  const bool status = response.status == 301 || response.status == 302 || response.status == 303 ||
                      response.status == 307 || response.status == 308;
  return status && response.headers.has("Location");
}

/// Undoes the compression that we asked for.
Task<Result<HttpResponse>> decode(std::shared_ptr<ClientCore> core, HttpResponse response, std::size_t limit) {
  if (!equal_ignoring_case(response.headers.get("Content-Encoding"), "gzip") || response.body.size() == 0) {
    co_return response;
  }
  Result<std::string> text;
  if (core->options.work != nullptr && response.body.size() > kLoopBytes) {
    auto packed = std::make_shared<Body>(std::move(response.body));
    std::function<Result<std::string>()> job = [packed, limit] { return gunzip(packed->view(), limit); };
    text = co_await run_on(core->loop, core->options.work->lane(Lane::kScrape), std::move(job));
  } else {
    text = gunzip(response.body.view(), limit);
  }
  if (!text && text.error().code == Errc::kLimit) co_return fail(Errc::kLimit, "body size limit exceeded");
  if (!text) co_return fail(std::move(text).error());
  response.body = Body(std::move(*text));
  response.headers.remove("Content-Encoding");
  response.headers.remove("Content-Length");
  co_return response;
}

/// `sink` is owned by the task, be it empty.
Task<Result<HttpResponse>> send_request(std::shared_ptr<ClientCore> core, HttpRequest request, SendOptions options,
                                        HttpClient::Sink sink) {
  const MonoTime deadline = core->loop.clock().mono() + options.timeout;
  TOCSIN_CO_OK(check_request(request));
  auto url = url_of(*core, request.target);
  if (!url) co_return fail(std::move(url).error());
  const bool decodes = options.accept_gzip && !request.headers.has("Accept-Encoding");
  for (int redirects = 0;; ++redirects) {
    auto response = co_await send_once(core, &request, *url, &options, sink ? &sink : nullptr, deadline);
    if (!response) co_return response;
    if (!options.follow_redirects || !is_redirect(*response)) {
      if (!decodes) co_return response;
      co_return co_await decode(core, std::move(*response), options.max_body_bytes);
    }
    if (redirects == kMaxRedirects) co_return fail(Errc::kLimit, "stopped after {} redirects", kMaxRedirects);
    auto next = resolve_url(*url, response->headers.get("Location"));
    if (!next) co_return fail(std::move(next).error());
    follow(request, response->status, *url, *next, options);
    *url = std::move(*next);
  }
}

class BeastHttpClient final : public HttpClient {
 public:
  BeastHttpClient(TaskLoop& loop, HttpClientOptions options)
      : core_(std::make_shared<ClientCore>(loop, std::move(options))) {}

  Task<Result<HttpResponse>> send(HttpRequest request, SendOptions options) override {
    return send_request(core_, std::move(request), std::move(options), nullptr);
  }

  Task<Result<HttpResponse>> stream(HttpRequest request, SendOptions options, Sink sink) override {
    options.accept_gzip = false;
    return send_request(core_, std::move(request), std::move(options), std::move(sink));
  }

 private:
  std::shared_ptr<ClientCore> core_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(TaskLoop& loop, HttpClientOptions options) {
  return std::make_unique<BeastHttpClient>(loop, std::move(options));
}

}  // namespace tocsin::net
