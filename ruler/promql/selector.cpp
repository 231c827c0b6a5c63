#include "promql/selector.hpp"

#include <algorithm>
#include <utility>

#include "model/histogram.hpp"
#include "model/histogram_math.hpp"
#include "model/sample.hpp"
#include "promql/series_crew.hpp"
#include "storage/window_ends.hpp"

namespace tocsin::promql {
namespace {

bool stale_at(const storage::SampleColumns& samples, std::size_t i) {
  if (!samples.histograms.empty() && samples.histograms[i] != nullptr)
    return model::is_stale(samples.histograms[i]->sum);
  return model::is_stale(samples.values[i]);
}

/// A marker is a NaN, and comparing floats is what every processor does several of at once.
bool any_stale(const std::vector<double>& values) {
  std::uint64_t any_nan = 0;
  for (const double value : values) any_nan |= static_cast<std::uint64_t>(value != value);
  return any_nan != 0 && std::ranges::any_of(values, [](double value) { return model::is_stale(value); });
}

/// Of each histogram count and sum, and whether there was a reset since the one before it, as far as that can be known.
/// Source: Prometheus promql/histogram_stats_iterator.go.
void keep_counts(storage::SampleColumns& samples) {
  using model::CounterReset;
  model::HistogramPtr before;
  for (std::size_t i = 0; i < samples.histograms.size(); ++i) {
    if (samples.histograms[i] == nullptr || stale_at(samples, i)) continue;
    const model::HistogramPtr now = std::move(samples.histograms[i]);
    auto counts = std::make_shared<model::FloatHistogram>();
    counts->schema = now->schema;
    counts->count = now->count;
    counts->sum = now->sum;
    counts->reset_hint = now->reset_hint;
    if (now->reset_hint == CounterReset::kUnknown && before != nullptr) {
      counts->reset_hint = model::is_reset(*now, *before) ? CounterReset::kReset : CounterReset::kNotReset;
    }
    samples.histograms[i] = std::move(counts);
    before = now;
  }
}

/// A selection of the query's snapshot, series by series, on the query's account.
class SeriesReader {
 public:
  SeriesReader(QueryContext& context, const Grid& grid, const Selection& selection, std::int64_t reach_ms,
               std::int64_t range_ms)
      : context_(context),
        held_(context),
        start_(selection.reference.first(grid) - reach_ms + 1),
        end_(selection.reference.last(grid)),
        counts_only_(selection.counts_only) {
    storage::SelectHints hints;
    hints.start = start_;
    hints.end = end_;
    hints.step_ms = grid.single() ? 0 : grid.step;
    hints.range_ms = range_ms;
    hints.function = selection.function;
    set_ = context.querier().select(hints, selection.matchers);
    ends_reader_ = dynamic_cast<storage::WindowEndsReader*>(set_.get());
  }

  Result<bool> next() {
    held_.clear();
    if (set_->next()) return true;
    TOCSIN_OK(set_->status());
    return false;
  }
  const model::Labels& labels() const { return set_->labels(); }
  std::uint64_t id() const { return set_->id(); }
  /// All samples that can matter.
  Result<void> read(storage::SampleColumns& out) {
    TOCSIN_OK(read(start_, end_, out));
    return {};
  }
  /// See storage::WindowEndsReader.
  Result<bool> window_ends(std::span<const storage::TimeRange> windows, storage::WindowEnds& out) {
    if (ends_reader_ == nullptr) return false;
    TOCSIN_TRY(const bool known, ends_reader_->window_ends(windows, out));
    if (!known) return false;
    context_.stats().samples_decoded += out.decoded;
    TOCSIN_OK(context_.spend(out.decoded + windows.size()));
    return true;
  }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) {
    TOCSIN_OK(set_->read(start, end, out));
    if (counts_only_) keep_counts(out);
    context_.stats().samples_decoded += out.size();
    TOCSIN_OK(held_.add(out.size()));
    return context_.spend(out.size() + 1);
  }

 private:
  QueryContext& context_;
  HeldSamples held_;
  Timestamp start_, end_;
  bool counts_only_;
  std::unique_ptr<storage::SeriesSet> set_;
  storage::WindowEndsReader* ends_reader_;  // the set, or nullptr if it is none
};

class InstantWorker final : public SeriesWorker {
 public:
  InstantWorker(QueryContext& context, const Grid& grid, Selection selection, Take take)
      : context_(context), grid_(grid), selection_(std::move(selection)), take_(take) {}

  void open() override {
    if (!reader_ && grid_.count != 0) {
      reader_.emplace(context_, grid_, selection_, context_.settings().lookback_ms, 0);
    }
  }
  Result<bool> advance() override {
    open();
    return reader_ ? reader_->next() : false;
  }
  std::uint64_t id() const override { return reader_->id(); }

