#pragma once
// storage::Querier of the head.

#include "storage/storage.hpp"
#include "tsdb/head.hpp"
#include "tsdb/series_reader.hpp"

namespace tocsin::tsdb {

class HeadQuerier final : public storage::Querier {
 public:
  HeadQuerier(Head& head, Timestamp start, Timestamp end) : head_(head), start_(start), end_(end), view_(head) {}

  std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                             std::span<const model::Matcher> matchers) override;
  std::unique_ptr<storage::ChunkSummarySet> select_summaries(const storage::SelectHints& hints,
                                                             std::span<const model::Matcher> matchers) override;
  Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) override;
  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                std::size_t limit) override;

 private:
  /// Whether a series of the pair is seen in the querier's time.
  bool is_seen(SeriesReader& reader, PairId pair) const;

  Head& head_;
  const Timestamp start_, end_;
  const ReadView view_;
};

}  // namespace tocsin::tsdb
