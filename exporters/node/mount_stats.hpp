#pragma once
// What /proc/self/mountstats says of NFS mounts.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::node {

/// Views into the texts that it was parsed from.
struct NfsMount {
  struct Transport {
    std::string_view protocol;  // tcp, udp, rdma
    /// In the order of TCP in version 1.1; 0 where the protocol or the version has nothing: port, binds, connects,
    /// time to connect, idle time, sends, receives, bad ids, requests, backlog, slots, sending, pending.
    std::array<std::uint64_t, 13> numbers{};
  };
  struct Operation {
    std::string_view name;
    /// Requests, transmissions, timeouts, bytes sent, bytes received; milliseconds queued, waiting, in all.
    std::array<std::uint64_t, 8> numbers{};
  };
  std::string_view device, mount_point, address;
  std::uint64_t age_seconds = 0;
  std::array<std::uint64_t, 8> bytes{};
  std::array<std::uint64_t, 27> events{};
  std::vector<Transport> transports;
  std::vector<Operation> operations;
};

/// The NFS mounts, with the servers' addresses from /proc/self/mountinfo, which has the same mounts in the same order.
/// @param path  of mountstats, for messages
/// @return kCorrupt for lines that are too short or have no numbers.
Result<std::vector<NfsMount>> parse_mount_stats(std::string_view path, std::string_view stats, std::string_view info);

}  // namespace tocsin::exporters::node
