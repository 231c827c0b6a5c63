#include "base/line_log.hpp"

#include <utility>

#include "base/log.hpp"

namespace tocsin {

Result<void> LineLog::open() {
  TOCSIN_TRY(file_, fs_.open_append(path_));
  return {};
}

void LineLog::write(std::string_view line) {
  {
    const MutexLock lock(mutex_);
    if (pending_.lines.size() + line.size() > kMaxPendingBytes) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    pending_.lines += line;
    ++pending_.count;
    if (std::exchange(writing_, true)) return;
  }
  lane_.post([self = shared_from_this()] { self->drain(); });
}

void LineLog::reopen() {
  const MutexLock lock(mutex_);
  pending_.reopen = true;
}

bool LineLog::take(Batch& batch) {
  const MutexLock lock(mutex_);
  batch = std::exchange(pending_, {});
  // A file that is to be opened again waits for its next line.
  writing_ = !batch.lines.empty();
  if (!writing_) pending_.reopen = batch.reopen;
  return writing_;
}

void LineLog::drain() {
  Batch batch;
  while (take(batch)) {
    const Result<void> done = put(batch);
    if (!done) {
      dropped_.fetch_add(batch.count, std::memory_order_relaxed);
      file_.reset();
      if (!failing_) {
        log::error(component_, "can't write " + name_ + ": lines are dropped",
                   {{"file", path_}, {"err", done.error().message}});
      }
    }
    failing_ = !done;
  }
}

Result<void> LineLog::put(const Batch& batch) {
  if (batch.reopen) file_.reset();
  if (file_ == nullptr) {
    TOCSIN_TRY(file_, fs_.open_append(path_));
  }
  return file_->append(batch.lines);
}

}  // namespace tocsin
