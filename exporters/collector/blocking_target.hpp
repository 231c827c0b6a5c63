#pragma once
// A server that is asked through a client library which blocks.

#include <memory>

#include "exporters/collector/source.hpp"

namespace tocsin::exporters {

/// Runs ask() on a thread of its own, which starts with the first call and ends with the target. A call that hangs
/// costs its thread and nobody else.
class BlockingTarget : public Target, public std::enable_shared_from_this<BlockingTarget> {
 public:
  explicit BlockingTarget(const Services& services);
  ~BlockingTarget() override;
  net::Task<Result<void>> collect(std::shared_ptr<expo::Page> page, MonoTime deadline) final;

 protected:
  /// As Target::collect(). Thread: its own, always the same. Connections are best kept in members; the destructor runs
  /// on this thread or the loop's, when no call is under way.
  virtual Result<void> ask(expo::Page& page, MonoTime deadline) = 0;

 private:
  struct Thread;
  net::TaskLoop& loop_;
  std::shared_ptr<LoopAnchor> anchor_;
  std::shared_ptr<Thread> thread_;
};

}  // namespace tocsin::exporters
