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

StoredColumn::StoredColumn(const Column& column) : StoredColumn(column, column.labels) {}
StoredColumn::StoredColumn(Column&& column) : StoredColumn(column, std::move(column.labels)) {}

StoredColumn::StoredColumn(const Column& column, model::Labels labels)
    : labels_(std::move(labels)), drop_name_(column.drop_name), begin_(column.begin) {
  const auto from = static_cast<std::ptrdiff_t>(column.begin);
  const auto to = static_cast<std::ptrdiff_t>(column.end);
  values_.assign(column.values.begin() + from, column.values.begin() + to);
  if (!column.dense) present_.assign(column.present.begin() + from, column.present.begin() + to);
  if (column.has_histograms()) histograms_.assign(column.histograms.begin() + from, column.histograms.begin() + to);
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
