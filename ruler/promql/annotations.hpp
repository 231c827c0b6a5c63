#pragma once
// Warnings and infos that go with an answer. Texts are Prometheus' (util/annotations/annotations.go), so that whoever
// matches them need not change.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "promql/parser/ast.hpp"

namespace tocsin::promql {

/// Collects them for one query. Equal texts are one annotation, with the position of what is evaluated last, by the
/// tree, as Prometheus does; those that count how often they came keep the first. The position is appended when the
/// query's text is known.
/// Thread: one.
class Annotations {
 public:
  using Pos = parser::PositionRange;

  /// What is said at `parameter` is said by the node that spans `node`, once all within it has been evaluated.
  void set_speaker(Pos parameter, Pos node);

  // Warnings.
  void invalid_quantile(double q, Pos pos);
  void invalid_ratio(double ratio, double capped_to, Pos pos);
  void bad_bucket_label(std::string_view metric, std::string_view value, Pos pos);
  void mixed_floats_histograms(std::string_view metric, Pos pos);
  void mixed_floats_histograms_in_aggregation(Pos pos);
  void mixed_classic_native(std::string_view metric, Pos pos);
  void sort_in_range_query(Pos pos);
  void start_time_overlap(std::string_view metric, Pos pos);
  void native_histogram_not_counter(std::string_view metric, Pos pos);
  void native_histogram_not_gauge(std::string_view metric, Pos pos);
  void mixed_exponential_custom(std::string_view metric, Pos pos);
  void incompatible_bucket_layout(std::string_view op, Pos pos);
  /// @param operation  "addition", "subtraction" or "aggregation".
  void counter_reset_collision(std::string_view operation, Pos pos);

  // Infos.
  void possible_non_counter(std::string_view metric, Pos pos);
  void possible_non_counter_label(std::string_view metric, std::string_view type, Pos pos);
  void forced_monotonicity(std::string_view metric, Timestamp t, double min_bucket, double max_bucket, double max_diff,
                           Pos pos);
  void incompatible_types(std::string_view left, std::string_view op, std::string_view right, Pos pos);
  void histogram_ignored_in_aggregation(std::string_view aggregation, Pos pos);
  void histograms_ignored_in_mixed_range(std::string_view metric, Pos pos);
  void mismatched_custom_buckets(std::string_view operation, Pos pos);
  void quantile_nan_result(std::string_view metric, Pos pos);
  void quantile_nan_skew(std::string_view metric, Pos pos);
  void fraction_nans(std::string_view metric, Pos pos);

  /// Adds what a part of the query collected, as if it had been added here.
  void merge(const Annotations& part);
  /// How often anything was added; tells whether a part of the plan had something to say.
  std::size_t additions() const { return additions_; }
  /// Texts with position ("... (1:7)"), or without it if `query` is empty.
  void render(std::string_view query, std::vector<std::string>& warnings, std::vector<std::string>& infos) const;

  /// Distinct annotations kept; the API shows ten.
  static constexpr std::size_t kMax = 10'000;

 private:
  enum class Kind { kPlain, kForcedMonotonicity, kStartTimeOverlap };
  struct Entry {
    bool warning = false;
    Kind kind = Kind::kPlain;
    std::string text;
    Pos pos;
    std::size_t count = 0;
    Timestamp min_t = 0, max_t = 0;
    double min_bucket = 0, max_bucket = 0, max_diff = 0;
  };
  /// The node that speaks at `pos`.
  Pos speaker(Pos pos) const;
  bool is_later(Pos a, Pos b) const;
  Entry* add(bool warning, std::string text, Pos pos, Kind kind = Kind::kPlain);
  /// @param text  with the kind of annotation in front.
  Entry* add_whole(bool warning, std::string text, Pos pos, Kind kind);
  static std::string details(const Entry& entry);

  struct Parameter {
    Pos pos, node;
  };
  std::vector<Parameter> parameters_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t additions_ = 0;
};

}  // namespace tocsin::promql
