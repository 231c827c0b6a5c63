#pragma once
// The counters of network devices come with all else that the kernel says of a device: netclass, which asks for that,
// keeps them for netdev.

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace tocsin::exporters::node {

/// Thread: any.
class SharedLinkStats {
 public:
  struct Device {
    std::string name, stats64;  // struct rtnl_link_stats64, may be of another size
  };

  /// @param devices  all that there are; gets what was kept before, for its memory
  /// @param asked    when the kernel was
  void keep(std::vector<Device>& devices, MonoTime asked) {
    const std::lock_guard lock(mutex_);
    devices_.swap(devices);
    asked_ = asked;
  }
  /// Calls `take` with each device's name and counters; false if what is kept is older than `since`.
  template <typename Take>
  bool for_each(MonoTime since, Take take) const {
    const std::lock_guard lock(mutex_);
    if (asked_ < since) return false;
    for (const Device& device : devices_) take(std::string_view(device.name), std::string_view(device.stats64));
    return true;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Device> devices_;
  MonoTime asked_ = MonoTime::min();
};

}  // namespace tocsin::exporters::node
