#include "tsdb/label_order.hpp"

#include <algorithm>

namespace tocsin::tsdb {
namespace {

/// A series with the ranks of its first two pairs, which decide most comparisons.
struct Keyed {
  std::uint64_t key = 0;
  SeriesId id = 0;
};

std::span<const PairId> pairs_of_series(const LabelIndex& index, SeriesId id) {
  return index.page(id >> kSeriesPageBits)->pairs(index_in_page(id));
}

}  // namespace

LabelOrder::LabelOrder(const LabelIndex& index, Ids& ids) {
  rank_.resize(index.next_pair());
  rank_pairs(index, used_pairs(index, ids));
  sort_series(index, ids);
  rank_ = {};
}

std::vector<PairId> LabelOrder::used_pairs(const LabelIndex& index, const Ids& ids) {
  std::vector<PairId> used;
  for (const SeriesId id : ids) {
    for (const PairId pair : pairs_of_series(index, id)) {
      if (std::exchange(rank_[pair], 1) == 0) used.push_back(pair);
    }
  }
  return used;
}

void LabelOrder::rank_pairs(const LabelIndex& index, std::vector<PairId> used) {
  // By name first: what is compared most is then one pointer.
  std::ranges::sort(used, [&](PairId a, PairId b) {
    const PairRecord& x = index.pair(a);
    const PairRecord& y = index.pair(b);
    return x.name == y.name ? x.value() < y.value() : x.name->text() < y.name->text();
  });
  const NameEntry* name = nullptr;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const PairRecord& pair = index.pair(used[i]);
    rank_[used[i]] = static_cast<std::uint32_t>(i + 1);
    if (pair.name != name) symbols_.push_back(pair.name->text());
    name = pair.name;
    symbols_.push_back(pair.value());
  }
  std::ranges::sort(symbols_);
  symbols_.erase(std::ranges::unique(symbols_).begin(), symbols_.end());
}

void LabelOrder::sort_series(const LabelIndex& index, Ids& ids) const {
  std::vector<Keyed> keyed;
  keyed.reserve(ids.size());
  for (const SeriesId id : ids) {
    const auto pairs = pairs_of_series(index, id);
    const std::uint64_t first = pairs.empty() ? 0 : rank_[pairs[0]];
    keyed.push_back({first << 32U | (pairs.size() < 2 ? 0 : rank_[pairs[1]]), id});
  }
  const auto rank = [this](PairId pair) { return rank_[pair]; };
  std::ranges::sort(keyed, [&](const Keyed& a, const Keyed& b) {
    if (a.key != b.key) return a.key < b.key;
    return std::ranges::lexicographical_compare(pairs_of_series(index, a.id), pairs_of_series(index, b.id), {}, rank,
                                                rank);
  });
  std::ranges::transform(keyed, ids.begin(), &Keyed::id);
}

}  // namespace tocsin::tsdb
