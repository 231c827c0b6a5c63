#pragma once
// What waits for one Alertmanager, and the task that sends it batch by batch.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/relabel.hpp"
#include "model/alert.hpp"
#include "net/http.hpp"
#include "net/task.hpp"

namespace tocsin::remote {

/// Prometheus' defaults.
struct SenderOptions {
  std::size_t queue_capacity = 10'000;  // --alertmanager.notification-queue-capacity: alerts for one Alertmanager
  std::size_t batch_size = 256;         // --alertmanager.notification-batch-size: alerts in one request
  bool drain_on_stop = true;            // --alertmanager.drain-notification-queue-on-shutdown
};

/// Upper bounds of the buckets of latencies, seconds.
inline constexpr std::array kSendLatencyBounds{0.01, 0.1, 1.0, 10.0};

/// One address that alerts are posted to.
struct Endpoint {
  std::string url;
  Duration timeout = std::chrono::seconds(10);
  std::shared_ptr<net::HttpClient> client;  // as its section of the configuration says
  /// alert_relabel_configs of that section; nullptr for none.
  std::shared_ptr<const std::vector<config::RelabelConfig>> alert_relabel;
};

/// Counters are alerts, as in Prometheus' prometheus_notifications_*.
struct AlertmanagerStatus {
  std::string url;
  std::size_t queue_length = 0;    // without the batch on its way
  std::uint64_t sent = 0;          // taken by the Alertmanager
  std::uint64_t dropped = 0;       // too many in the queue, or in a batch that failed
  std::uint64_t errors = 0;        // in a batch that failed
  double latency_sum_seconds = 0;  // of the batches that were taken
  std::uint64_t latency_count = 0;
  std::array<std::uint64_t, kSendLatencyBounds.size()> latency_buckets{};  // cumulative
  std::string last_error;                                                  // "" if the last batch was taken
};

/// One batch is on its way at a time, so alerts come in order. A batch that fails is dropped: the rules repeat alerts
/// that fire, and those that ended for 15 minutes.
/// Thread: the loop's. Owned by the sender and, while batches are sent, by their task. `loop` must outlive the loop's
/// tasks. Source: Prometheus notifier/sendloop.go.
class AlertmanagerQueue : public std::enable_shared_from_this<AlertmanagerQueue> {
 public:
  AlertmanagerQueue(net::TaskLoop& loop, SenderOptions options, Endpoint endpoint)
      : loop_(loop), options_(options), endpoint_(std::move(endpoint)) {
    status_.url = endpoint_.url;
  }

  const std::string& url() const { return endpoint_.url; }
  /// Timeout, client and relabelling from the next batch on; the URL must be the same.
  void configure(Endpoint endpoint);
  /// Appends; beyond the capacity the oldest are dropped. Nothing happens after close().
  void push(std::span<const model::AlertPtr> alerts);
  /// Alerts for this queue that were dropped on the way to it.
  void count_dropped(std::uint64_t alerts);
  /// No request from now on lasts beyond this.
  void set_deadline(MonoTime deadline) { deadline_ = deadline; }
  /// Drops what waits; a batch on its way ends by itself. @return how many were dropped.
  std::size_t close();
  bool busy() const { return sending_; }
  AlertmanagerStatus status() const;

 private:
  static net::Task<void> send_all(std::shared_ptr<AlertmanagerQueue> self);
  /// The oldest, relabelled; may be empty when all of them were dropped.
  std::vector<model::AlertPtr> next_batch();
  net::HttpRequest make_request(std::span<const model::AlertPtr> batch) const;
  net::SendOptions make_options() const;
  void delivered(std::size_t alerts, Duration latency);
  void failed(std::size_t alerts, std::string error);

  net::TaskLoop& loop_;
  const SenderOptions options_;
  Endpoint endpoint_;
  std::deque<model::AlertPtr> alerts_;
  std::optional<MonoTime> deadline_;
  bool sending_ = false;  // a task of send_all() is alive
  bool closed_ = false;
  bool overflowing_ = false;  // since the queue was last empty
  AlertmanagerStatus status_;
};

}  // namespace tocsin::remote
