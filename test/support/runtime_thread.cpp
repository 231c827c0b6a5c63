#include "support/runtime_thread.hpp"

namespace tocsin::test {

RuntimeThread::RuntimeThread(unsigned work_threads) {
  net::RuntimeOptions options;
  options.work_threads = work_threads;
  std::promise<void> made;
  thread_ = std::thread([this, options, &made] {
    runtime_ = net::make_runtime(options);
    made.set_value();
    runtime_->run();
    runtime_.reset();
  });
  made.get_future().wait();
}

RuntimeThread::~RuntimeThread() {
  stop();
}

void RuntimeThread::stop() {
  if (!thread_.joinable()) return;
  runtime_->stop();
  thread_.join();
}

}  // namespace tocsin::test
