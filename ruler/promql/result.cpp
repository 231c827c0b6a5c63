#include "promql/result.hpp"

#include <algorithm>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "promql/label_ops.hpp"
#include "promql/sample_account.hpp"

namespace tocsin::promql {
namespace {

std::unexpected<Error> duplicate() {
  return fail(Errc::kExecution, "vector cannot contain metrics with the same labelset");
}

void sort_by_labels(QueryContext& context, Matrix& matrix) {
  const MonoTime began = context.now();
  std::sort(matrix.begin(), matrix.end(),
            [](const MatrixSeries& a, const MatrixSeries& b) { return (a.labels <=> b.labels) < 0; });
  context.stats().sorting = context.now() - began;
}

model::Labels final_labels(Column& column) {
  return column.drop_name ? without_metadata(column.labels) : std::move(column.labels);
}

/// Puts the samples of several fragments in order. False if two have the same time.
template <typename Point>
bool sort_by_time(std::vector<Point>& points) {
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.t < b.t; });
  return std::adjacent_find(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.t == b.t; }) ==
         points.end();
}

/// A series may come in fragments.
class MatrixBuilder {
 public:
  MatrixBuilder(QueryContext& context, const Grid& grid) : grid_(grid), held_(context) {}

  Result<void> add(Column& column) {
    model::Labels labels = final_labels(column);
    const auto [found, first] = index_.try_emplace(labels.encoded(), matrix_.size());
    if (first) matrix_.push_back({std::move(labels), {}, {}});
    MatrixSeries& series = matrix_[found->second];
    const std::size_t floats = series.floats.size();
    const std::size_t histograms = series.histograms.size();
    if (column.dense && !column.has_histograms()) {
      series.floats.resize(floats + column.span());
      model::Sample* const samples = series.floats.data() + floats;
      for (std::size_t i = 0; i < column.span(); ++i) {
        samples[i] = {grid_.at(column.begin + i), column.values[column.begin + i]};
      }
    } else {
      add_present(column, series);
    }
    TOCSIN_OK(held_.add(series.floats.size() - floats + series.histograms.size() - histograms));
    if (!first && !(sort_by_time(series.floats) && sort_by_time(series.histograms))) return duplicate();
    return {};
  }
  Matrix take() { return std::move(matrix_); }

 private:
  void add_present(const Column& column, MatrixSeries& series) const {
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0) continue;
      if (column.is_histogram(i)) {
        series.histograms.push_back({grid_.at(i), column.histograms[i]});
      } else {
        series.floats.push_back({grid_.at(i), column.values[i]});
      }
    }
  }

  Grid grid_;
  HeldSamples held_;
  Matrix matrix_;
  boost::unordered_flat_map<std::string, std::size_t> index_;
};

Result<Matrix> collect(QueryContext& context, const Grid& grid, VectorOperator& source) {
  MatrixBuilder builder(context, grid);
  Column column(context.arena());
  for (;;) {
    TOCSIN_TRY(const bool more, source.next(column));
    if (!more) return builder.take();
    TOCSIN_OK(context.spend(column.span()));
    TOCSIN_OK(builder.add(column));
  }
}

}  // namespace

Result<Vector> collect_vector(QueryContext& context, const Grid& grid, VectorOperator& source) {
  TOCSIN_TRY(Matrix matrix, collect(context, grid, source));
  Vector out;
  out.reserve(matrix.size());
  for (MatrixSeries& series : matrix) {
    VectorSample& sample = out.emplace_back();
    sample.labels = std::move(series.labels);
    sample.t = grid.start;
    if (series.histograms.empty()) {
      sample.v = series.floats.front().v;
    } else {
      sample.h = std::move(series.histograms.front().h);
    }
  }
  return out;
}

Result<Matrix> collect_matrix(QueryContext& context, const Grid& grid, VectorOperator& source) {
  TOCSIN_TRY(Matrix matrix, collect(context, grid, source));
  sort_by_labels(context, matrix);
  return matrix;
}

Result<Matrix> collect_range(QueryContext& context, const Grid& grid, const RangeArgument& range) {
  const Timestamp end = range.reference.last(grid);
  const Timestamp start = end - range.range_ms;
  const bool extended = range.extension != Extension::kNone;  // its edges have samples
  const auto inside = [&](Timestamp t) { return (t > start || extended) && t <= end; };
  HeldSamples held(context);
  Matrix matrix;
  RangeSeries series;
  for (;;) {
    TOCSIN_TRY(const bool more, range.source->next(series));
    if (!more) break;
    if (extended) TOCSIN_OK(extend_edges(series, start, end, range.extension));
    MatrixSeries out;
    for (std::size_t i = 0; i < series.times.size(); ++i) {
      if (inside(series.times[i])) out.floats.push_back({series.times[i], series.values[i]});
    }
    for (std::size_t i = 0; i < series.histogram_times.size(); ++i) {
      if (inside(series.histogram_times[i]))
        out.histograms.push_back({series.histogram_times[i], series.histograms[i]});
    }
    if (out.floats.empty() && out.histograms.empty()) continue;
    out.labels = series.drop_name ? without_metadata(series.labels) : series.labels;
    TOCSIN_OK(held.add(out.floats.size() + out.histograms.size()));
    range.account->add_samples(out.floats.size());
    for (const HistogramPoint& point : out.histograms) range.account->add_samples(sample_size(*point.h));
    TOCSIN_OK(context.check_samples(range.account->samples()));
    TOCSIN_OK(context.spend(out.floats.size() + 1));
    matrix.push_back(std::move(out));
  }
  sort_by_labels(context, matrix);
  return matrix;
}

}  // namespace tocsin::promql
