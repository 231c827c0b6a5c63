#include "support/map_store.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace tocsin::test {
namespace {

using model::Labels;
using model::Matcher;
using storage::AppendResult;
using storage::AppendStatus;
using storage::ChunkSummary;

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_point(const MapStore::Point& a, const MapStore::Point& b) {
  if ((a.histogram == nullptr) != (b.histogram == nullptr)) return false;
  if (a.histogram) return *a.histogram == *b.histogram;
  return same_bits(a.value, b.value);
}

bool matches_all(std::span<const Matcher> matchers, const Labels& labels) {
  return std::ranges::all_of(matchers, [&](const Matcher& m) { return m.matches(labels); });
}

void copy_range(const MapStore::Series& series, Timestamp start, Timestamp end, storage::SampleColumns& out) {
  out.clear();
  bool starts = false;
  bool histograms = false;
  for (auto at = series.points.lower_bound(start); at != series.points.end() && at->first <= end; ++at) {
    starts = starts || at->second.start != 0;
    histograms = histograms || at->second.histogram != nullptr;
  }
  for (auto at = series.points.lower_bound(start); at != series.points.end() && at->first <= end; ++at) {
    out.times.push_back(at->first);
    out.values.push_back(at->second.value);
    if (starts) out.starts.push_back(at->second.start);
    if (histograms) out.histograms.push_back(at->second.histogram);
  }
}

using Points = std::vector<std::pair<Timestamp, MapStore::Point>>;

bool has_histograms(const Points& points) {
  return std::ranges::any_of(points, [](const auto& point) { return point.second.histogram != nullptr; });
}

/// The definition of ChunkSummary, value by value; sums have the digits of long double.
ChunkSummary summarise(const Points& points) {
  ChunkSummary s;
  s.first_time = s.first_at = points.front().first;
  s.last_time = s.last_at = points.back().first;
  Points kept;
  for (const auto& point : points) {
    if (model::is_stale(point.second.value)) {
      s.has_stale = true;
    } else {
      kept.push_back(point);
    }
  }
  if (kept.empty()) return s;
  s.count = static_cast<std::uint32_t>(kept.size());
  s.first_at = kept.front().first;
  s.last_at = kept.back().first;
  s.first = s.min = s.max = kept.front().second.value;
  s.last = kept.back().second.value;
  s.increase = s.last - s.first;
  long double sum = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const double v = kept[i].second.value;
    s.has_nan = s.has_nan || std::isnan(v);
    sum += static_cast<long double>(v);
    if (v < s.min || std::isnan(s.min)) s.min = v;
    if (v > s.max || std::isnan(s.max)) s.max = v;
    if (i == 0) continue;
    const double before = kept[i - 1].second.value;
    if (v != before && !(std::isnan(v) && std::isnan(before))) ++s.changes;
    if (v < before) {
      s.reset_values.push_back(before);
      s.increase += before;
    }
  }
  s.resets = static_cast<std::uint32_t>(s.reset_values.size());
  if (s.resets > ChunkSummary::kMaxResetValues) s.reset_values.clear();
  s.sum = static_cast<double>(sum);
  if (std::isfinite(s.sum)) s.sum_error = static_cast<double>(sum - static_cast<long double>(s.sum));
  s.mean = s.sum / s.count;
  long double m2 = 0;
  const long double mean = sum / s.count;
  for (const auto& point : kept) {
    const long double distance = static_cast<long double>(point.second.value) - mean;
    m2 += distance * distance;
  }
  s.m2 = static_cast<double>(m2);
  return s;
}

struct Selected {
  Labels labels;
  std::shared_ptr<const MapStore::Series> series;
};

class MapSet : public storage::SeriesSet {
 public:
  explicit MapSet(std::vector<Selected> selected) : selected_(std::move(selected)) {}
  bool next() override { return ++at_ <= selected_.size(); }
  const Labels& labels() const override { return selected_[at_ - 1].labels; }
  std::uint64_t id() const override { return selected_[at_ - 1].series->id; }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    copy_range(*selected_[at_ - 1].series, start, end, out);
    return {};
  }
  Result<void> status() const override { return {}; }

 private:
  std::vector<Selected> selected_;
  std::size_t at_ = 0;
};

