#include "net/runtime.hpp"

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include <boost/asio/signal_set.hpp>

#include "net/asio_loop.hpp"
#include "net/work_threads.hpp"

namespace tocsin::net {
namespace {

unsigned count_work_threads(const RuntimeOptions& options) {
  if (options.work_threads > 0) return options.work_threads;
  return std::max(2U, std::thread::hardware_concurrency());
}

class AsioRuntime final : public Runtime {
 public:
  explicit AsioRuntime(const RuntimeOptions& options)
      : work_(count_work_threads(options), options.query_threads, std::thread::hardware_concurrency()),
        signals_(loop_.context()) {}

  // The workers end first: their jobs use the loop. Then the loop goes and destroys the tasks that wait, whose
  // destructors may still post to the (idle) lanes.
  ~AsioRuntime() override { work_.stop(); }

  TaskLoop& loop() override { return loop_; }
  WorkPool& work() override { return work_; }
  Helpers& helpers() override { return work_; }

  void run() override {
    loop_.run();
    work_.stop();
  }

  void stop() override { loop_.stop(); }

  void on_signal(int signal, std::function<void()> handler) override {
    const bool first = handlers_.empty();
    handlers_[signal] = std::move(handler);
    boost::system::error_code ignored;
    signals_.add(signal, ignored);
    if (first) wait_for_signal();
  }

  RuntimeStats stats() override {
    RuntimeStats stats;
    stats.loop_lag_seconds_max = to_seconds(loop_.take_max_lag());
    stats.task_failures_by_name = loop_.failures();
    for (const auto& [name, count] : stats.task_failures_by_name) stats.task_failures += count;
    stats.helper_jobs = work_.helper_jobs();
    const auto queued = work_.queued();
    std::copy(queued.begin(), queued.end(), std::begin(stats.queued_jobs));
    return stats;
  }

 private:
  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      wait_for_signal();
      const std::function<void()> handler = handlers_[signal];  // a copy: it may replace itself
      if (handler) handler();
    });
  }

  WorkThreads work_;
  AsioLoop loop_;
  boost::asio::signal_set signals_;
  std::map<int, std::function<void()>> handlers_;
};

}  // namespace

std::unique_ptr<Runtime> make_runtime(RuntimeOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit of file sizes is an error of the write, like a full disk
  return std::make_unique<AsioRuntime>(options);
}

}  // namespace tocsin::net
