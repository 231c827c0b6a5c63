#include "model/histogram_math.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/kahan.hpp"
#include "model/histogram_bounds.hpp"
#include "model/histogram_buckets.hpp"
#include "model/histogram_sides.hpp"

namespace tocsin::model {

using namespace sides;

namespace {

/// What is added to a side. `errors` null: plainly.
struct Addend {
  Side side;
  bool negative = false;
  bool compensated = false;
  std::int32_t schema = 0;
  double threshold = 0;  // leading buckets that end there or before are in the zero bucket already

  bool is_skipped(std::int64_t index) const {
    return schema != kCustomBucketsSchema && exponential_bound(schema, index) <= threshold;
  }
};

void add_to_bucket(const Addend& addend, std::size_t at, double& sum, double& error) {
  const double count = addend.negative ? -addend.side.counts[at] : addend.side.counts[at];
  if (!addend.compensated) {
    sum += count;
    return;
  }
  add_compensated(count, sum, error);
  const double rest = error_of(addend.side, at);
  if (rest != 0) add_compensated(addend.negative ? -rest : rest, sum, error);
}

Buckets united(const Side& to, const Addend& addend) {
  Buckets out;
  BucketCursor a(to.spans, to.counts);
  BucketCursor b(addend.side.spans, addend.side.counts);
  while (!b.done() && addend.is_skipped(b.index())) b.next();
  while (!a.done() || !b.done()) {
    if (b.done() || (!a.done() && a.index() < b.index())) {
      out.push(a.index(), a.count(), error_of(to, a.at()));
      a.next();
    } else if (a.done() || b.index() < a.index()) {
      const double error = error_of(addend.side, b.at());
      out.push(b.index(), addend.negative ? -b.count() : b.count(), addend.negative ? -error : error);
      b.next();
    } else {
      out.push(a.index(), a.count(), error_of(to, a.at()));
      add_to_bucket(addend, b.at(), out.counts.back(), out.errors.back());
      a.next();
      b.next();
    }
  }
  return out;
}

/// @param errors  of `counts`; nullptr: they are not kept.
void add_side(Spans& spans, Counts& counts, Counts* errors, const Addend& addend) {
  const BucketCursor first(addend.side.spans, addend.side.counts);
  const bool all = first.done() || !addend.is_skipped(first.index());
  if (all && spans == addend.side.spans && counts.size() == addend.side.counts.size()) {
    double none = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) add_to_bucket(addend, i, counts[i], errors ? (*errors)[i] : none);
    return;
  }
  Buckets sum = united({spans, counts, errors}, addend);
  spans = std::move(sum.spans);
  counts = std::move(sum.counts);
  if (errors) *errors = std::move(sum.errors);
}

void drop_within_zero(Spans& spans, Counts& counts, Counts* errors, std::int32_t schema, double threshold) {
  Buckets left;
  bool within = true;
  for (BucketCursor at(spans, counts); !at.done(); at.next()) {
    within = within && exponential_bound(schema, at.index() - 1) < threshold;
    const double error = errors ? (*errors)[at.at()] : 0;
    if (within || (at.count() == 0 && error == 0)) continue;
    left.push(at.index(), at.count(), error);
  }
  spans = std::move(left.spans);
  counts = std::move(left.counts);
  if (errors) *errors = std::move(left.errors);
}

/// Makes the zero bucket of `to` as wide as that of both.
/// @return what the zero bucket of `other` would hold.
WiderZero reconcile_zero(FloatHistogram& to, FloatHistogram* errors, const FloatHistogram& other) {
  WiderZero zero{other.zero_count, 0, other.zero_threshold};
  if (std::isnan(to.zero_threshold) || std::isnan(zero.threshold)) {
    to.zero_threshold = std::numeric_limits<double>::quiet_NaN();
    return zero;
  }
  while (zero.threshold != to.zero_threshold) {
    if (to.zero_threshold > zero.threshold) zero = widened(other, nullptr, to.zero_threshold);
    if (zero.threshold <= to.zero_threshold) continue;
    const WiderZero own = widened(to, errors, zero.threshold);
    to.zero_count = own.count;
    to.zero_threshold = own.threshold;
    if (errors) errors->zero_count = own.error;
    drop_within_zero(to.positive_spans, to.positive_buckets, errors ? &errors->positive_buckets : nullptr, to.schema,
                     own.threshold);
    drop_within_zero(to.negative_spans, to.negative_buckets, errors ? &errors->negative_buckets : nullptr, to.schema,
                     own.threshold);
  }
  return zero;
}

/// @return whether the hints contradict each other.
bool reconcile_hints(FloatHistogram& to, const FloatHistogram& other) {
  using enum CounterReset;
  if (other.reset_hint == to.reset_hint || to.reset_hint == kGauge) return false;
  if (other.reset_hint == kGauge) {
    to.reset_hint = kGauge;
    return false;
  }
  const bool collision = to.reset_hint != kUnknown && other.reset_hint != kUnknown;
  to.reset_hint = kUnknown;
  return collision;
}

/// The bucket of `bounds` that holds the bucket which ends at `upper`.
std::size_t target_of(double upper, const std::vector<double>& bounds) {
  return static_cast<std::size_t>(std::ranges::lower_bound(bounds, upper) - bounds.begin());
}

void add_custom_buckets(const Side& side, const std::vector<double>& from, const std::vector<double>& bounds,
                        bool negative, Counts& counts, Counts& errors) {
  for (BucketCursor at(side.spans, side.counts); !at.done(); at.next()) {
    const auto index = static_cast<std::size_t>(at.index());
    const std::size_t target = index < from.size() ? target_of(from[index], bounds) : bounds.size();
    add_compensated(negative ? -at.count() : at.count(), counts[target], errors[target]);
    if (side.errors) add_compensated(error_of(side, at.at()), counts[target], errors[target]);
  }
}

/// Histograms with other custom bounds meet in those that both have.
void add_with_other_bounds(FloatHistogram& to, Counts* errors, const FloatHistogram& other, bool negative) {
  std::vector<double> bounds;
  std::ranges::set_intersection(to.custom_values, other.custom_values, std::back_inserter(bounds));
  Counts counts(bounds.size() + 1);
  Counts rest(bounds.size() + 1);
  add_custom_buckets({to.positive_spans, to.positive_buckets, errors}, to.custom_values, bounds, false, counts, rest);
  add_custom_buckets({other.positive_spans, other.positive_buckets, nullptr}, other.custom_values, bounds, negative,
                     counts, rest);
  Buckets sum;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0 || rest[i] != 0) sum.push(static_cast<std::int64_t>(i), counts[i], rest[i]);
  }
  to.positive_spans = std::move(sum.spans);
  to.positive_buckets = std::move(sum.counts);
  to.custom_values = std::move(bounds);
  if (errors) *errors = std::move(sum.errors);
}

