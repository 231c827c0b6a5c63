// Accepting, limits on connections, and the end of a server.

#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "net/http_session.hpp"
#include "net/listen.hpp"
#include "net/net_error.hpp"
#include "net/runtime.hpp"

namespace tocsin::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr Duration kAcceptPause = 100ms;  // after an error, such as no file descriptor left
constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 25\r\n"
    "Connection: close\r\n\r\n503 too many connections\n";

/// The acceptor is shared with the task that waits on it.
struct Listener {
  Listener(tcp::acceptor a, std::shared_ptr<HttpServerCore> c) : acceptor(std::move(a)), core(std::move(c)) {}
  tcp::acceptor acceptor;
  std::shared_ptr<HttpServerCore> core;
};

/// As much as fits into the socket's buffer, which it does.
void refuse_connection(tcp::socket socket) {
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(kTooMany), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void start_session(HttpServerCore& core, const std::shared_ptr<HttpServerCore>& shared, tcp::socket socket) {
  ++core.stats.connections_accepted;
  const bool full = core.sessions.size() - core.leaving >= core.options.max_connections;
  if (full && !core.evict_one()) {
    ++core.stats.connections_refused;
    return refuse_connection(std::move(socket));
  }
  error_code gone;
  const tcp::endpoint peer = socket.remote_endpoint(gone);
  if (gone) return;
  auto session = std::make_shared<HttpSession>(shared, std::move(socket), endpoint_text(peer));
  core.loop.spawn("http_session", HttpSession::run(std::move(session)));
}

Task<void> accept_connections(std::shared_ptr<Listener> listener) {
  constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
  bool failing = false;
  while (listener->acceptor.is_open()) {
    auto [error, socket] = co_await listener->acceptor.async_accept(kAwaitTuple);
    if (!listener->acceptor.is_open()) co_return;
    if (error && !failing) {
      log::error("http", "accepting connections fails", {{"err", go_error_text(error)}});
    }
    failing = static_cast<bool>(error);
    if (error) {
      co_await sleep_for(listener->core->loop, kAcceptPause);
    } else {
      start_session(*listener->core, listener->core, std::move(socket));
    }
  }
}

using Listeners = std::vector<std::shared_ptr<Listener>>;

void close_all(const Listeners& listeners) {
  error_code ignored;
  for (const auto& listener : listeners) listener->acceptor.close(ignored);
}

Task<void> drain_server(std::shared_ptr<HttpServerCore> core, Duration limit) {
  core->draining = true;
  // A copy: a session that ends takes itself out.
  const std::vector<HttpSession*> sessions(core->sessions.begin(), core->sessions.end());
  for (HttpSession* session : sessions) session->drain();
  if (core->sessions.empty()) co_return;
  std::function<void(std::function<void()>)> start = [core, limit](std::function<void()> done) {
    auto once = std::make_shared<std::function<void()>>(std::move(done));
    const auto finish = [once] {
      if (*once) std::exchange(*once, nullptr)();
    };
    const TimerId timer = core->loop.call_after(limit, finish);
    core->when_idle = [&loop = core->loop, timer, finish] {
      loop.cancel(timer);
      finish();
    };
  };
  co_await detail::wait_for_callback(std::move(start));
  core->when_idle = nullptr;
  for (HttpSession* session : core->sessions) session->abort();
}

class BeastHttpServer final : public HttpServer {
 public:
  explicit BeastHttpServer(std::shared_ptr<HttpServerCore> core) : core_(std::move(core)) {}

  ~BeastHttpServer() override {
    core_->draining = core_->closed = true;
    close_all(listeners_);
    for (HttpSession* session : core_->sessions) session->abort();
    core_->handshakes.drop_waiting();
  }

  std::uint16_t port() const override { return ports_.empty() ? std::uint16_t{0} : ports_.front(); }

  Result<std::uint16_t> listen(const std::string& address) override {
    TOCSIN_TRY(tcp::acceptor acceptor, net::listen(core_->loop.executor(), address));
    return accept_from(std::move(acceptor));
  }

  Result<void> listen_on(int socket) override {
    TOCSIN_TRY(tcp::acceptor acceptor, adopt_listener(core_->loop.executor(), socket));
    accept_from(std::move(acceptor));
    return {};
  }

  HttpServerStats stats() const override {
    HttpServerStats stats = core_->stats;
    stats.connections_open = core_->sessions.size();
    return stats;
  }

  Task<void> drain(Duration limit) override {
    close_all(listeners_);
    return drain_server(core_, limit);
  }

 private:
  std::uint16_t accept_from(tcp::acceptor acceptor) {
    error_code ignored;
    ports_.push_back(acceptor.local_endpoint(ignored).port());
    listeners_.push_back(std::make_shared<Listener>(std::move(acceptor), core_));
    core_->loop.spawn("http_accept", accept_connections(listeners_.back()));
    return ports_.back();
  }

  std::shared_ptr<HttpServerCore> core_;
  Listeners listeners_;
  std::vector<std::uint16_t> ports_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> make_http_server(TaskLoop& loop, HttpServerOptions options, HttpHandler handler) {
  const std::string address = options.listen_address;
  auto core = std::make_shared<HttpServerCore>(loop, std::move(options), std::move(handler));
  auto server = std::make_unique<BeastHttpServer>(std::move(core));
  if (!address.empty()) TOCSIN_OK(server->listen(address));
  return server;
}

}  // namespace tocsin::net
