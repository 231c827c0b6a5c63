#include "exporters/node/stat_worker.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/statvfs.h>

#include "base/clock.hpp"

namespace tocsin::exporters::node {
namespace {

/// So many paths may hang, each with a thread; others are not asked then.
constexpr std::size_t kMaxStuck = 64;
/// For the paths behind one that hangs: a server that is gone takes all its mounts with it.
constexpr Duration kNextPatience = std::chrono::milliseconds(10);

}  // namespace

Result<FsStats> ask_for_stats(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) {
    return fail(Errc::kIo, "{}", std::generic_category().message(errno));
  }
  const auto block = static_cast<double>(status.f_frsize);
  FsStats stats;
  stats.size_bytes = static_cast<double>(status.f_blocks) * block;
  stats.free_bytes = static_cast<double>(status.f_bfree) * block;
  stats.avail_bytes = static_cast<double>(status.f_bavail) * block;
  stats.files = static_cast<double>(status.f_files);
  stats.files_free = static_cast<double>(status.f_ffree);
  stats.readonly = (status.f_flag & ST_RDONLY) != 0;
  return stats;
}

/// What the caller and its threads share; it lives until the last thread is done.
struct StatWorker::Shared {
  std::mutex mutex;
  std::condition_variable asked, answered;
  bool stopping = false;
  std::uint64_t thread = 0;        // the one that serves now; an older one ends when its call is back
  std::vector<std::string> queue;  // to be asked, from the end on
  std::string current;             // is being asked by that thread
  std::map<std::string, Result<FsStats>> answers;
  std::map<std::string, MonoTime> stuck;  // by when it was asked

  bool idle() const { return queue.empty() && current.empty(); }

  void serve(std::uint64_t me) {
    std::unique_lock lock(mutex);
    for (;;) {
      asked.wait(lock, [&] { return stopping || me != thread || !queue.empty(); });
      if (stopping || me != thread) return;
      const std::string mine = std::move(queue.back());
      queue.pop_back();
      current = mine;
      lock.unlock();
      auto result = ask_for_stats(mine);
      lock.lock();
      answers.insert_or_assign(mine, std::move(result));
      stuck.erase(mine);
      if (me != thread) return;
      current.clear();
      if (!queue.empty()) continue;
      lock.unlock();  // who is woken would only wait for it
      answered.notify_one();
      lock.lock();
    }
  }
};

StatWorker::StatWorker() : shared_(std::make_shared<Shared>()) {
  start_thread();
}

StatWorker::~StatWorker() {
  std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->asked.notify_all();
}

void StatWorker::start_thread() {
  const std::uint64_t number = ++shared_->thread;
  std::thread([shared = shared_, number] { shared->serve(number); }).detach();
}

std::vector<Result<FsStats>> StatWorker::call(std::span<const std::string> paths, Duration patience, Duration limit) {
  std::unique_lock lock(shared_->mutex);
  const MonoTime began = system_clock().mono();
  for (const std::string& path : paths) {
    if (shared_->stuck.contains(path) || shared_->answers.contains(path)) continue;
    if (shared_->stuck.size() < kMaxStuck) shared_->queue.push_back(path);
  }
  if (!shared_->queue.empty()) {
    lock.unlock();
    shared_->asked.notify_all();
    lock.lock();
  }
  while (!shared_->answered.wait_for(lock, patience, [&] { return shared_->idle(); })) {
    shared_->stuck.emplace(std::exchange(shared_->current, {}), began);
    if (shared_->stuck.size() >= kMaxStuck) shared_->queue.clear();
    start_thread();
    patience = std::min(patience, kNextPatience);
  }
  std::map<std::string, FsStats> last;
  std::vector<Result<FsStats>> results;
  for (const std::string& path : paths) {
    const auto answer = shared_->answers.find(path);
    if (answer != shared_->answers.end()) {
      results.push_back(answer->second);
    } else {
      const auto stuck = shared_->stuck.find(path);
      const auto known = last_.find(path);
      const bool patient = stuck != shared_->stuck.end() && system_clock().mono() - stuck->second < limit;
      results.push_back(patient && known != last_.end() ? Result<FsStats>(known->second)
                                                        : fail(Errc::kTimeout, "mountpoint timeout"));
    }
    if (results.back()) last.insert_or_assign(path, *results.back());
  }
  shared_->answers.clear();
  last_ = std::move(last);
  return results;
}

}  // namespace tocsin::exporters::node
