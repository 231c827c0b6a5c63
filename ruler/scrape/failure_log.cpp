#include "scrape/failure_log.hpp"

#include <utility>

#include "base/json_string.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"

namespace tocsin::scrape {
namespace {

std::string line_of(const ScrapeFailure& failure) {
  std::string out =
      R"({"time":")" + format_rfc3339(failure.time) + R"(","level":"ERROR","source":"scrape_run.cpp","msg":)";
  append_json_string(out, failure.error);
  out += R"(,"job_name":)";
  append_json_string(out, failure.job_name);
  out += R"(,"target":)";
  append_json_string(out, failure.target);
  out += "}\n";
  return out;
}

}  // namespace

void FailureLog::write(const ScrapeFailure& failure) {
  const std::string line = line_of(failure);
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

void FailureLog::reopen() {
  const MutexLock lock(mutex_);
  pending_.reopen = true;
}

bool FailureLog::take(Batch& batch) {
  const MutexLock lock(mutex_);
  batch = std::exchange(pending_, {});
  // A file that is to be opened again waits for its next line.
  writing_ = !batch.lines.empty();
  if (!writing_) pending_.reopen = batch.reopen;
  return writing_;
}

void FailureLog::drain() {
  Batch batch;
  while (take(batch)) {
    const Result<void> done = put(batch);
    if (!done) {
      dropped_.fetch_add(batch.count, std::memory_order_relaxed);
      file_.reset();
      if (!failing_) {
        log::error("scrape", "can't write the scrape failure log", {{"file", path_}, {"err", done.error().message}});
      }
    }
    failing_ = !done;
  }
}

Result<void> FailureLog::put(const Batch& batch) {
  if (batch.reopen) file_.reset();
  if (file_ == nullptr) {
    TOCSIN_TRY(file_, fs_.open_append(path_));
  }
  return file_->append(batch.lines);
}

}  // namespace tocsin::scrape
