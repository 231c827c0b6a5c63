#pragma once
// What every store must do: one list of behaviours, run against the map and against tsdb. A test program calls
//   for (const auto& one : storage_suite()) { SECTION(one.name) { auto store = make(one.setup); one.run(*store); } }

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/storage.hpp"

namespace tocsin::test {

struct StoreSetup {
  std::size_t series_limit = 0;
  std::int64_t out_of_order_window_ms = 0;
};

/// A store that is empty, refuses what is older than its newest sample by more than max_age_ms(), keeps some hundred
/// exemplars and metadata, and heeds the setup.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual std::int64_t max_age_ms() const { return 3'600'000; }
  virtual storage::Appendable& appendable() = 0;
  virtual storage::Queryable& queryable() = 0;
  /// Deletes what the series that match have in start <= t <= end now.
  virtual Result<void> remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers) = 0;
  /// Of a series, in order of time.
  virtual std::vector<storage::Exemplar> exemplars(const model::Labels& labels) = 0;
  virtual std::optional<storage::Metadata> metadata(const model::Labels& labels) = 0;
};

struct StorageCase {
  const char* name;
  void (*run)(StoreUnderTest& store);
  StoreSetup setup;
};

std::vector<StorageCase> storage_suite();

/// The parts of the suite.
std::vector<StorageCase> storage_append_cases();
std::vector<StorageCase> storage_select_cases();
std::vector<StorageCase> storage_random_cases();
std::vector<StorageCase> storage_late_cases();
std::vector<StorageCase> storage_feed_cases();

/// One series as read: labels and columns.
struct ReadSeries {
  model::Labels labels;
  std::uint64_t id = 0;
  storage::SampleColumns samples;
};

/// All that the selection gives, in order of labels. Fails the test on an error.
std::vector<ReadSeries> read_all(storage::Querier& querier, Timestamp start, Timestamp end,
                                 const std::vector<model::Matcher>& matchers);
std::vector<ReadSeries> read_all(storage::Queryable& store, Timestamp start, Timestamp end,
                                 const std::vector<model::Matcher>& matchers);

/// Every sample of [start, end] lies in one summary or one range of the rest, and what lies in a summary is as it says.
/// Of the series at hand; fails the test if not. @return the number of summaries.
std::size_t check_summaries(storage::ChunkSummarySet& set, Timestamp start, Timestamp end);

/// `{a="b"} 1@1000 2@2000 stale@3000`, one line a series: bits decide, a histogram prints as histogram_text().
std::string describe(const ReadSeries& series);
std::string describe(const std::vector<ReadSeries>& all);
/// What is in the store now, as describe() says it.
std::string dump(storage::Queryable& store);

model::Matcher matcher(model::MatchOp op, const char* name, const char* value);
model::HistogramPtr some_histogram(double scale);
/// What a store must give back of a histogram: not the hint of a counter, which it works out, nor empty buckets.
std::string histogram_text(const model::FloatHistogram& histogram);

}  // namespace tocsin::test
