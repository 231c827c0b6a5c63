#include "promql/sample_account.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tocsin::promql {

using Kind = SampleAccount::Kind;

std::uint64_t sample_size(const model::FloatHistogram& histogram) {
  constexpr std::uint64_t kFixedBytes = 168;
  constexpr std::uint64_t kTimeBytes = 8;
  const std::uint64_t eights = histogram.positive_spans.size() + histogram.negative_spans.size() +
                               histogram.positive_buckets.size() + histogram.negative_buckets.size() +
                               histogram.custom_values.size();
  return (kFixedBytes + kTimeBytes + 8 * eights) / 16;
}

std::uint64_t samples_in(const Column& column) {
  if (column.dense && !column.has_histograms()) return column.span();
  std::uint64_t samples = 0;
  for (std::size_t i = column.begin; i < column.end; ++i) {
    if (column.present[i] == 0) continue;
    samples += column.is_histogram(i) ? sample_size(*column.histograms[i]) : 1;
  }
  return samples;
}

void SampleAccount::add(const Column& column) {
  starts_.resize(steps_ + 1);
  samples_ += samples_in(column);
  if (column.dense) {
    ++starts_[column.begin];
    --starts_[column.end];
  }
  for (std::size_t i = column.begin; i < column.end && !column.dense; ++i) {
    starts_[i] += column.present[i];
    starts_[i + 1] -= column.present[i];
  }
  for (std::size_t i = column.begin; i < column.end && column.has_histograms(); ++i) {
    if (column.present[i] == 0 || !column.is_histogram(i)) continue;
    extra_.resize(steps_);
    extra_[i] += sample_size(*column.histograms[i]) - 1;
  }
}

void SampleAccount::add_all_steps() {
  starts_.resize(steps_ + 1);
  ++starts_.front();
  --starts_.back();
  samples_ += steps_;
}

SampleAccount::WindowCounts SampleAccount::count(const Windows& floats, const Windows* histogram_windows,
                                                 std::span<const model::HistogramPtr> histograms, bool fixed) const {
  std::vector<std::uint64_t> sizes_before(histogram_windows == nullptr ? 0 : histograms.size() + 1);
  for (std::size_t i = 1; i < sizes_before.size(); ++i) {
    sizes_before[i] = sizes_before[i - 1] + sample_size(*histograms[i - 1]);
  }
  const auto between = [&](const Windows& windows, bool weighed, std::size_t from, std::size_t step) -> std::uint64_t {
    const std::size_t begin = std::max<std::size_t>(windows.begin[step], from);
    const std::size_t end = windows.end[step];
    if (begin >= end) return 0;
    return weighed ? sizes_before[end] - sizes_before[begin] : end - begin;
  };
  WindowCounts out;
  for (std::size_t i = 0; i < steps_; ++i) {
    out.last = between(floats, false, 0, i);
    std::uint64_t fresh = i == 0 ? out.last : between(floats, false, floats.end[i - 1], i);
    if (histogram_windows != nullptr) {
      out.last += between(*histogram_windows, true, 0, i);
      fresh += between(*histogram_windows, true, i == 0 ? 0 : histogram_windows->end[i - 1], i);
    }
    out.total += out.last;
    out.largest = std::max(out.largest, out.last);
    if (!reads(i) || (fixed && i > 0)) fresh = 0;
    out.fresh += fresh;
    note(out, i, fresh);
  }
  return out;
}

SampleAccount::WindowCounts SampleAccount::count(std::span<const WindowDigest> digests, double overlap) const {
  WindowCounts out;
  for (std::size_t i = 0; i < digests.size(); ++i) {
    out.last = digests[i].count;
    out.total += out.last;
    out.largest = std::max(out.largest, out.last);
    std::uint64_t fresh = 0;
    if (reads(i)) {
      fresh = i == 0 || overlap == 0
                  ? out.last
                  : static_cast<std::uint64_t>(std::llround(static_cast<double>(out.last) * (1 - overlap)));
    }
    out.fresh += fresh;
    note(out, i, fresh);
  }
  return out;
}

/// The window of the step at hand, of which so many samples are read.
void SampleAccount::note(WindowCounts& out, std::size_t step, std::uint64_t fresh) const {
  if (!per_step_) return;
  out.steps.resize(steps_);
  out.steps[step] = {out.last, fresh};
}

void SampleAccount::add_series(const WindowCounts& windows, std::uint64_t result) {
  total_ += windows.total;
  fresh_ += windows.fresh;
  held_ = std::max({held_, series_results_ + windows.largest, series_results_ + windows.last + result});
  series_results_ += result;
  by_step_.resize(std::max(by_step_.size(), windows.steps.size()));
  for (std::size_t i = 0; i < windows.steps.size(); ++i) {
    by_step_[i].total += windows.steps[i].total;
    by_step_[i].read += windows.steps[i].read;
  }
}

