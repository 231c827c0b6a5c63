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

/// The hint of a histogram is about the one before it where it comes from, which is not the one before it here.
void forget_hint(SampleColumns& columns, std::size_t i) {
  if (i >= columns.histograms.size() || !columns.histograms[i]) return;
  const model::CounterReset hint = columns.histograms[i]->reset_hint;
  if (hint == model::CounterReset::kUnknown || hint == model::CounterReset::kGauge) return;
  auto changed = std::make_shared<model::FloatHistogram>(*columns.histograms[i]);
  changed->reset_hint = model::CounterReset::kUnknown;
  columns.histograms[i] = std::move(changed);
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
  const auto take = [&](const SampleColumns& in, std::size_t from, std::size_t until) {
    const std::size_t at = scratch.size();
    append(in, from, until, scratch);
    if (from > 0 || at > 0) forget_hint(scratch, at);
  };
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < to.size() && b < more.size()) {
    // Runs rather than samples: mostly one lies before the other.
    const std::size_t from_a = a;
    while (a < to.size() && to.times[a] <= more.times[b]) ++a;
    take(to, from_a, a);
    if (a > from_a && to.times[a - 1] == more.times[b]) ++b;
    if (a == to.size()) break;
    const std::size_t from_b = b;
    while (b < more.size() && more.times[b] < to.times[a]) ++b;
    take(more, from_b, b);
  }
  take(to, a, to.size());
  take(more, b, more.size());
  std::swap(to, scratch);
}

}  // namespace tocsin::tsdb
