#pragma once
// Clang's thread-safety annotations (-Wthread-safety) and the mutex that carries them; nothing with other compilers.

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define TOCSIN_ANNOTATE(x) __attribute__((x))
#else
#define TOCSIN_ANNOTATE(x)
#endif
#define TOCSIN_CAPABILITY(x) TOCSIN_ANNOTATE(capability(x))
#define TOCSIN_SCOPED_CAPABILITY TOCSIN_ANNOTATE(scoped_lockable)
#define TOCSIN_GUARDED_BY(x) TOCSIN_ANNOTATE(guarded_by(x))
#define TOCSIN_REQUIRES(...) TOCSIN_ANNOTATE(requires_capability(__VA_ARGS__))
#define TOCSIN_ACQUIRE(...) TOCSIN_ANNOTATE(acquire_capability(__VA_ARGS__))
#define TOCSIN_RELEASE(...) TOCSIN_ANNOTATE(release_capability(__VA_ARGS__))
#define TOCSIN_EXCLUDES(...) TOCSIN_ANNOTATE(locks_excluded(__VA_ARGS__))
#define TOCSIN_NO_THREAD_SAFETY_ANALYSIS TOCSIN_ANNOTATE(no_thread_safety_analysis)

namespace tocsin {

class TOCSIN_CAPABILITY("mutex") Mutex {
 public:
  void lock() TOCSIN_ACQUIRE() { mutex_.lock(); }
  void unlock() TOCSIN_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class TOCSIN_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TOCSIN_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() TOCSIN_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace tocsin
