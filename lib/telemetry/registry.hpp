#pragma once
// The metrics of a process about itself, from three sources, on one page:
//   * families of prometheus-cpp (registry().families()), and any prometheus::Collectable: the embedding interface;
//   * probes: functions by which a module hands over the plain integers that it counts in;
//   * the process itself (process_*), from /proc/self.
// prometheus-cpp's own serializer is not used: it writes "Nan", does not escape HELP, rounds to 16 digits and costs
// forty times as much. Our writer renders what its Collect() gives.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/registry.h>

#include "base/fs.hpp"
#include "expo/writer.hpp"

namespace tocsin::telemetry {

/// Where a probe puts its numbers. Lives for one rendering. Thread: the renderer's.
class Sink {
 public:
  using Labels = std::initializer_list<model::LabelView>;

  explicit Sink(expo::Page& page) : page_(page) {}
  void counter(std::string_view name, std::string_view help, Labels labels, double value) {
    put(name, help, model::MetricType::kCounter, labels, value);
  }
  void counter(std::string_view name, std::string_view help, double value) { counter(name, help, {}, value); }
  void gauge(std::string_view name, std::string_view help, Labels labels, double value) {
    put(name, help, model::MetricType::kGauge, labels, value);
  }
  void gauge(std::string_view name, std::string_view help, double value) { gauge(name, help, {}, value); }
  /// Buckets are cumulative; +Inf is added from `count`.
  void histogram(std::string_view name, std::string_view help, Labels labels, std::span<const expo::Bucket> buckets,
                 double sum, double count);
  void summary(std::string_view name, std::string_view help, Labels labels, std::span<const expo::Quantile> quantiles,
               double sum, double count);

 private:
  void put(std::string_view name, std::string_view help, model::MetricType type, Labels labels, double value);
  expo::Page& page_;
};

using Probe = std::function<void(Sink&)>;

/// Thread: one at a time (the loop's); prometheus-cpp's own objects may be used from any.
class Registry {
 public:
  Registry();

  /// The process' families of prometheus-cpp: BuildCounter().Name(...).Register(registry.families()).
  prometheus::Registry& families() { return *families_; }
  /// Any source of prometheus-cpp; forgotten when it dies. When its Collect() throws, its families are missing from the
  /// page, which is logged when it begins and counted in tocsin_collect_failures_total; the others go on.
  void add(std::weak_ptr<prometheus::Collectable> collectable);
  /// A probe must not throw.
  void add(Probe probe) { probes_.push_back(std::move(probe)); }

  /// All of it, families sorted by name. The page is the caller's to merge or to send.
  std::shared_ptr<const expo::RenderedPage> render();

 private:
  struct Source {
    std::weak_ptr<prometheus::Collectable> collectable;
    bool failing = false;
  };
  void collect(Source& source);

  std::shared_ptr<prometheus::Registry> families_;
  std::vector<Source> sources_;
  std::uint64_t collect_failures_ = 0;
  std::vector<Probe> probes_;
  expo::Page page_;
};

/// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
/// process_max_fds, process_start_time_seconds as client_golang has them. What cannot be read is left out.
/// @param procfs  "/proc".
Probe make_process_probe(Fs& fs, std::string procfs);

}  // namespace tocsin::telemetry
