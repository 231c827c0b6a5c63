#include "support/test_loop.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace tocsin::test {

using namespace std::chrono_literals;

struct TestLoop::Sockets {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
};

TestLoop::TestLoop(Timestamp start) : time_(start), sockets_(std::make_unique<Sockets>()) {}

TestLoop::~TestLoop() {
  closing_ = true;  // destructors of tasks may still cancel, post and set timers
  when_.clear();
  auto timers = std::move(timers_);
  timers.clear();
  sockets_.reset();
}

Clock& TestLoop::clock() {
  return time_;
}

void TestLoop::post(Job job) {
  if (!closing_) boost::asio::post(sockets_->context, std::move(job));
}

TimerId TestLoop::call_at(MonoTime when, Job job) {
  if (closing_) return 0;
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair(when, id), std::move(job));
  when_.emplace(id, when);
  return id;
}

bool TestLoop::cancel(TimerId timer) {
  const auto found = when_.find(timer);
  if (found == when_.end()) return false;
  const auto job = timers_.extract({found->second, timer});  // lives on: its destructor may come back here
  when_.erase(found);
  return true;
}

void TestLoop::spawn(std::string_view name, net::Task<void> task) {
  net::detail::spawn_on(executor(), std::move(task), [this, task_name = std::string(name)](std::exception_ptr error) {
    if (error) failures_.push_back(task_name + ": " + net::detail::exception_text(error));
  });
}

boost::asio::any_io_executor TestLoop::executor() {
  return sockets_->context.get_executor();
}

void TestLoop::run_ready() {
  while (sockets_->context.poll() > 0) {
  }
}

void TestLoop::advance(Duration by) {
  const MonoTime until = time_.mono() + by;
  run_ready();
  while (!timers_.empty() && timers_.begin()->first.first <= until) {
    auto timer = timers_.extract(timers_.begin());
    when_.erase(timer.key().second);
    time_.advance(std::max(timer.key().first - time_.mono(), Duration(0)));
    timer.mapped()();
    run_ready();
  }
  time_.advance(until - time_.mono());
}

void TestLoop::jump_wall(std::int64_t by_ms) {
  time_.jump_wall(by_ms);
}

void TestLoop::run_until(const std::function<bool()>& done, Duration limit) {
  const MonoTime end = time_.mono() + limit;
  run_ready();
  while (!done()) {
    if (timers_.empty() || timers_.begin()->first.first > end) {
      throw std::runtime_error("TestLoop: the task waits for something that does not come");
    }
    advance(std::max(timers_.begin()->first.first - time_.mono(), Duration(0)));
  }
}

void TestLoop::pump_until(const std::function<bool()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  run_ready();
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("TestLoop: nothing came for 10 s");
    sockets_->context.run_one_for(10ms);
    run_ready();
  }
}

}  // namespace tocsin::test
