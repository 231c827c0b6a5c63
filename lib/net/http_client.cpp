// The client: connections, retries, redirects, decompression around single exchanges (http_exchange.hpp).

#include <algorithm>
#include <array>
#include <map>

#include "base/strings.hpp"
#include "net/connection_pool.hpp"
#include "net/dial.hpp"
#include "net/gzip.hpp"
#include "net/http_exchange.hpp"
#include "net/net_error.hpp"
#include "net/runtime.hpp"
#include "net/tcp_connection.hpp"
#include "net/tls_connection.hpp"

namespace tocsin::net {
namespace {

constexpr int kMaxRedirects = 10;              // Go's
constexpr std::size_t kLoopBytes = 4U << 10U;  // more compressed bytes than this are a lane's work
constexpr std::size_t kMaxTlsContexts = 1000;

/// What sends have in common. Each send holds it: the client may go before them.
struct ClientCore {
  ClientCore(TaskLoop& l, HttpClientOptions o)
      : loop(l),
        options(std::move(o)),
        resolver(options.resolver ? options.resolver : std::shared_ptr<Resolver>(make_system_resolver(l))),
        pool(std::make_shared<ConnectionPool>(l, options.max_idle_per_host, options.idle_timeout)) {}

  TaskLoop& loop;
  const HttpClientOptions options;
  const std::shared_ptr<Resolver> resolver;
  const std::shared_ptr<ConnectionPool> pool;
  std::map<std::shared_ptr<const TlsOptions>, std::shared_ptr<TlsContext>> tls_contexts;

  /// The context of these options, made at the first use.
  Result<std::shared_ptr<TlsContext>> tls_context(const std::shared_ptr<const TlsOptions>& tls) {
    if (const auto found = tls_contexts.find(tls); found != tls_contexts.end()) return found->second;
    // Options that nobody else holds are those of an earlier configuration.
    std::erase_if(tls_contexts, [](const auto& entry) { return entry.first && entry.first.use_count() == 1; });
    if (tls_contexts.size() >= kMaxTlsContexts) return fail(Errc::kLimit, "too many different TLS configurations");
    TOCSIN_TRY(std::shared_ptr<TlsContext> context, make_tls_context(tls.get()));
    tls_contexts.emplace(tls, context);
    return context;
  }
};

std::string pool_key(const Url& url, const SendOptions& options) {
  std::string key = options.unix_socket.empty() ? url.address() : fmt::format("unix {}", options.unix_socket);
  if (url.tls) key += fmt::format(" tls {} {}", fmt::ptr(options.tls.get()), url.host);
  return key;
}

Task<Result<StreamSocket>> dial_peer(std::shared_ptr<ClientCore> core, Url url, std::string unix_socket,
                                     MonoTime deadline) {
  if (!unix_socket.empty()) return dial_unix(core->loop, std::move(unix_socket), deadline);
  return dial(core->loop, core->resolver, std::move(url.host), url.port, deadline);
}

Task<Result<std::unique_ptr<Connection>>> connect(std::shared_ptr<ClientCore> core, Url url, std::string unix_socket,
                                                  std::shared_ptr<const TlsOptions> tls, MonoTime deadline) {
  auto socket = co_await dial_peer(core, url, std::move(unix_socket), deadline);
  if (!socket) co_return fail(std::move(socket).error());
  if (!url.tls) co_return std::unique_ptr<Connection>(std::make_unique<TcpConnection>(std::move(*socket)));
  auto context = core->tls_context(tls);
  if (!context) co_return fail(std::move(context).error());
  co_return co_await start_tls(core->loop, std::move(*socket), std::move(*context), url.host, deadline);
}

/// RFC 9110 section 9.2.2, as far as Go's client goes: what may be sent twice.
bool may_repeat(const HttpRequest& request) {
  static constexpr std::array<std::string_view, 4> kSafe = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::find(kSafe.begin(), kSafe.end(), request.method) != kSafe.end() ||
         request.headers.has("Idempotency-Key") || request.headers.has("X-Idempotency-Key");
}

/// One hop: on an idle connection if there is one, and once more on a fresh one if the peer had closed that meanwhile.
Task<Result<HttpResponse>> send_once(std::shared_ptr<ClientCore> core, const HttpRequest* request, Url url,
                                     SendOptions options, const HttpClient::Sink* sink, MonoTime deadline) {
  const std::string key = pool_key(url, options);
  ExchangeOrder order;
  order.head = request_head(*request, url, options, core->options.user_agent);
  order.body = &request->body;
  order.to_head = request->method == "HEAD";
  order.max_body_bytes = options.max_body_bytes;
  order.sink = sink;
  order.deadline = deadline;
  std::unique_ptr<Connection> connection = core->pool->take(key);
  if (connection) {
    Exchange done = co_await exchange(core->loop, connection.get(), &order);
    if (done.reusable) core->pool->put(key, std::move(connection));
    const bool stale = !done.response && done.response.error().code == Errc::kIo && !done.got_some;
    if (!stale || (done.wrote_some && !may_repeat(*request))) co_return std::move(done.response);
  }
  auto fresh = co_await connect(core, url, options.unix_socket, options.tls, deadline);
  if (!fresh) co_return fail(std::move(fresh).error());
  connection = std::move(*fresh);
  Exchange done = co_await exchange(core->loop, connection.get(), &order);
  if (done.reusable) core->pool->put(key, std::move(connection));
  co_return std::move(done.response);
}

/// The request of the next hop. Source: Go net/http, Client.do and shouldCopyHeaderOnRedirect.
void follow(HttpRequest& request, int status, const Url& from, const Url& to) {
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
       {"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Www-Authenticate"}) {
    request.headers.remove(secret);
  }
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
  auto url = parse_url(request.target);
  if (!url) co_return fail(std::move(url).error());
  const bool decodes = options.accept_gzip && !request.headers.has("Accept-Encoding");
  for (int redirects = 0;; ++redirects) {
    auto response = co_await send_once(core, &request, *url, options, sink ? &sink : nullptr, deadline);
    if (!response) co_return response;
    if (!options.follow_redirects || !is_redirect(*response)) {
      if (!decodes) co_return response;
      co_return co_await decode(core, std::move(*response), options.max_body_bytes);
    }
    if (redirects == kMaxRedirects) co_return fail(Errc::kLimit, "stopped after {} redirects", kMaxRedirects);
    auto next = resolve_url(*url, response->headers.get("Location"));
    if (!next) co_return fail(std::move(next).error());
    follow(request, response->status, *url, *next);
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
