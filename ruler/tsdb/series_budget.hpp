#pragma once
// How many series there may be, in all and of one job (the label `job`), and who was refused some. Known series are
// never asked about: only who would make a new one is.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_annotations.hpp"
#include "base/time.hpp"

namespace tocsin::tsdb {

struct SeriesLimits {
  std::size_t total = 0;    // 0: no limit
  std::size_t per_job = 0;  // of a job that `jobs` does not name; series without a job only count in all
  std::map<std::string, std::size_t, std::less<>> jobs;
};

/// A job that was refused series, or is counted for its limit.
struct JobBudget {
  std::string job;
  std::uint64_t series = 0;  // live
  std::uint64_t limit = 0;   // 0: none but that for all
  std::uint64_t shed = 0;    // attempts to make a series that were refused
  bool shedding = false;     // it was refused some lately
};

/// Thread: any.
class SeriesBudget {
 public:
  explicit SeriesBudget(SeriesLimits limits) : limits_(std::move(limits)) {}

  const SeriesLimits& limits() const { return limits_; }
  /// 0: none.
  std::size_t limit_of(std::string_view job) const;

  /// A series of the job was refused; the first time it is told in the log.
  void shed(std::string_view job, MonoTime now);
  /// Tells of jobs that were refused nothing for ten minutes. Call it now and then.
  void tidy(MonoTime now);

  /// Jobs that were refused series, by name; the limit and the count of refusals, not the series.
  std::vector<JobBudget> refused() const;
  /// Refusals of all jobs.
  std::uint64_t total_shed() const;

 private:
  struct Refused {
    std::uint64_t count = 0;
    MonoTime last{0};
    bool shedding = false;
  };
  /// Names of jobs come from outside: those beyond this many are counted together, as "".
  static constexpr std::size_t kMaxJobs = 1000;

  const SeriesLimits limits_;
  mutable Mutex mutex_;
  std::map<std::string, Refused, std::less<>> refused_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::tsdb
