// histogram_quantile, histogram_quantiles and histogram_fraction. Classic histograms: the series that differ in `le`
// alone are one. Native histograms are samples of their own.

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/float_text.hpp"
#include "expo/openmetrics_float.hpp"
#include "promql/functions.hpp"
#include "promql/histogram_quantile.hpp"
#include "promql/label_ops.hpp"
#include "promql/native_histogram.hpp"
#include "promql/quantile.hpp"
#include "promql/range_histograms.hpp"

namespace tocsin::promql {
namespace {

class HistogramOperator : public VectorOperator {
 public:
  HistogramOperator(QueryContext& context, const Grid& grid, VectorOperatorPtr input, parser::PositionRange pos)
      : context_(context), grid_(grid), input_(std::move(input)), pos_(pos), kept_(context) {}

  Result<bool> next(Column& out) final {
    if (!started_) TOCSIN_OK(start(out));
    for (; pass_ < passes(); ++pass_, at_ = 0) {
      while (at_ < histograms_.size() + natives_.size()) {
        TOCSIN_OK(emit(at_++, out));
        if (!out.finish()) continue;
        drop_metadata(context_, out);
        relabel(pass_, out);
        TOCSIN_OK(guard_.admit(out));
        return true;
      }
    }
    return false;
  }

 protected:
  /// A series of buckets. Those of one bound that is written in two ways ("0.5", "5e-1") are added up.
  struct Part {
    double upper = 0;
    std::size_t column = 0;
  };
  /// The series of one histogram, by upper bound.
  struct Histogram {
    model::Labels labels;  // without le
    std::vector<Part> buckets;
    std::size_t begin = 0, end = 0;
    std::vector<std::uint8_t> conflict;  // steps that also have a native histogram
  };
  struct Native {
    std::size_t column = 0;
    std::vector<std::uint8_t> conflict;  // steps that also have a classic histogram
  };

  virtual Result<void> prepare() = 0;
  /// Of a classic histogram, of a native one.
  virtual double value(const Histogram& histogram, std::size_t step, BucketCounts buckets) = 0;
  virtual double value(const model::FloatHistogram& histogram, std::string_view metric, std::size_t step) = 0;
  /// The same for the steps from `begin` on, as value() would give. False if they are to be asked for one by one.
  virtual bool values(std::size_t /*begin*/, const BucketRows& /*buckets*/, std::span<double> /*out*/) { return false; }
  /// Everything is handed out so many times, each time at the steps that it wants.
  virtual std::size_t passes() const { return 1; }
  virtual bool wants(std::size_t /*pass*/, std::size_t /*step*/) const { return true; }
  virtual void relabel(std::size_t /*pass*/, Column& /*out*/) const {}
  std::size_t pass() const { return pass_; }
  NativeHistogramReader& reader() { return reader_; }

  /// The metric's name belongs into annotations only as long as it is part of the result.
  std::string_view metric(const model::Labels& labels) const {
    return context_.settings().delayed_name_removal ? labels.metric_name() : std::string_view();
  }
  QueryContext& context() { return context_; }
  const Grid& grid() const { return grid_; }
  parser::PositionRange pos() const { return pos_; }

 private:
  using Index = boost::unordered_flat_map<std::string, std::size_t>;  // of histograms, by labels without le

  Result<void> start(Column& scratch) {
    started_ = true;
    TOCSIN_OK(prepare());
    TOCSIN_OK(kept_.drain(*input_, scratch));
    Index index;
    std::string key;
    for (std::size_t c = 0; c < kept_.columns.size(); ++c) add(c, index, key);
    for (Histogram& histogram : histograms_) {
      std::sort(histogram.buckets.begin(), histogram.buckets.end(), [](const Part& a, const Part& b) {
        if (nan_first_less(a.upper, b.upper)) return true;
        return !nan_first_less(b.upper, a.upper) && a.column < b.column;
      });
    }
    for (std::size_t c = 0; c < kept_.columns.size(); ++c) add_native(c, index);
    return {};
  }

