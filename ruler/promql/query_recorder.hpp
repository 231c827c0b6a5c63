#pragma once
// What becomes of the queries of a process: counted, and written to query_log_file where the configuration names one:
//   {"time":"2026-01-02T03:04:05.678Z","level":"INFO","source":"query_recorder.cpp","msg":"promql query logged",
//    "params":{"end":"2026-01-02T03:04:05.000Z","query":"up","start":"2026-01-02T03:04:05.000Z","step":0},
//    "stats":{"timings":{...},"samples":{...}},"spanID":"0000000000000000","traceID":"00000000000000000000000000000000",
//    "httpRequest":{"clientIP":"127.0.0.1","method":"GET","path":"/api/v1/query"}}
// or, of a rule, "ruleGroup":{"file":"rules.yml","name":"group"}; a query that failed has "error" behind its "params".
// Source of the fields: Prometheus promql/engine.go, util/stats/query_stats.go, util/httputil/context.go,
// rules/group.go.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/length_summary.hpp"
#include "base/line_log.hpp"
#include "base/thread_annotations.hpp"
#include "promql/engine.hpp"

namespace tocsin::promql {

struct HttpOrigin {
  std::string_view client_ip, method, path;
};
struct RuleOrigin {
  std::string_view file, group;
};

/// A query that has ended.
struct QueryRecord {
  std::string_view text;
  Timestamp start = 0, end = 0;
  std::int64_t step_ms = 0;      // 0: at one time
  const Error* error = nullptr;  // nullptr: it was answered
  QueryStats stats;
  std::variant<std::monostate, HttpOrigin, RuleOrigin> origin;
};

/// {"timings":{...},"samples":{...}}, as the API's `stats` and the log have it.
void append_query_stats(std::string& out, const QueryStats& stats);
/// A line of the log, with its end.
std::string query_log_line(Timestamp now, const QueryRecord& record);

struct QueryTotals {
  LengthStats evaluation, preparation, waiting, sorting;
  std::uint64_t samples = 0;  // total_samples of all
  std::size_t underway = 0;
  std::uint64_t log_lines_dropped = 0;
  bool logs = false;
};

/// Thread: any. The clock outlives it.
class QueryRecorder {
 public:
  explicit QueryRecorder(const Clock& clock) : clock_(clock) {}

  /// Counts a query among those under way as long as it lives: one that stands in no line that counts it.
  class Underway {
   public:
    explicit Underway(QueryRecorder& recorder) : count_(recorder.underway_) { ++count_; }
    ~Underway() { --count_; }
    Underway(const Underway&) = delete;
    Underway& operator=(const Underway&) = delete;

   private:
    std::atomic<std::size_t>& count_;
  };

  /// Counts the query and writes its line. Does not block.
  void add(const QueryRecord& record);
  /// Where lines go from now on; nullptr: nowhere.
  void log_to(std::shared_ptr<LineLog> log);
  QueryTotals totals() const;

 private:
  const Clock& clock_;
  std::atomic<std::size_t> underway_{0};
  mutable Mutex mutex_;
  LengthSummary evaluation_ TOCSIN_GUARDED_BY(mutex_);
  LengthSummary preparation_ TOCSIN_GUARDED_BY(mutex_);
  LengthSummary waiting_ TOCSIN_GUARDED_BY(mutex_);
  LengthSummary sorting_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t samples_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_before_ TOCSIN_GUARDED_BY(mutex_) = 0;  // by logs that are no longer in use
  std::shared_ptr<LineLog> log_ TOCSIN_GUARDED_BY(mutex_);
};

}  // namespace tocsin::promql
