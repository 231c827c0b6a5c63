#include "net/net_error.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

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

}  // namespace tocsin::net