  Result<void> emit(std::size_t at, Column& out) {
    out.reset(grid_.count);
    if (at < histograms_.size()) {
      const Histogram& histogram = histograms_[at];
      TOCSIN_OK(context_.spend(grid_.count * histogram.buckets.size()));
      out.labels = histogram.labels;
      if (dense(histogram, out)) return {};
      for (std::size_t i = histogram.begin; i < histogram.end; ++i) {
        if (wants(pass_, i)) step(histogram, i, out);
      }
      return {};
    }
    const Native& native = natives_[at - histograms_.size()];
    const StoredColumn& column = kept_.columns[native.column];
    TOCSIN_OK(context_.spend(column.span() * kHistogramWork));
    out.labels = column.labels();
    for (std::size_t i = column.begin(); i < column.end(); ++i) {
      if (!column.has(i) || column.histogram(i) == nullptr || !wants(pass_, i)) continue;
      if (!native.conflict.empty() && native.conflict[i] != 0) continue;
      out.set(i, value(*column.histogram(i), metric(column.labels()), i));
    }
    return {};
  }

  void add(std::size_t c, Index& index, std::string& key) {
    const StoredColumn& column = kept_.columns[c];
    if (!has_floats(column)) return;
    const std::string_view le = column.labels().get("le");
    double upper = 0;
    if (le.empty() || !parse_float(le, upper)) {
      context_.annotations().bad_bucket_label(metric(column.labels()), le, pos_);
      return;
    }
    encode_without(column.labels(), "le", key);
    const auto [entry, first] = index.try_emplace(key, histograms_.size());
    if (first) histograms_.push_back({model::Labels::from_encoded(key), {}, column.begin(), column.end(), {}});
    Histogram& histogram = histograms_[entry->second];
    histogram.buckets.push_back({upper, c});
    histogram.begin = std::min(histogram.begin, column.begin());
    histogram.end = std::max(histogram.end, column.end());
  }

  static bool has_floats(const StoredColumn& column) {
    if (!column.has_histograms()) return true;
    for (std::size_t i = column.begin(); i < column.end(); ++i) {
      if (column.has(i) && column.histogram(i) == nullptr) return true;
    }
    return false;
  }

  /// A native histogram beside the classic one of the same name at the same step: neither is looked at.
  void add_native(std::size_t c, const Index& index) {
    const StoredColumn& column = kept_.columns[c];
    if (!column.has_histograms()) return;
    Native& native = natives_.emplace_back();
    native.column = c;
    const auto classic = index.find(column.labels().encoded());
    if (classic == index.end()) return;
    Histogram& histogram = histograms_[classic->second];
    for (std::size_t i = column.begin(); i < column.end(); ++i) {
      if (!column.has(i) || column.histogram(i) == nullptr || !any_bucket(histogram, i)) continue;
      for (std::vector<std::uint8_t>* conflict : {&histogram.conflict, &native.conflict}) {
        if (conflict->empty()) conflict->resize(grid_.count);
        (*conflict)[i] = 1;
      }
      context_.annotations().mixed_classic_native(metric(column.labels()), pos_);
    }
  }

  bool any_bucket(const Histogram& histogram, std::size_t i) const {
    return std::any_of(histogram.buckets.begin(), histogram.buckets.end(), [&](const Part& part) {
      return kept_.columns[part.column].has(i) && kept_.columns[part.column].histogram(i) == nullptr;
    });
  }

  /// The usual case: every bucket is there at every step. False if it is not so.
  bool dense(const Histogram& histogram, Column& out) {
    if (!histogram.conflict.empty()) return false;
    rows_.clear();
    uppers_.clear();
    for (const Part& part : histogram.buckets) {
      const StoredColumn& column = kept_.columns[part.column];
      if (column.dense_values() == nullptr || column.begin() != histogram.begin || column.end() != histogram.end) {
        return false;
      }
      if (!uppers_.empty() && uppers_.back() == part.upper) return false;
      rows_.push_back(column.dense_values());
      uppers_.push_back(part.upper);
    }
    counts_.resize(rows_.size());
    for (std::size_t i = histogram.begin; i < histogram.end; i += BucketRows::kMostSteps) {
      dense_part(histogram, i, std::min(BucketRows::kMostSteps, histogram.end - i), out);
      for (const double*& row : rows_) row += BucketRows::kMostSteps;
    }
    return true;
  }

