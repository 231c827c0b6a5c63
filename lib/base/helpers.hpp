#pragma once
// Threads that help with long work while nothing else wants a core.

#include "base/clock.hpp"

namespace tocsin {

/// Thread: any. Outlives the jobs.
class Helpers {
 public:
  virtual ~Helpers() = default;
  /// Runs `job` beside the caller if a core and a thread are idle; never waits for one.
  /// @return false: there is none, and the job is destroyed. A job may also be destroyed unrun later, when the threads
  ///         are stopped: who waits for its end notices that by what it owns.
  virtual bool start(Job job) = 0;
  /// Whether start() would find somebody now. Cheap.
  virtual bool idle() const = 0;
  /// Whether those that help may go on: false as soon as others want the core. Cheap.
  virtual bool spare() const = 0;
};

}  // namespace tocsin
