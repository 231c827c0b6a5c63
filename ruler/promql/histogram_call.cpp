// histogram_quantile and histogram_fraction of classic histograms: the series that differ in `le` alone are one.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/float_text.hpp"
#include "promql/functions.hpp"
#include "promql/histogram_quantile.hpp"
#include "promql/quantile.hpp"
#include "promql/range_functions.hpp"

namespace tocsin::promql {
namespace {

class HistogramOperator : public VectorOperator {
 public:
  HistogramOperator(QueryContext& context, const Grid& grid, VectorOperatorPtr input, parser::PositionRange pos)
      : context_(context), grid_(grid), input_(std::move(input)), pos_(pos), kept_(context) {}

  Result<bool> next(Column& out) final {
    if (!started_) TOCSIN_OK(start(out));
    while (at_ < histograms_.size()) {
      const Histogram& histogram = histograms_[at_++];
      TOCSIN_OK(context_.spend(grid_.count * histogram.buckets.size()));
      out.reset(grid_.count);
      if (!dense(histogram, out)) {
        for (std::size_t i = histogram.begin; i < histogram.end; ++i) step(histogram, i, out);
      }
      if (!out.finish()) continue;
      out.labels = histogram.labels;
      drop_metadata(context_, out);
      TOCSIN_OK(guard_.admit(out));
      return true;
    }
    return false;
  }

 protected:
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

  virtual Result<void> prepare() = 0;
  virtual double value(const Histogram& histogram, std::size_t step, std::vector<Bucket>& buckets) = 0;
  virtual std::string_view name() const = 0;

  /// The metric's name belongs into annotations only as long as it is part of the result.
  std::string_view metric(const model::Labels& labels) const {
    return context_.settings().delayed_name_removal ? labels.metric_name() : std::string_view();
  }
  QueryContext& context() { return context_; }
  const Grid& grid() const { return grid_; }
  parser::PositionRange pos() const { return pos_; }

 private:
  Result<void> start(Column& scratch) {
    started_ = true;
    TOCSIN_OK(prepare());
    TOCSIN_OK(kept_.drain(*input_, scratch));
    std::map<std::string, std::size_t, std::less<>> index;
    for (std::size_t c = 0; c < kept_.columns.size(); ++c) add(c, index);
    for (Histogram& histogram : histograms_) {
      std::sort(histogram.buckets.begin(), histogram.buckets.end(), [](const Part& a, const Part& b) {
        if (nan_first_less(a.upper, b.upper)) return true;
        return !nan_first_less(b.upper, a.upper) && a.column < b.column;
      });
    }
    return natives(index);
  }

