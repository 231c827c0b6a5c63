#pragma once
// The contracts of storage: who appends, who reads. The engine, the rules and the API know only these; tsdb is one
// implementation, a map in test/support another.
//
// Words: a series is a label set; a sample is a value of it at a time (milliseconds). A value is a float or a native
// histogram. A sample may carry a start timestamp (0: none). A float with the bits of model::kStaleNanBits ends a
// series. Source: Prometheus storage/interface.go; ownership is stated here because it is half of the contract.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/histogram.hpp"
#include "model/labels.hpp"
#include "model/matcher.hpp"
#include "model/metric_type.hpp"
#include "model/sample.hpp"

namespace tocsin::storage {

/// Names a series to an appender again without its labels. 0 is none. A ref may die (the series was collected): append
/// with it then gives kUnknownRef and the caller appends by labels.
using SeriesRef = std::uint64_t;

/// The times that a store takes: differences of two of them fit in 64 bits.
inline constexpr Timestamp kOldestTime = -(std::int64_t{1} << 61);
inline constexpr Timestamp kNewestTime = std::int64_t{1} << 61;

enum class AppendStatus : std::uint8_t {
  kOk,
  kOutOfOrder,        // before the newest sample of the series, and no out-of-order window
  kTooOld,            // before the oldest time that the store still takes, or outside the out-of-order window
  kDuplicate,         // same time as the newest sample of the series, other value
  kOutOfBounds,       // not within kOldestTime..kNewestTime
  kInvalidLabels,     // empty label set
  kUnknownRef,        // the ref names nothing and no labels were given
  kSeriesLimit,       // the series budget, of the store or of the job, is used up; known series go on
  kInvalidHistogram,  // spans and buckets do not agree
};

struct AppendResult {
  AppendStatus status = AppendStatus::kOk;
  SeriesRef ref = 0;     // of the series, valid also when the sample was refused for its time
  bool created = false;  // this call made the series
};

struct Exemplar {
  model::Labels labels;
  double value = 0;
  Timestamp t = 0;
  bool has_timestamp = false;
};

struct Metadata {
  model::MetricType type = model::MetricType::kUnknown;
  std::string unit;
  std::string help;
};

/// One batch: a scrape, or one rule's result. All of it becomes visible at commit(), or none.
/// Thread: any, one user at a time; many appenders side by side. After commit() or rollback() it is empty and may be
/// used again: one appender per target or rule, kept for its life, is the quick way (the store then knows which series
/// are written together). It must not outlive the store.
/// Owns: copies of labels and values; views given to it may die at return.
/// Times are judged against what is committed. A sample that clashes with another of its own batch, or with one that
/// another appender committed meanwhile, is dropped at commit() and counted by the store, as in Prometheus; so a series
/// may get several samples in one batch, in order of time. The same value at the same time again is kOk and does
/// nothing.
class Appender {
 public:
  virtual ~Appender() = default;  // an uncommitted batch is rolled back
  /// @param ref     0, or what an earlier append returned: then `labels` may be nullptr, and is used if the ref died.
  /// @param t       milliseconds since the epoch.
  /// @param start   start timestamp of a counter, 0 for none.
  /// Statuses other than kOk concern this sample alone; the others stay appended.
  virtual AppendResult append(SeriesRef ref, const model::Labels* labels, Timestamp t, double value,
                              Timestamp start = 0) = 0;
  /// @param histogram  shared with the store from then on; nullptr is kInvalidHistogram.
  virtual AppendResult append_histogram(SeriesRef ref, const model::Labels* labels, Timestamp t,
                                        model::HistogramPtr histogram, Timestamp start = 0) = 0;
  /// The series of these labels, 0 if there is none; makes none.
  virtual SeriesRef find(const model::Labels& labels) = 0;
  /// Keeps an exemplar of a series, in a store of bounded size: old ones give way.
  /// @return kOk, kUnknownRef, or kOutOfOrder if it is older than the newest of the series.
  virtual AppendStatus append_exemplar(SeriesRef ref, const Exemplar& exemplar) = 0;
  /// The last one counts. A ref that names nothing is ignored.
  virtual void set_metadata(SeriesRef ref, const Metadata& metadata) = 0;
  /// Writes the batch to the log and makes it visible. On an error nothing of it is visible, now or after a restart,
  /// and the batch is empty: kIo if the log cannot be written (disk full among them; later commits may work again).
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
};

class Appendable {
 public:
  virtual ~Appendable() = default;
  virtual std::unique_ptr<Appender> appender() = 0;
};

/// Samples of one series as columns, in order of time. `starts` is empty or as long as `times`; `histograms` is empty
/// or as long, with nullptr where the sample is a float.
struct SampleColumns {
  std::vector<Timestamp> times;
  std::vector<double> values;
  std::vector<Timestamp> starts;
  std::vector<model::HistogramPtr> histograms;
  void clear() {
    times.clear();
    values.clear();
    starts.clear();
    histograms.clear();
  }
  std::size_t size() const { return times.size(); }
};

/// What a reader wants to do with a selection; a store may use it and may ignore it.
struct SelectHints {
  Timestamp start = 0;  // first and last time that can matter, both included
  Timestamp end = 0;
  std::int64_t step_ms = 0;   // of a range query, 0 for an instant one
  std::int64_t range_ms = 0;  // of a range selector, 0 for an instant one
  std::string_view function;  // the function around it, "" if none
  bool sorted = false;        // series in order of labels (else in any order)
  std::size_t limit = 0;      // at most so many series, 0: all
};

/// A selection, one series after the other: those with a sample that the querier sees in the time of the hints. Chunks
/// decide, so a series may come whose samples lie around that time. Thread: one at a time. Views live until the next
/// next(); the set must not outlive its querier.
class SeriesSet {
 public:
  virtual ~SeriesSet() = default;
  /// False at the end and on an error.
  virtual bool next() = 0;
  virtual const model::Labels& labels() const = 0;
  /// Whether labels() are these; quicker where labels() are put together only when they are asked for.
  virtual bool has_labels(const model::Labels& other) const { return labels() == other; }
  /// The same series has the same id in every set of one querier.
  virtual std::uint64_t id() const = 0;
  /// Replaces `out` by the samples with start <= t <= end, stale markers included. May be called more than once.
  virtual Result<void> read(Timestamp start, Timestamp end, SampleColumns& out) = 0;
  virtual Result<void> status() const = 0;
};

/// Both ends included.
struct TimeRange {
  Timestamp start = 0, end = 0;
  bool operator==(const TimeRange&) const = default;
};

/// What is known of a chunk of float samples without decoding it. All but first_time, last_time and the flags is of the
/// samples that are no stale markers, in order: `changes` and `resets` as PromQL counts them, `increase` what PromQL's
/// increase adds up before extrapolation, min and max pass over NaN while there is a number, of equal values the first.
/// The sum is compensated: `sum` is the nearest double, `sum_error` what is missing from it; mean = sum / count, m2
/// sums the squares of the distances from the mean. Infinities and NaN make sum, mean, m2 and increase what the
/// arithmetic makes of them: who must answer as a full scan does reads where they are not finite. One summary may stand
/// for several chunks in a row (those of a series in a block), made by combine().
struct ChunkSummary {
  Timestamp first_time = 0, last_time = 0;  // of the chunk
  Timestamp first_at = 0, last_at = 0;      // of the samples `first` and `last`; others than the above if has_stale
  std::uint32_t count = 0;                  // stale markers not counted
  std::uint32_t changes = 0, resets = 0;
  double first = 0, last = 0, min = 0, max = 0, sum = 0, sum_error = 0, mean = 0, m2 = 0, increase = 0;
  /// The value right before each reset, in order: rate() adds them one by one onto last - first, and so does who wants
  /// its bits. Empty although resets > 0: there were too many to keep (kMaxResetValues), read the chunk.
  std::vector<double> reset_values;
  bool has_stale = false, has_nan = false;
  static constexpr std::size_t kMaxResetValues = 16;

