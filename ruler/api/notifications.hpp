#pragma once
// What the operator should know now, at /api/v1/notifications and, as server-sent events, /api/v1/notifications/live.
// Source: Prometheus util/notifications, web/api/v1/api.go.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace tocsin::api {

inline constexpr std::string_view kReloadFailed = "Configuration reload has failed.";
inline constexpr std::string_view kStartingUp = "Prometheus is starting and replaying the write-ahead log (WAL).";
inline constexpr std::string_view kShuttingDown = "Prometheus is shutting down and gracefully stopping all operations.";

struct Notification {
  std::string text;
  Timestamp date = 0;
  bool active = true;
};

struct NotificationStats {
  std::uint64_t sent = 0, dropped = 0;  // to subscribers
  std::size_t subscribers = 0;
};

/// Thread: the loop's. Subscribers share it: it may be let go of while streams are open, and close() ends them.
class Notifications : public std::enable_shared_from_this<Notifications> {
 public:
  /// @param max_subscribers  of the live stream; further ones are told that there is nothing (204), as there.
  Notifications(net::TaskLoop& loop, std::size_t max_subscribers) : loop_(loop), max_subscribers_(max_subscribers) {}

  /// Puts the text up, or its date to now if it is up.
  void add(std::string_view text);
  /// Takes it down; subscribers are told with active: false.
  void remove(std::string_view text);
  const std::vector<Notification>& current() const { return current_; }
  NotificationStats stats() const;
  /// Ends all streams when they have told what waits, and takes no new ones.
  void close();
  /// close(), and until the streams have ended, at most for `limit`.
  static net::Task<void> finish(std::shared_ptr<Notifications> self, Duration limit);

  void add_to(net::HttpRouter& router);

 private:
  struct Subscriber {
    std::deque<Notification> waiting;  // at most kMaxWaiting
    std::function<void()> wake;        // set while the stream waits
    TimerId heartbeat = 0;             // of that wait
  };
  static constexpr std::size_t kMaxWaiting = 10;

  void tell(const Notification& notification);
  static net::Task<net::HttpResponse> list(std::shared_ptr<Notifications> self);
  static net::Task<net::HttpResponse> live(std::shared_ptr<Notifications> self);
  static net::Task<void> stream(std::shared_ptr<Notifications> self, std::shared_ptr<Subscriber> subscriber,
                                std::shared_ptr<net::BodyWriter> writer);
  static net::Task<void> wait(std::shared_ptr<Notifications> self, std::shared_ptr<Subscriber> subscriber);

  net::TaskLoop& loop_;
  const std::size_t max_subscribers_;
  std::vector<Notification> current_;
  std::vector<std::weak_ptr<Subscriber>> subscribers_;
  NotificationStats stats_;
  bool closed_ = false;
};

}  // namespace tocsin::api
