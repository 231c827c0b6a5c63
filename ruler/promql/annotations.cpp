#include "promql/annotations.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "base/float_text.hpp"
#include "base/strings.hpp"
#include "promql/parser/parser.hpp"

namespace tocsin::promql {
namespace {

/// Go's %g: shortest digits, exponent form from 1e+06 on.
std::string go_g(double value) {
  std::string text;
  append_float_expo(text, value);
  return text;
}

std::string with_metric(std::string text, std::string_view metric) {
  if (!metric.empty()) text += fmt::format(" for metric name {}", go_quote(metric));
  return text;
}

std::string seconds_rfc3339(Timestamp t) {
  return format_rfc3339(t / 1000 * 1000);
}

}  // namespace

void Annotations::set_speaker(Pos parameter, Pos node) {
  parameters_.push_back({parameter, node});
}

Annotations::Pos Annotations::speaker(Pos pos) const {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const Parameter& parameter) { return parameter.pos == pos; });
  return found == parameters_.end() ? pos : found->node;
}

/// Is what stands at `a` evaluated after what stands at `b`? What is within comes first, then from left to right.
bool Annotations::is_later(Pos a, Pos b) const {
  a = speaker(a);
  b = speaker(b);
  return a.end != b.end ? a.end > b.end : a.start < b.start;
}

Annotations::Entry* Annotations::add(bool warning, std::string text, Pos pos, Kind kind) {
  ++additions_;
  text.insert(0, warning ? "PromQL warning: " : "PromQL info: ");
  return add_whole(warning, std::move(text), pos, kind);
}

Annotations::Entry* Annotations::add_whole(bool warning, std::string text, Pos pos, Kind kind) {
  const auto found = index_.find(text);
  if (found != index_.end()) {
    Entry& entry = entries_[found->second];
    const bool keeps_first = kind != Kind::kPlain;
    if (entry.pos == pos) return &entry;
    if (keeps_first ? is_later(entry.pos, pos) : is_later(pos, entry.pos)) entry.pos = pos;
    return &entry;
  }
  if (entries_.size() >= kMax) return nullptr;
  index_.emplace(text, entries_.size());
  Entry& entry = entries_.emplace_back();
  entry.warning = warning;
  entry.kind = kind;
  entry.text = std::move(text);
  entry.pos = pos;
  return &entry;
}

void Annotations::merge(const Annotations& part) {
  additions_ += part.additions_;
  for (const Entry& from : part.entries_) {
    Entry* const entry = add_whole(from.warning, from.text, from.pos, from.kind);
    if (entry == nullptr || from.count == 0) continue;
    const bool first = entry->count == 0;
    entry->min_t = first ? from.min_t : std::min(entry->min_t, from.min_t);
    entry->max_t = first ? from.max_t : std::max(entry->max_t, from.max_t);
    entry->min_bucket = first ? from.min_bucket : std::min(entry->min_bucket, from.min_bucket);
    entry->max_bucket = first ? from.max_bucket : std::max(entry->max_bucket, from.max_bucket);
    entry->max_diff = first ? from.max_diff : std::max(entry->max_diff, from.max_diff);
    entry->count += from.count;
  }
}

void Annotations::invalid_quantile(double q, Pos pos) {
  add(true, fmt::format("quantile value should be between 0 and 1, got {}", go_g(q)), pos);
}

void Annotations::invalid_ratio(double ratio, double capped_to, Pos pos) {
  add(true, fmt::format("ratio value should be between -1 and 1, got {}, capping to {}", go_g(ratio), go_g(capped_to)),
      pos);
}

void Annotations::bad_bucket_label(std::string_view metric, std::string_view value, Pos pos) {
  add(true,
      with_metric(fmt::format("bucket label \"le\" is missing or has a malformed value of {}", go_quote(value)),
                  metric),
      pos);
}

void Annotations::mixed_floats_histograms(std::string_view metric, Pos pos) {
  add(true, fmt::format("encountered a mix of histograms and floats for metric name {}", go_quote(metric)), pos);
}

void Annotations::mixed_floats_histograms_in_aggregation(Pos pos) {
  add(true, "encountered a mix of histograms and floats for aggregation", pos);
}

void Annotations::mixed_classic_native(std::string_view metric, Pos pos) {
  add(true, with_metric("vector contains a mix of classic and native histograms", metric), pos);
}

void Annotations::sort_in_range_query(Pos pos) {
  add(true, "sort is ineffective for range queries since results are always ordered by labels", pos);
}

void Annotations::start_time_overlap(std::string_view metric, Pos pos) {
  Entry* const entry = add(
      true,
      fmt::format("sample has start time that overlaps with previous sample timestamp for metric {}", go_quote(metric)),
      pos, Kind::kStartTimeOverlap);
  if (entry != nullptr) ++entry->count;
}