void SampleAccount::place_within(const Grid& own, const Grid& outer, std::int64_t offset_ms) {
  own_grid_ = own;
  outer_grid_ = outer;
  offset_ms_ = offset_ms;
}

namespace {

/// The first step of `outer` at or after time t, else the last.
std::size_t step_from(const Grid& outer, Timestamp t) {
  if (outer.count <= 1 || t <= outer.start) return 0;
  return std::min(static_cast<std::size_t>((t - outer.start + outer.step - 1) / outer.step), outer.count - 1);
}

}  // namespace

/// Goes through the parts as Prometheus evaluates them.
class SampleWalk {
 public:
  /// @param held   samples that are held when the part's turn comes
  /// @param times  how often its samples count as looked at
  /// @return       the samples that are held when it is done
  std::uint64_t walk(const SampleAccount& part, std::uint64_t held, std::uint64_t times) {
    const SampleAccount& account = part.equal_ != nullptr ? *part.equal_ : part;
    const std::uint64_t result = samples_of(account);
    switch (account.kind_) {
      case Kind::kSelector:
        count_result(account, times);
        return peak(held + result);
      case Kind::kMatrix:
        tally.total += result * times;
        tally.read += result;
        count_step(0, result, result);
        return peak(held + result);
      case Kind::kUncounted:
        return held;
      case Kind::kSame:
        return account.children_.empty() ? held : walk(*account.children_.front(), held, times);
      case Kind::kSubquery:
        return subquery(account, held, times);
      case Kind::kOnce:
        return once(account, held, times);
      case Kind::kAggregate:
        children(account, held, times);
        return peak(held + result);
      case Kind::kTimestamps:
        count_result(account, times);
        steps(account, held, counts_of(account));
        return peak(held + result);
      case Kind::kSteps:
        steps(account, children(account, held, times), gathered(account));
        return peak(held + result);
      case Kind::kRangeCall:
        return range_call(account, held, times);
    }
    return held;
  }

  SampleTally tally;  // its steps are those of the part at hand; none: they are not counted

 private:
  void count_step(std::size_t step, std::uint64_t total, std::uint64_t read) {
    if (step >= tally.steps.size()) return;
    tally.steps[step].total += total;
    tally.steps[step].read += read;
  }

