// absent, vector, timestamp of an expression, sort, and what a value found once becomes at every step.

#include <algorithm>
#include <cmath>
#include <set>

#include "model/histogram.hpp"
#include "promql/functions.hpp"
#include "promql/native_histogram.hpp"

namespace tocsin::promql {
namespace {

class Absent final : public VectorOperator {
 public:
  Absent(QueryContext& context, const Grid& grid, VectorOperatorPtr input, model::Labels labels)
      : context_(context), grid_(grid), input_(std::move(input)), labels_(std::move(labels)) {}

  Result<bool> next(Column& out) override {
    if (done_) return false;
    done_ = true;
    std::vector<std::uint8_t> seen(grid_.count, 0);
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(out));
      if (!more) break;
      TOCSIN_OK(context_.spend(out.span()));
      for (std::size_t i = out.begin; i < out.end; ++i) seen[i] |= out.present[i];
    }
    out.reset(grid_.count);
    out.labels = labels_;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (seen[i] == 0) out.set(i, 1);
    }
    return out.finish();
  }
  bool whole() const override { return true; }

 private:
  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr input_;
  model::Labels labels_;
  bool done_ = false;
};

class VectorOf final : public VectorOperator {
 public:
  VectorOf(const Grid& grid, ScalarOperatorPtr input) : grid_(grid), input_(std::move(input)) {}

  Result<bool> next(Column& out) override {
    if (done_) return false;
    done_ = true;
    TOCSIN_TRY(const std::vector<double> values, input_->values());
    out.reset(grid_.count);
    out.labels = {};
    for (std::size_t i = 0; i < grid_.count; ++i) out.set(i, values[i]);
    return out.finish();
  }
  bool whole() const override { return true; }

 private:
  Grid grid_;
  ScalarOperatorPtr input_;
  bool done_ = false;
};

class StepTimestamp final : public VectorOperator {
 public:
  StepTimestamp(QueryContext& context, const Grid& grid, VectorOperatorPtr input)
      : context_(context), grid_(grid), input_(std::move(input)) {}

  Result<bool> next(Column& out) override {
    TOCSIN_TRY(const bool more, input_->next(out));
    if (!more) return false;
    TOCSIN_OK(context_.spend(out.span()));
    out.histograms.clear();
    for (std::size_t i = out.begin; i < out.end; ++i) out.values[i] = static_cast<double>(grid_.at(i)) / 1000;
    drop_metadata(context_, out);
    TOCSIN_OK(guard_.admit(out));
    return true;
  }

 private:
  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr input_;
  DuplicateGuard guard_;
};

class Unnamed final : public VectorOperator {
 public:
  Unnamed(QueryContext& context, VectorOperatorPtr input) : context_(context), input_(std::move(input)) {}

  Result<bool> next(Column& out) override {
    TOCSIN_TRY(const bool more, input_->next(out));
    if (!more) return false;
    drop_metadata(context_, out);
    TOCSIN_OK(guard_.admit(out));
    return true;
  }

 private:
  QueryContext& context_;
  VectorOperatorPtr input_;
  DuplicateGuard guard_;
};

using Statistic = double (*)(const model::FloatHistogram&, NativeHistogramReader&);

class HistogramStatistic final : public VectorOperator {
 public:
  HistogramStatistic(QueryContext& context, VectorOperatorPtr input, Statistic statistic)
      : context_(context), input_(std::move(input)), statistic_(statistic) {}

  Result<bool> next(Column& out) override {
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(out));
      if (!more) return false;
      TOCSIN_OK(context_.spend(out.span()));
      if (!out.has_histograms()) continue;
      for (std::size_t i = out.begin; i < out.end; ++i) {
        if (out.present[i] == 0) continue;
        if (out.is_histogram(i)) {
          out.values[i] = statistic_(*out.histograms[i], reader_);
        } else {
          out.present[i] = 0;
        }
      }
      out.histograms.clear();
      if (!out.trim()) continue;
      drop_metadata(context_, out);
      TOCSIN_OK(guard_.admit(out));
      return true;
    }
  }

 private:
  QueryContext& context_;
  VectorOperatorPtr input_;
  Statistic statistic_;
  NativeHistogramReader reader_;
  DuplicateGuard guard_;
};

