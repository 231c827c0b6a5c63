#pragma once
// Where the values of the health report come from.

#include "agent/gatherer.hpp"
#include "agent/health.hpp"
#include "agent/source_set.hpp"
#include "net/http.hpp"

namespace tocsin::agent {

/// Thread: the loop's.
class HealthCheck {
 public:
  HealthCheck(net::TaskLoop& loop, Gatherer& gatherer, SourceSet& sources)
      : loop_(loop), gatherer_(gatherer), sources_(sources) {}

  enum class Parts { kAll, kSystem, kDatabases, kNone };
  /// The last answers, if they are of the last half minute; else it asks. Waits for two seconds at most.
  net::Task<HealthReport> report(Parts parts);

 private:
  struct CpuSample {
    CpuTimes times;
    MonoTime at{0};
  };
  net::Task<void> read_system(SystemHealth* system);
  net::Task<std::optional<CpuSample>> read_cpu();

  net::TaskLoop& loop_;
  Gatherer& gatherer_;
  SourceSet& sources_;
  std::optional<CpuSample> cpu_;  // of the last report
};

/// 503 if unhealthy, else 200.
net::HttpResponse health_answer(HealthBody body);

}  // namespace tocsin::agent
