// Subqueries: an expression evaluated on a grid of its own, whose results range functions then see as samples.

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "model/histogram.hpp"
#include "promql/materialize.hpp"
#include "promql/selector.hpp"

namespace tocsin::promql {
namespace {

/// A subquery may pass over samples or see them twice: what they say of resets holds no longer.
model::HistogramPtr without_reset_hint(model::HistogramPtr histogram) {
  using enum model::CounterReset;
  if (histogram->reset_hint != kReset && histogram->reset_hint != kNotReset) return histogram;
  auto copy = std::make_shared<model::FloatHistogram>(*histogram);
  copy->reset_hint = kUnknown;
  return copy;
}

void append(const Grid& grid, const Column& column, RangeSeries& out) {
  for (std::size_t i = column.begin; i < column.end; ++i) {
    if (column.present[i] == 0) continue;
    if (column.is_histogram(i)) {
      out.histogram_times.push_back(grid.at(i));
      out.histograms.push_back(without_reset_hint(column.histograms[i]));
    } else {
      out.times.push_back(grid.at(i));
      out.values.push_back(column.values[i]);
    }
  }
}

void append(const Grid& grid, const StoredColumn& column, std::size_t i, RangeSeries& out) {
  if (model::HistogramPtr histogram = column.histogram(i)) {
    out.histogram_times.push_back(grid.at(i));
    out.histograms.push_back(without_reset_hint(std::move(histogram)));
  } else {
    out.times.push_back(grid.at(i));
    out.values.push_back(column.value(i));
  }
}

class SubquerySource final : public RangeSource {
 public:
  SubquerySource(QueryContext& context, const Grid& grid, VectorOperatorPtr inner)
      : context_(context), grid_(grid), inner_(std::move(inner)), kept_(context) {}

  Result<bool> advance() override {
    if (grid_.count == 0) return false;
    if (!started_) {
      started_ = true;
      TOCSIN_OK(kept_.held.add(grid_.count));  // the working column
    }
    return inner_->whole() ? inner_->next(column_) : advance_kept();
  }

  Result<bool> read(RangeSeries& out) override {
    out.digested = false;
    out.times.clear();
    out.values.clear();
    out.starts.clear();
    out.histogram_times.clear();
    out.histograms.clear();
    out.histogram_starts.clear();
    return inner_->whole() ? read_streamed(out) : read_kept(out);
  }

 private:
  Result<bool> read_streamed(RangeSeries& out) {
    out.labels = column_.labels;
    out.drop_name = column_.drop_name;
    append(grid_, column_, out);
    TOCSIN_OK(context_.spend(column_.span()));
    return true;
  }

  Result<bool> advance_kept() {
    if (!groups_) {
      TOCSIN_OK(kept_.drain(*inner_, column_));
      groups_ = group_fragments(kept_.columns);
    }
    if (at_ == groups_->size()) return false;
    ++at_;
    return true;
  }

  Result<bool> read_kept(RangeSeries& out) {
    const std::vector<std::size_t>& group = (*groups_)[at_ - 1];
    const StoredColumn& base = kept_.columns[group.front()];
    out.labels = base.labels();
    out.drop_name = base.drop_name();
    std::size_t begin = base.begin();
    std::size_t end = base.end();
    for (const std::size_t index : group) {
      begin = std::min(begin, kept_.columns[index].begin());
      end = std::max(end, kept_.columns[index].end());
    }
    for (std::size_t i = begin; i < end; ++i) {
      for (const std::size_t index : group) {
        if (kept_.columns[index].has(i)) append(grid_, kept_.columns[index], i, out);
      }
    }
    TOCSIN_OK(context_.spend((end - begin) * group.size()));
    return true;
  }

  QueryContext& context_;
  Grid grid_;
  VectorOperatorPtr inner_;
  Column column_{context_.arena()};
  Materialized kept_;
  std::optional<std::vector<std::vector<std::size_t>>> groups_;
  std::size_t at_ = 0;  // groups that were gone to
  bool started_ = false;
};

}  // namespace

Grid subquery_grid(const Grid& outer, const Reference& reference, std::int64_t range_ms, std::int64_t step_ms) {
  const Timestamp before = reference.first(outer) - range_ms;  // not included
  const Timestamp last = reference.last(outer);
  std::int64_t periods = before / step_ms;
  if (before % step_ms < 0) --periods;
  const Timestamp start = (periods + 1) * step_ms;
  if (outer.count == 0 || last < start) return {start, step_ms, 0};
  return {start, step_ms, static_cast<std::size_t>((last - start) / step_ms) + 1};
}

RangeSourcePtr make_subquery_source(QueryContext& context, const Grid& grid, VectorOperatorPtr inner) {
  return std::make_unique<SubquerySource>(context, grid, std::move(inner));
}

}  // namespace tocsin::promql
