#include "promql/query_recorder.hpp"

#include <utility>

#include "base/float_text.hpp"
#include "base/json_string.hpp"
#include "base/strings.hpp"

namespace tocsin::promql {
namespace {

void append_field(std::string& out, std::string_view separator, std::string_view name, std::string_view text) {
  out += fmt::format("{}\"{}\":", separator, name);
  append_json_string(out, text);
}

void append_seconds(std::string& out, std::string_view separator, std::string_view name, Duration time) {
  out += fmt::format("{}\"{}\":", separator, name);
  append_float_api(out, to_seconds(time));
}

/// [[1600000000.5,3],...], seconds and samples; nothing if they were not asked for.
void append_steps(std::string& out, std::string_view name, const std::vector<StepSamples>& steps,
                  std::uint64_t StepSamples::* counted) {
  if (steps.empty()) return;
  out += fmt::format("\"{}\":", name);
  char separator = '[';
  for (const StepSamples& step : steps) {
    out += separator;
    out += '[';
    append_float_api(out, static_cast<double>(step.t) / 1000);
    out += fmt::format(",{}]", step.*counted);
    separator = ',';
  }
  out += "],";
}

/// With milliseconds, unlike format_rfc3339, which has as many as are needed.
std::string with_milliseconds(Timestamp t) {
  const std::int64_t fraction = (t % 1000 + 1000) % 1000;
  std::string out = format_rfc3339(t - fraction);
  out.pop_back();  // Z
  return out + fmt::format(".{:03}Z", fraction);
}

struct AppendOrigin {
  std::string& out;
  void operator()(std::monostate) const {}
  void operator()(const HttpOrigin& origin) const {
    append_field(out, ",\"httpRequest\":{", "clientIP", origin.client_ip);
    append_field(out, ",", "method", origin.method);
    append_field(out, ",", "path", origin.path);
    out += '}';
  }
  void operator()(const RuleOrigin& origin) const {
    append_field(out, ",\"ruleGroup\":{", "file", origin.file);
    append_field(out, ",", "name", origin.group);
    out += '}';
  }
};

}  // namespace

void append_query_stats(std::string& out, const QueryStats& stats) {
  const Duration sorting = stats.sorting.value_or(Duration{0});
  const Duration evaluating = stats.preparation + stats.evaluation + sorting;
  append_seconds(out, "{\"timings\":{", "evalTotalTime", evaluating);
  append_seconds(out, ",", "resultSortTime", sorting);
  append_seconds(out, ",", "queryPreparationTime", stats.preparation);
  append_seconds(out, ",", "innerEvalTime", stats.evaluation);
  append_seconds(out, ",", "execQueueTime", stats.waiting);
  append_seconds(out, ",", "execTotalTime", stats.waiting + evaluating);
  out += R"(},"samples":{)";
  append_steps(out, "totalQueryableSamplesPerStep", stats.steps, &StepSamples::total);
  out += fmt::format(R"("totalQueryableSamples":{},)", stats.total_samples);
  append_steps(out, "samplesReadPerStep", stats.steps, &StepSamples::read);
  out += fmt::format(R"("samplesRead":{},"peakSamples":{}}}}})", stats.samples_read, stats.peak_samples);
}

std::string query_log_line(Timestamp now, const QueryRecord& record) {
  std::string out = fmt::format(
      R"({{"time":"{}","level":"INFO","source":"query_recorder.cpp","msg":"promql query logged","params":{{"end":"{}")",
      format_rfc3339(now), with_milliseconds(record.end));
  append_field(out, ",", "query", record.text);
  out += fmt::format(R"(,"start":"{}","step":{}}})", with_milliseconds(record.start), record.step_ms / 1000);
  if (record.error != nullptr) append_field(out, ",", "error", record.error->message);
  out += R"(,"stats":)";
  append_query_stats(out, record.stats);
  // There is no tracing: the ids are those of no span.
  out += R"(,"spanID":"0000000000000000","traceID":"00000000000000000000000000000000")";
  std::visit(AppendOrigin{out}, record.origin);
  return out + "}\n";
}

void QueryRecorder::add(const QueryRecord& record) {
  std::shared_ptr<LineLog> log;
  {
    const MonoTime now = clock_.mono();
    const MutexLock lock(mutex_);
    evaluation_.observe(now, to_seconds(record.stats.evaluation));
    preparation_.observe(now, to_seconds(record.stats.preparation));
    waiting_.observe(now, to_seconds(record.stats.waiting));
    if (record.stats.sorting) sorting_.observe(now, to_seconds(*record.stats.sorting));
    samples_ += record.stats.total_samples;
    log = log_;
  }
  if (log) log->write(query_log_line(clock_.now(), record));
}

void QueryRecorder::log_to(std::shared_ptr<LineLog> log) {
  const MutexLock lock(mutex_);
  if (log_) dropped_before_ += log_->dropped();
  log_ = std::move(log);
}

QueryTotals QueryRecorder::totals() const {
  const MonoTime now = clock_.mono();
  const MutexLock lock(mutex_);
  QueryTotals totals{evaluation_.stats(now), preparation_.stats(now), waiting_.stats(now), sorting_.stats(now)};
  totals.samples = samples_;
  totals.log_lines_dropped = dropped_before_ + (log_ ? log_->dropped() : 0);
  totals.underway = underway_;
  totals.logs = log_ != nullptr;
  return totals;
}

}  // namespace tocsin::promql
