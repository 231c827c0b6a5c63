// Functions of one float.

#include <cmath>
#include <numbers>

#include "promql/functions.hpp"

namespace tocsin::promql {
namespace {

using Math = double (*)(double);

double sgn(double v) {
  if (v < 0) return -1;
  return v > 0 ? 1 : v;
}

struct Named {
  std::string_view name;
  Math function;
};

constexpr Named kFunctions[] = {
    {"abs", [](double v) { return std::abs(v); }},
    {"acos", [](double v) { return std::acos(v); }},
    {"acosh", [](double v) { return std::acosh(v); }},
    {"asin", [](double v) { return std::asin(v); }},
    {"asinh", [](double v) { return std::asinh(v); }},
    {"atan", [](double v) { return std::atan(v); }},
    {"atanh", [](double v) { return std::atanh(v); }},
    {"ceil", [](double v) { return std::ceil(v); }},
    {"cos", [](double v) { return std::cos(v); }},
    {"cosh", [](double v) { return std::cosh(v); }},
    {"deg", [](double v) { return v * 180 / std::numbers::pi; }},
    {"exp", [](double v) { return std::exp(v); }},
    {"floor", [](double v) { return std::floor(v); }},
    {"ln", [](double v) { return std::log(v); }},
    {"log10", [](double v) { return std::log10(v); }},
    {"log2", [](double v) { return std::log2(v); }},
    {"rad", [](double v) { return v * std::numbers::pi / 180; }},
    {"sgn", sgn},
    {"sin", [](double v) { return std::sin(v); }},
    {"sinh", [](double v) { return std::sinh(v); }},
    {"sqrt", [](double v) { return std::sqrt(v); }},
    {"tan", [](double v) { return std::tan(v); }},
    {"tanh", [](double v) { return std::tanh(v); }},
};

class MathOperator final : public FloatOperator {
 public:
  MathOperator(QueryContext& context, VectorOperatorPtr input, Math function)
      : FloatOperator(context, std::move(input)), function_(function) {}

 protected:
  void transform(Column& column) override {
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] != 0) column.values[i] = function_(column.values[i]);
    }
  }

 private:
  Math function_;
};

}  // namespace

VectorOperatorPtr make_math_function(QueryContext& context, std::string_view name, VectorOperatorPtr& input) {
  for (const Named& candidate : kFunctions) {
    if (candidate.name == name) return std::make_unique<MathOperator>(context, std::move(input), candidate.function);
  }
  return nullptr;
}

}  // namespace tocsin::promql
