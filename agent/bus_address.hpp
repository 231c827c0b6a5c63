#pragma once
// Where the system's message bus is.

#include <string>
#include <string_view>

namespace tocsin::agent {

/// Of a list such as "unix:path=/run/bus,guid=0123;tcp:host=h" (DBUS_SYSTEM_BUS_ADDRESS): the path of the first socket
/// of this host, "@name" of one in the abstract name space; "" if there is none. Source: D-Bus Specification, "Server
/// Addresses".
std::string bus_socket_path(std::string_view addresses);

}  // namespace tocsin::agent
