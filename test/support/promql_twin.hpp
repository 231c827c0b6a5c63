#pragma once
// The naive twin of the query engine: evaluates a tree at one moment, over a map, by the book and without any care for
// speed. It shares no code with the engine but the parser. Prometheus' default switches.

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "model/labels.hpp"
#include "promql/parser/ast.hpp"
#include "support/promql_twin_histograms.hpp"
#include "support/promql_twin_notes.hpp"

namespace tocsin::test {

struct TwinError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A float, or a histogram if `h` is set.
struct TwinPoint {
  TwinPoint(double value = 0) : v(value) {}  // NOLINT: a float is a point
  TwinPoint(TwinHistogram histogram) : h(std::make_shared<const TwinHistogram>(std::move(histogram))) {}  // NOLINT
  double v = 0;
  std::shared_ptr<const TwinHistogram> h;
  Timestamp start = 0;  // when its counting began; 0: unknown
};

/// Samples by time, staleness markers included.
using TwinSeries = std::map<Timestamp, TwinPoint>;
using TwinData = std::map<model::Labels, TwinSeries>;
using TwinVector = std::map<model::Labels, TwinPoint>;
using TwinWindow = std::vector<std::pair<Timestamp, TwinPoint>>;
using TwinValue = std::variant<double, TwinVector>;

class PromqlTwin {
 public:
  struct Query {
    Timestamp start = 0, end = 0;  // what @ start() and @ end() mean
    std::int64_t lookback_ms = 300'000;
    std::int64_t subquery_step_ms = 60'000;
    bool start_timestamps = false;  // use-start-timestamps
  };
  PromqlTwin(const TwinData& data, Query query) : data_(data), query_(query) {}

  /// Throws TwinError where the query fails. `expr` is the root of the tree.
  TwinValue answer(const promql::parser::Expr& expr, Timestamp t);
  /// Of all answers.
  const TwinNotes& notes() const { return notes_; }

 private:
  TwinValue eval(const promql::parser::Expr& expr, Timestamp t) const;
  using Window = TwinWindow;
  struct Windows {
    std::map<model::Labels, Window> series;
    Timestamp start = 0, end = 0;  // (start, end]
  };

  double scalar(const promql::parser::Expr& expr, Timestamp t) const;
  TwinVector vector(const promql::parser::Expr& expr, Timestamp t) const;
  Windows windows(const promql::parser::Expr& expr, Timestamp t) const;
  /// What `node` says, about what stands at `about`.
  TwinVoice voice(const promql::parser::Expr& node, const promql::parser::Expr& about,
                  const model::Labels& labels = {}) const;
  TwinVector selected(const promql::parser::VectorSelector& selector, Timestamp t) const;
  std::optional<std::pair<Timestamp, TwinPoint>> newest(const TwinSeries& series, Timestamp t) const;
  /// anchored and smoothed: what they see beside the window, too.
  TwinVector extended_call(const promql::parser::Call& call, const promql::parser::MatrixSelector& matrix,
                           Timestamp t) const;
  TwinVector info(const promql::parser::Call& call, Timestamp t) const;
  std::int64_t milliseconds(const promql::parser::DurationValue& duration) const;
  Timestamp reference(const promql::parser::DurationValue& offset, const promql::parser::AtModifier& at,
                      Timestamp t) const;
  std::vector<const TwinData::value_type*> select(const promql::parser::VectorSelector& selector) const;

  TwinValue binary(const promql::parser::BinaryExpr& expr, Timestamp t) const;
  TwinVector match(const promql::parser::BinaryExpr& expr, const TwinVector& left, const TwinVector& right) const;
  TwinVector set_operation(const promql::parser::BinaryExpr& expr, const TwinVector& left,
                           const TwinVector& right) const;
  TwinVector aggregate(const promql::parser::AggregateExpr& expr, Timestamp t) const;
  TwinValue call(const promql::parser::Call& call, Timestamp t) const;
  TwinVector range_call(const promql::parser::Call& call, std::size_t argument, Timestamp t) const;
  TwinVector label_call(const promql::parser::Call& call, Timestamp t) const;
  /// histogram_quantile, histogram_quantiles and histogram_fraction: of classic and of native histograms.
  TwinVector bucket_call(const promql::parser::Call& call, Timestamp t) const;
  TwinVector histogram_call(const promql::parser::Call& call, Timestamp t) const;

  const TwinData& data_;
  Query query_;
  std::map<const promql::parser::Expr*, std::size_t> order_;  // of evaluation
  mutable TwinNotes notes_;
  /// Within functions to which buckets do not matter Prometheus reads counts and sums alone, and whether there was a
  /// reset before each sample; not where buckets matter around them.
  bool counts_only() const { return in_count_ && !needs_buckets_; }
  mutable bool in_count_ = false, needs_buckets_ = false;
};

// promql_twin_ranges.cpp

/// What a function of a range makes of one window; nothing: no result.
std::optional<TwinPoint> twin_range_function(std::string_view name, const TwinWindow& window, Timestamp start,
                                             Timestamp end, Timestamp t, const std::vector<double>& arguments,
                                             const TwinVoice& voice);

/// Do the starts of the two say that the counter was reset between them? 0 is unknown, and so is a start that is not
/// before its own sample.
bool twin_began_again(const std::pair<Timestamp, TwinPoint>& before, const std::pair<Timestamp, TwinPoint>& next);
/// changes and resets: how often two samples in a row differ, of whatever kind they are.
std::optional<double> twin_count_of(std::string_view name, const TwinWindow& window);

// promql_twin_extended.cpp

/// increase, rate, delta, changes and resets over (start, end] from samples that may lie before and behind, too.
std::optional<TwinPoint> twin_extended_function(std::string_view name, bool smoothed, const TwinWindow& samples,
                                                Timestamp start, Timestamp end, const TwinVoice& voice);
/// The sample of a smoothed selector.
std::optional<TwinPoint> twin_smoothed(const TwinWindow& samples, Timestamp t, const TwinVoice& voice);

// promql_twin_functions.cpp

/// A function of one float; throws TwinError for an unknown name.
double twin_math_function(std::string_view name, double v);
double twin_date_function(std::string_view name, double seconds);
bool twin_is_date_function(std::string_view name);
double twin_quantile(double q, std::vector<double> values);
double twin_bucket_quantile(double q, std::map<double, double> cumulative, const TwinVoice& voice);
double twin_bucket_fraction(double lower, double upper, const std::map<double, double>& cumulative);

}  // namespace tocsin::test
