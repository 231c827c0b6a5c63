#include "api/notifications.hpp"

#include <algorithm>

#include "api/envelope.hpp"

namespace tocsin::api {
namespace {

/// A stream with nothing to say says so this often: a client that has gone is noticed by it.
constexpr Duration kHeartbeat = std::chrono::seconds(15);
constexpr std::string_view kHeartbeatText = ": nothing new\n\n";

void write_notification(JsonWriter& json, const Notification& notification) {
  json.begin_object().key("text").text(notification.text).key("date").time(notification.date);
  json.key("active").boolean(notification.active).end_object();
}

std::string event(const Notification& notification) {
  std::string out = "data: ";
  JsonWriter json(out);
  write_notification(json, notification);
  return out + "\n\n";
}

}  // namespace

void Notifications::add(std::string_view text) {
  auto found = std::ranges::find(current_, text, &Notification::text);
  if (found == current_.end()) found = current_.insert(found, Notification{std::string(text), 0, true});
  found->date = loop_.clock().now();
  tell(*found);
}

void Notifications::remove(std::string_view text) {
  const auto found = std::ranges::find(current_, text, &Notification::text);
  if (found == current_.end()) return;
  Notification gone = std::move(*found);
  current_.erase(found);
  gone.active = false;
  tell(gone);
}

void Notifications::tell(const Notification& notification) {
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber.expired(); });
  for (const auto& weak : subscribers_) {
    const auto subscriber = weak.lock();
    ++stats_.sent;
    if (subscriber->waiting.size() >= kMaxWaiting) {
      ++stats_.dropped;
      continue;
    }
    subscriber->waiting.push_back(notification);
    if (subscriber->wake) loop_.post(std::exchange(subscriber->wake, nullptr));
  }
}

NotificationStats Notifications::stats() const {
  NotificationStats stats = stats_;
  stats.subscribers = static_cast<std::size_t>(
      std::ranges::count_if(subscribers_, [](const auto& subscriber) { return !subscriber.expired(); }));
  return stats;
}

void Notifications::close() {
  closed_ = true;
  for (const auto& weak : subscribers_) {
    const auto subscriber = weak.lock();
    if (subscriber && subscriber->wake) loop_.post(std::exchange(subscriber->wake, nullptr));
  }
}

net::Task<void> Notifications::finish(std::shared_ptr<Notifications> self, Duration limit) {
  constexpr Duration kLookAgain = std::chrono::milliseconds(10);
  self->close();
  for (Duration waited{0}; self->stats().subscribers > 0 && waited < limit; waited += kLookAgain) {
    co_await net::sleep_for(self->loop_, kLookAgain);
  }
}

net::Task<net::HttpResponse> Notifications::list(std::shared_ptr<Notifications> self) {
  SuccessBody body;
  body.json().begin_array();
  for (const Notification& notification : self->current_) write_notification(body.json(), notification);
  body.json().end_array();
  co_return body.finish();
}

net::Task<net::HttpResponse> Notifications::live(std::shared_ptr<Notifications> self) {
  net::HttpResponse response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-cache");
  if (self->closed_ || self->stats().subscribers >= self->max_subscribers_) {
    response.status = 204;
    co_return response;
  }
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->waiting.assign(self->current_.begin(), self->current_.end());
  self->subscribers_.push_back(subscriber);
  response.stream = [self, subscriber](std::shared_ptr<net::BodyWriter> writer) {
    return stream(self, subscriber, std::move(writer));
  };
  co_return response;
}

net::Task<void> Notifications::stream(std::shared_ptr<Notifications> self, std::shared_ptr<Subscriber> subscriber,
                                      std::shared_ptr<net::BodyWriter> writer) {
  for (;;) {
    while (!subscriber->waiting.empty()) {
      std::string piece = event(subscriber->waiting.front());
      subscriber->waiting.pop_front();
      if (!co_await writer->write(std::move(piece))) co_return;
    }
    if (self->closed_) co_return;
    co_await wait(self, subscriber);
    if (!subscriber->waiting.empty() || self->closed_) continue;
    if (!co_await writer->write(std::string(kHeartbeatText))) co_return;
  }
}

/// Until there is something to tell, the end, or the time of a heartbeat.
net::Task<void> Notifications::wait(std::shared_ptr<Notifications> self, std::shared_ptr<Subscriber> subscriber) {
  std::function<void(std::function<void()>)> start = [self, subscriber](std::function<void()> done) {
    // Two may wake it; the first one does. The timer alone owns the task, so that it goes with the loop.
    const auto once = std::make_shared<std::function<void()>>(std::move(done));
    const auto wake = [](const std::shared_ptr<std::function<void()>>& task) {
      if (task && *task) std::exchange(*task, nullptr)();
    };
    subscriber->wake = [wake, weak = std::weak_ptr(once)] { wake(weak.lock()); };
    subscriber->heartbeat = self->loop_.call_after(kHeartbeat, [wake, once] { wake(once); });
  };
  co_await net::detail::wait_for_callback(std::move(start));
  subscriber->wake = nullptr;
  self->loop_.cancel(subscriber->heartbeat);
}

void Notifications::add_to(net::HttpRouter& router) {
  using Captures = net::HttpRouter::Captures;
  router.add("GET", "/api/v1/notifications",
             [self = shared_from_this()](net::HttpRequest, Captures) { return list(self); });
  router.add("GET", "/api/v1/notifications/live",
             [self = shared_from_this()](net::HttpRequest, Captures) { return live(self); });
}

}  // namespace tocsin::api
