#pragma once
// The blocks of the data folder: which are there, which readers see, which go.
//
//   <path>/01H…/                     a block in Prometheus' layout
//   <path>/01H….tmp-for-creation/    one that was being written when the process died: removed at start
//   <path>/01H….tmp-for-deletion/    one that was being removed: removed
// What is damaged stays where it is, untouched and unread, and is told once; it is looked at again when it changes.
// Source: Prometheus tsdb/db.go (reloadBlocks, openBlocks, deleteBlocks).

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "base/thread_annotations.hpp"
#include "block/block.hpp"

namespace tocsin::tsdb {

using BlockPtr = std::shared_ptr<block::Block>;

/// What a reader sees of the folder. Immutable; a block that goes is mapped as long as somebody holds it.
struct BlockSet {
  std::vector<BlockPtr> blocks;  // in order of their beginnings
  std::uint64_t bytes = 0;
  /// Those with a sample time in common with [start, end].
  std::vector<BlockPtr> overlapping(Timestamp start, Timestamp end) const;
  /// With the tombstones of now.
  std::vector<block::Meta> metas() const;
  BlockPtr find(const block::Ulid& ulid) const;  // or nullptr
};
using BlockSetPtr = std::shared_ptr<const BlockSet>;

class BlockFolder {
 public:
  /// Which of the blocks have had their time. It is asked of those that are not going anyway.
  using Beyond = std::function<std::set<block::Ulid>(const std::vector<BlockPtr>&)>;

  /// @param tell  a message for the operator. Thread: that of the call that says it.
  BlockFolder(Fs& fs, std::string path, std::function<void(std::string)> tell)
      : fs_(fs), path_(std::move(path)), tell_(std::move(tell)) {}

  /// Removes what a death left half made, and repairs what Prometheus 2.1 numbered wrongly (block/repair.hpp). At
  /// start, before reload(). @return kIo
  Result<void> clean();

  /// Calls back in the moment in which readers begin to see a set.
  using WithSwap = std::function<void(const BlockSet&)>;
  /// Looks at the folder: opens blocks that came, forgets those that went, removes those that are marked, that were
  /// made into others, or that `beyond` names. Readers see all of the change at once, and whatever `with_swap` changes
  /// with it. Thread: one at a time.
  /// @return kIo: if the folder could not be read nothing changed; if a block could not be removed it is out of the set
  /// all the same, and tried again next time.
  Result<void> reload(const Beyond& beyond, const WithSwap& with_swap);

  /// A block of the folder that the disk refused to read, or none: unlike damage it passes, and the block is back.
  /// Thread: that of reload().
  std::optional<block::Ulid> unread() const;

  /// Thread: any.
  BlockSetPtr set() const {
    const MutexLock lock(mutex_);
    return set_;
  }
  /// Calls `take` with the set while it cannot change: for what has to fit to it. Thread: any; `take` is quick.
  template <typename Take>
  void with_set(Take&& take) const {
    const MutexLock lock(mutex_);
    take(set_);
  }

  const std::string& path() const { return path_; }
  std::string path_of(const block::Ulid& ulid) const { return path_ + "/" + ulid.text(); }

 private:
  /// When a damaged block was looked at: its files as they were then.
  struct SetAside {
    std::string stamp;
    bool told = false;
  };
  Result<std::vector<block::Ulid>> list() const;
  std::string stamp_of(const std::string& folder) const;
  /// The block if it can be read. What is damaged is put aside.
  BlockPtr open(const block::Ulid& ulid);
  Result<void> remove(const block::Ulid& ulid);

  Fs& fs_;
  const std::string path_;
  const std::function<void(std::string)> tell_;
  std::map<block::Ulid, SetAside> aside_;  // of reload()
  mutable Mutex mutex_;
  BlockSetPtr set_ TOCSIN_GUARDED_BY(mutex_) = std::make_shared<const BlockSet>();
};

}  // namespace tocsin::tsdb
