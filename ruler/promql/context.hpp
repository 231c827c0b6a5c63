#pragma once
// What one running query shares between its operators: options, budget, deadline, annotations, the store's snapshot.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "base/arena.hpp"
#include "base/clock.hpp"
#include "base/helpers.hpp"
#include "base/result.hpp"
#include "promql/annotations.hpp"
#include "promql/engine.hpp"
#include "storage/storage.hpp"

namespace tocsin::promql {

/// Thread: one. Outlives the operators of its query.
class QueryContext {
 public:
  struct Settings {
    std::int64_t lookback_ms = 0;
    std::int64_t subquery_step_ms = 0;
    std::size_t max_samples = 0;
    MonoTime deadline{0};
    bool delayed_name_removal = false;
    bool use_start_timestamps = false;
    bool type_and_unit_labels = false;
    SummaryUse summaries = SummaryUse::kWhenCheaper;
    std::shared_ptr<const std::atomic<bool>> canceled;
    Helpers* helpers = nullptr;
    std::uint64_t help_from = 0;
  };
  QueryContext(Settings settings, const Clock& clock) : settings_(std::move(settings)), clock_(clock) {}
  /// Of a part of the query that works for itself, maybe on a thread of its own: with the deadline of the whole, which
  /// outlives it, and a budget as large, annotations and statistics of its own.
  /// @param abandoned  ends it as a cancellation does; may be nullptr.
  QueryContext(QueryContext& whole, const std::atomic<bool>* abandoned)
      : settings_(whole.settings_), clock_(whole.clock_), whole_(&whole), abandoned_(abandoned) {}
  QueryContext(const QueryContext&) = delete;
  QueryContext& operator=(const QueryContext&) = delete;

  const Settings& settings() const { return settings_; }
  /// Set before the first operator runs, if the plan has selectors.
  storage::Querier& querier() { return whole_ != nullptr ? whole_->querier() : *querier_; }
  void set_querier(std::unique_ptr<storage::Querier> querier) { querier_ = std::move(querier); }
  Annotations& annotations() { return annotations_; }
  /// nullptr: there are none.
  std::unique_ptr<Annotations> take_annotations();
  /// For what operators keep, on the query's thread. nullptr, the heap, for a part of a query: what it makes changes
  /// threads.
  Arena* arena() { return whole_ == nullptr ? &arena_ : nullptr; }
  QueryStats& stats() { return stats_; }
  MonoTime now() const { return clock_.mono(); }

  /// Says that about so many values were looked at; every now and then looks whether somebody still waits.
  /// @return kTimeout or kCanceled with Prometheus' text.
  Result<void> spend(std::size_t work) {
    work_ += work;
    return work_ < kWorkBetweenLooks ? Result<void>{} : look();
  }
  Result<void> look();

  /// What Prometheus would hold (SampleAccount). @return kLimit with Prometheus' text if it is more than the query may.
  Result<void> check_samples(std::uint64_t samples) const;
  /// Samples that we hold. @return kLimit, as check_samples().
  Result<void> hold(std::size_t samples);
  /// As many as the query may, and some to work with, which have no counterpart in Prometheus.
  std::size_t most_held() const;
  void release(std::size_t samples) { held_ -= samples; }
  std::size_t held() const { return held_; }
  /// The most that was held since begin_part().
  void begin_part() { most_held_of_part_ = held_; }
  std::size_t most_held_of_part() const { return most_held_of_part_; }

  /// The snapshot gave different answers to one question: what was evaluated is void, and is to be evaluated on one
  /// thread.
  void note_unstable() { unstable_ = true; }
  bool is_unstable() const { return unstable_; }

 private:
  static constexpr std::size_t kWorkBetweenLooks = 10'000;
  static constexpr std::size_t kWorkingSamples = 50'000;

  Arena arena_;
  Settings settings_;
  const Clock& clock_;
  QueryContext* const whole_ = nullptr;  // of which it is a part
  const std::atomic<bool>* const abandoned_ = nullptr;
  std::unique_ptr<storage::Querier> querier_;
  Annotations annotations_;
  QueryStats stats_;
  std::size_t work_ = 0;
  std::size_t held_ = 0;
  std::size_t most_held_of_part_ = 0;
  bool unstable_ = false;
};

/// A part of the budget that is given back at the end of the scope.
class HeldSamples {
 public:
  explicit HeldSamples(QueryContext& context) : context_(&context) {}
  HeldSamples(HeldSamples&& other) noexcept : context_(other.context_), count_(std::exchange(other.count_, 0)) {}
  HeldSamples& operator=(HeldSamples&&) = delete;
  ~HeldSamples() { context_->release(count_); }

  Result<void> add(std::size_t samples) {
    TOCSIN_OK(context_->hold(samples));
    count_ += samples;
    return {};
  }
  void remove(std::size_t samples) {
    context_->release(samples);
    count_ -= samples;
  }
  void clear() { context_->release(std::exchange(count_, 0)); }

 private:
  QueryContext* context_;
  std::size_t count_ = 0;
};

}  // namespace tocsin::promql
