#include "net/listen.hpp"

#include <charconv>

#include <boost/asio/ip/v6_only.hpp>
#include <sys/socket.h>

#include "net/listen_address.hpp"
#include "net/net_error.hpp"

namespace tocsin::net {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

Result<tcp::endpoint> find_endpoint(const boost::asio::any_io_executor& executor, const ListenAddress& at) {
  error_code error;
  const auto address = boost::asio::ip::make_address(at.host, error);
  if (!error) return tcp::endpoint(address, at.port);
  tcp::resolver resolver(executor);
  const auto found = resolver.resolve(at.host, "", error);
  if (error || found.empty()) return fail(Errc::kNotFound, "listen tcp: lookup {}: no such host", at.host);
  // Go prefers IPv4 of a name that has both.
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return tcp::endpoint(entry.endpoint().address(), at.port);
  }
  return tcp::endpoint(found.begin()->endpoint().address(), at.port);
}

/// The step that failed, "bind: address already in use", or nothing.
std::string open_acceptor(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool both_families) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return "socket: " + go_error_text(error);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (endpoint.address().is_v6()) acceptor.set_option(boost::asio::ip::v6_only(!both_families), error);
  acceptor.bind(endpoint, error);
  if (error) return "bind: " + go_error_text(error);
  acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return "listen: " + go_error_text(error);
  return {};
}

}  // namespace

Result<ListenAddress> parse_listen_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.back() == ']') {
    return fail(Errc::kInvalid, "listen tcp: address {}: missing port in address", address);
  }
  ListenAddress out;
  out.host = address.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return fail(Errc::kInvalid, "listen tcp: address {}: too many colons in address", address);
  }
  const char* end = address.data() + address.size();
  const auto [stop, bad] = std::from_chars(address.data() + colon + 1, end, out.port);
  if (bad != std::errc() || stop != end) {
    return fail(Errc::kInvalid, "listen tcp: address {}: invalid port", address);
  }
  return out;
}

Result<tcp::acceptor> listen(const boost::asio::any_io_executor& executor, const std::string& address) {
  TOCSIN_TRY(const ListenAddress at, parse_listen_address(address));
  if (at.host.empty()) {
    tcp::acceptor both(executor);
    if (open_acceptor(both, tcp::endpoint(tcp::v6(), at.port), true).empty()) return both;
  }
  tcp::endpoint endpoint(tcp::v4(), at.port);
  if (!at.host.empty()) {
    TOCSIN_TRY(endpoint, find_endpoint(executor, at));
  }
  tcp::acceptor acceptor(executor);
  const std::string failure = open_acceptor(acceptor, endpoint, false);
  if (!failure.empty()) return fail(Errc::kIo, "listen tcp {}: {}", address, failure);
  return acceptor;
}

Result<tcp::acceptor> adopt_listener(const boost::asio::any_io_executor& executor, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  int listening = 0;
  socklen_t flag_size = sizeof(listening);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag_size) != 0 || listening == 0 ||
      (address.ss_family != AF_INET && address.ss_family != AF_INET6)) {
    return fail(Errc::kIo, "file descriptor {} is no listening TCP socket", socket);
  }
  tcp::acceptor acceptor(executor);
  error_code error;
  acceptor.assign(address.ss_family == AF_INET ? tcp::v4() : tcp::v6(), socket, error);
  if (error) return fail(Errc::kIo, "file descriptor {}: {}", socket, go_error_text(error));
  return acceptor;
}

}  // namespace tocsin::net
