#pragma once
// What a query answers.

#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "model/labels.hpp"
#include "model/sample.hpp"

namespace tocsin::promql {

struct Scalar {
  Timestamp t = 0;
  double v = 0;
};

struct Text {
  Timestamp t = 0;
  std::string v;
};

/// One element of an instant vector: a float, or a histogram if `h` is set.
struct VectorSample {
  model::Labels labels;
  Timestamp t = 0;
  double v = 0;
  model::HistogramPtr h;
};
using Vector = std::vector<VectorSample>;

struct HistogramPoint {
  Timestamp t = 0;
  model::HistogramPtr h;
};

struct MatrixSeries {
  model::Labels labels;
  std::vector<model::Sample> floats;
  std::vector<HistogramPoint> histograms;
};
using Matrix = std::vector<MatrixSeries>;

using Value = std::variant<Scalar, Text, Vector, Matrix>;

}  // namespace tocsin::promql
