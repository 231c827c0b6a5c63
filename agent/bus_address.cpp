#include "agent/bus_address.hpp"

#include "base/strings.hpp"
#include "net/percent.hpp"

namespace tocsin::agent {

std::string bus_socket_path(std::string_view addresses) {
  for (std::string_view address : split(addresses, ';')) {
    if (!address.starts_with("unix:")) continue;
    address.remove_prefix(5);
    for (const std::string_view pair : split(address, ',')) {
      const std::size_t equals = pair.find('=');
      const std::string_view key = pair.substr(0, equals);
      if (equals == std::string_view::npos || (key != "path" && key != "abstract")) continue;
      const auto value = net::percent_decode(pair.substr(equals + 1));
      if (value) return (key == "abstract" ? "@" : "") + *value;
    }
  }
  return {};
}

}  // namespace tocsin::agent