  void add(std::size_t c, std::map<std::string, std::size_t, std::less<>>& index) {
    const StoredColumn& column = kept_.columns[c];
    if (!has_floats(column)) return;
    const std::string_view le = column.labels().get("le");
    double upper = 0;
    if (le.empty() || !parse_float(le, upper)) {
      context_.annotations().bad_bucket_label(metric(column.labels()), le, pos_);
      return;
    }
    model::Labels labels = column.labels().without({"le"});
    const auto [entry, first] = index.try_emplace(labels.encoded(), histograms_.size());
    if (first) {
      histograms_.push_back({std::move(labels), {}, column.begin(), column.end(), {}});
    }
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
  Result<void> natives(const std::map<std::string, std::size_t, std::less<>>& index) {
    for (const StoredColumn& column : kept_.columns) {
      if (!column.has_histograms()) continue;
      const auto classic = index.find(column.labels().encoded());
      for (std::size_t i = column.begin(); i < column.end(); ++i) {
        if (!column.has(i) || column.histogram(i) == nullptr) continue;
        if (classic == index.end() || !any_bucket(histograms_[classic->second], i)) {
          return unsupported_histograms(name());
        }
        Histogram& histogram = histograms_[classic->second];
        if (histogram.conflict.empty()) histogram.conflict.resize(grid_.count);
        histogram.conflict[i] = 1;
        context_.annotations().mixed_classic_native(metric(column.labels()), pos_);
      }
    }
    return {};
  }

  bool any_bucket(const Histogram& histogram, std::size_t i) const {
    return std::any_of(histogram.buckets.begin(), histogram.buckets.end(), [&](const Part& part) {
      return kept_.columns[part.column].has(i) && kept_.columns[part.column].histogram(i) == nullptr;
    });
  }

  /// The usual case: every bucket is there at every step. False if it is not so.
  bool dense(const Histogram& histogram, Column& out) {
    rows_.clear();
    for (const Part& part : histogram.buckets) {
      const StoredColumn& column = kept_.columns[part.column];
      if (column.dense_values() == nullptr || column.begin() != histogram.begin || column.end() != histogram.end) {
        return false;
      }
      rows_.push_back(column.dense_values());
    }
    if (!histogram.conflict.empty()) return false;
    for (std::size_t i = histogram.begin; i < histogram.end; ++i) {
      buckets_.resize(rows_.size());
      for (std::size_t b = 0; b < rows_.size(); ++b) {
        buckets_[b] = {histogram.buckets[b].upper, rows_[b][i - histogram.begin]};
      }
      out.set(i, value(histogram, i, buckets_));
    }
    return true;
  }

  void step(const Histogram& histogram, std::size_t i, Column& out) {
    if (!histogram.conflict.empty() && histogram.conflict[i] != 0) return;
    buckets_.clear();
    for (const Part& part : histogram.buckets) {
      const StoredColumn& column = kept_.columns[part.column];
      if (column.has(i) && (!column.has_histograms() || column.histogram(i) == nullptr)) {
        buckets_.push_back({part.upper, column.value(i)});
      }
    }
    if (!buckets_.empty()) out.set(i, value(histogram, i, buckets_));
  }

  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr input_;
  parser::PositionRange pos_;
  Materialized kept_;
  std::vector<Histogram> histograms_;
  std::vector<Bucket> buckets_;
  std::vector<const double*> rows_;
  DuplicateGuard guard_;
  bool started_ = false;
  std::size_t at_ = 0;
};

class HistogramQuantile final : public HistogramOperator {
 public:
  HistogramQuantile(QueryContext& context, const Grid& grid, ScalarOperatorPtr quantile, VectorOperatorPtr input,
                    parser::PositionRange quantile_pos, parser::PositionRange input_pos)
      : HistogramOperator(context, grid, std::move(input), input_pos),
        quantile_(std::move(quantile)),
        quantile_pos_(quantile_pos) {}

 protected:
  Result<void> prepare() override {
    TOCSIN_TRY(values_, quantile_->values());
    for (const double q : values_) {
      if (!(q >= 0 && q <= 1)) context().annotations().invalid_quantile(q, quantile_pos_);
    }
    return {};
  }
  double value(const Histogram& histogram, std::size_t step, std::vector<Bucket>& buckets) override {
    MonotonicityFix fix;
    const double out = bucket_quantile(values_[step], buckets, fix);
    if (fix.forced) {
      context().annotations().forced_monotonicity(metric(histogram.labels), grid().at(step), fix.min_bucket,
                                                  fix.max_bucket, fix.max_diff, pos());
    }
    return out;
  }
  std::string_view name() const override { return "histogram_quantile()"; }

 private:
  ScalarOperatorPtr quantile_;
  parser::PositionRange quantile_pos_;
  std::vector<double> values_;
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
  double value(const Histogram&, std::size_t step, std::vector<Bucket>& buckets) override {
    return bucket_fraction(lows_[step], highs_[step], buckets);
  }
  std::string_view name() const override { return "histogram_fraction()"; }

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

VectorOperatorPtr make_histogram_fraction(QueryContext& context, const Grid& grid, ScalarOperatorPtr low,
                                          ScalarOperatorPtr high, VectorOperatorPtr input,
                                          parser::PositionRange input_pos) {
  return std::make_unique<HistogramFraction>(context, grid, std::move(low), std::move(high), std::move(input),
                                             input_pos);
}

}  // namespace tocsin::promql
