// Scalars: a value at each step.

#include <limits>
#include <vector>

#include "promql/functions.hpp"

namespace tocsin::promql {
namespace {

class Constant final : public ScalarOperator {
 public:
  Constant(const Grid& grid, double value) : grid_(grid), value_(value) {}
  Result<std::vector<double>> values() override { return std::vector<double>(grid_.count, value_); }

 private:
  Grid grid_;
  double value_;
};

class Time final : public ScalarOperator {
 public:
  explicit Time(const Grid& grid) : grid_(grid) {}
  Result<std::vector<double>> values() override {
    std::vector<double> out(grid_.count);
    for (std::size_t i = 0; i < grid_.count; ++i) out[i] = static_cast<double>(grid_.at(i)) / 1000;
    return out;
  }

 private:
  Grid grid_;
};

class FromVector final : public ScalarOperator {
 public:
  FromVector(QueryContext& context, const Grid& grid, VectorOperatorPtr input)
      : context_(context), grid_(grid), input_(std::move(input)) {}

  Result<std::vector<double>> values() override {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> out(grid_.count, kNan);
    std::vector<std::uint8_t> found(grid_.count, 0);
    Column column(context_.arena());
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(column));
      if (!more) return out;
      TOCSIN_OK(context_.spend(column.span()));
      for (std::size_t i = column.begin; i < column.end; ++i) {
        if (column.present[i] == 0 || column.is_histogram(i)) continue;
        out[i] = found[i] != 0 ? kNan : column.values[i];
        found[i] = 1;
      }
    }
  }

 private:
  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr input_;
};

class Negation final : public ScalarOperator {
 public:
  explicit Negation(ScalarOperatorPtr input) : input_(std::move(input)) {}
  Result<std::vector<double>> values() override {
    TOCSIN_TRY(std::vector<double> out, input_->values());
    for (double& value : out) value = -value;
    return out;
  }

 private:
  ScalarOperatorPtr input_;
};

class Extreme final : public ScalarOperator {
 public:
  Extreme(ScalarOperatorPtr left, ScalarOperatorPtr right, bool maximum)
      : left_(std::move(left)), right_(std::move(right)), maximum_(maximum) {}
  Result<std::vector<double>> values() override {
    TOCSIN_TRY(std::vector<double> out, left_->values());
    TOCSIN_TRY(const std::vector<double> right, right_->values());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = maximum_ ? go_max(out[i], right[i]) : go_min(out[i], right[i]);
    }
    return out;
  }

 private:
  ScalarOperatorPtr left_, right_;
  bool maximum_;
};

class Repeated final : public ScalarOperator {
 public:
  Repeated(const Grid& grid, ScalarOperatorPtr input) : grid_(grid), input_(std::move(input)) {}
  Result<std::vector<double>> values() override {
    if (grid_.count == 0) return std::vector<double>();
    TOCSIN_TRY(const std::vector<double> once, input_->values());
    return std::vector<double>(grid_.count, once.front());
  }

 private:
  Grid grid_;
  ScalarOperatorPtr input_;
};

}  // namespace

ScalarOperatorPtr make_constant(const Grid& grid, double value) {
  return std::make_unique<Constant>(grid, value);
}

ScalarOperatorPtr make_time(const Grid& grid) {
  return std::make_unique<Time>(grid);
}

ScalarOperatorPtr make_scalar(QueryContext& context, const Grid& grid, VectorOperatorPtr input) {
  return std::make_unique<FromVector>(context, grid, std::move(input));
}

ScalarOperatorPtr make_negation(ScalarOperatorPtr input) {
  return std::make_unique<Negation>(std::move(input));
}

ScalarOperatorPtr make_scalar_extreme(ScalarOperatorPtr left, ScalarOperatorPtr right, bool maximum) {
  return std::make_unique<Extreme>(std::move(left), std::move(right), maximum);
}

ScalarOperatorPtr make_step_invariant(const Grid& grid, ScalarOperatorPtr input) {
  return std::make_unique<Repeated>(grid, std::move(input));
}

}  // namespace tocsin::promql
