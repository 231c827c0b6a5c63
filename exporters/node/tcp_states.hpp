#pragma once
// TCP sockets by state, as the kernel's socket diagnostics tell them.

#include <array>
#include <cstdint>
#include <string_view>

namespace tocsin::exporters::node {

struct TcpStates {
  std::array<std::uint64_t, 12> sockets{};           // by the kernel's number of the state; 0: one without a name
  std::uint64_t received_bytes = 0, sent_bytes = 0;  // that wait in queues

  /// Counts one struct inet_diag_msg; false if it is too short.
  bool add(std::string_view message);
};

/// As the label `state` shows it.
std::string_view tcp_state_name(std::size_t state);

}  // namespace tocsin::exporters::node
