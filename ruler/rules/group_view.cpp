#include "rules/group_view.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::rules {
namespace {

using OwnSeries = GroupView::OwnSeries;
using OwnMap = GroupView::OwnMap;

/// Ids of series that only the group knows yet; a store does not come this far.
constexpr std::uint64_t kOwnIds = 1ULL << 63U;

/// Puts one sample to its place by time; the store's own wins if both have the time.
void insert_sample(storage::SampleColumns& out, const OwnSample& sample) {
  const auto at = std::lower_bound(out.times.begin(), out.times.end(), sample.t);
  if (at != out.times.end() && *at == sample.t) return;
  const auto index = at - out.times.begin();
  if (sample.h != nullptr && out.histograms.empty()) out.histograms.resize(out.times.size());
  if (!out.histograms.empty() || sample.h != nullptr) out.histograms.insert(out.histograms.begin() + index, sample.h);
  if (!out.starts.empty()) out.starts.insert(out.starts.begin() + index, 0);
  out.values.insert(out.values.begin() + index, sample.v);
  out.times.insert(at, sample.t);
}

void add_samples(const OwnSeries& own, Timestamp start, Timestamp end, storage::SampleColumns& out) {
  for (auto it = own.samples.lower_bound(start); it != own.samples.end() && it->first <= end; ++it) {
    insert_sample(out, it->second);
  }
}

/// The store's selection with the group's samples in it. In order of labels if the store's is, else what only the group
/// has comes last.
class MergedSet final : public storage::SeriesSet {
 public:
  using Own = std::pair<const model::Labels*, const OwnSeries*>;

  /// @param own  the series that match, in order of labels.
  MergedSet(std::unique_ptr<storage::SeriesSet> base, std::vector<Own> own, std::shared_ptr<const OwnMap> owner,
            bool sorted)
      : base_(std::move(base)), own_(std::move(own)), owner_(std::move(owner)), seen_(own_.size()), sorted_(sorted) {}

  bool next() override {
    if (!base_ahead_ && !base_ended_) {
      base_ended_ = !base_->next();
      base_ahead_ = !base_ended_;
      if (base_ended_ && !base_->status()) return false;
    }
    skip_seen();
    const bool own_first =
        next_own_ < own_.size() && (base_ended_ || (sorted_ && *own_[next_own_].first < base_->labels()));
    if (own_first) {
      is_base_ = false;
      current_ = own_[next_own_++];
      return true;
    }
    if (base_ended_) return false;
    base_ahead_ = false;
    is_base_ = true;
    current_ = {&base_->labels(), nullptr};
    const auto found =
        std::lower_bound(own_.begin(), own_.end(), base_->labels(),
                         [](const Own& own, const model::Labels& labels) { return *own.first < labels; });
    if (found != own_.end() && *found->first == base_->labels()) {
      current_.second = found->second;
      seen_[static_cast<std::size_t>(found - own_.begin())] = true;
    }
    return true;
  }

  const model::Labels& labels() const override { return *current_.first; }
  std::uint64_t id() const override { return is_base_ ? base_->id() : current_.second->id; }

  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    if (is_base_) {
      TOCSIN_OK(base_->read(start, end, out));
    } else {
      out.clear();
    }
    if (current_.second != nullptr) add_samples(*current_.second, start, end, out);
    return {};
  }

  Result<void> status() const override { return base_->status(); }

 private:
  void skip_seen() {
    while (next_own_ < own_.size() && seen_[next_own_]) ++next_own_;
  }

  const std::unique_ptr<storage::SeriesSet> base_;
  const std::vector<Own> own_;
  const std::shared_ptr<const OwnMap> owner_;
  std::vector<bool> seen_;  // of own_: the store has the series too
  const bool sorted_;
  std::size_t next_own_ = 0;
  bool base_ahead_ = false;  // the store's set stands on a series that was not given out yet
  bool base_ended_ = false;
  bool is_base_ = false;
  Own current_{nullptr, nullptr};
};

