#pragma once
// What a network driver tells over the ethtool interface. Source: ethtool(8), include/uapi/linux/ethtool.h of Linux.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::node {

struct EthtoolDevice {
  struct Link {
    std::uint32_t supported = 0, advertised = 0;  // bits by enum ethtool_link_mode_bit_indices
    bool autonegotiate = false;
  };
  struct Driver {
    std::string name, version, firmware_version, bus_info, expansion_rom_version;
  };
  // What the driver does not tell is not there.
  std::optional<Link> link;
  std::optional<Driver> driver;
  std::vector<std::pair<std::string, std::uint64_t>> statistics;
};

/// Asks the kernel. Thread: one at a time.
class EthtoolSocket {
 public:
  EthtoolSocket() = default;
  ~EthtoolSocket();
  EthtoolSocket(const EthtoolSocket&) = delete;
  EthtoolSocket& operator=(const EthtoolSocket&) = delete;
  /// @return kIo if there can be no socket.
  Result<EthtoolDevice> read(const std::string& device);

 private:
  bool ask(const std::string& device, void* command) const;
  std::vector<std::pair<std::string, std::uint64_t>> read_statistics(const std::string& device,
                                                                     std::uint32_t count) const;

  int descriptor_ = -1;
};

/// "rx_queue_0_drops" is shown as node_ethtool_received_queue_0_drops.
std::string ethtool_metric_name(std::string_view statistic);
/// A statistic's name with one _ for each run of other characters than letters, digits and _.
std::string ethtool_clean_name(std::string_view statistic);

}  // namespace tocsin::exporters::node
