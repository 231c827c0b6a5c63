#include "promql/column.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace tocsin::promql {

void Column::reset(std::size_t steps) {
  if (values.size() != steps) values.resize(steps);
  present.assign(steps, 0);
  histograms.clear();
  begin = 0;
  end = 0;
  dense = false;
  drop_name = false;
}

bool Column::finish() {
  begin = 0;
  end = present.size();
  return trim();
}

bool Column::trim() {
  const std::uint8_t* const data = present.data();
  if (begin < end) {
    const void* const first = std::memchr(data + begin, 1, end - begin);
    begin = first == nullptr ? end : static_cast<std::size_t>(static_cast<const std::uint8_t*>(first) - data);
  }
  while (end > begin && data[end - 1] == 0) --end;
  if (begin == end) {
    begin = end = 0;
    dense = false;
    return false;
  }
  dense = std::memchr(data + begin, 0, end - begin) == nullptr;
  return true;
}

void Column::set_histogram(std::size_t i, model::HistogramPtr histogram) {
  if (histograms.empty()) histograms.resize(present.size());
  histograms[i] = std::move(histogram);
  values[i] = 0;
  present[i] = 1;
}

namespace {

/// What `column` has in [begin, end).
template <typename T>
void keep_span(const Column& column, const ArenaVector<T>& from, ArenaVector<T>& to) {
  const auto at = [&](std::size_t i) { return from.begin() + static_cast<std::ptrdiff_t>(i); };
  to.assign(at(column.begin), at(column.end));
}

template <typename T>
void keep_span(const Column& column, ArenaVector<T>&& from, ArenaVector<T>& to) {
  if (column.is_worth_taking()) {
    to = std::move(from);
  } else {
    keep_span(column, std::as_const(from), to);
  }
}

}  // namespace

StoredColumn::StoredColumn(const Column& column, Arena* arena)
    : labels_(column.labels), drop_name_(column.drop_name), begin_(column.begin), values_(arena), present_(arena) {
  keep_span(column, column.values, values_);
  if (!column.dense) keep_span(column, column.present, present_);
  keep_histograms(column);
}

StoredColumn::StoredColumn(Column&& column, Arena* arena)
    : labels_(std::move(column.labels)),
      drop_name_(column.drop_name),
      begin_(column.begin),
      values_(arena),
      present_(arena) {
  keep_span(column, std::move(column.values), values_);
  if (!column.dense) keep_span(column, std::move(column.present), present_);
  keep_histograms(column);
}

void StoredColumn::keep_histograms(const Column& column) {
  if (!column.has_histograms()) return;
  const auto at = [&](std::size_t i) { return column.histograms.begin() + static_cast<std::ptrdiff_t>(i); };
  histograms_.assign(at(column.begin), at(column.end));
}

static_assert(std::is_nothrow_move_constructible_v<StoredColumn>, "else vectors of them are copied when they grow");

void StoredColumn::expand(std::size_t steps, Column& out) const {
  out.reset(steps);
  out.labels = labels_;
  out.drop_name = drop_name_;
  out.begin = begin_;
  out.end = end();
  out.dense = present_.empty();
  const auto at = static_cast<std::ptrdiff_t>(begin_);
  std::copy(values_.begin(), values_.end(), out.values.begin() + at);
  if (present_.empty()) {
    std::fill_n(out.present.begin() + at, values_.size(), std::uint8_t{1});
  } else {
    std::copy(present_.begin(), present_.end(), out.present.begin() + at);
  }
  if (!histograms_.empty()) {
    out.histograms.resize(steps);
    std::copy(histograms_.begin(), histograms_.end(), out.histograms.begin() + at);
  }
}

}  // namespace tocsin::promql
