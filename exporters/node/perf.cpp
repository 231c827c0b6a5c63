// Counters of performance events: hardware, software, caches and tracepoints, by CPU.

#include <algorithm>
#include <map>
#include <thread>

#include <linux/perf_event.h>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "exporters/node/collectors.hpp"
#include "exporters/node/perf_events.hpp"
#include "exporters/node/source_file.hpp"

namespace tocsin::exporters::node {
namespace {

class Perf final : public Collector {
 public:
  Perf(const NodeContext& context, std::vector<PerfEvent> events, std::vector<int> cpus)
      : fs_(context.fs),
        tracing_(context.sys("kernel/tracing")),
        tracepoints_(context.options.perf_tracepoints),
        events_(std::move(events)),
        cpus_(std::move(cpus)) {}
  std::string_view name() const override { return "perf"; }

  Result<void> collect(expo::Page& page) override {
    if (counters_.empty()) TOCSIN_OK(open());
    for (const auto& [event, cpu, counter] : counters_) {
      TOCSIN_TRY(const std::uint64_t value, counter.read());
      page.family(fmt::format("node_perf_{}", event->name), event->help, model::MetricType::kCounter)
          .put({{"cpu", cpu}}, static_cast<double>(value));
    }
    return {};
  }

 private:
  struct Counter {
    const PerfEvent* event;
    std::string cpu;
    PerfCounter counter;
  };

  /// Counts what the machine has; an error is that of the first event if it has none.
  Result<void> open() {
    std::vector<PerfEvent> events = events_;
    for (const std::string& tracepoint : tracepoints_) {
      TOCSIN_TRY(PerfEvent event, find_tracepoint(tracepoint));
      events.push_back(std::move(event));
    }
    opened_ = std::move(events);
    std::optional<Error> first;
    for (const PerfEvent& event : opened_) {
      for (const int cpu : cpus_) {
        auto counter = PerfCounter::open(event, cpu);
        if (counter) {
          counters_.push_back({&event, fmt::format("{}", cpu), std::move(*counter)});
        } else if (!first) {
          first = std::move(counter).error();
        }
      }
    }
    if (!first) return {};
    if (counters_.empty()) return std::unexpected(std::move(*first));
    log::info("perf", "some events cannot be counted here", {{"first", first->message}});
    return {};
  }

  /// "sched:sched_process_fork": its number is in a file of tracefs.
  Result<PerfEvent> find_tracepoint(const std::string& tracepoint) {
    const std::size_t colon = tracepoint.find(':');
    const std::string group = tracepoint.substr(0, colon), event = tracepoint.substr(colon + 1);
    SourceFile file(fs_, fmt::format("{}/events/{}/{}/id", tracing_, group, event));
    TOCSIN_TRY(const double id, file.read_number());
    return PerfEvent{.type = PERF_TYPE_TRACEPOINT,
                     .config = static_cast<std::uint64_t>(id),
                     .profiler = {},
                     .name = fmt::format("{}_{}", group, event),
                     .help = fmt::format("Perf tracepoint {}", tracepoint)};
  }

  Fs& fs_;
  std::string tracing_;
  std::vector<std::string> tracepoints_;
  std::vector<PerfEvent> events_;
  std::vector<int> cpus_;
  std::vector<PerfEvent> opened_;  // counters_ point into it
  std::vector<Counter> counters_;
};

/// Adds the events of a kind, or the named ones of them.
Result<void> add_events(std::vector<PerfEvent>& events, std::vector<PerfEvent> kind, bool disabled,
                        const std::vector<std::string>& profilers, std::string_view flag) {
  for (const std::string& profiler : profilers) {
    if (std::ranges::find(kind, profiler, &PerfEvent::profiler) == kind.end()) {
      return fail(Errc::kInvalid, "{}: unknown profiler \"{}\"", flag, profiler);
    }
  }
  if (disabled) return {};
  for (PerfEvent& event : kind) {
    if (profilers.empty() || std::ranges::find(profilers, event.profiler) != profilers.end()) {
      events.push_back(std::move(event));
    }
  }
  return {};
}

}  // namespace

MadeCollector make_perf(const NodeContext& context) {
  const NodeOptions& options = context.options;
  std::vector<PerfEvent> events;
  TOCSIN_OK(add_events(events, perf_hardware_events(), options.perf_no_hardware, options.perf_hardware,
                       "--collector.perf.hardware-profilers"));
  TOCSIN_OK(add_events(events, perf_software_events(), options.perf_no_software, options.perf_software,
                       "--collector.perf.software-profilers"));
  TOCSIN_OK(add_events(events, perf_cache_events(), options.perf_no_cache, options.perf_cache,
                       "--collector.perf.cache-profilers"));
  for (const std::string& tracepoint : options.perf_tracepoints) {
    const auto parts = split(tracepoint, ':');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty() || tracepoint.contains('/')) {
      return fail(Errc::kInvalid, "--collector.perf.tracepoint: not group:event: \"{}\"", tracepoint);
    }
  }
  std::vector<int> cpus;
  if (!options.perf_cpus.empty()) {
    TOCSIN_TRY(cpus, parse_cpu_list(options.perf_cpus));
  } else {
    for (unsigned cpu = 0; cpu < std::thread::hardware_concurrency(); ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return std::make_unique<Perf>(context, std::move(events), std::move(cpus));
}

}  // namespace tocsin::exporters::node
