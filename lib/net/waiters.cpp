#include "net/waiters.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace tocsin::net {

struct Waiters::Entry {
  void resume() {
    if (auto now = std::exchange(done, nullptr)) now();
  }
  Loop* loop = nullptr;
  std::function<void()> done;
  TimerId timer = 0;
  bool* woken = nullptr;  // in the task's frame, which `done` keeps
};

Task<bool> Waiters::wait(Loop& loop, MonoTime deadline) {
  bool woken = false;
  std::function<void(std::function<void()>)> start = [this, &loop, deadline, &woken](std::function<void()> done) {
    auto entry = std::make_shared<Entry>();
    entry->loop = &loop;
    entry->done = std::move(done);
    entry->woken = &woken;
    std::erase_if(entries_, [](const auto& other) { return other.expired(); });
    entries_.push_back(entry);
    Entry& waiting = *entry;
    waiting.timer = loop.call_at(deadline, [entry = std::move(entry)] {
      entry->timer = 0;
      entry->resume();
    });
  };
  co_await detail::wait_for_callback(std::move(start));
  co_return woken;
}

void Waiters::wake() {
  for (const auto& weak : std::exchange(entries_, {})) {
    const auto entry = weak.lock();
    if (!entry || !entry->done) continue;
    *entry->woken = true;
    entry->loop->cancel(entry->timer);
    entry->resume();
  }
}

}  // namespace tocsin::net
