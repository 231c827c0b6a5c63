#pragma once
// One querier over several stores: the head and blocks. A series that several of them have comes once, with the samples
// of all; of samples at one time the first source's counts.

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/storage.hpp"

namespace tocsin::tsdb {

class MergeQuerier final : public storage::Querier {
 public:
  struct Source {
    std::unique_ptr<storage::Querier> querier;
    /// It has no samples outside of these, both included.
    Timestamp min_time = kMinTimestamp, max_time = kMaxTimestamp;
  };
  explicit MergeQuerier(std::vector<Source> sources);

  std::unique_ptr<storage::SeriesSet> select(const storage::SelectHints& hints,
                                             std::span<const model::Matcher> matchers) override;
  /// Only what lies in the time of one source is summarised: the rest is to be read.
  std::unique_ptr<storage::ChunkSummarySet> select_summaries(const storage::SelectHints& hints,
                                                             std::span<const model::Matcher> matchers) override;
  Result<std::vector<std::string>> label_names(std::span<const model::Matcher> matchers, std::size_t limit) override;
  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const model::Matcher> matchers,
                                                std::size_t limit) override;

 private:
  std::vector<const Source*> sources_for(const storage::SelectHints& hints) const;

  const std::vector<Source> sources_;
  const std::uint64_t seed_;  // of the ids
};

}  // namespace tocsin::tsdb
