#pragma once
// Appenders for those who write from afar: each sender keeps its own while there is room, because a store knows by the
// appender which series are written together (storage.hpp).

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "storage/storage.hpp"

namespace tocsin::remote {

/// Thread: one (the loop's); a lease's appender is its holder's alone, on any thread.
class AppenderPool {
  struct Slot {
    std::string sender;
    std::unique_ptr<storage::Appender> appender;
    bool taken = false;
    std::uint64_t used = 0;
  };

 public:
  /// @param capacity  at least as many as are held at once.
  AppenderPool(storage::Appendable& store, std::size_t capacity) : store_(store), capacity_(capacity) {}
  AppenderPool(const AppenderPool&) = delete;
  AppenderPool& operator=(const AppenderPool&) = delete;
  /// Takes the appenders also from leases that are still held: none must be in use.
  ~AppenderPool();

  /// Gives the appender back, rolled back. May outlive the pool.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = default;
    ~Lease();
    storage::Appender& operator*() const { return *slot_->appender; }
    storage::Appender* operator->() const { return slot_->appender.get(); }

   private:
    friend class AppenderPool;
    explicit Lease(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
    std::shared_ptr<Slot> slot_;
  };

  /// The appender that the sender had last; else a new one, or that which was not asked for the longest.
  Lease take(const std::string& sender);

 private:
  storage::Appendable& store_;
  const std::size_t capacity_;
  std::uint64_t clock_ = 0;
  std::vector<std::shared_ptr<Slot>> slots_;
};

}  // namespace tocsin::remote
