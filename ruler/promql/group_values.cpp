#include "promql/group_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/kahan.hpp"

namespace tocsin::promql {
namespace {

/// KahanSum::add() at each step, with choices in place of branches.
void add_compensated(double* sums, double* lost, const double* values, std::size_t count) {
  constexpr double kMax = std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < count; ++i) {
    const double sum = sums[i];
    const double value = values[i];
    const double total = sum + value;
    const bool sum_is_larger = std::abs(sum) >= std::abs(value);
    const double larger = sum_is_larger ? sum : value;
    const double smaller = sum_is_larger ? value : sum;
    const double missing = lost[i] + ((larger - total) + smaller);
    lost[i] = std::abs(total) > kMax ? 0 : missing;
    sums[i] = total;
  }
}

/// -0 becomes 0, as in Prometheus, which adds at the end what the sum has lost.
double first_sum(double value) {
  return value + 0.0;
}

}  // namespace

void GroupSums::cover(std::size_t begin, std::size_t end) {
  if (sums_.empty()) {
    begin_ = begin;
    sums_.resize(end - begin, 0);
    seen_.resize(end - begin, 0);
    return;
  }
  const std::size_t old_end = begin_ + sums_.size();
  if (begin >= begin_ && end <= old_end) return;
  const std::size_t before = begin < begin_ ? begin_ - begin : 0;
  const std::size_t behind = end > old_end ? end - old_end : 0;
  if (seen_.empty()) seen_.resize(sums_.size(), 1);
  const auto widen = [&](auto& column) {
    column.resize(column.size() + behind, 0);
    column.insert(column.begin(), before, 0);
  };
  widen(sums_);
  widen(seen_);
  if (!lost_.empty()) widen(lost_);
  begin_ -= before;
}

void GroupSums::add(std::size_t step, double value) {
  const std::size_t i = step - begin_;
  if (!seen(step)) {
    sums_[i] = first_sum(value);
    seen_[i] = 1;
    return;
  }
  if (lost_.empty()) lost_.resize(sums_.size(), 0);
  KahanSum sum{sums_[i], lost_[i]};
  sum.add(value);
  sums_[i] = sum.sum;
  lost_[i] = sum.c;
}

void GroupSums::add_all(Column& column) {
  const std::size_t begin = column.begin;
  const double* const values = column.values.data() + begin;
  const std::size_t count = column.span();
  if (sums_.empty()) {
    begin_ = begin;
    if (column.is_worth_taking()) {
      sums_ = std::move(column.values);
    } else {
      sums_.assign(values, values + count);
    }
    for (double& sum : sums_) sum = first_sum(sum);
    return;
  }
  cover(begin, begin + count);
  if (seen_.empty()) {
    if (lost_.empty()) lost_.resize(sums_.size(), 0);
    add_compensated(&sums_[begin - begin_], &lost_[begin - begin_], values, count);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) add(begin + i, values[i]);
  if (std::memchr(seen_.data(), 0, seen_.size()) == nullptr) seen_.clear();
}

void GroupSums::write(Column& out) {
  const std::size_t count = sums_.size();
  for (std::size_t i = 0; i < lost_.size(); ++i) sums_[i] += lost_[i];
  if (count == out.values.size()) {
    out.values.swap(sums_);
  } else {
    std::copy(sums_.begin(), sums_.end(), out.values.begin() + static_cast<std::ptrdiff_t>(begin_));
  }
  std::uint8_t* const present = out.present.data() + begin_;
  if (seen_.empty()) {
    std::fill_n(present, count, std::uint8_t{1});
  } else {
    std::copy(seen_.begin(), seen_.end(), present);
  }
}

}  // namespace tocsin::promql
