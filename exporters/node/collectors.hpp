#pragma once
// The makers of the host's collectors, one file each.

#include "base/clock.hpp"
#include "exporters/node/filter.hpp"
#include "exporters/node/node.hpp"

namespace tocsin::exporters::node {

using CollectorPtr = std::unique_ptr<Collector>;

CollectorPtr make_cpu(const NodeOptions& options, Fs& fs);
CollectorPtr make_meminfo(const NodeOptions& options, Fs& fs);
CollectorPtr make_loadavg(const NodeOptions& options, Fs& fs);
CollectorPtr make_filesystem(const NodeOptions& options, Fs& fs, Filter mount_points, Filter types);
CollectorPtr make_netdev(const NodeOptions& options, Fs& fs, Filter devices);
CollectorPtr make_uname();
CollectorPtr make_time(const NodeOptions& options, Fs& fs, Clock& clock);
CollectorPtr make_textfile(const NodeOptions& options, Fs& fs);

}  // namespace tocsin::exporters::node
