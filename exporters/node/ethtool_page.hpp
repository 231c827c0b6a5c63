#pragma once
// How a device's answers over the ethtool interface are shown.

#include <string_view>

#include "expo/writer.hpp"
#include "exporters/node/ethtool_device.hpp"
#include "exporters/node/filter.hpp"

namespace tocsin::exporters::node {

/// @param statistics  which of the driver's own are shown
void put_ethtool(expo::Page& page, std::string_view name, const EthtoolDevice& device, const Filter& statistics);

}  // namespace tocsin::exporters::node
