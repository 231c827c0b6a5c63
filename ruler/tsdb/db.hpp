#pragma once
// The store: open a folder, append, query, close.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/thread_annotations.hpp"
#include "storage/storage.hpp"
#include "tsdb/block_stats.hpp"
#include "tsdb/options.hpp"
#include "tsdb/stats.hpp"

namespace tocsin::tsdb {

class BlockKeeper;
struct BlockSet;
class Head;
class Committer;
class Keeper;
class Replayer;

/// Life: open() returns when the series are known; from then on appenders work, and their commits are durable as ever.
/// The samples in the log are replayed behind it; when that is done the store is whole, and queriers see all of it,
/// with what was committed meanwhile, in its order.
///
/// Thread: any, but open(), close() and the destructor: one, with no appender or querier left.
/// Owns: the folder (locked), three threads (TsdbOptions::threads): one syncs the log in groups, one keeps the head,
/// one of low priority makes and keeps blocks.
class Db final : public storage::Appendable, public storage::Queryable {
 public:
  /// Opens the folder, makes it if needed, and begins to replay the log. What was damaged is told in the log of the
  /// process and in messages().
  /// @return kExists if another process has the folder; kIo, kCorrupt with the path.
  static Result<std::unique_ptr<Db>> open(TsdbOptions options);
  /// close(), its error logged.
  ~Db() override;
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  /// Commits are refused from here on; what is there is written, with a checkpoint for a quick start.
  Result<void> close();

  std::unique_ptr<storage::Appender> appender() override;
  /// @return kUnavailable until the store is whole: no answer from half of the data.
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override;
  std::unique_ptr<storage::SeriesFeed> feed(std::span<const model::Matcher> matchers) override;

  /// Whether the log is replayed; then it stays so.
  bool whole() const;
  /// Segments of the log that are read at the start: the first, the last, the one that is read now.
  struct Replay {
    std::uint32_t first = 0, last = 0, current = 0;
  };
  Replay replay_progress() const;
  /// Goes on with the replay, at most so many records. For an owner that replays (TsdbOptions). On an error (kIo) what
  /// is in the log stays there, and the next call goes on.
  /// @return whether the store is whole.
  Result<bool> replay(std::size_t records);

  /// Exemplars of the series that match, in order of time.
  std::map<model::Labels, std::vector<storage::Exemplar>> exemplars(Timestamp start, Timestamp end,
                                                                    std::span<const model::Matcher> matchers);
  /// What was told of the series by set_metadata(), if it is kept.
  std::optional<storage::Metadata> metadata(const model::Labels& labels) const;

  TsdbStats stats() const;
  /// The greatest `limit` of each list.
  Cardinality cardinality(std::size_t limit) const;
  /// At most `limit` jobs.
  BudgetStatus budget(std::size_t limit) const;
  /// What was said at open() and later of what is in the folder: set aside, cut off, passed over.
  std::vector<std::string> messages() const {
    const MutexLock lock(messages_mutex_);
    return messages_;
  }

  /// Other limits than those of TsdbOptions from the next upkeep on; 0: none.
  void set_retention(Duration time, std::uint64_t bytes = 0, double percentage = 0);
  /// Another TsdbOptions::out_of_order_window from the next sample on.
  void set_out_of_order_window(Duration window);

  /// The blocks that queries see now.
  std::shared_ptr<const BlockSet> blocks() const;
  BlockStats block_stats() const;
  /// Deletes what the series that match have in start <= t <= end, as it is committed now: queriers that are made later
  /// do not see it, what is appended later they do. What is on the disk goes later. Durable at return.
  /// @return kIo, kCorrupt: some may be deleted.
  Result<void> remove(Timestamp start, Timestamp end, std::span<const model::Matcher> matchers);
  /// Rewrites the blocks that have deleted samples without them. @return kIo, kCorrupt
  Result<void> clean_tombstones();
  /// A copy of the blocks (by hard links) and of the head (as a block) in `folder`, which is made. @return kIo,
  /// kInvalid
  Result<void> snapshot(const std::string& folder, bool with_head);
  /// Looks now for blocks that a tool put into the folder, or took away.
  Result<void> reload_blocks();

  /// Makes durable what was committed before the call.
  Result<void> sync();
  /// One round of upkeep. The head: full pieces of chunks to disk, visibility tidied; a checkpoint when a segment of
  /// the log was completed since the last; collection of dead series. Blocks: cut, compaction, retention. Errors are
  /// logged once, and tried again next time.
  Result<void> maintain();
  /// A checkpoint now, whatever the log. kUnavailable until the store is whole.
  Result<void> checkpoint();

 private:
  Db();
  Result<void> start(TsdbOptions options);
  Result<void> open_blocks();
  void tell(std::string message);
  Result<void> import_prometheus();
  void start_threads();
  void stop_threads();
  void sync_loop(std::stop_token stop);
  void keep_loop(std::stop_token stop);
  void block_loop(std::stop_token stop);
  Result<bool> replay_until(const std::function<bool()>& stop);
  void replay_in_background(const std::stop_token& stop);

  std::unique_ptr<Fs::Lock> lock_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Replayer> replayer_;
  std::unique_ptr<BlockKeeper> blocks_;
  MonoTime opened_at_{};
  std::atomic<double> replay_seconds_ = 0;
  mutable Mutex messages_mutex_;
  std::vector<std::string> messages_ TOCSIN_GUARDED_BY(messages_mutex_);
  bool closed_ = false;

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread sync_thread_;
  std::jthread keep_thread_;
  std::jthread block_thread_;
};

}  // namespace tocsin::tsdb
