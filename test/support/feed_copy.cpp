#include "support/feed_copy.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace tocsin::test {
namespace {

void erase_from(storage::SampleColumns& columns, Timestamp start, Timestamp end) {
  storage::SampleColumns kept;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns.times[i] >= start && columns.times[i] <= end) continue;
    kept.times.push_back(columns.times[i]);
    kept.values.push_back(columns.values[i]);
    kept.starts.push_back(columns.starts.empty() ? 0 : columns.starts[i]);
    kept.histograms.push_back(columns.histograms.empty() ? nullptr : columns.histograms[i]);
  }
  columns = std::move(kept);
}

}  // namespace

void FeedCopy::put(ReadSeries& to, const storage::SampleColumns& samples) {
  storage::SampleColumns& all = to.samples;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto at = std::ranges::lower_bound(all.times, samples.times[i]) - all.times.begin();
    if (at < static_cast<std::ptrdiff_t>(all.size()) && all.times[static_cast<std::size_t>(at)] == samples.times[i]) {
      continue;  // a querier that was made later showed it
    }
    all.times.insert(all.times.begin() + at, samples.times[i]);
    all.values.insert(all.values.begin() + at, samples.values[i]);
    all.starts.insert(all.starts.begin() + at, samples.starts.empty() ? 0 : samples.starts[i]);
    all.histograms.insert(all.histograms.begin() + at, samples.histograms.empty() ? nullptr : samples.histograms[i]);
  }
}

void FeedCopy::read(Timestamp start, Timestamp end) {
  for (auto& [id, series] : series_) erase_from(series.samples, start, end);
  const auto querier = store_.querier(start, end);
  REQUIRE(querier);
  for (const ReadSeries& one : read_all(**querier, start, end, matchers_)) {
    const auto known = std::ranges::find_if(series_, [&](const auto& s) { return s.second.labels == one.labels; });
    if (known != series_.end()) put(known->second, one.samples);
  }
}

void FeedCopy::update() {
  auto batch = feed_->since(sequence_);
  REQUIRE(batch);
  if (batch->lost) {
    ++lost;
    series_.clear();
    sequence_ = 0;
    batch = feed_->since(0);
    REQUIRE(batch);
    REQUIRE_FALSE(batch->lost);
  }
  const bool first = sequence_ == 0;
  REQUIRE(batch->sequence >= std::max<std::uint64_t>(sequence_, 1));
  sequence_ = batch->sequence;
  for (const std::uint64_t id : batch->went) {
    REQUIRE(series_.erase(id) == 1);
    ++went;
  }
  for (const auto& [id, labels] : batch->came) {
    REQUIRE_FALSE(series_.contains(id));
    series_[id] = {labels, id, {}};
  }
  if (first) {
    REQUIRE(batch->appended.empty());
    read(storage::kOldestTime, storage::kNewestTime);
  }
  for (const auto& points : batch->appended) {
    REQUIRE(series_.contains(points.id));
    put(series_.at(points.id), points.samples);
  }
  rewritten += batch->rewritten.size();
  for (const auto& range : batch->rewritten) read(range.start, range.end);
}

std::string FeedCopy::text(Timestamp start) const {
  std::vector<ReadSeries> all;
  for (const auto& [id, series] : series_) {
    ReadSeries one = series;
    erase_from(one.samples, storage::kOldestTime, start - 1);
    if (one.samples.size() != 0) all.push_back(std::move(one));
  }
  std::ranges::sort(all, {}, &ReadSeries::labels);
  return describe(all);
}

}  // namespace tocsin::test
