#pragma once
// Counters of the kernel's performance events, system-wide on one CPU each. Source: perf_event_open(2).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tocsin::exporters::node {

/// What is counted, and how it is shown.
struct PerfEvent {
  std::uint32_t type = 0;     // PERF_TYPE_…
  std::uint64_t config = 0;   // of the type
  std::string_view profiler;  // as in --collector.perf.*-profilers
  std::string name, help;
};

/// The events of node_exporter.
std::vector<PerfEvent> perf_hardware_events();
std::vector<PerfEvent> perf_software_events();
std::vector<PerfEvent> perf_cache_events();

/// One event on one CPU, counted from here on. Owns: the descriptor.
class PerfCounter {
 public:
  /// @return kUnavailable if the kernel or the machine does not have the event, or does not allow it; the message says
  ///         what to do.
  static Result<PerfCounter> open(const PerfEvent& event, int cpu);
  PerfCounter(PerfCounter&& other) noexcept;
  PerfCounter& operator=(PerfCounter&&) = delete;
  ~PerfCounter();
  Result<std::uint64_t> read() const;

 private:
  explicit PerfCounter(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

/// "0,2-4,8-16:4" is 0, 2, 3, 4, 8, 12, 16. kInvalid for anything else, and for more than 4096 CPUs.
Result<std::vector<int>> parse_cpu_list(std::string_view text);

}  // namespace tocsin::exporters::node