void coarsen(FloatHistogram& histogram, FloatHistogram* errors, std::int32_t schema) {
  const auto shift = static_cast<unsigned>(histogram.schema - schema);
  const auto side = [&](Spans& spans, Counts& counts, Counts* missing) {
    Buckets out = reduced({spans, counts, missing}, shift, missing != nullptr);
    spans = std::move(out.spans);
    counts = std::move(out.counts);
    if (missing) *missing = std::move(out.errors);
  };
  side(histogram.positive_spans, histogram.positive_buckets, errors ? &errors->positive_buckets : nullptr);
  side(histogram.negative_spans, histogram.negative_buckets, errors ? &errors->negative_buckets : nullptr);
  histogram.schema = schema;
}

/// Adds the buckets of `other`, which has a schema as fine or finer.
void add_exponential(FloatHistogram& to, FloatHistogram* errors, const FloatHistogram& other, bool negative) {
  const auto side = [&](Spans& spans, Counts& counts, Counts* missing, const Spans& other_spans,
                        const Counts& other_counts) {
    Addend addend{{other_spans, other_counts, nullptr}, negative, missing != nullptr, to.schema, to.zero_threshold};
    if (other.schema == to.schema) return add_side(spans, counts, missing, addend);
    const Buckets coarse = reduced(addend.side, static_cast<unsigned>(other.schema - to.schema), missing != nullptr);
    const Side coarse_side{coarse.spans, coarse.counts, &coarse.errors};
    add_side(spans, counts, missing, {coarse_side, negative, missing != nullptr, to.schema, to.zero_threshold});
  };
  side(to.positive_spans, to.positive_buckets, errors ? &errors->positive_buckets : nullptr, other.positive_spans,
       other.positive_buckets);
  side(to.negative_spans, to.negative_buckets, errors ? &errors->negative_buckets : nullptr, other.negative_spans,
       other.negative_buckets);
}

/// @param errors  what `to` misses, in the same buckets; nullptr: plain sums.
HistogramNotes add_signed(FloatHistogram& to, FloatHistogram* errors, const FloatHistogram& other, bool negative) {
  const double sign = negative ? -1 : 1;
  double none = 0;
  const auto add_number = [&](double x, double& sum, double& error) {
    if (errors) {
      add_compensated(sign * x, sum, error);
    } else {
      sum += sign * x;
    }
  };
  HistogramNotes notes{.reset_collision = reconcile_hints(to, other), .bounds_reconciled = false};
  to.integer = false;
  if (!has_custom_buckets(to)) {
    const WiderZero zero = reconcile_zero(to, errors, other);
    add_number(zero.count, to.zero_count, errors ? errors->zero_count : none);
    if (errors) add_number(zero.error, to.zero_count, errors->zero_count);
  }
  add_number(other.count, to.count, errors ? errors->count : none);
  add_number(other.sum, to.sum, errors ? errors->sum : none);
  Counts* const positive_errors = errors ? &errors->positive_buckets : nullptr;
  if (!has_custom_buckets(to)) {
    if (other.schema < to.schema) coarsen(to, errors, other.schema);
    add_exponential(to, errors, other, negative);
  } else if (to.custom_values == other.custom_values) {
    const Side side{other.positive_spans, other.positive_buckets, nullptr};
    add_side(to.positive_spans, to.positive_buckets, positive_errors,
             {side, negative, errors != nullptr, to.schema, 0});
  } else {
    notes.bounds_reconciled = true;
    add_with_other_bounds(to, positive_errors, other, negative);
  }
  return notes;
}

