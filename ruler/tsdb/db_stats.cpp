// Figures of the store.
#include <algorithm>
#include <set>
#include <tuple>

#include "tsdb/db.hpp"
#include "tsdb/head.hpp"
#include "tsdb/keeper.hpp"

namespace tocsin::tsdb {
namespace {

std::uint64_t get(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

/// Keeps the greatest values, and of equal ones the first names.
void keep_greatest(std::vector<Cardinality::Item>& items, std::size_t limit) {
  const auto before = [](const Cardinality::Item& a, const Cardinality::Item& b) {
    return a.value != b.value ? a.value > b.value : a.name < b.name;
  };
  const std::size_t kept = std::min(limit, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(kept), items.end(), before);
  items.resize(kept);
}

}  // namespace

TsdbStats Db::stats() const {
  const HeadCounters& c = head_->counters;
  TsdbStats s;
  s.series = head_->index.live();
  s.series_created = get(c.series_created);
  s.series_removed = get(c.series_removed);
  s.samples_appended = get(c.samples);
  s.histograms_appended = get(c.histograms);
  s.exemplars_appended = get(c.exemplars);
  s.commits = get(c.commits);
  s.commits_failed = get(c.commits_failed);
  s.late_samples = get(c.late_samples);
  s.late_histograms = get(c.late_histograms);
  s.late_chunks = get(c.late_chunks);
  s.out_of_order = get(c.out_of_order);
  s.too_old = get(c.too_old);
  s.duplicates = get(c.duplicates);
  s.out_of_bounds = get(c.out_of_bounds);
  s.series_limit_hits = get(c.series_limit_hits);
  s.chunks_open = get(c.chunks_open);
  s.chunks_completed = get(c.chunks_completed);
  s.chunks_corrupt = get(c.chunks_corrupt);
  s.min_time = head_->min_time();
  s.max_time = head_->max_time();
  s.wal_bytes = head_->wal.bytes_appended();
  s.wal_segments = head_->wal.segments();
  s.wal_syncs = get(c.syncs);
  s.wal_sync_failures = get(c.sync_failures);
  s.chunk_bytes_written = head_->files.bytes_appended();
  s.chunk_files = head_->files.files().size();
  s.chunk_file_bytes = head_->files.disk_bytes();
  s.checkpoints = get(c.checkpoints);
  s.checkpoint_failures = get(c.checkpoint_failures);
  s.retention_files_dropped = get(c.files_dropped);
  s.snapshots = head_->visibility.snapshots();
  s.tracked_series = get(c.tracked_series);
  s.replay_seconds = replay_seconds_;
  const auto bytes = head_->index.bytes();
  s.bytes = {bytes.records + keeper_->extra_bytes(),
             bytes.labels,
             bytes.table,
             bytes.pairs,
             bytes.postings,
             bytes.texts,
             0,
             head_->files.memory_bytes()};
  const MutexLock lock(head_->commit_mutex);
  s.bytes.open_chunks = head_->arena.bytes();
  return s;
}

BudgetStatus Db::budget(std::size_t limit) const {
  const SeriesBudget& budget = head_->budget;
  BudgetStatus out;
  out.series = head_->index.live();
  out.limit = budget.limits().total;
  out.limit_per_job = budget.limits().per_job;
  out.shed = budget.total_shed();
  out.jobs = budget.refused();
  std::set<std::string, std::less<>> listed;
  for (JobBudget& job : out.jobs) {
    listed.insert(job.job);
    if (!job.job.empty()) job.series = head_->index.series_with("job", job.job);
  }
  if (out.limit_per_job != 0 || !budget.limits().jobs.empty()) {
    const Pin pin = head_->reclaimer.pin();
    for (const PairId id : head_->index.pairs_of("job")) {
      const std::string_view job = head_->index.pair(id).value();
      const std::size_t of_job = budget.limit_of(job);
      if (of_job == 0 || listed.contains(job)) continue;
      out.jobs.push_back({std::string(job), head_->index.postings_size(id), of_job, 0, false});
    }
  }
  const auto nearness = [](const JobBudget& job) {
    const double used = job.limit == 0 ? 0 : static_cast<double>(job.series) / static_cast<double>(job.limit);
    return std::tuple(!job.shedding, -used, job.job);
  };
  std::ranges::sort(out.jobs, {}, nearness);
  if (out.jobs.size() > limit) out.jobs.resize(limit);
  return out;
}

Cardinality Db::cardinality(std::size_t limit) const {
  const Pin pin = head_->reclaimer.pin();
  const LabelIndex& index = head_->index;
  Cardinality out;
  index.for_each_name([&](std::string_view name, const std::vector<PairId>& pairs) {
    std::uint64_t bytes = 0;
    for (const PairId id : pairs) {
      const PairRecord& pair = index.pair(id);
      const std::uint64_t series = index.postings_size(id);
      bytes += pair.value().size();
      out.series_by_label_pair.push_back({std::string(name) + "=" + std::string(pair.value()), series});
      if (name == model::kMetricName) out.series_by_metric.push_back({std::string(pair.value()), series});
      if (out.series_by_label_pair.size() > 4 * limit + 1000) keep_greatest(out.series_by_label_pair, limit);
    }
    out.label_pairs += pairs.size();
    out.values_by_label.push_back({std::string(name), pairs.size()});
    out.bytes_by_label.push_back({std::string(name), bytes});
  });
  keep_greatest(out.series_by_metric, limit);
  keep_greatest(out.values_by_label, limit);
  keep_greatest(out.bytes_by_label, limit);
  keep_greatest(out.series_by_label_pair, limit);
  return out;
}

}  // namespace tocsin::tsdb
