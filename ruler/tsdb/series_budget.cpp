#include "tsdb/series_budget.hpp"

#include <utility>

#include "base/log.hpp"

namespace tocsin::tsdb {

std::size_t SeriesBudget::limit_of(std::string_view job) const {
  if (job.empty()) return 0;
  const auto own = limits_.jobs.find(job);
  return own == limits_.jobs.end() ? limits_.per_job : own->second;
}

void SeriesBudget::shed(std::string_view job, MonoTime now) {
  bool first = false;
  {
    const MutexLock lock(mutex_);
    auto at = refused_.find(job);
    if (at == refused_.end()) {
      if (refused_.size() >= kMaxJobs) job = "";
      at = refused_.try_emplace(std::string(job)).first;
    }
    Refused& refused = at->second;
    ++refused.count;
    refused.last = now;
    first = !std::exchange(refused.shedding, true);
  }
  if (!first) return;
  log::warn("tsdb", "new series are refused: the series budget is used up; known series go on",
            {{"job", job}, {"limit_of_job", limit_of(job)}, {"limit", limits_.total}});
}

void SeriesBudget::tidy(MonoTime now) {
  constexpr Duration kQuiet = std::chrono::minutes(10);
  std::vector<std::string> over;
  {
    const MutexLock lock(mutex_);
    for (auto& [job, refused] : refused_) {
      if (!refused.shedding || now - refused.last < kQuiet) continue;
      refused.shedding = false;
      over.push_back(job);
    }
  }
  for (const std::string& job : over) log::info("tsdb", "no more series are refused", {{"job", job}});
}

std::vector<JobBudget> SeriesBudget::refused() const {
  const MutexLock lock(mutex_);
  std::vector<JobBudget> all;
  for (const auto& [job, refused] : refused_) {
    all.push_back({job, 0, limit_of(job), refused.count, refused.shedding});
  }
  return all;
}

std::uint64_t SeriesBudget::total_shed() const {
  const MutexLock lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [job, refused] : refused_) sum += refused.count;
  return sum;
}

}  // namespace tocsin::tsdb