  /// False: nothing but its times is known (a chunk of histograms), read it.
  bool known() const { return count > 0 || has_stale; }
  /// False: what rate() needs is not all here.
  bool has_reset_values() const { return resets == reset_values.size(); }
};

/// As SeriesSet, with chunks that are summarised instead of read.
class ChunkSummarySet {
 public:
  virtual ~ChunkSummarySet() = default;
  virtual bool next() = 0;
  virtual const model::Labels& labels() const = 0;
  virtual bool has_labels(const model::Labels& other) const { return labels() == other; }
  virtual std::uint64_t id() const = 0;
  /// Replaces both. Each sample within [start, end] that the querier sees lies within one of the `summaries` or in a
  /// range of `rest`, which is to be read().
  /// @param summaries  known ones, in order and not overlapping, of what lies wholly within [start, end] and is seen as
  ///                   a whole; each of one completed chunk or of several in a row.
  /// @param rest       in order; none overlaps another or a summary. May be empty of samples. Chunks of histograms,
  ///                   those that overlap others (late samples), have deleted samples or are still open end up here.
  virtual Result<void> summaries(Timestamp start, Timestamp end, std::vector<ChunkSummary>& summaries,
                                 std::vector<TimeRange>& rest) = 0;
  virtual Result<void> read(Timestamp start, Timestamp end, SampleColumns& out) = 0;
  virtual Result<void> status() const = 0;
};

/// One consistent view of the store: what was committed when it was made, and nothing else. What the retention takes
/// away meanwhile is missing from later selections; a set that was selected keeps it.
/// Thread: any, one user at a time; several queriers side by side. Holds what it reads in place while it lives.
class Querier {
 public:
  virtual ~Querier() = default;
  /// The series that match all of `matchers`; a matcher that matches "" also takes series without the label; no
  /// matchers take all. `hints` and `matchers` may die at return.
  virtual std::unique_ptr<SeriesSet> select(const SelectHints& hints, std::span<const model::Matcher> matchers) = 0;
  /// nullptr if the store keeps no summaries.
  virtual std::unique_ptr<ChunkSummarySet> select_summaries(const SelectHints&, std::span<const model::Matcher>) {
    return nullptr;
  }
  /// Names, or values of one name, of the series that match all matchers and have a chunk in the querier's time; sorted
  /// by bytes; at most `limit` (0: all).
  virtual Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) = 0;
  virtual Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                        std::size_t limit) = 0;
};

