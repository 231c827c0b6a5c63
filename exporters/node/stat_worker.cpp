#include "exporters/node/stat_worker.hpp"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include <sys/statvfs.h>

namespace tocsin::exporters::node {
namespace {

Result<FsStats> ask(const std::string& path) {
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

}  // namespace

/// What the caller and its threads share; it lives until the last thread is done.
struct StatWorker::Shared {
  std::mutex mutex;
  std::condition_variable asked, answered;
  bool stopping = false;
  std::uint64_t thread = 0;  // the one that serves now; an older one ends when its call is back
  std::optional<std::string> path;
  std::optional<Result<FsStats>> answer;
  std::set<std::string> stuck;

  void serve(std::uint64_t me) {
    std::unique_lock lock(mutex);
    for (;;) {
      asked.wait(lock, [&] { return stopping || me != thread || path; });
      if (stopping || me != thread) return;
      const std::string mine = *std::exchange(path, std::nullopt);
      lock.unlock();
      auto result = ask(mine);
      lock.lock();
      if (me != thread) {
        stuck.erase(mine);
        return;
      }
      answer = std::move(result);
      answered.notify_one();
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

Result<FsStats> StatWorker::call(const std::string& path, Duration limit) {
  std::unique_lock lock(shared_->mutex);
  if (shared_->stuck.contains(path)) return fail(Errc::kTimeout, "mountpoint timeout");
  shared_->answer.reset();
  shared_->path = path;
  shared_->asked.notify_all();
  if (shared_->answered.wait_for(lock, limit, [&] { return shared_->answer.has_value(); })) {
    return std::move(*shared_->answer);
  }
  shared_->stuck.insert(path);
  shared_->path.reset();
  start_thread();
  return fail(Errc::kTimeout, "mountpoint timeout");
}

}  // namespace tocsin::exporters::node