  Result<void> work(SeriesResult& out) override {
    out.any = false;
    TOCSIN_OK(reader_->read(samples_));
    if (samples_.size() == 0) return {};
    TOCSIN_OK(context_.spend(grid_.count));
    out.column.reset(grid_.count);
    pick(out.column);
    out.any = out.column.finish();
    if (out.any) out.column.labels = reader_->labels();
    return {};
  }

 private:
  /// For each step the newest sample at or before it.
  void pick(Column& out) const {
    const std::vector<Timestamp>& times = samples_.times;
    const std::int64_t lookback = context_.settings().lookback_ms;
    std::size_t next = 0;  // the first sample after the step
    for (std::size_t i = 0; i < grid_.count; ++i) {
      const Timestamp reference = selection_.reference.of(grid_, i);
      while (next < times.size() && times[next] <= reference) ++next;
      if (next == 0 || times[next - 1] <= reference - lookback || stale_at(samples_, next - 1)) continue;
      put(out, i, next - 1);
    }
  }

  void put(Column& out, std::size_t step, std::size_t sample) const {
    if (take_ == Take::kTime) {
      out.set(step, static_cast<double>(samples_.times[sample]) / 1000);
    } else if (take_ == Take::kStartTime) {
      out.set(step, samples_.starts.empty() ? 0 : static_cast<double>(samples_.starts[sample]) / 1000);
    } else if (!samples_.histograms.empty() && samples_.histograms[sample] != nullptr) {
      out.set_histogram(step, samples_.histograms[sample]);
    } else if (take_ == Take::kFloatTime) {
      out.set(step, static_cast<double>(samples_.times[sample]));
    } else {
      out.set(step, samples_.values[sample]);
    }
  }

  QueryContext& context_;
  Grid grid_;
  Selection selection_;
  Take take_;
  std::optional<SeriesReader> reader_;
  storage::SampleColumns samples_;
};

class InstantSelector final : public VectorOperator {
 public:
  InstantSelector(QueryContext& context, const Grid& grid, Selection selection, Take take)
      : crew_(context, grid.count, true,
              [grid, selection = std::move(selection), take](QueryContext& own) {
                return std::make_unique<InstantWorker>(own, grid, selection, take);
              }),
        result_{Column(context.arena())} {}

  Result<bool> next(Column& out) override {
    for (;;) {
      TOCSIN_TRY(const bool more, crew_.next(result_));
      if (!more) return false;
      if (!result_.any) continue;
      std::ranges::swap(out, result_.column);
      return true;
    }
  }
  bool whole() const override { return true; }

 private:
  SeriesCrew crew_;
  SeriesResult result_;
};

bool are_far_apart(const Grid& grid, std::int64_t range_ms) {
  constexpr std::int64_t kWorthSkippingMs = 3'600'000;
  return grid.step - range_ms > kWorthSkippingMs;
}

class SelectorRangeSource final : public RangeSource {
 public:
  SelectorRangeSource(QueryContext& context, const Grid& grid, Selection selection, std::int64_t range_ms, bool by_ends)
      : context_(context), grid_(grid), selection_(std::move(selection)), range_ms_(range_ms) {
    if (!by_ends) return;
    windows_.reserve(grid.count);
    for (std::size_t i = 0; i < grid.count; ++i) {
      const Timestamp end = selection_.reference.of(grid, i);
      windows_.push_back({end - range_ms + 1, end});
    }
  }

  void open() override {
    if (!reader_ && grid_.count != 0) reader_.emplace(context_, grid_, selection_, range_ms_, range_ms_);
  }
  Result<bool> advance() override {
    open();
    return reader_ ? reader_->next() : false;
  }
  std::uint64_t id() const override { return reader_->id(); }

  Result<bool> read(RangeSeries& out) override {
    TOCSIN_TRY(const bool any, read_ends(out));
    if (!out.digested) TOCSIN_OK(read_samples(out));
    if (!any && out.times.empty() && out.histogram_times.empty()) return false;
    out.labels = reader_->labels();
    out.drop_name = false;
    return true;
  }

 private:
  /// Digests of the windows, if the store knows them. @return whether there is anything in them.
  Result<bool> read_ends(RangeSeries& out) {
    out.digested = false;
    if (windows_.empty()) return false;
    TOCSIN_TRY(out.digested, reader_->window_ends(windows_, ends_));
    if (!out.digested) return false;
    out.times.clear();
    out.histogram_times.clear();
    out.digests.resize(windows_.size());
    bool any = false;
    auto reset = ends_.resets.begin();
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      const storage::WindowEnds::Window& window = ends_.windows[i];
      out.digests[i].set_ends(window);
      any |= window.count != 0;
      for (; reset != ends_.resets.end() && reset->time <= windows_[i].end; ++reset) {
        out.digests[i].reset_values.push_back(reset->before);
      }
    }
    return any;
  }

