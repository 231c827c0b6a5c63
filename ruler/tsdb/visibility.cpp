#include "tsdb/visibility.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace tocsin::tsdb {

Snapshot::~Snapshot() {
  const MutexLock lock(visibility_.mutex_);
  visibility_.snapshots_.erase(self_);
}

Timestamp Snapshot::limit(const HotSeries& series, const SeriesExtra* extra) const {
  const Timestamp by_watermark = watermark(series.owner);
  if (!extra || !extra->tracks_commits) return by_watermark;
  // Before the first run the watermark decides, and what is settled is seen in any case.
  Timestamp limit = std::max(by_watermark, extra->settled);
  const auto& runs = extra->runs;
  if (!runs.empty()) limit = std::min(limit, runs.front().first_time - 1);
  for (std::size_t i = 0; i < runs.size() && runs[i].commit <= commit_; ++i) {
    limit = i + 1 < runs.size() ? runs[i + 1].first_time - 1 : kMaxTimestamp;
  }
  return limit;
}

Visibility::Visibility() : watermarks_{kMaxTimestamp} {}

std::uint16_t Visibility::take_slot() {
  const MutexLock lock(mutex_);
  if (!free_slots_.empty()) {
    const std::uint16_t slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }
  if (watermarks_.size() >= kNoSlot) return kNoSlot;
  watermarks_.push_back(kMinTimestamp);
  return static_cast<std::uint16_t>(watermarks_.size() - 1);
}

void Visibility::release_slot(std::uint16_t slot) {
  if (slot == kNoSlot) return;
  const MutexLock lock(mutex_);
  free_slots_.push_back(slot);
}

std::unique_ptr<Snapshot> Visibility::snapshot() {
  std::unique_ptr<Snapshot> snapshot(new Snapshot(*this));
  const MutexLock lock(mutex_);
  snapshot->commit_ = commit_;
  snapshot->watermarks_ = watermarks_;
  snapshot->self_ = snapshots_.insert(snapshots_.end(), snapshot.get());
  return snapshot;
}

Visibility::Commit Visibility::begin(std::uint16_t slot, Timestamp time, bool takes_over) {
  const MutexLock lock(mutex_);
  Commit commit;
  commit.number = commit_ + 1;
  commit.slot = slot;
  if (slot == kNoSlot) {
    commit.above = commit.up_to = kMaxTimestamp;
    return commit;
  }
  Timestamp& mark = watermarks_[slot];
  if (takes_over && time - 1 > mark) mark = time - 1;
  commit.above = mark;
  commit.up_to = std::max(time, mark);
  return commit;
}

Timestamp Visibility::seen_by_all(std::uint16_t slot) const {
  const MutexLock lock(mutex_);
  Timestamp seen = watermarks_[slot];
  for (const Snapshot* const snapshot : snapshots_) seen = std::min(seen, snapshot->watermark(slot));
  return seen;
}

bool Visibility::note(Commit& commit, SeriesPage& page, unsigned index, Timestamp t) {
  HotSeries& series = page.hot[index];
  SeriesExtra* extra = series.has_extra != 0 ? page.extra(index) : nullptr;
  const bool tracks = extra && extra->tracks_commits;
  if (!tracks && series.owner != commit.slot && commit.slot != kNoSlot) {
    if (series.owner == kNoSlot) {
      series.owner = commit.slot;  // it has no samples
    } else {
      if (commit.owner != series.owner) {
        commit.seen_by_all = seen_by_all(commit.slot);
        commit.owner = series.owner;
        commit.owner_seen_by_all = seen_by_all(series.owner);
      }
      // If everybody sees all of its samples by either slot, nobody can tell that they pass.
      if (series.last_time <= std::min(commit.seen_by_all, commit.owner_seen_by_all)) series.owner = commit.slot;
    }
  }
  if (!tracks && series.owner == commit.slot && t > commit.above && t <= commit.up_to) return false;
  if (!extra) extra = &page.make_extra(index);
  extra->tracks_commits = true;
  extra->last_slot = commit.slot;
  if (extra->runs.empty() || extra->runs.back().commit != commit.number) extra->runs.push_back({t, commit.number});
  return !tracks;
}

void Visibility::publish(const Commit& commit) {
  const MutexLock lock(mutex_);
  check(commit.number == commit_ + 1, "BUG: commits are published out of order");
  commit_ = commit.number;
  if (commit.slot != kNoSlot) watermarks_[commit.slot] = std::max(watermarks_[commit.slot], commit.up_to);
}

Visibility::Floor Visibility::floor() const {
  const MutexLock lock(mutex_);
  Floor floor{commit_, watermarks_};
  for (const Snapshot* const snapshot : snapshots_) {
    floor.commit = std::min(floor.commit, snapshot->commit());
    for (std::size_t slot = 0; slot < floor.watermarks.size(); ++slot) {
      floor.watermarks[slot] = std::min(floor.watermarks[slot], snapshot->watermark(static_cast<std::uint16_t>(slot)));
    }
  }
  return floor;
}

bool Visibility::tidy(const Floor& floor, SeriesPage& page, unsigned index) {
  SeriesExtra* const extra = page.extra(index);
  if (!extra || !extra->tracks_commits) return false;
  HotSeries& series = page.hot[index];
  auto& runs = extra->runs;
  const auto unsettled = std::ranges::find_if(runs, [&](const auto& run) { return run.commit > floor.commit; });
  if (unsettled != runs.begin()) {
    extra->settled = unsettled == runs.end() ? series.last_time : unsettled->first_time - 1;
    runs.erase(runs.begin(), unsettled);
  }
  if (!runs.empty() || extra->last_slot == kNoSlot) return true;
  if (floor.watermarks[extra->last_slot] < series.last_time) return true;
  series.owner = extra->last_slot;
  extra->tracks_commits = false;
  extra->settled = kMinTimestamp;
  extra->runs = {};
  page.tidy_extra(index);
  return false;
}

}  // namespace tocsin::tsdb