class MapSummarySet : public storage::ChunkSummarySet {
 public:
  MapSummarySet(std::vector<Selected> selected, std::size_t chunk_samples)
      : selected_(std::move(selected)), chunk_samples_(chunk_samples) {}
  bool next() override { return ++at_ <= selected_.size(); }
  const Labels& labels() const override { return selected_[at_ - 1].labels; }
  std::uint64_t id() const override { return selected_[at_ - 1].series->id; }
  Result<void> summaries(Timestamp start, Timestamp end, std::vector<ChunkSummary>& out,
                         std::vector<storage::TimeRange>& rest) override {
    out.clear();
    rest.clear();
    Points chunk;
    const auto finish_chunk = [&](bool open) {
      if (chunk.empty() || chunk.front().first > end || chunk.back().first < start) return chunk.clear();
      const bool inside = chunk.front().first >= start && chunk.back().first <= end;
      if (inside && !open && !has_histograms(chunk)) {
        out.push_back(summarise(chunk));
      } else {
        rest.push_back({std::max(start, chunk.front().first), std::min(end, chunk.back().first)});
      }
      chunk.clear();
    };
    for (const auto& point : selected_[at_ - 1].series->points) {
      chunk.push_back(point);
      if (chunk.size() == chunk_samples_) finish_chunk(false);
    }
    finish_chunk(true);
    return {};
  }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    copy_range(*selected_[at_ - 1].series, start, end, out);
    return {};
  }
  Result<void> status() const override { return {}; }

 private:
  std::vector<Selected> selected_;
  std::size_t chunk_samples_;
  std::size_t at_ = 0;
};

class MapQuerier : public storage::Querier {
 public:
  MapQuerier(MapStore::SeriesMap series, Timestamp start, Timestamp end, std::size_t chunk_samples)
      : series_(std::move(series)), start_(start), end_(end), chunk_samples_(chunk_samples) {}

  std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                             std::span<const Matcher> matchers) override {
    return std::make_unique<MapSet>(selected(hints.start, hints.end, matchers, hints.limit));
  }
  std::unique_ptr<storage::ChunkSummarySet> select_summaries(const storage::SelectHints& hints,
                                                             std::span<const Matcher> matchers) override {
    return std::make_unique<MapSummarySet>(selected(hints.start, hints.end, matchers, hints.limit), chunk_samples_);
  }
  Result<std::vector<std::string>> label_names(std::span<const Matcher> matchers, std::size_t limit) override {
    std::set<std::string> names;
    for (const auto& one : selected(start_, end_, matchers, 0)) {
      for (const auto& label : one.labels) names.emplace(label.name);
    }
    return first_of(names, limit);
  }
  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const Matcher> matchers,
                                                std::size_t limit) override {
    std::set<std::string> values;
    for (const auto& one : selected(start_, end_, matchers, 0)) {
      if (one.labels.has(name)) values.emplace(one.labels.get(name));
    }
    return first_of(values, limit);
  }

 private:
  std::vector<Selected> selected(Timestamp start, Timestamp end, std::span<const Matcher> matchers,
                                 std::size_t limit) const {
    std::vector<Selected> out;
    for (const auto& [labels, series] : series_) {
      if (limit != 0 && out.size() == limit) break;
      auto first = series->points.lower_bound(start);
      if (first == series->points.end() || first->first > end) continue;
      if (matches_all(matchers, labels)) out.push_back({labels, series});
    }
    return out;
  }
  static std::vector<std::string> first_of(const std::set<std::string>& all, std::size_t limit) {
    std::vector<std::string> out(all.begin(), all.end());
    if (limit != 0 && out.size() > limit) out.resize(limit);
    return out;
  }

  const MapStore::SeriesMap series_;
  const Timestamp start_, end_;
  const std::size_t chunk_samples_;
};

}  // namespace

class MapAppender : public storage::Appender {
 public:
  explicit MapAppender(MapStore& store) : store_(store) {}

  AppendResult append(storage::SeriesRef ref, const Labels* labels, Timestamp t, double value,
                      Timestamp start) override {
    return append_point(ref, labels, t, {value, start, nullptr});
  }
  AppendResult append_histogram(storage::SeriesRef ref, const Labels* labels, Timestamp t,
                                model::HistogramPtr histogram, Timestamp start) override {
    if (!histogram || !model::validate(*histogram)) return {AppendStatus::kInvalidHistogram, ref, false};
    return append_point(ref, labels, t, {0, start, std::move(histogram)});
  }
  storage::SeriesRef find(const Labels& labels) override {
    MutexLock lock(store_.mutex_);
    const auto known = store_.refs_.find(labels);
    return known == store_.refs_.end() ? 0 : known->second;
  }
  AppendStatus append_exemplar(storage::SeriesRef ref, const storage::Exemplar& exemplar) override {
    MutexLock lock(store_.mutex_);
    const auto labels = store_.labels_.find(ref);
    if (labels == store_.labels_.end()) return AppendStatus::kUnknownRef;
    if (const auto series = store_.series_.find(labels->second); series != store_.series_.end()) {
      const auto& kept = series->second->exemplars;
      if (!kept.empty() && exemplar.t < kept.back().t) return AppendStatus::kOutOfOrder;
    }
    exemplars_.emplace_back(ref, exemplar);
    return AppendStatus::kOk;
  }
  void set_metadata(storage::SeriesRef ref, const storage::Metadata& metadata) override {
    metadata_.emplace_back(ref, metadata);
  }
  void rollback() override {
    points_.clear();
    exemplars_.clear();
    metadata_.clear();
  }
  Result<void> commit() override;