  /// rows_ begin at the step `begin`.
  void dense_part(const Histogram& histogram, std::size_t begin, std::size_t steps, Column& out) {
    if (values(begin, {uppers_, rows_, steps}, std::span(out.values).subspan(begin, steps))) {
      std::fill_n(out.present.begin() + static_cast<std::ptrdiff_t>(begin), steps, std::uint8_t{1});
      return;
    }
    for (std::size_t i = 0; i < steps; ++i) {
      if (!wants(pass_, begin + i)) continue;
      for (std::size_t b = 0; b < rows_.size(); ++b) counts_[b] = rows_[b][i];
      out.set(begin + i, value(histogram, begin + i, {uppers_, counts_}));
    }
  }

  void step(const Histogram& histogram, std::size_t i, Column& out) {
    if (!histogram.conflict.empty() && histogram.conflict[i] != 0) return;
    uppers_.clear();
    counts_.clear();
    for (const Part& part : histogram.buckets) {
      const StoredColumn& column = kept_.columns[part.column];
      if (!column.has(i) || column.histogram(i) != nullptr) continue;
      if (!uppers_.empty() && uppers_.back() == part.upper) {
        counts_.back() += column.value(i);
      } else {
        uppers_.push_back(part.upper);
        counts_.push_back(column.value(i));
      }
    }
    if (!uppers_.empty()) out.set(i, value(histogram, i, {uppers_, counts_}));
  }

  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr input_;
  parser::PositionRange pos_;
  Materialized kept_;
  std::vector<Histogram> histograms_;
  std::vector<Native> natives_;
  NativeHistogramReader reader_;
  std::vector<double> uppers_, counts_;  // of the step at hand
  std::vector<const double*> rows_;
  DuplicateGuard guard_;
  bool started_ = false;
  std::size_t at_ = 0;
  std::size_t pass_ = 0;
};

class QuantileOperator : public HistogramOperator {
 public:
  using HistogramOperator::HistogramOperator;

 protected:
  void check(const std::vector<double>& quantiles, parser::PositionRange pos) {
    for (const double q : quantiles) {
      if (!(q >= 0 && q <= 1)) context().annotations().invalid_quantile(q, pos);
    }
  }
  /// φ of the present pass.
  virtual double quantile(std::size_t step) const = 0;

  double value(const Histogram& histogram, std::size_t step, BucketCounts buckets) final {
    MonotonicityFix fix;
    const double out = bucket_quantile(quantile(step), buckets, fix);
    if (fix.forced) {
      context().annotations().forced_monotonicity(metric(histogram.labels), grid().at(step), fix.min_bucket,
                                                  fix.max_bucket, fix.max_diff, pos());
    }
    return out;
  }
  double value(const model::FloatHistogram& histogram, std::string_view metric, std::size_t step) final {
    NanNote note = NanNote::kNone;
    const double out = reader().quantile(quantile(step), histogram, note);
    if (note == NanNote::kResult) context().annotations().quantile_nan_result(metric, pos());
    if (note == NanNote::kSkew) context().annotations().quantile_nan_skew(metric, pos());
    return out;
  }
};

class HistogramQuantile final : public QuantileOperator {
 public:
  HistogramQuantile(QueryContext& context, const Grid& grid, ScalarOperatorPtr quantile, VectorOperatorPtr input,
                    parser::PositionRange quantile_pos, parser::PositionRange input_pos)
      : QuantileOperator(context, grid, std::move(input), input_pos),
        quantile_(std::move(quantile)),
        quantile_pos_(quantile_pos) {}

 protected:
  Result<void> prepare() override {
    TOCSIN_TRY(values_, quantile_->values());
    check(values_, quantile_pos_);
    return {};
  }
  double quantile(std::size_t step) const override { return values_[step]; }
  bool values(std::size_t begin, const BucketRows& buckets, std::span<double> out) override {
    return bucket_quantiles(std::span(values_).subspan(begin, buckets.steps), buckets, out);
  }