void Annotations::native_histogram_not_counter(std::string_view metric, Pos pos) {
  add(true, fmt::format("this native histogram metric is not a counter: {}", go_quote(metric)), pos);
}

void Annotations::native_histogram_not_gauge(std::string_view metric, Pos pos) {
  add(true, fmt::format("this native histogram metric is not a gauge: {}", go_quote(metric)), pos);
}

void Annotations::mixed_exponential_custom(std::string_view metric, Pos pos) {
  add(true,
      fmt::format("vector contains a mix of histograms with exponential and custom buckets schemas for metric name {}",
                  go_quote(metric)),
      pos);
}

void Annotations::incompatible_bucket_layout(std::string_view op, Pos pos) {
  add(true, fmt::format("incompatible bucket layout encountered for binary operator {}", op), pos);
}

void Annotations::counter_reset_collision(std::string_view operation, Pos pos) {
  add(true, fmt::format("conflicting counter resets during histogram {}", operation), pos);
}

void Annotations::possible_non_counter(std::string_view metric, Pos pos) {
  add(false,
      fmt::format("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {}",
                  go_quote(metric)),
      pos);
}

void Annotations::possible_non_counter_label(std::string_view metric, std::string_view type, Pos pos) {
  add(false,
      fmt::format(
          "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {}: {}",
          go_quote(type), go_quote(metric)),
      pos);
}

void Annotations::forced_monotonicity(std::string_view metric, Timestamp t, double min_bucket, double max_bucket,
                                      double max_diff, Pos pos) {
  Entry* const entry =
      add(false,
          with_metric("input to histogram_quantile needed to be fixed for monotonicity (see "
                      "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
                      metric),
          pos, Kind::kForcedMonotonicity);
  if (entry == nullptr) return;
  const bool first = entry->count == 0;
  entry->min_t = first ? t : std::min(entry->min_t, t);
  entry->max_t = first ? t : std::max(entry->max_t, t);
  entry->min_bucket = first ? min_bucket : std::min(entry->min_bucket, min_bucket);
  entry->max_bucket = first ? max_bucket : std::max(entry->max_bucket, max_bucket);
  entry->max_diff = first ? max_diff : std::max(entry->max_diff, max_diff);
  ++entry->count;
}

void Annotations::incompatible_types(std::string_view left, std::string_view op, std::string_view right, Pos pos) {
  add(false,
      fmt::format("incompatible sample types encountered for binary operator {}: {} {} {}", go_quote(op), left, op,
                  right),
      pos);
}

void Annotations::histogram_ignored_in_aggregation(std::string_view aggregation, Pos pos) {
  add(false, fmt::format("ignored histogram in {} aggregation", aggregation), pos);
}

void Annotations::histograms_ignored_in_mixed_range(std::string_view metric, Pos pos) {
  add(false,
      fmt::format("ignored histograms in a range containing both floats and histograms for metric name {}",
                  go_quote(metric)),
      pos);
}

void Annotations::mismatched_custom_buckets(std::string_view operation, Pos pos) {
  add(false, fmt::format("mismatched custom buckets were reconciled during {}", operation), pos);
}

void Annotations::quantile_nan_result(std::string_view metric, Pos pos) {
  add(false, with_metric("input to histogram_quantile has NaN observations, result is NaN", metric), pos);
}

void Annotations::quantile_nan_skew(std::string_view metric, Pos pos) {
  add(false, with_metric("input to histogram_quantile has NaN observations, result is skewed higher", metric), pos);
}

void Annotations::fraction_nans(std::string_view metric, Pos pos) {
  add(false,
      with_metric("input to histogram_fraction has NaN observations, which are excluded from all fractions", metric),
      pos);
}

std::string Annotations::details(const Entry& entry) {
  switch (entry.kind) {
    case Kind::kPlain:
      return {};
    case Kind::kStartTimeOverlap:
      return entry.count > 1 ? fmt::format(" ({} occurrences)", entry.count) : "";
    case Kind::kForcedMonotonicity:
      break;
  }
  char diff[32];
  std::snprintf(diff, sizeof diff, "%.2g", entry.max_diff);
  return fmt::format(", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
                     go_g(entry.min_bucket), go_g(entry.max_bucket), diff, entry.count, seconds_rfc3339(entry.min_t),
                     seconds_rfc3339(entry.max_t));
}

void Annotations::render(std::string_view query, std::vector<std::string>& warnings,
                         std::vector<std::string>& infos) const {
  for (const Entry& entry : entries_) {
    std::string text = entry.text;
    if (!query.empty()) {
      text += fmt::format("{} ({})", details(entry), parser::line_column(query, entry.pos.start));
    }
    (entry.warning ? warnings : infos).push_back(std::move(text));
  }
}

}  // namespace tocsin::promql