/// What the series a standing query looks at went through since it last asked: whole commits, and all of them up to
/// some point.
struct FeedBatch {
  struct Points {
    std::uint64_t id = 0;  // the feed's: the same for a series in all of its batches; a querier may have others
    SampleColumns samples;
  };
  std::uint64_t sequence = 0;  // to ask from next time
  std::vector<std::pair<std::uint64_t, model::Labels>> came;
  std::vector<std::uint64_t> went;
  /// Samples that are newer than all that was told of their series; all samples of a series that came.
  std::vector<Points> appended;
  struct Range {
    Timestamp start, end;  // both included
  };
  /// Times with late samples or deletions, in order and apart: what was derived from them is void, for all series. Late
  /// samples are told of in this way alone; a querier that is made now has them.
  std::vector<Range> rewritten;
  bool lost = false;  // the feed could not keep up: start over, from sequence 0
};

/// What changes of a selection, for a query that stands: it asks each tick and gets what is new. Begins at nothing: the
/// first batch has every series as `came` and no samples; its reader takes those from a querier that it makes after.
/// Such a querier may have seen what later batches tell: times decide. What the retention takes is not told. A call
/// costs what changed: the series that got samples, and the series that were made, of whatever labels. It must not
/// outlive the store.
class SeriesFeed {
 public:
  virtual ~SeriesFeed() = default;
  /// Thread: any, one user at a time. Everything committed after `sequence`, which is that of the last batch (0 at
  /// first; another one gives `lost`). A series that came and went between two calls is not mentioned. After an error
  /// or `lost` the feed is at its beginning.
  virtual Result<FeedBatch> since(std::uint64_t sequence) = 0;
};

/// Thread: any.
class Queryable {
 public:
  virtual ~Queryable() = default;
  /// A snapshot of now that may be asked about start <= t <= end.
  virtual Result<std::unique_ptr<Querier>> querier(Timestamp start, Timestamp end) = 0;
  /// nullptr if the store has no feeds.
  virtual std::unique_ptr<SeriesFeed> feed(std::span<const model::Matcher>) { return nullptr; }
};

/// A short word for logs and metrics: "out_of_order", "duplicate", ...
std::string_view append_status_text(AppendStatus status);

}  // namespace tocsin::storage
