// count_values("label", v): one series per group and value.

#include <bit>
#include <cstdint>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/float_text.hpp"
#include "model/histogram_text.hpp"
#include "promql/aggregate.hpp"

namespace tocsin::promql {
namespace {

class CountValues final : public VectorOperator {
 public:
  CountValues(QueryContext& context, const Grid& grid, AggregateSpec spec, VectorOperatorPtr input)
      : context_(context),
        grid_(grid),
        spec_(std::move(spec)),
        input_(std::move(input)),
        groups_(spec_.grouping, context.arena()),
        results_(result_grouping(spec_), context.arena()),
        held_(context) {}

  Result<bool> next(Column& out) override {
    if (!drained_) TOCSIN_OK(drain(out));
    if (at_ == counts_.size()) return false;
    const std::size_t index = at_++;
    const GroupSteps<double>& counts = counts_[index];
    out.reset(grid_.count);
    for (std::size_t i = counts.begin(); i < counts.end(); ++i) {
      if (counts[i] != 0) out.set(i, counts[i]);
    }
    out.labels = results_.labels(index);
    return out.finish();
  }
  bool whole() const override { return true; }

 private:
  /// The value is a label like others: `by` keeps it too.
  static Grouping result_grouping(const AggregateSpec& spec) {
    std::vector<std::string> names = spec.grouping.names;
    if (!spec.grouping.without) names.push_back(spec.value_label);
    return Grouping(std::move(names), spec.grouping.without);
  }

  Result<void> drain(Column& column) {
    drained_ = true;
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(column));
      if (!more) return {};
      TOCSIN_OK(context_.spend(column.span()));
      const std::size_t group = groups_.find(column.labels);
      for (std::size_t i = column.begin; i < column.end; ++i) {
        if (column.present[i] == 0) continue;
        TOCSIN_OK(add(column, group, i));
      }
    }
  }

  Result<void> add(const Column& column, std::size_t group, std::size_t i) {
    const std::size_t result = result_of(column, group, i);
    if (result == counts_.size()) counts_.emplace_back(context_.arena());
    GroupSteps<double>& counts = counts_[result];
    const std::size_t before = counts.size();
    counts.cover(i, i + 1);
    TOCSIN_OK(held_.add(counts.size() - before));
    counts[i] += 1;
    return {};
  }

  std::size_t result_of(const Column& column, std::size_t group, std::size_t i) {
    if (column.is_histogram(i)) return result_of(column, model::histogram_text(*column.histograms[i]));
    // Equal bits give an equal text; different bits (of NaN) may.
    const Key key{group, std::bit_cast<std::uint64_t>(column.values[i])};
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    const std::size_t result = result_of(column, format_float_f(column.values[i]));
    known_.emplace(key, result);
    return result;
  }

  std::size_t result_of(const Column& column, const std::string& value) {
    model::LabelsBuilder labels(column.labels);
    labels.set(spec_.value_label, value);
    return results_.find(labels.build());
  }

  using Key = std::pair<std::size_t, std::uint64_t>;

  QueryContext& context_;
  Grid grid_;
  AggregateSpec spec_;
  VectorOperatorPtr input_;
  GroupTable groups_, results_;
  HeldSamples held_;
  boost::unordered_flat_map<Key, std::size_t> known_;
  std::vector<GroupSteps<double>> counts_;
  bool drained_ = false;
  std::size_t at_ = 0;
};

}  // namespace

VectorOperatorPtr make_count_values(QueryContext& context, const Grid& grid, AggregateSpec spec,
                                    VectorOperatorPtr input) {
  return std::make_unique<CountValues>(context, grid, std::move(spec), std::move(input));
}

}  // namespace tocsin::promql