  Result<void> read_samples(RangeSeries& out) {
    if (far_apart()) {
      TOCSIN_OK(read_windows());
    } else {
      TOCSIN_OK(reader_->read(samples_));
    }
    take_samples(samples_, out);
    return {};
  }

  /// Windows with much between them are read one by one: what lies between is not decoded.
  bool far_apart() const { return !selection_.reference.at && grid_.count > 1 && are_far_apart(grid_, range_ms_); }

  Result<void> read_windows() {
    samples_.clear();
    for (std::size_t i = 0; i < grid_.count; ++i) {
      const Timestamp end = selection_.reference.of(grid_, i);
      TOCSIN_OK(reader_->read(end - range_ms_ + 1, end, window_));
      append(window_);
    }
    return {};
  }

  void append(const storage::SampleColumns& from) {
    const std::size_t before = samples_.size();
    samples_.times.insert(samples_.times.end(), from.times.begin(), from.times.end());
    samples_.values.insert(samples_.values.end(), from.values.begin(), from.values.end());
    if (!from.starts.empty() || !samples_.starts.empty()) {
      samples_.starts.resize(before);
      samples_.starts.insert(samples_.starts.end(), from.starts.begin(), from.starts.end());
      samples_.starts.resize(samples_.times.size());
    }
    if (!from.histograms.empty() || !samples_.histograms.empty()) {
      samples_.histograms.resize(before);
      samples_.histograms.insert(samples_.histograms.end(), from.histograms.begin(), from.histograms.end());
      samples_.histograms.resize(samples_.times.size());
    }
  }

  QueryContext& context_;
  Grid grid_;
  Selection selection_;
  std::int64_t range_ms_;
  std::optional<SeriesReader> reader_;
  storage::SampleColumns samples_, window_;
  std::vector<storage::TimeRange> windows_;  // empty: samples are read
  storage::WindowEnds ends_;
};

}  // namespace

Result<bool> RangeSource::next(RangeSeries& out) {
  for (;;) {
    TOCSIN_TRY(const bool more, advance());
    if (!more) return false;
    TOCSIN_TRY(const bool any, read(out));
    if (any) return true;
  }
}

void take_samples(storage::SampleColumns& samples, RangeSeries& out) {
  out.digested = false;
  out.histogram_times.clear();
  out.histograms.clear();
  out.histogram_starts.clear();
  if (samples.histograms.empty() && !any_stale(samples.values)) {
    std::swap(out.times, samples.times);
    std::swap(out.values, samples.values);
    std::swap(out.starts, samples.starts);
    return;
  }
  out.times.clear();
  out.values.clear();
  out.starts.clear();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (stale_at(samples, i)) continue;
    if (!samples.histograms.empty() && samples.histograms[i] != nullptr) {
      out.histogram_times.push_back(samples.times[i]);
      out.histograms.push_back(samples.histograms[i]);
      if (!samples.starts.empty()) out.histogram_starts.push_back(samples.starts[i]);
      continue;
    }
    out.times.push_back(samples.times[i]);
    out.values.push_back(samples.values[i]);
    if (!samples.starts.empty()) out.starts.push_back(samples.starts[i]);
  }
}

VectorOperatorPtr make_instant_selector(QueryContext& context, const Grid& grid, Selection selection, Take take) {
  return std::make_unique<InstantSelector>(context, grid, std::move(selection), take);
}

RangeSourcePtr make_range_selector(QueryContext& context, const Grid& grid, Selection selection, std::int64_t range_ms,
                                   bool by_ends) {
  return std::make_unique<SelectorRangeSource>(context, grid, std::move(selection), range_ms, by_ends);
}

bool is_worth_reading_ends(const QueryContext& context, const Grid& grid, const Reference& reference,
                           std::int64_t range_ms, const DigestNeeds& needs) {
  constexpr std::int64_t kLeastMs = 300'000;  // a few samples are as soon read
  if (needs.transitions || needs.extremes || needs.sum || needs.spread) return false;
  if (reference.at || grid.count < 2 || grid.step < range_ms || are_far_apart(grid, range_ms)) return false;
  switch (context.settings().summaries) {
    case SummaryUse::kNever:
      return false;
    case SummaryUse::kAlways:
      return true;
    case SummaryUse::kWhenCheaper:
      break;
  }
  return range_ms >= kLeastMs;
}

}  // namespace tocsin::promql