class StepInvariant final : public VectorOperator {
 public:
  StepInvariant(QueryContext& context, const Grid& grid, VectorOperatorPtr input)
      : context_(context), grid_(grid), input_(std::move(input)) {}

  Result<bool> next(Column& out) override {
    if (grid_.count == 0) return false;
    TOCSIN_TRY(const bool more, input_->next(once_));
    if (!more) return false;
    TOCSIN_OK(context_.spend(grid_.count));
    out.reset(grid_.count);
    out.labels = once_.labels;
    out.drop_name = once_.drop_name;
    std::fill(out.present.begin(), out.present.end(), std::uint8_t{1});
    if (once_.is_histogram(0)) {
      out.histograms.assign(grid_.count, once_.histograms.front());
    } else {
      std::fill(out.values.begin(), out.values.end(), once_.values.front());
    }
    return out.finish();
  }
  bool whole() const override { return input_->whole(); }

 private:
  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr input_;
  Column once_{context_.arena()};
};

class Nothing final : public VectorOperator {
 public:
  explicit Nothing(VectorOperatorPtr input) : input_(std::move(input)) {}
  Result<bool> next(Column& out) override {
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(out));
      if (!more) return false;
    }
  }
  bool whole() const override { return true; }

 private:
  VectorOperatorPtr input_;
};

}  // namespace

model::Labels labels_of_absent(const std::vector<model::Matcher>& matchers) {
  // A name that a later matcher speaks of again says nothing certain.
  std::set<std::string> fixed;
  model::LabelsBuilder labels;
  for (const model::Matcher& matcher : matchers) {
    if (matcher.name() == model::kMetricName) continue;
    if (matcher.op() == model::MatchOp::kEqual && fixed.insert(matcher.name()).second) {
      labels.set(matcher.name(), matcher.value());
    } else {
      labels.remove(matcher.name());
    }
  }
  return labels.build();
}

VectorOperatorPtr make_absent(QueryContext& context, const Grid& grid, VectorOperatorPtr input, model::Labels labels) {
  return std::make_unique<Absent>(context, grid, std::move(input), std::move(labels));
}

VectorOperatorPtr make_vector(const Grid& grid, ScalarOperatorPtr input) {
  return std::make_unique<VectorOf>(grid, std::move(input));
}

VectorOperatorPtr make_step_timestamp(QueryContext& context, const Grid& grid, VectorOperatorPtr input) {
  return std::make_unique<StepTimestamp>(context, grid, std::move(input));
}

VectorOperatorPtr make_nothing(VectorOperatorPtr input) {
  return std::make_unique<Nothing>(std::move(input));
}

VectorOperatorPtr make_unnamed(QueryContext& context, VectorOperatorPtr input) {
  return std::make_unique<Unnamed>(context, std::move(input));
}

VectorOperatorPtr make_histogram_statistic(QueryContext& context, std::string_view name, VectorOperatorPtr& input) {
  Statistic statistic = nullptr;
  using Histogram = const model::FloatHistogram&;
  using Reader = NativeHistogramReader&;
  if (name == "histogram_count") statistic = [](Histogram h, Reader) { return h.count; };
  if (name == "histogram_sum") statistic = [](Histogram h, Reader) { return h.sum; };
  if (name == "histogram_avg") statistic = [](Histogram h, Reader) { return h.sum / h.count; };
  if (name == "histogram_stdvar") statistic = [](Histogram h, Reader reader) { return reader.variance(h); };
  if (name == "histogram_stddev") statistic = [](Histogram h, Reader reader) { return std::sqrt(reader.variance(h)); };
  if (statistic == nullptr) return nullptr;
  return std::make_unique<HistogramStatistic>(context, std::move(input), statistic);
}

VectorOperatorPtr make_step_invariant(QueryContext& context, const Grid& grid, VectorOperatorPtr input) {
  return std::make_unique<StepInvariant>(context, grid, std::move(input));
}

}  // namespace tocsin::promql
