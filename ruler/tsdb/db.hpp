#pragma once
// The store: open a folder, append, query, close.

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "storage/storage.hpp"
#include "tsdb/options.hpp"
#include "tsdb/stats.hpp"

namespace tocsin::tsdb {

class Head;
class Committer;
class Keeper;

/// Thread: any, but open(), close() and the destructor: one, with no appender or querier left.
/// Owns: the folder (locked), two threads (TsdbOptions::threads): one syncs the log in groups, one keeps the store.
class Db final : public storage::Appendable, public storage::Queryable {
 public:
  /// Opens the folder, makes it if needed, and replays the log. What was damaged is told in the log of the process and
  /// in messages().
  /// @return kExists if another process has the folder; kIo, kCorrupt with the path.
  static Result<std::unique_ptr<Db>> open(TsdbOptions options);
  /// close(), its error logged.
  ~Db() override;
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  /// Commits are refused from here on; what is there is written, with a checkpoint for a quick start.
  Result<void> close();

  std::unique_ptr<storage::Appender> appender() override;
  Result<std::unique_ptr<storage::Querier>> querier(Timestamp start, Timestamp end) override;

  /// Exemplars of the series that match, in order of time.
  std::map<model::Labels, std::vector<storage::Exemplar>> exemplars(Timestamp start, Timestamp end,
                                                                    std::span<const model::Matcher> matchers);
  /// What was told of the series by set_metadata(), if it is kept.
  std::optional<storage::Metadata> metadata(const model::Labels& labels) const;

  TsdbStats stats() const;
  /// The greatest `limit` of each list.
  Cardinality cardinality(std::size_t limit) const;
  /// What open() said: set aside, cut off, passed over.
  const std::vector<std::string>& messages() const { return messages_; }

  /// Another TsdbOptions::retention from the next upkeep on; 0: nothing is dropped.
  void set_retention(Duration retention);
  /// Another TsdbOptions::out_of_order_window from the next sample on.
  void set_out_of_order_window(Duration window);

  /// Makes durable what was committed before the call.
  Result<void> sync();
  /// One round of upkeep: full pieces of chunks to disk, visibility tidied; a checkpoint when a segment of the log was
  /// completed since the last; retention; collection of dead series. Errors are logged once, and tried again next time.
  Result<void> maintain();
  /// A checkpoint now, whatever the log.
  Result<void> checkpoint();

 private:
  Db();
  Result<void> start(TsdbOptions options);
  void start_threads();
  void stop_threads();
  void sync_loop(std::stop_token stop);
  void keep_loop(std::stop_token stop);

  std::unique_ptr<Fs::Lock> lock_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Keeper> keeper_;
  std::vector<std::string> messages_;
  double replay_seconds_ = 0;
  bool closed_ = false;

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread sync_thread_;
  std::jthread keep_thread_;
};

}  // namespace tocsin::tsdb