void for_each_count(FloatHistogram& histogram, auto&& change) {
  change(histogram.zero_count);
  change(histogram.count);
  change(histogram.sum);
  for (double& count : histogram.positive_buckets) change(count);
  for (double& count : histogram.negative_buckets) change(count);
}

bool any_count(const FloatHistogram& histogram, auto&& is) {
  return is(histogram.zero_count) || is(histogram.count) || is(histogram.sum) ||
         std::ranges::any_of(histogram.positive_buckets, is) || std::ranges::any_of(histogram.negative_buckets, is);
}

/// Of two that are not, the sum is finite, also where several buckets become one.
bool is_huge(const FloatHistogram& histogram) {
  return any_count(histogram, [](double count) { return !(std::abs(count) < 1e300); });
}

}  // namespace

bool are_compatible(const FloatHistogram& a, const FloatHistogram& b) {
  return has_custom_buckets(a) == has_custom_buckets(b);
}

HistogramNotes add(FloatHistogram& to, const FloatHistogram& other) {
  return add_signed(to, nullptr, other, false);
}

HistogramNotes subtract(FloatHistogram& from, const FloatHistogram& other) {
  return add_signed(from, nullptr, other, true);
}

void multiply(FloatHistogram& histogram, double factor) {
  for_each_count(histogram, [factor](double& count) { count *= factor; });
  histogram.integer = false;
  if (factor < 0) histogram.reset_hint = CounterReset::kGauge;
}

void divide(FloatHistogram& histogram, double divisor) {
  for_each_count(histogram, [divisor](double& count) { count /= divisor; });
  histogram.integer = false;
  if (divisor < 0) histogram.reset_hint = CounterReset::kGauge;
  if (divisor != 0) return;
  histogram.positive_spans.clear();
  histogram.negative_spans.clear();
  histogram.positive_buckets.clear();
  histogram.negative_buckets.clear();
}

bool has_overflow(const FloatHistogram& histogram) {
  return any_count(histogram, [](double count) { return std::isinf(count); });
}

HistogramSum::HistogramSum(const FloatHistogram& first) : sum_(first) {
  sum_.integer = false;
}

HistogramNotes HistogramSum::add(const FloatHistogram& other) {
  if (!has_errors_) {
    has_errors_ = true;
    errors_.positive_buckets.resize(sum_.positive_buckets.size());
    errors_.negative_buckets.resize(sum_.negative_buckets.size());
  }
  return add_signed(sum_, &errors_, other, false);
}

void HistogramSum::multiply(double factor) {
  model::multiply(sum_, factor);
  if (has_errors_) model::multiply(errors_, factor);
}

void HistogramSum::divide(double divisor) {
  model::divide(sum_, divisor);
  if (has_errors_) model::divide(errors_, divisor);
}

FloatHistogram HistogramSum::take() {
  if (has_errors_) {
    sum_.zero_count += errors_.zero_count;
    sum_.count += errors_.count;
    sum_.sum += errors_.sum;
    for (std::size_t i = 0; i < sum_.positive_buckets.size(); ++i) {
      sum_.positive_buckets[i] += errors_.positive_buckets[i];
    }
    for (std::size_t i = 0; i < sum_.negative_buckets.size(); ++i) {
      sum_.negative_buckets[i] += errors_.negative_buckets[i];
    }
  }
  return std::move(sum_);
}

HistogramNotes HistogramMean::add(const FloatHistogram& other) {
  ++count_;
  HistogramNotes notes;
  if (!running_) {
    if (!is_huge(total_.sum()) && !is_huge(other)) return total_.add(other);
    HistogramSum next = total_;
    notes = next.add(other);
    if (!has_overflow(next.sum())) {
      total_ = std::move(next);
      return notes;
    }
    running_ = true;
    total_.divide(count_ - 1);
  }
  FloatHistogram share = other;
  divide(share, count_);
  total_.multiply((count_ - 1) / count_);
  return notes |= total_.add(share);
}

FloatHistogram HistogramMean::take() {
  if (!running_) total_.divide(count_);
  return total_.take();
}

}  // namespace tocsin::model
