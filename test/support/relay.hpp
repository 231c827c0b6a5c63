#pragma once
// Bytes from one socket to another, for imposters that stand between two peers.

#include <atomic>
#include <cstdint>
#include <string_view>

namespace tocsin::test {

/// A connected socket; throws std::runtime_error if nobody listens.
int connect_to_loopback(std::uint16_t port);
/// False if the peer is gone.
bool send_all(int fd, std::string_view bytes);
/// Both ways until one end closes or `stopping`; blocks.
void relay(int a, int b, const std::atomic<bool>& stopping);

}  // namespace tocsin::test
