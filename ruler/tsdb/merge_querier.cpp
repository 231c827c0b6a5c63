// Ids: a source's own ids mean nothing in another, and which sources a selection asks depends on its time. So the id of
// a series is a hash of its labels, with a seed that nobody outside knows.
#include "tsdb/merge_querier.hpp"

#include <algorithm>
#include <optional>
#include <queue>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/rng.hpp"
#include "storage/merge_part.hpp"
#include "tsdb/merge_samples.hpp"

namespace tocsin::tsdb {
namespace {

using Source = MergeQuerier::Source;

/// Sets of several sources as one, in order of labels. `Set` is storage::SeriesSet or storage::ChunkSummarySet.
/// Blocks have mostly the same series. So parts that step from a series to the same next one are a group: one of them,
/// the leader, stands for all where labels are put in order, and the others are only asked whether they have its
/// labels.
template <typename Set>
class Merged {
 public:
  struct Part {
    Part(std::unique_ptr<Set> all, Timestamp min, Timestamp max)
        : set(std::move(all)), more(dynamic_cast<storage::MergePart*>(set.get())), min_time(min), max_time(max) {}
    std::unique_ptr<Set> set;
    storage::MergePart* more;            // the set, or nullptr if it is none
    Timestamp min_time, max_time;        // of the source
    bool alone = true;                   // no other source has samples within its times
    std::vector<std::size_t> followers;  // ascending, while it leads
  };
  Merged(std::vector<Part> parts, std::size_t limit, std::uint64_t seed)
      : parts_(std::move(parts)), limit_(limit), seed_(seed), heads_(LabelsAfter{&parts_}) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      current_.push_back(i);
      for (std::size_t other = 0; other < parts_.size(); ++other) {
        parts_[i].alone &= other == i || !overlaps(other, parts_[i].min_time, parts_[i].max_time);
      }
    }
  }

  bool next() {
    step();
    if (!good_ || heads_.empty() || (limit_ != 0 && given_ == limit_)) return false;
    ++given_;
    take_group();
    if (heads_.empty() || labels_of(heads_.top()) != labels()) return true;
    const model::Labels& labels = this->labels();
    do {
      take_group();
    } while (!heads_.empty() && labels_of(heads_.top()) == labels);
    std::ranges::sort(current_);
    return true;
  }
  const model::Labels& labels() const { return labels_of(current_.front()); }
  std::uint64_t id() const {
    std::string bytes;
    put_fixed(bytes, seed_);
    return xxhash64(bytes += labels().encoded());
  }
  Result<void> status() const {
    for (const Part& part : parts_) TOCSIN_OK(part.set->status());
    return {};
  }

