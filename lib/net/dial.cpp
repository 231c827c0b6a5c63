#include "net/dial.hpp"

#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/un.h>

#include "net/net_error.hpp"
#include "net/watchdog.hpp"

namespace tocsin::net {
namespace {

using boost::asio::ip::tcp;

Task<Result<StreamSocket>> connect(TaskLoop& loop, StreamSocket::endpoint_type endpoint, std::string_view network,
                                   MonoTime deadline) {
  StreamSocket socket(loop.executor());
  Watchdog watchdog(loop, [&socket] {
    boost::system::error_code ignored;
    socket.close(ignored);
  });
  watchdog.set(deadline);
  constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
  const auto [error] = co_await socket.async_connect(endpoint, kAwaitTuple);
  if (watchdog.expired()) co_return fail(Errc::kTimeout, "{}", kDeadlineText);
  if (error) {
    co_return fail(Errc::kIo, "dial {} {}: connect: {}", network, endpoint_text(endpoint), go_error_text(error));
  }
  co_return socket;
}

Task<Result<std::vector<std::string>>> find_addresses(std::shared_ptr<Resolver> resolver, std::string host,
                                                      MonoTime deadline) {
  boost::system::error_code is_name;
  boost::asio::ip::make_address(host, is_name);
  if (!is_name) co_return std::vector<std::string>(1, host);
  auto found = co_await resolver->lookup(std::move(host), deadline);
  if (!found && found.error().code != Errc::kTimeout) co_return fail(std::move(found).error().wrap("dial tcp"));
  co_return found;
}

}  // namespace

Task<Result<StreamSocket>> dial(TaskLoop& loop, std::shared_ptr<Resolver> resolver, std::string host,
                                std::uint16_t port, MonoTime deadline) {
  TOCSIN_CO_TRY(const std::vector<std::string> addresses, co_await find_addresses(resolver, std::move(host), deadline));
  Result<StreamSocket> first_failure = fail(Errc::kTimeout, "{}", kDeadlineText);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address(addresses[i], bad);
    if (bad) continue;
    const MonoTime now = loop.clock().mono();
    const MonoTime until = now + (deadline - now) / static_cast<int>(addresses.size() - i);
    auto socket = co_await connect(loop, tcp::endpoint(address, port), "tcp", until);
    if (socket) co_return socket;
    if (i == 0) first_failure = std::move(socket);
  }
  co_return first_failure;
}

Task<Result<StreamSocket>> dial_unix(TaskLoop& loop, std::string path, MonoTime deadline) {
  // Asio's endpoint throws for a path that sockaddr_un cannot hold.
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return fail(Errc::kInvalid, "dial unix {}: invalid argument", path);
  }
  const boost::asio::local::stream_protocol::endpoint endpoint(path);
  co_return co_await connect(loop, endpoint, "unix", deadline);
}

}  // namespace tocsin::net
