#include "net/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.hpp"

namespace tocsin::net {
namespace detail {
namespace {

/// The suspended task, held by the copies of one `done`. The handler owns the task's frames.
template <typename Handler>
class Suspended {
 public:
  explicit Suspended(Handler handler) : handler_(std::move(handler)) {}

  void start(const std::shared_ptr<Suspended>& self, const std::function<void(std::function<void()>)>& start) {
    starting_ = true;
    start([self] { self->done(); });
    starting_ = false;
    // Asio forbids to complete an operation inside the function that starts it.
    if (called_) {
      auto executor = boost::asio::get_associated_executor(*handler_);
      boost::asio::post(executor, [self] { self->resume(); });
    }
  }

 private:
  void done() {
    check(!called_, "BUG: a task was resumed twice");
    called_ = true;
    if (!starting_) resume();
  }

  void resume() {
    Handler handler = std::move(*handler_);
    handler_.reset();
    std::move(handler)();
  }

  std::optional<Handler> handler_;
  bool starting_ = false;
  bool called_ = false;
};

}  // namespace

Task<void> wait_for_callback(std::function<void(std::function<void()> done)> start) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [](auto handler, const std::function<void(std::function<void()>)>& begin) {
        auto suspended = std::make_shared<Suspended<decltype(handler)>>(std::move(handler));
        suspended->start(suspended, begin);
      },
      boost::asio::use_awaitable, std::move(start));
}

void spawn_on(const boost::asio::any_io_executor& executor, Task<void> task,
              std::function<void(std::exception_ptr)> ended) {
  boost::asio::co_spawn(executor, std::move(task), std::move(ended));
}

std::string exception_text(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace detail

Task<void> sleep_until(Loop& loop, MonoTime when) {
  return detail::wait_for_callback([&loop, when](std::function<void()> done) { loop.call_at(when, std::move(done)); });
}

Task<void> sleep_for(Loop& loop, Duration delay) {
  return sleep_until(loop, loop.clock().mono() + delay);
}

}  // namespace tocsin::net