  /// See storage::WindowEndsReader.
  Result<bool> window_ends(std::span<const storage::TimeRange> windows, storage::WindowEnds& out) {
    const auto knows = [this](std::size_t i) { return parts_[i].more && parts_[i].more->knows_window_ends(); };
    if (windows.empty() || !in_order() || std::ranges::none_of(ordered_, knows)) return false;
    storage::WindowEndsBuilder builder(windows, out);
    for (const std::size_t i : ordered_) {
      const Part& part = parts_[i];
      if (part.max_time < windows.front().start || part.min_time > windows.back().end) continue;
      if (knows(i)) {
        TOCSIN_TRY(const bool good, part.more->add_window_ends(builder));
        if (!good) return false;
        continue;
      }
      TOCSIN_OK(part.set->read(windows.front().start, windows.back().end, columns_));
      if (!columns_.histograms.empty()) return false;
      builder.add(columns_.times, columns_.values);
    }
    return true;
  }

  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) {
    if (current_.size() == 1) return parts_[current_[0]].set->read(start, end, out);
    out.clear();
    for (const std::size_t i : current_) {
      const Part& part = parts_[i];
      if (part.max_time < start || part.min_time > end) continue;
      if (part.more && (out.size() == 0 || out.times.back() < part.min_time)) {
        TOCSIN_TRY(const bool read, part.more->read_more(start, end, out));
        if (read) continue;
      }
      TOCSIN_OK(part.set->read(start, end, columns_));
      merge_samples(columns_, out, scratch_);
    }
    return {};
  }

  /// Summaries of the parts of the series; those at whose time another source may have samples of it are to be read.
  Result<void> summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                         std::vector<storage::TimeRange>& rest) {
    if (current_.size() == 1) return parts_[current_[0]].set->summaries(start, end, out, rest);
    out.clear();
    rest.clear();
    for (const std::size_t i : current_) {
      const Part& part = parts_[i];
      const storage::TimeRange asked{std::max(start, part.min_time), std::min(end, part.max_time)};
      if (asked.start > asked.end) continue;
      TOCSIN_OK(part.set->summaries(asked.start, asked.end, summaries_, rest_));
      rest.insert(rest.end(), rest_.begin(), rest_.end());
      for (storage::ChunkSummary& one : summaries_) {
        if (is_alone(i, one)) {
          out.push_back(std::move(one));
        } else {
          rest.push_back({one.first_time, one.last_time});
        }
      }
    }
    if (!std::ranges::is_sorted(out, {}, &storage::ChunkSummary::first_time)) {
      std::ranges::sort(out, {}, &storage::ChunkSummary::first_time);
    }
    join(rest);
    return {};
  }

 private:
  /// Greatest first as a heap wants it; of equal labels the first source comes first.
  struct LabelsAfter {
    const std::vector<Part>* parts;
    bool operator()(std::size_t a, std::size_t b) const {
      const auto order = (*parts)[a].set->labels() <=> (*parts)[b].set->labels();
      return order != 0 ? order > 0 : a > b;
    }
  };

  const model::Labels& labels_of(std::size_t part) const { return parts_[part].set->labels(); }
  /// All that stand at the series at hand go on, in groups.
  void step() {
    constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t leader = kNone;
    std::optional<std::uint32_t> crc;  // of the leader's labels
    for (const std::size_t i : current_) {
      Part& part = parts_[i];
      if (!part.set->next()) {
        good_ &= part.set->status().has_value();
        continue;
      }
      if (leader != kNone && has_labels_of(part, leader, crc)) {
        parts_[leader].followers.push_back(i);
        continue;
      }
      if (leader != kNone) heads_.push(leader);
      leader = i;
      crc.reset();
      part.followers.clear();
    }
    if (leader != kNone) heads_.push(leader);
    current_.clear();
  }
  bool has_labels_of(const Part& part, std::size_t leader, std::optional<std::uint32_t>& crc) const {
    const model::Labels& labels = labels_of(leader);
    if (!part.more) return part.set->has_labels(labels);
    if (!crc) crc = crc32c(labels.encoded());
    return part.more->has_labels_of(labels, *crc);
  }
  void take_group() {
    const std::size_t leader = heads_.top();
    heads_.pop();
    current_.push_back(leader);
    current_.insert(current_.end(), parts_[leader].followers.begin(), parts_[leader].followers.end());
  }
  /// Whether the sources of the series at hand follow one another in time: then so do those of `ordered_`.
  bool in_order() {
    ordered_ = current_;
    std::ranges::sort(ordered_, {}, [this](std::size_t i) { return parts_[i].min_time; });
    return std::ranges::adjacent_find(ordered_, [this](std::size_t a, std::size_t b) {
             return parts_[a].max_time >= parts_[b].min_time;
           }) == ordered_.end();
  }
  bool overlaps(std::size_t part, Timestamp start, Timestamp end) const {
    return parts_[part].min_time <= end && parts_[part].max_time >= start;
  }
  /// Puts ranges in order, and those that overlap together.
  static void join(std::vector<storage::TimeRange>& ranges) {
    std::ranges::sort(ranges, {}, &storage::TimeRange::start);
    std::size_t kept = 0;
    for (const storage::TimeRange& range : ranges) {
      if (kept > 0 && range.start <= ranges[kept - 1].end) {
        ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
      } else {
        ranges[kept++] = range;
      }
    }
    ranges.resize(kept);
  }
  bool is_alone(std::size_t part, const storage::ChunkSummary& summary) const {
    return parts_[part].alone || std::ranges::none_of(current_, [&](std::size_t other) {
             return other != part && overlaps(other, summary.first_time, summary.last_time);
           });
  }

  std::vector<Part> parts_;
  const std::size_t limit_;
  const std::uint64_t seed_;
  std::priority_queue<std::size_t, std::vector<std::size_t>, LabelsAfter> heads_;  // leaders that stand at a series
  std::vector<std::size_t> current_;  // parts of the series at hand, ascending; at first all
  std::vector<std::size_t> ordered_;  // the same in order of time, if somebody asked
  bool good_ = true;                  // none ended with an error
  std::size_t given_ = 0;
  storage::SampleColumns columns_, scratch_;
  std::vector<storage::ChunkSummary> summaries_;
  std::vector<storage::TimeRange> rest_;
};

