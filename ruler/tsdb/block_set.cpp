#include "tsdb/block_set.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "block/repair.hpp"

namespace tocsin::tsdb {
namespace {

constexpr std::string_view kForCreation = ".tmp-for-creation";
constexpr std::string_view kForDeletion = ".tmp-for-deletion";

bool overlaps(const block::Meta& meta, Timestamp start, Timestamp end) {
  return meta.min_time <= end && meta.max_time > start;
}

/// Whether a name is that of a block with `suffix` behind it. ".tmp" is what older releases of Prometheus used.
bool is_leftover(std::string_view name) {
  for (const std::string_view suffix : {kForCreation, kForDeletion, std::string_view(".tmp")}) {
    if (name.ends_with(suffix) && block::Ulid::parse(name.substr(0, name.size() - suffix.size()))) return true;
  }
  return false;
}

}  // namespace

std::vector<BlockPtr> BlockSet::overlapping(Timestamp start, Timestamp end) const {
  std::vector<BlockPtr> found;
  for (const BlockPtr& one : blocks) {
    if (overlaps(one->meta(), start, end)) found.push_back(one);
  }
  return found;
}

std::vector<block::Meta> BlockSet::metas() const {
  std::vector<block::Meta> all;
  for (const BlockPtr& one : blocks) {
    all.push_back(one->meta());
    all.back().stats.tombstones = block::count_intervals(*one->tombstones());
  }
  return all;
}

BlockPtr BlockSet::find(const block::Ulid& ulid) const {
  const auto found = std::ranges::find_if(blocks, [&](const BlockPtr& one) { return one->meta().ulid == ulid; });
  return found == blocks.end() ? nullptr : *found;
}

Result<void> BlockFolder::clean() {
  TOCSIN_TRY(const auto names, fs_.list(path_));
  for (const std::string& name : names) {
    if (is_leftover(name)) {
      TOCSIN_OK(fs_.remove_all(path_ + "/" + name));
      continue;
    }
    if (!block::Ulid::parse(name)) continue;
    // A block that is damaged otherwise is left to open(), which tells it.
    const auto repaired = block::repair_index_version(fs_, path_ + "/" + name);
    if (repaired && *repaired) {
      tell_(fmt::format("block {}/{}: the wrong version numbers of Prometheus 2.1 were put right", path_, name));
    }
  }
  return {};
}

Result<std::vector<block::Ulid>> BlockFolder::list() const {
  TOCSIN_TRY(const auto names, fs_.list(path_));
  std::vector<block::Ulid> found;
  for (const std::string& name : names) {
    if (name.ends_with(kForDeletion) && is_leftover(name)) {
      TOCSIN_OK(fs_.remove_all(path_ + "/" + name));  // the last attempt did not come to its end
      continue;
    }
    const auto ulid = block::Ulid::parse(name);
    if (!ulid) continue;
    const auto info = fs_.info(path_ + "/" + name);
    if (info && info->directory) found.push_back(*ulid);
  }
  return found;
}

std::string BlockFolder::stamp_of(const std::string& folder) const {
  std::string stamp;
  for (const char* const file : {"meta.json", "index", "tombstones", "chunks/000001"}) {
    const auto info = fs_.info(folder + "/" + file);
    stamp += info ? fmt::format("{}:{} ", info->size, info->modified) : "- ";
  }
  return stamp;
}

BlockPtr BlockFolder::open(const block::Ulid& ulid) {
  const std::string folder = path_of(ulid);
  const auto known = aside_.find(ulid);
  const std::string stamp = known == aside_.end() ? "" : stamp_of(folder);
  if (known != aside_.end() && known->second.stamp == stamp) return nullptr;
  auto opened = block::Block::open(fs_, folder);
  if (opened && (*opened)->meta().ulid == ulid) {
    aside_.erase(ulid);
    return std::move(*opened);
  }
  const std::string reason =
      opened ? fmt::format("its meta.json is that of block {}", (*opened)->meta().ulid.text()) : opened.error().message;
  const bool may_pass = !opened && opened.error().code == Errc::kIo;  // then it is tried again each time
  SetAside& aside = aside_[ulid];
  aside.stamp = may_pass ? "" : stamp_of(folder);
  if (!std::exchange(aside.told, true)) {
    tell_(fmt::format("block {} cannot be read and is left out; its files stay as they are: {}", folder, reason));
  }
  return nullptr;
}

std::optional<block::Ulid> BlockFolder::unread() const {
  const auto found = std::ranges::find_if(aside_, [](const auto& one) { return one.second.stamp.empty(); });
  return found == aside_.end() ? std::nullopt : std::optional(found->first);
}

Result<void> BlockFolder::reload(const Beyond& beyond, const WithSwap& with_swap) {
  TOCSIN_TRY(const auto found, list());
  std::erase_if(aside_, [&](const auto& one) { return !std::ranges::binary_search(found, one.first); });
  std::map<block::Ulid, BlockPtr> open_now;
  for (const BlockPtr& one : set()->blocks) open_now[one->meta().ulid] = one;
  std::vector<BlockPtr> loaded;
  for (const block::Ulid& ulid : found) {
    const auto known = open_now.find(ulid);
    BlockPtr one = known != open_now.end() ? known->second : open(ulid);
    if (one) loaded.push_back(std::move(one));
  }
  // What was made into another is done with, whether it can be read or not: a death may have come before its removal.
  std::set<block::Ulid> gone;
  for (const BlockPtr& one : loaded) {
    if (one->meta().compaction.deletable) gone.insert(one->meta().ulid);
    for (const auto& parent : one->meta().compaction.parents) gone.insert(parent.ulid);
  }
  // It takes no room that the retention has to make: what stays is weighed alone.
  std::vector<BlockPtr> staying;
  std::ranges::copy_if(loaded, std::back_inserter(staying),
                       [&](const BlockPtr& one) { return !gone.contains(one->meta().ulid); });
  gone.merge(beyond(staying));
  auto next = std::make_shared<BlockSet>();
  for (BlockPtr& one : loaded) {
    if (gone.contains(one->meta().ulid)) continue;
    next->bytes += one->bytes();
    next->blocks.push_back(std::move(one));
  }
  std::ranges::sort(next->blocks, {}, [](const BlockPtr& one) {
    return std::tuple(one->meta().min_time, one->meta().max_time, one->meta().ulid);
  });
  {
    const MutexLock lock(mutex_);
    set_ = next;
    with_swap(*next);
  }
  Result<void> first_error;
  for (const block::Ulid& ulid : gone) {
    if (!std::ranges::binary_search(found, ulid)) continue;
    if (auto removed = remove(ulid); !removed && first_error) first_error = std::move(removed);
  }
  return first_error;
}

/// By way of another name, so that no half of a block is ever taken for one.
Result<void> BlockFolder::remove(const block::Ulid& ulid) {
  const std::string folder = path_of(ulid);
  const std::string doomed = folder + std::string(kForDeletion);
  TOCSIN_OK(fs_.remove_all(doomed));
  TOCSIN_OK(fs_.rename(folder, doomed));
  TOCSIN_OK(fs_.remove_all(doomed));
  aside_.erase(ulid);
  return {};
}

}  // namespace tocsin::tsdb
