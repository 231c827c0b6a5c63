#pragma once
// Many readers or one writer, with the annotations of base/thread_annotations.hpp. A writer that waits is next: readers
// that come later stand behind it, so a stream of queries cannot starve the creation of series.

#include <shared_mutex>

#include "base/thread_annotations.hpp"

namespace tocsin::tsdb {

class TOCSIN_CAPABILITY("mutex") SharedMutex {
 public:
  void lock() TOCSIN_ACQUIRE() {
    gate_.lock();
    mutex_.lock();
    gate_.unlock();
  }
  void unlock() TOCSIN_RELEASE() { mutex_.unlock(); }
  void lock_shared() TOCSIN_ANNOTATE(acquire_shared_capability()) {
    gate_.lock();
    mutex_.lock_shared();
    gate_.unlock();
  }
  void unlock_shared() TOCSIN_ANNOTATE(release_shared_capability()) { mutex_.unlock_shared(); }

 private:
  std::mutex gate_;
  std::shared_mutex mutex_;
};

class TOCSIN_SCOPED_CAPABILITY WriteLock {
 public:
  explicit WriteLock(SharedMutex& mutex) TOCSIN_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriteLock() TOCSIN_RELEASE() { mutex_.unlock(); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class TOCSIN_SCOPED_CAPABILITY ReadLock {
 public:
  explicit ReadLock(SharedMutex& mutex) TOCSIN_ANNOTATE(acquire_shared_capability(mutex)) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReadLock() TOCSIN_ANNOTATE(release_generic_capability()) { mutex_.unlock_shared(); }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace tocsin::tsdb