class MergedSeriesSet final : public storage::SeriesSet, public storage::WindowEndsReader {
 public:
  explicit MergedSeriesSet(std::unique_ptr<Merged<storage::SeriesSet>> merged) : merged_(std::move(merged)) {}
  bool next() override { return merged_->next(); }
  const model::Labels& labels() const override { return merged_->labels(); }
  std::uint64_t id() const override { return merged_->id(); }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    return merged_->read(start, end, out);
  }
  Result<bool> window_ends(std::span<const storage::TimeRange> windows, storage::WindowEnds& out) override {
    return merged_->window_ends(windows, out);
  }
  Result<void> status() const override { return merged_->status(); }

 private:
  std::unique_ptr<Merged<storage::SeriesSet>> merged_;
};

class MergedSummarySet final : public storage::ChunkSummarySet {
 public:
  explicit MergedSummarySet(std::unique_ptr<Merged<storage::ChunkSummarySet>> merged) : merged_(std::move(merged)) {}
  bool next() override { return merged_->next(); }
  const model::Labels& labels() const override { return merged_->labels(); }
  std::uint64_t id() const override { return merged_->id(); }
  Result<void> summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                         std::vector<storage::TimeRange>& rest) override {
    return merged_->summaries(start, end, out, rest);
  }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    return merged_->read(start, end, out);
  }
  Result<void> status() const override { return merged_->status(); }

 private:
  std::unique_ptr<Merged<storage::ChunkSummarySet>> merged_;
};

/// Sorted, each once, at most `limit` (0: all).
std::vector<std::string> distinct(std::vector<std::string> all, std::size_t limit) {
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  if (limit != 0 && all.size() > limit) all.resize(limit);
  return all;
}

/// To ask the system takes longer than many a query.
std::uint64_t seed_of_process() {
  static const std::uint64_t seed = Rng::from_system().next();
  return seed;
}

storage::SelectHints hints_for_each(storage::SelectHints hints, std::size_t sources) {
  if (sources > 1) hints.sorted = true;
  return hints;
}

}  // namespace

MergeQuerier::MergeQuerier(std::vector<Source> sources) : sources_(std::move(sources)), seed_(seed_of_process()) {}

std::vector<const Source*> MergeQuerier::sources_for(const storage::SelectHints& hints) const {
  std::vector<const Source*> found;
  for (const Source& source : sources_) {
    if (source.min_time <= hints.end && source.max_time >= hints.start) found.push_back(&source);
  }
  return found;
}

std::unique_ptr<storage::SeriesSet> MergeQuerier::select(const storage::SelectHints& hints,
                                                         std::span<const model::Matcher> matchers) {
  const auto sources = sources_for(hints);
  const storage::SelectHints each = hints_for_each(hints, sources.size());
  std::vector<Merged<storage::SeriesSet>::Part> parts;
  for (const Source* const source : sources) {
    parts.emplace_back(source->querier->select(each, matchers), source->min_time, source->max_time);
  }
  return std::make_unique<MergedSeriesSet>(
      std::make_unique<Merged<storage::SeriesSet>>(std::move(parts), hints.limit, seed_));
}

std::unique_ptr<storage::ChunkSummarySet> MergeQuerier::select_summaries(const storage::SelectHints& hints,
                                                                         std::span<const model::Matcher> matchers) {
  const auto sources = sources_for(hints);
  const storage::SelectHints each = hints_for_each(hints, sources.size());
  std::vector<Merged<storage::ChunkSummarySet>::Part> parts;
  for (const Source* const source : sources) {
    auto set = source->querier->select_summaries(each, matchers);
    if (!set) return nullptr;
    parts.emplace_back(std::move(set), source->min_time, source->max_time);
  }
  return std::make_unique<MergedSummarySet>(
      std::make_unique<Merged<storage::ChunkSummarySet>>(std::move(parts), hints.limit, seed_));
}

Result<std::vector<std::string>> MergeQuerier::label_names(std::span<const model::Matcher> matchers,
                                                           std::size_t limit) {
  std::vector<std::string> all;
  for (const Source& source : sources_) {
    TOCSIN_TRY(auto some, source.querier->label_names(matchers, limit));
    std::ranges::move(some, std::back_inserter(all));
  }
  return distinct(std::move(all), limit);
}

Result<std::vector<std::string>> MergeQuerier::label_values(std::string_view name,
                                                            std::span<const model::Matcher> matchers,
                                                            std::size_t limit) {
  std::vector<std::string> all;
  for (const Source& source : sources_) {
    TOCSIN_TRY(auto some, source.querier->label_values(name, matchers, limit));
    std::ranges::move(some, std::back_inserter(all));
  }
  return distinct(std::move(all), limit);
}

}  // namespace tocsin::tsdb