  /// On a grid of its own: the counts of its steps go to those around that they are for.
  std::uint64_t subquery(const SampleAccount& account, std::uint64_t held, std::uint64_t times) {
    if (account.children_.empty()) return held;
    const auto outer = std::exchange(tally.steps, std::vector<SampleCounts>(tally.steps.empty() ? 0 : account.steps_));
    held = walk(*account.children_.front(), held, times);
    const auto own = std::exchange(tally.steps, outer);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Timestamp t = account.own_grid_.at(i) + account.offset_ms_;
      count_step(step_from(account.outer_grid_, t), times == 0 ? 0 : own[i].total, own[i].read);
    }
    return held;
  }

  std::uint64_t peak(std::uint64_t held) {
    tally.peak = std::max(tally.peak, held);
    return held;
  }

  static const SampleAccount& result_of(const SampleAccount& part) {
    const SampleAccount* account = &part;
    for (;;) {
      if (account->equal_ != nullptr) {
        account = account->equal_;
      } else if ((account->kind_ == Kind::kSame || account->kind_ == Kind::kSubquery) && !account->children_.empty()) {
        account = account->children_.front();
      } else {
        return *account;
      }
    }
  }
  static std::uint64_t samples_of(const SampleAccount& part) { return result_of(part).samples_; }

  /// Samples at each step, a histogram as one.
  static std::vector<std::uint64_t> counts_of(const SampleAccount& part) {
    const SampleAccount& account = result_of(part);
    std::vector<std::uint64_t> out(account.steps_);
    std::int64_t now = 0;
    for (std::size_t i = 0; i < std::min(out.size(), account.starts_.size()); ++i) {
      now += account.starts_[i];
      out[i] = static_cast<std::uint64_t>(now);
    }
    return out;
  }

  std::uint64_t children(const SampleAccount& account, std::uint64_t held, std::uint64_t times) {
    for (const SampleAccount* child : account.children_) held = walk(*child, held, times);
    return held;
  }

  /// What a step takes of the children's results.
  static std::vector<std::uint64_t> gathered(const SampleAccount& account) {
    std::vector<std::uint64_t> out(account.steps_);
    for (const SampleAccount* child : account.children_) {
      const std::vector<std::uint64_t> counts = counts_of(*child);
      for (std::size_t i = 0; i < std::min(out.size(), counts.size()); ++i) out[i] += counts[i];
    }
    return out;
  }

  /// Step by step the result grows; what the step looks at comes on top.
  void steps(const SampleAccount& account, std::uint64_t held, const std::vector<std::uint64_t>& looked_at) {
    const std::vector<std::uint64_t> counts = counts_of(account);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      held += counts[i] + (account.extra_.empty() ? 0 : account.extra_[i]);
      peak(held + looked_at[i]);
    }
  }

  void count_result(const SampleAccount& account, std::uint64_t times) {
    tally.total += account.samples_ * times;
    if (!account.read_steps_) tally.read += account.samples_;
    if (!account.read_steps_ && tally.steps.empty()) return;
    const std::vector<std::uint64_t> counts = counts_of(account);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::uint64_t samples = counts[i] + (account.extra_.empty() ? 0 : account.extra_[i]);
      if (account.read_steps_ && account.reads(i)) tally.read += samples;
      count_step(i, samples, account.reads(i) ? samples : 0);
    }
  }

  std::uint64_t once(const SampleAccount& account, std::uint64_t held, std::uint64_t times) {
    if (account.children_.empty()) return held;
    const SampleAccount& child = *account.children_.front();
    const auto outer = std::exchange(tally.steps, std::vector<SampleCounts>(tally.steps.empty() ? 0 : 1));
    held = walk(child, held, times * account.steps_);
    const auto own = std::exchange(tally.steps, outer);
    for (std::size_t i = 0; i < account.steps_ && !own.empty(); ++i) {
      count_step(i, own.front().total, i == 0 ? own.front().read : 0);
    }
    const Kind kind = child.kind_;
    if (account.steps_ == 0 || kind == Kind::kMatrix || kind == Kind::kSubquery) return held;
    return peak(held + samples_of(child) * (account.steps_ - 1));
  }

  /// The subquery's result is held until the end, the scalars beyond it.
  std::uint64_t range_call(const SampleAccount& account, std::uint64_t held, std::uint64_t times) {
    std::uint64_t subquery = 0;
    std::uint64_t fresh = account.fresh_;
    for (const SampleAccount* child : account.children_) {
      if (child->kind_ != Kind::kSubquery) continue;
      held = walk(*child, held, 0);
      subquery = samples_of(*child);
      fresh = 0;  // was read for the subquery
    }
    for (const SampleAccount* child : account.children_) {
      if (child->kind_ != Kind::kSubquery) held = walk(*child, held, times);
    }
    tally.total += account.total_ * times;
    tally.read += fresh;
    for (std::size_t i = 0; i < account.by_step_.size(); ++i) {
      count_step(i, account.by_step_[i].total, fresh == 0 ? 0 : account.by_step_[i].read);
    }
    peak(held + account.held_);
    return held + account.series_results_ - subquery;
  }
};

SampleTally SampleAccounts::tally() const {
  SampleWalk walk;
  if (accounts_.empty()) return walk.tally;
  if (per_step_) walk.tally.steps.resize(accounts_.front().steps());
  walk.walk(accounts_.front(), 0, 1);
  return walk.tally;
}

namespace {

class Counted final : public VectorOperator {
 public:
  Counted(QueryContext& context, SampleAccount& account, VectorOperatorPtr own)
      : context_(context), account_(account), own_(std::move(own)) {}

  Result<bool> next(Column& out) override {
    TOCSIN_TRY(const bool more, own_->next(out));
    if (!more) return false;
    account_.add(out);
    TOCSIN_OK(context_.check_samples(account_.samples()));
    return true;
  }
  bool whole() const override { return own_->whole(); }

 private:
  QueryContext& context_;
  SampleAccount& account_;
  VectorOperatorPtr own_;
};

}  // namespace

VectorOperatorPtr make_counted(QueryContext& context, SampleAccount& account, VectorOperatorPtr own) {
  return std::make_unique<Counted>(context, account, std::move(own));
}

ReadSteps read_steps_once(const ReadSteps& outer_steps) {
  if (!outer_steps || outer_steps->empty()) return nullptr;
  return std::make_shared<const std::vector<std::uint8_t>>(1, outer_steps->front());
}

ReadSteps read_steps_within(const Grid& inner, const Grid& outer, const ReadSteps& outer_steps, std::int64_t offset_ms,
                            std::int64_t range_ms, bool fixed) {
  if (outer.count == 0 || (!outer_steps && (outer.count == 1 || (outer.step <= range_ms && !fixed)))) return nullptr;
  std::vector<std::uint8_t> out(inner.count, 1);
  for (std::size_t i = 0; i < inner.count; ++i) {
    const Timestamp t = inner.at(i) + offset_ms;
    const std::size_t step = step_from(outer, t);
    if (outer.count > 1) out[i] = static_cast<std::uint8_t>(t > outer.at(step) - range_ms);
    if (outer_steps) out[i] &= (*outer_steps)[step];
  }
  return std::make_shared<const std::vector<std::uint8_t>>(std::move(out));
}

}  // namespace tocsin::promql
