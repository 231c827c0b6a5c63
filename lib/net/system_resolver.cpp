// getaddrinfo() on threads of its own.
//
// A call cannot be canceled and may take half a minute, so nothing waits for it: an asker leaves at its deadline, and
// the threads are detached. What they share with the resolver is State, which says whether the loop is still there.

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include <netdb.h>

#include "base/thread_annotations.hpp"
#include "net/net_error.hpp"
#include "net/resolver.hpp"

namespace tocsin::net {
namespace {

using Addresses = Result<std::vector<std::string>>;

constexpr std::size_t kMaxThreads = 4;
constexpr std::size_t kMaxQueued = 10'000;

Addresses ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status == EAI_NONAME || status == EAI_NODATA) return fail(Errc::kNotFound, "lookup {}: no such host", host);
  if (status != 0) return fail(Errc::kIo, "lookup {}: {}", host, ::gai_strerror(status));
  std::vector<std::string> out;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      out.emplace_back(text.data());
    }
  }
  ::freeaddrinfo(found);
  if (out.empty()) return fail(Errc::kNotFound, "lookup {}: no such host", host);
  return out;
}

/// One asker: resumed once, by the answer or by its deadline.
struct Asker {
  explicit Asker(std::string name) : host(std::move(name)) {}
  const std::string host;
  Addresses answer = fail(Errc::kTimeout, "{}", kDeadlineText);
  std::function<void()> done;
  TimerId timer = 0;
  void resume() {
    if (done) std::exchange(done, nullptr)();
  }
};

/// Thread: ask(), answer(), close() and the askers are the loop's; the rest is under the mutex.
class State : public std::enable_shared_from_this<State> {
 public:
  explicit State(TaskLoop& loop) : loop_(loop) {}

  void ask(std::shared_ptr<Asker> asker, MonoTime deadline, std::function<void()> done) {
    asker->done = std::move(done);
    asker->timer = loop_.call_at(deadline, [asker] { asker->resume(); });
    const bool is_asked = askers_.contains(asker->host);
    std::vector<std::shared_ptr<Asker>>& askers = askers_[asker->host];
    std::erase_if(askers, [](const auto& other) { return !other->done; });
    askers.push_back(asker);
    if (!is_asked && !enqueue(asker->host)) {
      answer(asker->host, fail(Errc::kLimit, "lookup {}: too many names are being looked up", asker->host));
    }
  }

  /// On the loop's thread, which ends what waits here; a thread that returns later finds nothing to touch.
  void close() {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
      queue_.clear();
    }
    wake_.notify_all();
    askers_.clear();
  }

 private:
  bool enqueue(const std::string& host) {
    const MutexLock lock(mutex_);
    if (queue_.size() >= kMaxQueued) return false;
    queue_.push_back(host);
    if (queue_.size() > idle_ && threads_ < kMaxThreads) {
      ++threads_;
      std::thread([self = shared_from_this()] { self->serve(); }).detach();
    }
    wake_.notify_one();
    return true;
  }

  void serve() {
    for (;;) {
      std::string host;
      {
        const MutexLock lock(mutex_);
        ++idle_;
        while (!closed_ && queue_.empty()) wake_.wait(mutex_);
        --idle_;
        if (closed_) return;
        host = std::move(queue_.front());
        queue_.pop_front();
      }
      Addresses found = ask_system(host);
      const MutexLock lock(mutex_);
      if (closed_) return;
      loop_.post([self = shared_from_this(), host = std::move(host), found = std::move(found)]() mutable {
        self->answer(host, std::move(found));
      });
    }
  }

  void answer(const std::string& host, Addresses found) {
    const auto askers = askers_.extract(host);
    if (askers.empty()) return;
    for (const std::shared_ptr<Asker>& asker : askers.mapped()) {
      if (!asker->done) continue;  // it left at its deadline
      loop_.cancel(asker->timer);
      asker->answer = found;
      asker->resume();
    }
  }

  TaskLoop& loop_;
  std::map<std::string, std::vector<std::shared_ptr<Asker>>> askers_;

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::string> queue_ TOCSIN_GUARDED_BY(mutex_);
  std::size_t threads_ TOCSIN_GUARDED_BY(mutex_) = 0;
  std::size_t idle_ TOCSIN_GUARDED_BY(mutex_) = 0;
  bool closed_ TOCSIN_GUARDED_BY(mutex_) = false;
};

Task<Addresses> look_up(std::shared_ptr<State> state, std::shared_ptr<Asker> asker, MonoTime deadline) {
  std::function<void(std::function<void()>)> start = [state, asker, deadline](std::function<void()> done) {
    state->ask(asker, deadline, std::move(done));
  };
  co_await detail::wait_for_callback(std::move(start));
  co_return std::move(asker->answer);
}

class SystemResolver final : public Resolver {
 public:
  explicit SystemResolver(TaskLoop& loop) : state_(std::make_shared<State>(loop)) {}
  ~SystemResolver() override { state_->close(); }

  Task<Addresses> lookup(std::string host, MonoTime deadline) override {
    return look_up(state_, std::make_shared<Asker>(std::move(host)), deadline);
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Resolver> make_system_resolver(TaskLoop& loop) {
  return std::make_unique<SystemResolver>(loop);
}

}  // namespace tocsin::net