bool matches_all(std::span<const model::Matcher> matchers, const model::Labels& labels) {
  return std::ranges::all_of(matchers, [&](const model::Matcher& matcher) { return matcher.matches(labels); });
}

class ViewQuerier final : public storage::Querier {
 public:
  ViewQuerier(std::shared_ptr<storage::Querier> base, std::shared_ptr<const OwnMap> own)
      : base_(std::move(base)), own_(std::move(own)) {}

  std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                             std::span<const model::Matcher> matchers) override {
    auto matching = find(matchers);
    if (matching.empty()) return base_->select(hints, matchers);
    return std::make_unique<MergedSet>(base_->select(hints, matchers), std::move(matching), own_, hints.sorted);
  }

  std::unique_ptr<storage::ChunkSummarySet> select_summaries(const storage::SelectHints& hints,
                                                             std::span<const model::Matcher> matchers) override {
    return find(matchers).empty() ? base_->select_summaries(hints, matchers) : nullptr;
  }

  Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) override {
    TOCSIN_TRY(auto names, base_->label_names(matchers, 0));
    for (const auto& [labels, series] : find(matchers)) {
      for (const auto& label : *labels) names.emplace_back(label.name);
    }
    return sorted_unique(std::move(names), limit);
  }

  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                std::size_t limit) override {
    TOCSIN_TRY(auto values, base_->label_values(name, matchers, 0));
    for (const auto& [labels, series] : find(matchers)) {
      if (labels->has(name)) values.emplace_back(labels->get(name));
    }
    return sorted_unique(std::move(values), limit);
  }

 private:
  /// The own series that match, in order of labels.
  std::vector<MergedSet::Own> find(std::span<const model::Matcher> matchers) const {
    std::vector<MergedSet::Own> out;
    const auto add_matching = [&](const std::map<model::Labels, OwnSeries>& of_name) {
      for (const auto& [labels, series] : of_name) {
        if (matches_all(matchers, labels)) out.emplace_back(&labels, &series);
      }
    };
    const auto name = std::ranges::find_if(matchers, [](const model::Matcher& matcher) {
      return matcher.op() == model::MatchOp::kEqual && matcher.name() == model::kMetricName;
    });
    if (name != matchers.end()) {
      if (const auto found = own_->find(name->value()); found != own_->end()) add_matching(found->second);
      return out;
    }
    for (const auto& [metric, of_name] : *own_) add_matching(of_name);
    std::ranges::sort(out, [](const auto& a, const auto& b) { return *a.first < *b.first; });
    return out;
  }

  static std::vector<std::string> sorted_unique(std::vector<std::string> texts, std::size_t limit) {
    std::ranges::sort(texts);
    const auto repeated = std::ranges::unique(texts);
    texts.erase(repeated.begin(), repeated.end());
    if (limit > 0 && texts.size() > limit) texts.resize(limit);
    return texts;
  }

  const std::shared_ptr<storage::Querier> base_;
  const std::shared_ptr<const OwnMap> own_;
};

}  // namespace

Result<std::unique_ptr<GroupView>> GroupView::pin(storage::Queryable& store) {
  TOCSIN_TRY(auto base, store.querier(kMinTimestamp, kMaxTimestamp));
  return std::unique_ptr<GroupView>(new GroupView(std::move(base)));
}

void GroupView::add(std::vector<OwnSample> samples) {
  if (own_.use_count() > 1) own_ = std::make_shared<OwnMap>(*own_);
  for (OwnSample& sample : samples) {
    auto& of_name = (*own_)[std::string(sample.labels.metric_name())];
    const auto [it, created] = of_name.try_emplace(sample.labels);
    if (created) it->second.id = kOwnIds + own_series_++;
    const Timestamp t = sample.t;
    it->second.samples.insert_or_assign(t, std::move(sample));
  }
}

Result<std::unique_ptr<storage::Querier>> GroupView::querier(Timestamp, Timestamp) {
  return std::make_unique<ViewQuerier>(base_, own_);
}

}  // namespace tocsin::rules