 private:
  ScalarOperatorPtr quantile_;
  parser::PositionRange quantile_pos_;
  std::vector<double> values_;
};

/// Several quantiles at once, told apart by a label. A quantile may change from step to step: each of its values is a
/// pass.
class HistogramQuantiles final : public QuantileOperator {
 public:
  HistogramQuantiles(QueryContext& context, const Grid& grid, VectorOperatorPtr input, std::string label,
                     std::vector<QuantileArgument> quantiles, parser::PositionRange input_pos)
      : QuantileOperator(context, grid, std::move(input), input_pos),
        label_(std::move(label)),
        quantiles_(std::move(quantiles)) {}

 protected:
  Result<void> prepare() override {
    for (std::size_t q = 0; q < quantiles_.size(); ++q) {
      TOCSIN_TRY(std::vector<double> values, quantiles_[q].values->values());
      check(values, quantiles_[q].pos);
      std::vector<double> distinct = values;
      std::ranges::sort(distinct, nan_first_less);
      const auto rest = std::ranges::unique(distinct, same_value);
      distinct.erase(rest.begin(), rest.end());
      for (const double value : distinct) passes_.push_back({q, value});
      values_.push_back(std::move(values));
    }
    return {};
  }
  std::size_t passes() const override { return passes_.size(); }
  bool wants(std::size_t pass, std::size_t step) const override {
    return same_value(values_[passes_[pass].argument][step], passes_[pass].value);
  }
  void relabel(std::size_t pass, Column& out) const override {
    std::string text;
    expo::append_openmetrics_float(text, passes_[pass].value);
    out.labels = model::LabelsBuilder(out.labels).set(label_, text).build();
  }
  double quantile(std::size_t) const override { return passes_[pass()].value; }

 private:
  struct Pass {
    std::size_t argument = 0;
    double value = 0;
  };
  static bool same_value(double a, double b) { return a == b || (a != a && b != b); }

  std::string label_;
  std::vector<QuantileArgument> quantiles_;
  std::vector<std::vector<double>> values_;
  std::vector<Pass> passes_;
};

class HistogramFraction final : public HistogramOperator {
 public:
  HistogramFraction(QueryContext& context, const Grid& grid, ScalarOperatorPtr low, ScalarOperatorPtr high,
                    VectorOperatorPtr input, parser::PositionRange input_pos)
      : HistogramOperator(context, grid, std::move(input), input_pos), low_(std::move(low)), high_(std::move(high)) {}

 protected:
  Result<void> prepare() override {
    TOCSIN_TRY(lows_, low_->values());
    TOCSIN_TRY(highs_, high_->values());
    return {};
  }
  double value(const Histogram&, std::size_t step, BucketCounts buckets) override {
    return bucket_fraction(lows_[step], highs_[step], buckets);
  }
  double value(const model::FloatHistogram& histogram, std::string_view metric, std::size_t step) override {
    NanNote note = NanNote::kNone;
    const double out = reader().fraction(lows_[step], highs_[step], histogram, note);
    if (note == NanNote::kExcluded) context().annotations().fraction_nans(metric, pos());
    return out;
  }

 private:
  ScalarOperatorPtr low_, high_;
  std::vector<double> lows_, highs_;
};

}  // namespace

VectorOperatorPtr make_histogram_quantile(QueryContext& context, const Grid& grid, ScalarOperatorPtr quantile,
                                          VectorOperatorPtr input, parser::PositionRange quantile_pos,
                                          parser::PositionRange input_pos) {
  return std::make_unique<HistogramQuantile>(context, grid, std::move(quantile), std::move(input), quantile_pos,
                                             input_pos);
}

VectorOperatorPtr make_histogram_quantiles(QueryContext& context, const Grid& grid, VectorOperatorPtr input,
                                           std::string label, std::vector<QuantileArgument> quantiles,
                                           parser::PositionRange input_pos) {
  return std::make_unique<HistogramQuantiles>(context, grid, std::move(input), std::move(label), std::move(quantiles),
                                              input_pos);
}

VectorOperatorPtr make_histogram_fraction(QueryContext& context, const Grid& grid, ScalarOperatorPtr low,
                                          ScalarOperatorPtr high, VectorOperatorPtr input,
                                          parser::PositionRange input_pos) {
  return std::make_unique<HistogramFraction>(context, grid, std::move(low), std::move(high), std::move(input),
                                             input_pos);
}

}  // namespace tocsin::promql
