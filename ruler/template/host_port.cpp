#include "template/host_port.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace tocsin::tmpl {

bool split_host_port(std::string_view text, std::string& host, std::string& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::size_t brackets_from = 0, host_end = colon;  // where a stray bracket is an error
  if (text[0] == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 != colon) return false;
    host = std::string(text.substr(1, close - 1));
    brackets_from = 1;
    host_end = close;
  } else {
    host = std::string(text.substr(0, colon));
    if (host.find(':') != std::string::npos) return false;  // too many colons
  }
  if (text.substr(brackets_from, host_end - brackets_from).find_first_of("[]") != std::string_view::npos) return false;
  if (text.substr(colon).find_first_of("[]") != std::string_view::npos) return false;
  port = std::string(text.substr(colon + 1));
  return true;
}

bool is_ip(std::string_view text) {
  const std::string copy(text);
  unsigned char bytes[16];
  return inet_pton(AF_INET, copy.c_str(), bytes) == 1 || inet_pton(AF_INET6, copy.c_str(), bytes) == 1;
}

std::string strip_port(std::string_view host_port) {
  std::string host, port;
  return split_host_port(host_port, host, port) ? host : std::string(host_port);
}

std::string strip_domain(std::string_view host_port) {
  std::string host, port;
  if (!split_host_port(host_port, host, port)) host = std::string(host_port);
  if (is_ip(host)) return std::string(host_port);
  host.resize(std::min(host.find('.'), host.size()));
  if (port.empty()) return host;
  return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + port;
}

}  // namespace tocsin::tmpl
