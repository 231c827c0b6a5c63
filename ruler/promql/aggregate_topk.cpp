// topk, bottomk: per group and step a heap of the best k. A series whose samples never enter a heap leaves no trace.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/float_text.hpp"
#include "promql/aggregate.hpp"
#include "promql/functions.hpp"

namespace tocsin::promql {
namespace {

class TopkAggregate final : public VectorOperator {
 public:
  TopkAggregate(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                ScalarOperatorPtr param)
      : context_(context),
        grid_(grid),
        spec_(std::move(spec)),
        top_(spec_.op == parser::AggregateOp::kTopk),
        input_(std::move(input)),
        param_(std::move(param)),
        table_(spec_.grouping, context.arena()),
        held_(context) {}

  Result<bool> next(Column& out) override {
    if (!drained_) {
      drained_ = true;
      TOCSIN_TRY(const bool any, check_param());
      if (!any) return exhaust(*input_, out);
      TOCSIN_OK(drain(out));
      collect();
    }
    while (at_ < order_.size()) {
      const Series& series = series_[order_[at_++]];
      out.reset(grid_.count);
      for (const auto& [step, value] : series.samples) out.set(step, value);
      out.labels = series.labels;
      out.drop_name = series.drop_name;
      if (out.finish()) return true;
    }
    return false;
  }

 private:
  struct Entry {
    double value = 0;
    std::uint32_t series = 0;
  };
  struct Series {
    model::Labels labels;
    bool drop_name = false;
    std::vector<std::pair<std::size_t, double>> samples;  // step, value; filled at the end
  };
  using Heap = std::vector<Entry>;  // of the heap: arrays of steps have them by the thousand, made without arguments

  /// False if k asks for nothing at any step.
  Result<bool> check_param() {
    TOCSIN_TRY(std::vector<double> values, param_->values());
    const AggregateParam k = AggregateParam::of(std::move(values));
    if (k.max < 1) return false;
    if (k.any_nan) return fail(Errc::kExecution, "Parameter value is NaN");
    constexpr double kInt64 = 9223372036854775808.0;
    std::string text;
    if (k.min <= -kInt64) {
      append_float_expo(text, k.min);
      return fail(Errc::kExecution, "Scalar value {} underflows int64", text);
    }
    if (k.max >= kInt64) {
      append_float_expo(text, k.max);
      return fail(Errc::kExecution, "Scalar value {} overflows int64", text);
    }
    for (const double value : k.values) k_.push_back(value < 1 ? 0 : static_cast<std::size_t>(value));
    return true;
  }

  Result<void> drain(Column& column) {
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(column));
      if (!more) return {};
      TOCSIN_OK(context_.spend(column.span()));
      if (shows_histograms(column)) {
        context_.annotations().histogram_ignored_in_aggregation(top_ ? "topk" : "bottomk", spec_.pos);
      }
      if (!remove_histograms(column)) continue;
      const std::size_t group = table_.find(column.labels);
      if (group == heaps_.size()) heaps_.emplace_back(context_.arena());
      heaps_[group].cover(column.begin, column.end);
      TOCSIN_OK(add(column, heaps_[group]));
    }
  }

  /// NaN loses against everything; equals do not win, so the first to come stays.
  bool wins(double value, double against) const {
    if (std::isnan(value)) return false;
    return std::isnan(against) || (top_ ? value > against : value < against);
  }

  /// Orders entries best first; as a heap's order it puts the worst on top.
  auto better() const {
    return [this](const Entry& a, const Entry& b) {
      if (wins(a.value, b.value)) return true;
      if (wins(b.value, a.value)) return false;
      return a.series < b.series;
    };
  }

  Result<void> add(const Column& column, GroupSteps<Heap>& heaps) {
    std::optional<std::uint32_t> series;
    for (std::size_t i = column.begin; i < column.end; ++i) {
      if (column.present[i] == 0 || k_[i] == 0) continue;
      Heap& heap = heaps[i];
      const bool full = heap.size() >= k_[i];
      if (full && !wins(column.values[i], heap.front().value)) continue;
      if (!series) {
        series = static_cast<std::uint32_t>(series_.size());
        series_.push_back({column.labels, column.drop_name, {}});
      }
      if (full) {
        std::pop_heap(heap.begin(), heap.end(), better());
        heap.pop_back();
      } else {
        TOCSIN_OK(held_.add(1));
      }
      heap.push_back({column.values[i], *series});
      std::push_heap(heap.begin(), heap.end(), better());
    }
    return {};
  }

  /// What is in the heaps, by series. An instant query hands out each group's best first.
  void collect() {
    for (GroupSteps<Heap>& heaps : heaps_) {
      for (std::size_t i = heaps.begin(); i < heaps.end(); ++i) {
        Heap& heap = heaps[i];
        std::sort(heap.begin(), heap.end(), better());
        for (const Entry& entry : heap) {
          if (series_[entry.series].samples.empty()) order_.push_back(entry.series);
          series_[entry.series].samples.emplace_back(i, entry.value);
        }
        Heap().swap(heap);
      }
    }
  }

  QueryContext& context_;
  Grid grid_;
  AggregateSpec spec_;
  bool top_;
  VectorOperatorPtr input_;
  ScalarOperatorPtr param_;
  GroupTable table_;
  HeldSamples held_;
  std::vector<std::size_t> k_;  // by step
  std::vector<GroupSteps<Heap>> heaps_;
  std::vector<Series> series_;
  std::vector<std::uint32_t> order_;
  bool drained_ = false;
  std::size_t at_ = 0;
};

}  // namespace

VectorOperatorPtr make_topk(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input,
                            ScalarOperatorPtr param) {
  return std::make_unique<TopkAggregate>(context, grid, std::move(spec), std::move(input), std::move(param));
}

}  // namespace tocsin::promql
