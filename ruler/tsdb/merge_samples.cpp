#include "tsdb/merge_samples.hpp"

#include <memory>
#include <utility>

#include "model/histogram.hpp"

namespace tocsin::tsdb {
namespace {

using storage::SampleColumns;

/// Appends samples [from, to) of `in`; `starts` and `histograms` are as long as `times` if either side has them.
void append(const SampleColumns& in, std::size_t from, std::size_t to, SampleColumns& out) {
  const auto part = [&](const auto& column, auto& target) {
    const auto begin = column.begin();
    target.insert(target.end(), begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to));
  };
  part(in.times, out.times);
  part(in.values, out.values);
  if (!in.starts.empty()) {
    out.starts.resize(out.times.size() - (to - from));
    part(in.starts, out.starts);
  } else if (!out.starts.empty()) {
    out.starts.resize(out.times.size());
  }
  if (!in.histograms.empty()) {
    out.histograms.resize(out.times.size() - (to - from));
    part(in.histograms, out.histograms);
    if (to > from && out.times.size() > to - from) forget_reset_hint(out.histograms[out.times.size() - (to - from)]);
  } else if (!out.histograms.empty()) {
    out.histograms.resize(out.times.size());
  }
}

}  // namespace

void forget_reset_hint(model::HistogramPtr& histogram) {
  if (!histogram || histogram->reset_hint == model::CounterReset::kGauge ||
      histogram->reset_hint == model::CounterReset::kUnknown) {
    return;
  }
  auto copy = std::make_shared<model::FloatHistogram>(*histogram);
  copy->reset_hint = model::CounterReset::kUnknown;
  histogram = std::move(copy);
}

void merge_samples(const SampleColumns& more, SampleColumns& to, SampleColumns& scratch) {
  if (more.size() == 0) return;
  if (to.size() == 0 || to.times.back() < more.times.front()) {
    append(more, 0, more.size(), to);
    return;
  }
  scratch.clear();
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < to.size() && b < more.size()) {
    // Runs rather than samples: mostly one lies before the other.
    const std::size_t from_a = a;
    while (a < to.size() && to.times[a] <= more.times[b]) ++a;
    append(to, from_a, a, scratch);
    if (a > from_a && to.times[a - 1] == more.times[b]) ++b;
    if (a == to.size()) break;
    const std::size_t from_b = b;
    while (b < more.size() && more.times[b] < to.times[a]) ++b;
    append(more, from_b, b, scratch);
  }
  append(to, a, to.size(), scratch);
  append(more, b, more.size(), scratch);
  std::swap(to, scratch);
}

}  // namespace tocsin::tsdb
