#pragma once
// The obvious store: a map from labels to a map from time to sample. It implements every contract of storage.hpp
// without any trick, so that the engine and the rules can be tested without tsdb, and tsdb can be compared with it.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_annotations.hpp"
#include "storage/storage.hpp"

namespace tocsin::test {

struct MapStoreOptions {
  /// Samples older than the newest of the store by more than this are refused (kTooOld); none: all times are taken.
  std::optional<std::int64_t> max_age_ms;
  /// Samples older than the newest of their series are taken if they are not older than the newest of the store by more
  /// than this; 0: none are.
  std::int64_t out_of_order_window_ms = 0;
  /// At most so many series; 0: no limit.
  std::size_t series_limit = 0;
  /// Samples in a chunk, for select_summaries(); the last, shorter one is open and never summarised.
  std::size_t chunk_samples = 8;
};

/// Everything is copied when a querier is made: a snapshot can only be right.
/// Thread: any.
class MapStore : public storage::Appendable, public storage::Queryable {
 public:
  explicit MapStore(MapStoreOptions options = {}) : options_(options) {}

  std::unique_ptr<storage::Appender> appender() override;
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override;
  std::unique_ptr<storage::SeriesFeed> feed(std::span<const model::Matcher> matchers) override;

  /// Appends one sample and commits; returns what append() said. For tests that need a few samples.
  storage::AppendStatus add(const model::Labels& labels, Timestamp t, double value);

  /// Deletes what the series that match have in start <= t <= end.
  void remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers);

  /// Makes commit() fail with this error from now on; std::nullopt: works again.
  void fail_commits(std::optional<Error> error);

  /// What was committed beside the samples.
  std::vector<storage::Exemplar> exemplars(const model::Labels& labels) const;
  std::optional<storage::Metadata> metadata(const model::Labels& labels) const;

  struct Point {
    double value = 0;
    Timestamp start = 0;
    model::HistogramPtr histogram;
  };
  struct Series {
    std::uint64_t id = 0;
    std::map<Timestamp, Point> points;
    /// The newest there ever was: a deletion does not make older ones new.
    std::optional<std::pair<Timestamp, Point>> newest;
    std::vector<storage::Exemplar> exemplars;
    std::optional<storage::Metadata> metadata;
  };
  using SeriesMap = std::map<model::Labels, std::shared_ptr<const Series>>;

 private:
  friend class MapAppender;
  friend class MapFeed;
  /// @param recent  it is not older than max_age_ms allows.
  /// @param newest  of the store, to judge by.
  storage::AppendStatus judge(const Series& series, Timestamp t, const Point& point, bool recent,
                              std::optional<Timestamp> newest) const;
  bool is_recent(Timestamp t) const TOCSIN_REQUIRES(mutex_);
  std::shared_ptr<Series> editable(const model::Labels& labels) TOCSIN_REQUIRES(mutex_);

  const MapStoreOptions options_;
  mutable Mutex mutex_;
  SeriesMap series_ TOCSIN_GUARDED_BY(mutex_);
  /// Labels that have a ref, with or without samples.
  std::map<model::Labels, std::uint64_t> refs_ TOCSIN_GUARDED_BY(mutex_);
  std::map<std::uint64_t, model::Labels> labels_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t sequence_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::optional<Timestamp> newest_ TOCSIN_GUARDED_BY(mutex_);
  std::optional<Error> failure_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::test
