#pragma once
// The seam between the agent and the sources of metrics.

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "expo/writer.hpp"

namespace tocsin::exporters {

/// One source of metrics: /proc/stat, a database, ... Made at start, asked at each scrape.
/// Thread: any, one call at a time; the agent never asks twice at once, and goes on without a collector that is late.
class Collector {
 public:
  virtual ~Collector() = default;
  /// As in --collector.<name> and in the label `collector`.
  virtual std::string_view name() const = 0;
  /// Puts the values of now into the page; begin() and end() of the page are the caller's. May block.
  /// On an error what was put already is served nevertheless, as node_exporter does, with success 0. kUnavailable: the
  /// host has nothing of the kind, which is no error for the log.
  virtual Result<void> collect(expo::Page& page) = 0;
  /// When the scrape began for which collect() is called next: what another collector read since then is as good as
  /// what this one would read. Without it, nothing is.
  void set_asked_at(MonoTime when) { asked_at_ = when; }

 protected:
  MonoTime asked_at() const { return asked_at_; }

 private:
  MonoTime asked_at_ = MonoTime::max();
};

using Collectors = std::vector<std::unique_ptr<Collector>>;

}  // namespace tocsin::exporters
