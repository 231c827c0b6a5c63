#pragma once
// Blocks of a folder as a store that nobody writes to: what the ruler reads, without the ruler around it.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.hpp"
#include "block/block.hpp"
#include "block/meta.hpp"
#include "tsdb/merge_querier.hpp"

namespace tocsin::bench {

class BlockStore final : public storage::Queryable {
 public:
  static Result<std::unique_ptr<BlockStore>> open(Fs& fs, const std::string& folder) {
    auto store = std::make_unique<BlockStore>();
    TOCSIN_TRY(const auto names, fs.list(folder));
    for (const std::string& name : names) {
      if (!block::Ulid::parse(name)) continue;
      TOCSIN_TRY(auto block, block::Block::open(fs, folder + "/" + name));
      store->blocks_.push_back(std::move(block));
    }
    std::ranges::sort(store->blocks_, {}, [](const auto& block) { return block->meta().min_time; });
    return store;
  }

  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override {
    std::vector<tsdb::MergeQuerier::Source> sources;
    for (const auto& block : blocks_) {
      const Timestamp last = block->meta().max_time - 1;
      if (block->meta().min_time > end || last < start) continue;
      sources.push_back({block::make_block_querier(block, start, end, {}), block->meta().min_time, last});
    }
    return std::make_unique<tsdb::MergeQuerier>(std::move(sources));
  }

 private:
  std::vector<std::shared_ptr<const block::Block>> blocks_;
};

}  // namespace tocsin::bench
