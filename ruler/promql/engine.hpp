#pragma once
// The query engine: text or AST in, value out. Knows the contracts of storage, never the store.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/helpers.hpp"
#include "base/result.hpp"
#include "promql/parser/ast.hpp"
#include "promql/parser/parser.hpp"
#include "promql/value.hpp"
#include "storage/storage.hpp"

namespace tocsin::promql {

struct Grid;
struct QueryTimes;

/// Whether functions of long windows take summaries of chunks for their samples. The answers are the same.
enum class SummaryUse : std::uint8_t { kNever, kWhenCheaper, kAlways };

struct EngineOptions {
  Duration lookback_delta = std::chrono::minutes(5);
  Duration timeout = std::chrono::minutes(2);
  std::size_t max_samples = 50'000'000;
  Duration default_subquery_step = std::chrono::minutes(1);  // global.evaluation_interval
  // Prometheus' feature switches, off as there.
  bool delayed_name_removal = false;  // promql-delayed-name-removal
  bool use_start_timestamps = false;  // use-start-timestamps
  bool type_and_unit_labels = false;  // type-and-unit-labels
  bool per_step_stats = false;        // promql-per-step-stats: allows QueryOptions::per_step_stats
  SummaryUse summaries = SummaryUse::kWhenCheaper;
  parser::ParserOptions parser;  // for queries given as text
  Helpers* helpers = nullptr;    // nullptr: each query runs on its own thread alone. The answers are the same.
  /// So much of a selection is worked on before anybody is asked for help, in about samples of the store and of
  /// results: some eighty milliseconds. A helper on the other thread of a core makes all of the work dearer, by a tenth
  /// or more; of what is done within a tenth of a second nobody sees the difference.
  std::uint64_t help_from = 16'000'000;
};

/// Samples of one step, as Prometheus counts.
struct StepSamples {
  Timestamp t = 0;
  std::uint64_t total = 0, read = 0;
};

struct QueryStats {
  // As Prometheus counts (sample_account.hpp).
  std::uint64_t total_samples = 0;
  std::uint64_t samples_read = 0;
  std::uint64_t peak_samples = 0;
  std::vector<StepSamples> steps;     // empty: nobody asked
  std::uint64_t samples_decoded = 0;  // what the store handed out in fact: not what it gave summaries of
  // How long it took, in this order.
  Duration waiting{0};              // for its turn; who queues it says so
  Duration preparation{0};          // the plan, and a snapshot of the store
  Duration evaluation{0};           // without the next
  std::optional<Duration> sorting;  // of the result's series, where they are sorted
};

struct QueryOptions {
  Duration timeout{0};                                // 0: the engine's
  Duration lookback_delta{0};                         // 0: the engine's
  Duration default_subquery_step{0};                  // 0: the engine's
  bool per_step_stats = false;                        // if the engine permits
  std::shared_ptr<const std::atomic<bool>> canceled;  // looked at now and then
  std::string_view text;        // what an expression given as a tree was parsed from: annotations then show positions
  QueryStats* stats = nullptr;  // filled in at the end, also of a query that fails
};

struct QueryResult {
  Value value;
  std::vector<std::string> warnings, infos;  // Prometheus' texts with position
  QueryStats stats;
};

/// Thread: any; a call runs on the caller's thread (a worker), to its end, with help where there is any.
/// Errors, with Prometheus' texts: kInvalid (the expression), kExecution, kTimeout, kCanceled, kLimit (max_samples).
/// Errors of the store are passed on.
class Engine {
 public:
  Engine(EngineOptions options, Clock& clock);
  Result<QueryResult> instant(storage::Queryable& store, const parser::Expr& expr, Timestamp at,
                              const QueryOptions& options = {}) const;
  Result<QueryResult> instant(storage::Queryable& store, std::string_view query, Timestamp at,
                              const QueryOptions& options = {}) const;
  /// Steps start, start+step, ... <= end; the answer is a Matrix.
  Result<QueryResult> range(storage::Queryable& store, const parser::Expr& expr, Timestamp start, Timestamp end,
                            std::int64_t step_ms, const QueryOptions& options = {}) const;
  Result<QueryResult> range(storage::Queryable& store, std::string_view query, Timestamp start, Timestamp end,
                            std::int64_t step_ms, const QueryOptions& options = {}) const;
  const EngineOptions& options() const { return options_; }

 private:
  Result<QueryResult> evaluate(storage::Queryable& store, const parser::Expr& expr, const QueryTimes& times,
                               const Grid& grid, const QueryOptions& options) const;

  EngineOptions options_;
  Clock& clock_;
};

}  // namespace tocsin::promql
