#pragma once
// The second pass of an import: the runs of all workers become blocks, each read once.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/run.hpp"
#include "backfill/series_table.hpp"
#include "base/fs.hpp"
#include "base/rng.hpp"
#include "block/meta.hpp"
#include "block/writer.hpp"
#include "model/labels.hpp"

namespace tocsin::backfill {

/// The series of all workers in order of their labels, and the symbols of those. Immutable once made. Thread: any.
class AllSeries {
 public:
  /// @param tables  must outlive this
  explicit AllSeries(std::span<SeriesTable* const> tables);

  std::size_t size() const { return labels_.size(); }
  const model::Labels& labels(std::uint32_t number) const { return *labels_[number]; }
  /// The number of a worker's series.
  std::uint32_t number(std::size_t worker, std::uint32_t series) const { return numbers_[worker][series]; }
  /// Texts of the labels of some series, ascending.
  std::vector<std::string_view> symbols(const std::vector<bool>& series) const;

 private:
  std::vector<const model::Labels*> labels_;
  std::vector<std::vector<std::uint32_t>> numbers_;  // by worker and its series
  std::vector<std::string_view> symbols_;            // ascending
  std::vector<std::uint32_t> symbol_numbers_;        // of all labels of all series, in a row
  std::vector<std::size_t> symbol_places_;           // where those of a series begin; one more at the end
};

/// A part of a block: what one run has of it.
struct BlockPart {
  std::size_t worker = 0;
  const RandomFile* file = nullptr;
  const Segment* segment = nullptr;
};

/// Writes one block of its parts. @return its meta; kInvalid if a series has two values at one time.
Result<block::Meta> make_block(Fs& fs, const std::string& folder, const AllSeries& series,
                               std::span<const BlockPart> parts, std::int64_t duration, block::Ulid ulid);

}  // namespace tocsin::backfill
