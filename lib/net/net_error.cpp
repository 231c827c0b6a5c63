#include "net/net_error.hpp"

#include <cstddef>
#include <cstring>

#include <boost/asio/error.hpp>
#include <fmt/format.h>
#include <sys/un.h>

namespace tocsin::net {

std::string go_error_text(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) return "EOF";
  if (error == boost::asio::error::operation_aborted) return "use of closed network connection";
  std::string text = error.message();
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') text.front() = static_cast<char>(text.front() + 32);
  return text;
}

std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

std::string endpoint_text(const boost::asio::generic::stream_protocol::endpoint& endpoint) {
  if (endpoint.protocol().family() != AF_UNIX) {
    boost::asio::ip::tcp::endpoint tcp;
    if (endpoint.size() > tcp.capacity()) return "?";
    std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
    return endpoint_text(tcp);
  }
  constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);
  const auto* address = reinterpret_cast<const char*>(endpoint.data());
  if (endpoint.size() <= kPathAt || address[kPathAt] == '\0') return "@";
  return std::string(address + kPathAt, strnlen(address + kPathAt, endpoint.size() - kPathAt));
}

}  // namespace tocsin::net