 private:
  AppendResult append_point(storage::SeriesRef ref, const Labels* labels, Timestamp t, MapStore::Point point);

  struct Pending {
    storage::SeriesRef ref;
    Timestamp t;
    MapStore::Point point;
    bool late;  // when it was appended
  };
  MapStore& store_;
  std::vector<Pending> points_;
  std::vector<std::pair<storage::SeriesRef, storage::Exemplar>> exemplars_;
  std::vector<std::pair<storage::SeriesRef, storage::Metadata>> metadata_;
};

AppendResult MapAppender::append_point(storage::SeriesRef ref, const Labels* labels, Timestamp t,
                                       MapStore::Point point) {
  MutexLock lock(store_.mutex_);
  bool created = false;
  if (auto known = store_.labels_.find(ref); known == store_.labels_.end()) {
    if (!labels) return {AppendStatus::kUnknownRef, 0, false};
    if (labels->empty()) return {AppendStatus::kInvalidLabels, 0, false};
    auto by_labels = store_.refs_.find(*labels);
    if (by_labels == store_.refs_.end()) {
      if (store_.options_.series_limit != 0 && store_.refs_.size() >= store_.options_.series_limit) {
        return {AppendStatus::kSeriesLimit, 0, false};
      }
      by_labels = store_.refs_.emplace(*labels, store_.refs_.size() + 1).first;
      store_.labels_.emplace(by_labels->second, *labels);
      created = true;
    }
    ref = by_labels->second;
  }
  if (t < storage::kOldestTime || t > storage::kNewestTime) return {AppendStatus::kOutOfBounds, ref, created};
  const auto known = store_.series_.find(store_.labels_.at(ref));
  const MapStore::Series none;
  const MapStore::Series& series = known == store_.series_.end() ? none : *known->second;
  const bool recent = store_.is_recent(t);
  const auto status = store_.judge(series, t, point, recent, store_.newest_);
  if (status != AppendStatus::kOk) return {status, ref, created};
  const bool late = !recent || (series.newest && t < series.newest->first);
  points_.push_back({ref, t, std::move(point), late});
  return {AppendStatus::kOk, ref, created};
}

Result<void> MapAppender::commit() {
  MutexLock lock(store_.mutex_);
  if (store_.failure_) {
    const Error error = *store_.failure_;
    rollback();
    return fail(error);
  }
  ++store_.sequence_;
  const std::optional<Timestamp> newest = store_.newest_;
  std::map<storage::SeriesRef, std::shared_ptr<MapStore::Series>> edited;
  for (auto& [ref, t, point, late] : points_) {
    const Labels& labels = store_.labels_.at(ref);
    auto& series = edited[ref];
    if (!series) series = store_.editable(labels);
    const bool again = series->points.contains(t) || (!late && series->newest && t == series->newest->first);
    if (again || (!late && store_.judge(*series, t, point, true, newest) != AppendStatus::kOk)) continue;
    series->points.emplace(t, point);
    if (!series->newest || t > series->newest->first) series->newest = {t, point};
    store_.newest_ = std::max(t, store_.newest_.value_or(t));
  }
  for (const auto& [ref, exemplar] : exemplars_) {
    auto& series = edited[ref];
    if (!series) series = store_.editable(store_.labels_.at(ref));
    series->exemplars.push_back(exemplar);
  }
  for (const auto& [ref, metadata] : metadata_) {
    if (!store_.labels_.contains(ref)) continue;
    auto& series = edited[ref];
    if (!series) series = store_.editable(store_.labels_.at(ref));
    series->metadata = metadata;
  }
  for (auto& [ref, series] : edited) store_.series_[store_.labels_.at(ref)] = std::move(series);
  rollback();
  return {};
}

/// Compares the store with what it was at the last call.
class MapFeed : public storage::SeriesFeed {
 public:
  MapFeed(MapStore& store, std::vector<Matcher> matchers) : store_(store), matchers_(std::move(matchers)) {}

  Result<storage::FeedBatch> since(std::uint64_t sequence) override {
    MutexLock lock(store_.mutex_);
    storage::FeedBatch batch;
    if (sequence != sequence_) {
      sequence_ = 0;
      known_.clear();
      batch.lost = true;
      return batch;
    }
    for (const auto& [labels, series] : store_.series_) {
      if (matches_all(matchers_, labels)) tell(labels, *series, batch);
    }
    batch.sequence = sequence_ = store_.sequence_ + 1;
    return batch;
  }

