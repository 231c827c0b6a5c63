#pragma once
// Answers of collectors on their way to the loop. A post for each would wake the loop fifty times in a scrape that
// takes half a millisecond: they go together, when no collector is left to ask.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/asked.hpp"

namespace tocsin::agent {

struct Reply {
  std::shared_ptr<Asked> asked;
  Answered answer;
};

/// Thread: any.
class ReplyBatch {
 public:
  /// @param deliver  brings replies to the loop, in order.
  explicit ReplyBatch(std::function<void(std::vector<Reply>)> deliver) : deliver_(std::move(deliver)) {}

  /// Keeps the reply until flush().
  void add(Reply reply) {
    std::lock_guard lock(mutex_);
    if (replies_.empty()) replies_.reserve(usual_);
    replies_.push_back(std::move(reply));
  }

  /// Delivers what was kept. Who waits for a collector that hangs calls it too.
  void flush() {
    std::vector<Reply> replies;
    {
      std::lock_guard lock(mutex_);
      replies.swap(replies_);
      usual_ = replies.size();
    }
    if (!replies.empty()) deliver_(std::move(replies));
  }

 private:
  std::function<void(std::vector<Reply>)> deliver_;
  std::mutex mutex_;
  std::vector<Reply> replies_;
  std::size_t usual_ = 0;  // of the last batch
};

}  // namespace tocsin::agent
