#include "promql/summary_source.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::promql {
namespace {

/// Decoding so many samples costs about as much as a window from summaries: some fifty of these, two partial chunks.
constexpr std::uint64_t kSamplesPerWindow = 1000;
/// At one sample a second, which is as dense as scrapes get.
constexpr std::int64_t kLeastMsPerWindow = kSamplesPerWindow * 1000;

/// How much time a full scan would read.
std::int64_t scanned_ms(const Grid& grid, const Reference& reference, std::int64_t range_ms) {
  if (grid.count == 0) return 0;
  const std::int64_t all = reference.last(grid) - reference.first(grid) + range_ms;
  // Windows that lie apart are read one by one.
  return grid.step > range_ms && !reference.at ? range_ms * static_cast<std::int64_t>(grid.count) : all;
}

bool has_histograms(const storage::SampleColumns& samples) {
  return std::ranges::any_of(samples.histograms, [](const auto& histogram) { return histogram != nullptr; });
}

class SummarySource final : public RangeSource {
 public:
  SummarySource(QueryContext& context, const Grid& grid, Selection selection, std::int64_t range_ms,
                const DigestNeeds& needs)
      : context_(context),
        held_(context),
        grid_(grid),
        selection_(std::move(selection)),
        range_ms_(range_ms),
        needs_(needs),
        start_(selection_.reference.first(grid) - range_ms + 1),
        end_(selection_.reference.last(grid)) {}

  void open() override {
    if (opened_) return;
    opened_ = true;
    if (grid_.count == 0) return;
    storage::SelectHints hints;
    hints.start = start_;
    hints.end = end_;
    hints.step_ms = grid_.single() ? 0 : grid_.step;
    hints.range_ms = range_ms_;
    hints.function = selection_.function;
    set_ = context_.querier().select_summaries(hints, selection_.matchers);
    if (set_) return;
    plain_ = make_range_selector(context_, grid_, std::move(selection_), range_ms_);
    plain_->open();
  }
  Result<bool> advance() override {
    open();
    if (plain_) return plain_->advance();
    held_.clear();
    if (!set_) return false;
    if (set_->next()) return true;
    TOCSIN_OK(set_->status());
    return false;
  }
  std::uint64_t id() const override { return plain_ ? plain_->id() : set_->id(); }

  Result<bool> read(RangeSeries& out) override {
    if (plain_) return plain_->read(out);
    TOCSIN_TRY(out.digested, digest(out.digests));
    if (!out.digested) {
      TOCSIN_OK(read(start_, end_));
      take_samples(samples_, out);
    }
    const bool any = out.digested
                         ? std::ranges::any_of(out.digests, [](const WindowDigest& one) { return one.count != 0; })
                         : !out.times.empty() || !out.histogram_times.empty();
    if (!any) return false;
    out.labels = set_->labels();
    out.drop_name = false;
    return true;
  }

 private:
  /// The windows of the series at hand. False if its samples are to be read.
  Result<bool> digest(std::vector<WindowDigest>& out) {
    out.resize(grid_.count);
    // The last one first: it tells how dense the samples are.
    for (std::size_t i = grid_.count; i-- > 0;) {
      out[i].reset(needs_);
      const Timestamp to = selection_.reference.of(grid_, i);
      TOCSIN_OK(set_->summaries(to - range_ms_ + 1, to, summaries_, rest_));
      TOCSIN_OK(context_.spend(summaries_.size() + 1));
      if (i + 1 == grid_.count && !pays()) return false;
      TOCSIN_TRY(const bool floats, add_parts(out[i]));
      if (!floats || !out[i].answers()) return false;
    }
    return true;
  }

  bool pays() const {
    if (context_.settings().summaries == SummaryUse::kAlways) return true;
    std::uint64_t summarised = 0;
    for (const storage::ChunkSummary& one : summaries_) summarised += one.count;
    const double windows = static_cast<double>(scanned_ms(grid_, selection_.reference, range_ms_)) /
                           static_cast<double>(std::max<std::int64_t>(range_ms_, 1));
    return static_cast<double>(summarised) * windows >= static_cast<double>(kSamplesPerWindow * grid_.count);
  }

  /// False if there are histograms.
  Result<bool> add_parts(WindowDigest& digest) {
    std::size_t s = 0;
    std::size_t r = 0;
    const auto reads_next = [&] {
      return r < rest_.size() && (s == summaries_.size() || rest_[r].start < summaries_[s].first_time);
    };
    while (s < summaries_.size() || r < rest_.size()) {
      if (!reads_next()) {
        digest.add(summaries_[s++]);
        continue;
      }
      const Timestamp from = rest_[r].start;
      Timestamp to = from;
      while (reads_next()) to = rest_[r++].end;
      TOCSIN_OK(read(from, to));
      if (has_histograms(samples_)) return false;
      digest.add(samples_.times, samples_.values);
      held_.clear();
    }
    return true;
  }

  Result<void> read(Timestamp from, Timestamp to) {
    TOCSIN_OK(set_->read(from, to, samples_));
    context_.stats().samples_decoded += samples_.size();
    TOCSIN_OK(held_.add(samples_.size()));
    return context_.spend(samples_.size() + 1);
  }

  QueryContext& context_;
  HeldSamples held_;
  Grid grid_;
  Selection selection_;
  std::int64_t range_ms_;
  DigestNeeds needs_;
  Timestamp start_, end_;
  bool opened_ = false;
  std::unique_ptr<storage::ChunkSummarySet> set_;
  RangeSourcePtr plain_;
  std::vector<storage::ChunkSummary> summaries_;
  std::vector<storage::TimeRange> rest_;
  storage::SampleColumns samples_;
};

}  // namespace

bool is_worth_summarising(const QueryContext& context, const Grid& grid, const Reference& reference,
                          std::int64_t range_ms) {
  switch (context.settings().summaries) {
    case SummaryUse::kNever:
      return false;
    case SummaryUse::kAlways:
      return true;
    case SummaryUse::kWhenCheaper:
      break;
  }
  return scanned_ms(grid, reference, range_ms) >= kLeastMsPerWindow * static_cast<std::int64_t>(grid.count);
}

RangeSourcePtr make_summary_selector(QueryContext& context, const Grid& grid, Selection selection,
                                     std::int64_t range_ms, const DigestNeeds& needs) {
  return std::make_unique<SummarySource>(context, grid, std::move(selection), range_ms, needs);
}

}  // namespace tocsin::promql