 private:
  void tell(const Labels& labels, const MapStore::Series& now, storage::FeedBatch& batch) {
    const auto before = known_.find(labels);
    MapStore::Series fresh;
    if (before == known_.end()) {
      if (now.points.empty()) return;
      batch.came.emplace_back(now.id, labels);
      if (sequence_ != 0) fresh.points = now.points;
    } else {
      const Timestamp told = before->second.newest->first;
      for (const auto& [t, point] : now.points) {
        if (t > told) fresh.points.emplace(t, point);
        if (t <= told && !before->second.points.contains(t)) batch.rewritten.push_back({t, t});
      }
      for (const auto& [t, point] : before->second.points) {
        const auto there = now.points.find(t);
        if (there == now.points.end() || !same_point(there->second, point)) batch.rewritten.push_back({t, t});
      }
    }
    if (!fresh.points.empty()) {
      storage::FeedBatch::Points points{now.id, {}};
      copy_range(fresh, kMinTimestamp, kMaxTimestamp, points.samples);
      batch.appended.push_back(std::move(points));
    }
    known_[labels] = now;
  }

  MapStore& store_;
  const std::vector<Matcher> matchers_;
  std::uint64_t sequence_ = 0;
  std::map<Labels, MapStore::Series> known_;
};

std::unique_ptr<storage::Appender> MapStore::appender() {
  return std::make_unique<MapAppender>(*this);
}

Result<std::unique_ptr<storage::Querier>> MapStore::querier(Timestamp start, Timestamp end) {
  MutexLock lock(mutex_);
  return std::make_unique<MapQuerier>(series_, start, end, options_.chunk_samples);
}

std::unique_ptr<storage::SeriesFeed> MapStore::feed(std::span<const Matcher> matchers) {
  return std::make_unique<MapFeed>(*this, std::vector<Matcher>(matchers.begin(), matchers.end()));
}

bool MapStore::is_recent(Timestamp t) const {
  return !options_.max_age_ms || !newest_ || t >= *newest_ - *options_.max_age_ms;
}

AppendStatus MapStore::judge(const Series& series, Timestamp t, const Point& point, bool recent,
                             std::optional<Timestamp> newest) const {
  if (recent) {
    if (!series.newest || t > series.newest->first) return AppendStatus::kOk;
    if (t == series.newest->first) {
      return same_point(series.newest->second, point) ? AppendStatus::kOk : AppendStatus::kDuplicate;
    }
  }
  const std::int64_t window = options_.out_of_order_window_ms;
  if (window == 0) return recent ? AppendStatus::kOutOfOrder : AppendStatus::kTooOld;
  if (newest && t < *newest - window) return AppendStatus::kTooOld;
  const auto there = series.points.find(t);
  return there == series.points.end() || same_point(there->second, point) ? AppendStatus::kOk
                                                                          : AppendStatus::kDuplicate;
}

void MapStore::remove(Timestamp start, Timestamp end, std::span<const Matcher> matchers) {
  MutexLock lock(mutex_);
  ++sequence_;
  for (auto& [labels, series] : series_) {
    if (!matches_all(matchers, labels)) continue;
    auto edited = std::make_shared<Series>(*series);
    std::erase_if(edited->points, [&](const auto& one) { return one.first >= start && one.first <= end; });
    series = std::move(edited);
  }
}

std::shared_ptr<MapStore::Series> MapStore::editable(const Labels& labels) {
  auto found = series_.find(labels);
  if (found != series_.end()) return std::make_shared<Series>(*found->second);
  auto series = std::make_shared<Series>();
  series->id = refs_.at(labels);
  return series;
}

AppendStatus MapStore::add(const Labels& labels, Timestamp t, double value) {
  auto one = appender();
  const AppendResult result = one->append(0, &labels, t, value);
  if (result.status == AppendStatus::kOk && !one->commit()) return AppendStatus::kUnknownRef;
  return result.status;
}

void MapStore::fail_commits(std::optional<Error> error) {
  MutexLock lock(mutex_);
  failure_ = std::move(error);
}

std::vector<storage::Exemplar> MapStore::exemplars(const Labels& labels) const {
  MutexLock lock(mutex_);
  auto found = series_.find(labels);
  return found == series_.end() ? std::vector<storage::Exemplar>{} : found->second->exemplars;
}

std::optional<storage::Metadata> MapStore::metadata(const Labels& labels) const {
  MutexLock lock(mutex_);
  auto found = series_.find(labels);
  return found == series_.end() ? std::nullopt : found->second->metadata;
}

}  // namespace tocsin::test
