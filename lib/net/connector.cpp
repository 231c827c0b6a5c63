#include "net/connector.hpp"

#include "net/dial.hpp"
#include "net/http_exchange.hpp"
#include "net/http_text.hpp"
#include "net/tls_connection.hpp"

namespace tocsin::net {
namespace {

constexpr std::size_t kMaxTlsContexts = 1000;

std::string connect_head(const Way& way, std::string_view user_agent) {
  const std::string address = way.url.address();
  std::string head = fmt::format("CONNECT {} HTTP/1.1\r\n", address);
  append_field(head, "Host", address);
  Headers fields = way.proxy->connect_header;
  if (!fields.has("User-Agent")) fields.set("User-Agent", user_agent);
  if (!way.proxy->url.authorization.empty()) fields.set("Proxy-Authorization", way.proxy->url.authorization);
  fields.remove("Host");
  append_fields(head, fields);
  head += "\r\n";
  return head;
}

/// Asks the proxy for a tunnel. Source: Go net/http transport.go, dialConn.
Task<Result<void>> open_tunnel(TaskLoop& loop, Connection* connection, std::string head, MonoTime deadline) {
  ExchangeOrder order;
  order.head = std::move(head);
  order.to_head = true;  // what follows the header is the tunnel's
  order.deadline = deadline;
  const Exchange done = co_await exchange(loop, connection, &order);
  if (!done.response) co_return fail(done.response.error());
  const int status = done.response->status;
  if (status != 200) {
    const std::string_view reason = reason_phrase(status);
    co_return fail(Errc::kIo, "{}", reason.empty() ? fmt::format("status code {}", status) : std::string(reason));
  }
  if (!done.at_end) co_return fail(Errc::kInvalid, "the proxy sent bytes before the server can have");
  co_return Result<void>();
}

Error proxy_error(Error error) {
  return error.code == Errc::kTimeout ? error : std::move(error).wrap("proxyconnect tcp");
}

}  // namespace

std::string Way::key() const {
  if (is_forwarded()) {
    return proxy->url.tls ? fmt::format("via {} {}", proxy->key, fmt::ptr(tls.get())) : "via " + proxy->key;
  }
  std::string out = unix_socket.empty() ? url.address() : fmt::format("unix {} {}", unix_socket, url.address());
  if (url.tls) out += fmt::format(" {}", fmt::ptr(tls.get()));
  if (proxy != nullptr) out += " via " + proxy->key;
  return out;
}

Task<Result<std::unique_ptr<Connection>>> Connector::connect(Way way, MonoTime deadline) {
  Connected connection = co_await reach(&way, deadline);
  if (!connection) co_return connection;
  if (way.proxy != nullptr && way.url.tls) {
    TOCSIN_CO_OK(co_await open_tunnel(loop_, connection->get(), connect_head(way, user_agent_), deadline));
  }
  if (!way.url.tls) co_return connection;
  co_return co_await secure(std::move(*connection), way.tls, way.url.host, deadline);
}

/// To the server itself, or to the proxy, whose own TLS is then done.
Task<Connector::Connected> Connector::reach(const Way* way, MonoTime deadline) {
  const Url& to = way->proxy != nullptr ? way->proxy->url : way->url;
  Result<StreamSocket> socket = fail(Errc::kInternal, "not dialled");
  if (way->unix_socket.empty()) {
    socket = co_await dial(loop_, resolver_, to.host, to.port, deadline);
  } else {
    socket = co_await dial_unix(loop_, way->unix_socket, deadline);
  }
  if (!socket) {
    co_return fail(way->proxy != nullptr ? proxy_error(std::move(socket).error()) : std::move(socket).error());
  }
  std::unique_ptr<Connection> connection = std::make_unique<TcpConnection>(std::move(*socket));
  if (way->proxy == nullptr || !to.tls) co_return connection;
  Connected secured = co_await secure(std::move(connection), way->tls, to.host, deadline);
  if (!secured) co_return fail(proxy_error(std::move(secured).error()));
  co_return secured;
}

Task<Connector::Connected> Connector::secure(std::unique_ptr<Connection> under,
                                             std::shared_ptr<const TlsOptions> options, std::string host,
                                             MonoTime deadline) {
  auto context = co_await context_of(std::move(options));
  if (!context) co_return fail(std::move(context).error());
  co_return co_await start_tls(loop_, lane_, std::move(under), std::move(*context), std::move(host), deadline);
}

/// Made at the first use.
Task<Result<std::shared_ptr<const TlsContext>>> Connector::context_of(std::shared_ptr<const TlsOptions> options) {
  if (const auto found = contexts_.find(options); found != contexts_.end()) co_return found->second;
  // Options that only this map and their context hold are those of an earlier configuration.
  std::erase_if(contexts_, [](const auto& entry) {
    return entry.first && entry.first.use_count() == 2 && entry.second.use_count() == 1;
  });
  if (contexts_.size() >= kMaxTlsContexts) co_return fail(Errc::kLimit, "too many different TLS configurations");
  Result<std::shared_ptr<const TlsContext>> made;
  if (lane_ == nullptr) {
    made = make_tls_context(options);
  } else {
    std::function<Result<std::shared_ptr<const TlsContext>>()> job = [options] { return make_tls_context(options); };
    made = co_await run_on(loop_, *lane_, std::move(job));
  }
  if (made) contexts_.emplace(options, *made);
  co_return made;
}

}  // namespace tocsin::net
