// sort, sort_desc, sort_by_label, sort_by_label_desc: the order of an instant query's answer.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "promql/functions.hpp"
#include "promql/materialize.hpp"

namespace tocsin::promql {
namespace {

/// By value, NaN last. Only an instant query has an order; in a range query this takes away histograms and no more.
class Sort final : public VectorOperator {
 public:
  Sort(QueryContext& context, const Grid& grid, VectorOperatorPtr input, bool descending)
      : grid_(grid), input_(std::move(input)), descending_(descending), kept_(context) {}

  Result<bool> next(Column& out) override {
    if (!grid_.single()) {
      for (;;) {
        TOCSIN_TRY(const bool more, input_->next(out));
        if (!more) return false;
        if (remove_histograms(out)) return true;
      }
    }
    if (!sorted_) TOCSIN_OK(sort(out));
    if (at_ == order_.size()) return false;
    kept_.columns[order_[at_++]].expand(grid_.count, out);
    return true;
  }

 private:
  Result<void> sort(Column& scratch) {
    for (;;) {
      TOCSIN_TRY(const bool more, input_->next(scratch));
      if (!more) break;
      if (remove_histograms(scratch)) TOCSIN_OK(kept_.add(std::move(scratch)));
    }
    for (std::size_t i = 0; i < kept_.columns.size(); ++i) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) {
      const double x = kept_.columns[a].value(0);
      const double y = kept_.columns[b].value(0);
      if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
      if (x < y || x > y) return descending_ ? x > y : x < y;
      return a < b;
    });
    sorted_ = true;
    return {};
  }

  Grid grid_;
  VectorOperatorPtr input_;
  bool descending_;
  Materialized kept_;
  std::vector<std::size_t> order_;
  bool sorted_ = false;
  std::size_t at_ = 0;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the leading run of digits, or of other characters.
std::string_view take_run(std::string_view& text) {
  const bool digits = is_digit(text.front());
  const auto end = std::find_if(text.begin(), text.end(), [digits](char c) { return is_digit(c) != digits; });
  const std::string_view run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(run.size());
  return run;
}

std::optional<std::int64_t> number_of(std::string_view run) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(run.data(), run.data() + run.size(), number);
  if (error != std::errc() || end != run.data() + run.size()) return std::nullopt;
  return number;
}

/// Numbers within the texts are compared as numbers. Source: github.com/facette/natsort, which Prometheus uses.
bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view run_a = take_run(a);
    const std::string_view run_b = take_run(b);
    const auto number_a = number_of(run_a);
    const auto number_b = number_of(run_b);
    if (number_a && number_b) {
      if (*number_a != *number_b) return *number_a < *number_b;
    } else if (run_a != run_b) {
      return run_a < run_b;
    }
  }
  return a.empty() && !b.empty();
}

class SortByLabel final : public VectorOperator {
 public:
  SortByLabel(QueryContext& context, const Grid& grid, VectorOperatorPtr input, std::vector<std::string> labels,
              bool descending)
      : grid_(grid), input_(std::move(input)), labels_(std::move(labels)), descending_(descending), kept_(context) {}

  Result<bool> next(Column& out) override {
    if (!grid_.single()) return input_->next(out);
    if (!sorted_) {
      sorted_ = true;
      TOCSIN_OK(kept_.drain(*input_, out));
      for (std::size_t i = 0; i < kept_.columns.size(); ++i) order_.push_back(i);
      std::ranges::sort(
          order_, [this](std::size_t a, std::size_t b) { return descending_ ? is_before(b, a) : is_before(a, b); });
    }
    if (at_ == order_.size()) return false;
    kept_.columns[order_[at_++]].expand(grid_.count, out);
    return true;
  }

 private:
  bool is_before(std::size_t a, std::size_t b) const {
    const model::Labels& x = kept_.columns[a].labels();
    const model::Labels& y = kept_.columns[b].labels();
    for (const std::string& name : labels_) {
      const std::string_view p = x.get(name);
      const std::string_view q = y.get(name);
      if (natural_less(p, q)) return true;
      if (natural_less(q, p)) return false;
    }
    return x < y;
  }

  Grid grid_;
  VectorOperatorPtr input_;
  std::vector<std::string> labels_;
  bool descending_;
  Materialized kept_;
  std::vector<std::size_t> order_;
  bool sorted_ = false;
  std::size_t at_ = 0;
};

}  // namespace

VectorOperatorPtr make_sort(QueryContext& context, const Grid& grid, VectorOperatorPtr input, bool descending) {
  return std::make_unique<Sort>(context, grid, std::move(input), descending);
}

VectorOperatorPtr make_sort_by_label(QueryContext& context, const Grid& grid, VectorOperatorPtr input,
                                     std::vector<std::string> labels, bool descending) {
  return std::make_unique<SortByLabel>(context, grid, std::move(input), std::move(labels), descending);
}

}  // namespace tocsin::promql
