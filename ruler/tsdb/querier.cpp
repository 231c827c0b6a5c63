#include "tsdb/querier.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace tocsin::tsdb {
namespace {

/// The series of a selection, one after the other: what both kinds of sets share.
class Walk {
 public:
  Walk(Head& head, const ReadView& view, Ids ids, const storage::SelectHints& hints)
      : reader_(head, view), ids_(std::move(ids)), start_(hints.start), end_(hints.end), limit_(hints.limit) {
    if (hints.sorted) sort();
  }

  bool next() {
    labels_known_ = false;
    if (limit_ != 0 && given_ == limit_) return false;
    while (at_ < ids_.size()) {
      reader_.take(ids_[at_++]);
      if (!sorted_ && !reader_.overlaps(start_, end_)) continue;
      ++given_;
      return true;
    }
    return false;
  }

  const model::Labels& labels() {
    if (!labels_known_) {
      labels_ = sorted_ ? std::move(sorted_labels_[at_ - 1]) : reader_.labels();
      labels_known_ = true;
    }
    return labels_;
  }
  std::uint64_t id() const { return ids_[at_ - 1]; }
  SeriesReader& reader() { return reader_; }

 private:
  void sort() {
    std::vector<std::pair<model::Labels, SeriesId>> all;
    for (const SeriesId id : ids_) {
      reader_.take(id);
      if (reader_.overlaps(start_, end_)) all.emplace_back(reader_.labels(), id);
    }
    std::ranges::sort(all, {}, [](const auto& one) -> const model::Labels& { return one.first; });
    ids_.clear();
    for (auto& [labels, id] : all) {
      ids_.push_back(id);
      sorted_labels_.push_back(std::move(labels));
    }
    sorted_ = true;
  }

  SeriesReader reader_;
  Ids ids_;
  std::vector<model::Labels> sorted_labels_;
  bool sorted_ = false;
  const Timestamp start_, end_;
  const std::size_t limit_;
  std::size_t at_ = 0;
  std::size_t given_ = 0;
  bool labels_known_ = false;
  model::Labels labels_;
};

class HeadSeriesSet final : public storage::SeriesSet {
 public:
  explicit HeadSeriesSet(Walk walk) : walk_(std::move(walk)) {}
  bool next() override { return walk_.next(); }
  const model::Labels& labels() const override { return walk_.labels(); }
  std::uint64_t id() const override { return walk_.id(); }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    return walk_.reader().read(start, end, out);
  }
  Result<void> status() const override { return {}; }

 private:
  mutable Walk walk_;  // labels are put together when they are asked for
};

class HeadSummarySet final : public storage::ChunkSummarySet {
 public:
  explicit HeadSummarySet(Walk walk) : walk_(std::move(walk)) {}
  bool next() override { return walk_.next(); }
  const model::Labels& labels() const override { return walk_.labels(); }
  std::uint64_t id() const override { return walk_.id(); }
  Result<void> summaries(Timestamp start, Timestamp end, std::vector<storage::ChunkSummary>& out,
                         std::vector<storage::TimeRange>& rest) override {
    walk_.reader().summaries(start, end, out, rest);
    return {};
  }
  Result<void> read(Timestamp start, Timestamp end, storage::SampleColumns& out) override {
    return walk_.reader().read(start, end, out);
  }
  Result<void> status() const override { return {}; }

 private:
  mutable Walk walk_;
};

std::vector<std::string> first_of(std::vector<std::string> all, std::size_t limit) {
  std::ranges::sort(all);
  if (limit != 0 && all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace

std::unique_ptr<storage::SeriesSet> HeadQuerier::select(const storage::SelectHints& hints,
                                                        std::span<const model::Matcher> matchers) {
  return std::make_unique<HeadSeriesSet>(Walk(head_, view_, head_.index.select(matchers), hints));
}

std::unique_ptr<storage::ChunkSummarySet> HeadQuerier::select_summaries(const storage::SelectHints& hints,
                                                                        std::span<const model::Matcher> matchers) {
  return std::make_unique<HeadSummarySet>(Walk(head_, view_, head_.index.select(matchers), hints));
}

bool HeadQuerier::is_seen(SeriesReader& reader, PairId pair) const {
  // Mostly the first series answers; only if none of some does, the whole list is copied.
  for (const std::size_t limit : {std::size_t{8}, std::size_t{kNoId}}) {
    const Ids ids = head_.index.postings_of(pair, limit);
    for (const SeriesId id : ids) {
      reader.take(id);
      if (reader.overlaps(start_, end_)) return true;
    }
    if (ids.size() < limit) return false;
  }
  return false;
}

Result<std::vector<std::string>> HeadQuerier::label_names(std::span<const model::Matcher> matchers, std::size_t limit) {
  SeriesReader reader(head_, view_);
  std::vector<std::string> names;
  if (matchers.empty()) {
    head_.index.for_each_name([&](std::string_view name, const std::vector<PairId>& pairs) {
      if (std::ranges::any_of(pairs, [&](PairId pair) { return is_seen(reader, pair); })) names.emplace_back(name);
    });
    return first_of(std::move(names), limit);
  }
  std::unordered_set<std::string_view> found;
  for (const SeriesId id : head_.index.select(matchers)) {
    reader.take(id);
    if (!reader.overlaps(start_, end_)) continue;
    const SeriesPage& page = *head_.index.page(id >> kSeriesPageBits);
    for (const PairId pair : page.pairs(index_in_page(id))) found.insert(head_.index.pair(pair).name->text());
  }
  names.assign(found.begin(), found.end());
  return first_of(std::move(names), limit);
}

Result<std::vector<std::string>> HeadQuerier::label_values(std::string_view name,
                                                           std::span<const model::Matcher> matchers,
                                                           std::size_t limit) {
  SeriesReader reader(head_, view_);
  std::vector<std::string> values;
  if (matchers.empty()) {
    for (const PairId pair : head_.index.pairs_of(name)) {
      if (is_seen(reader, pair)) values.emplace_back(head_.index.pair(pair).value());
    }
    return first_of(std::move(values), limit);
  }
  std::unordered_set<PairId> found;
  for (const SeriesId id : head_.index.select(matchers)) {
    reader.take(id);
    const SeriesPage& page = *head_.index.page(id >> kSeriesPageBits);
    for (const PairId pair : page.pairs(index_in_page(id))) {
      const PairRecord& record = head_.index.pair(pair);
      if (record.name->text() != name) continue;
      if (!found.contains(pair) && reader.overlaps(start_, end_)) {
        found.insert(pair);
        values.emplace_back(record.value());
      }
      break;
    }
  }
  return first_of(std::move(values), limit);
}

}  // namespace tocsin::tsdb
