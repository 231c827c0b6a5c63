#include "remote/alertmanager_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/log.hpp"
#include "net/http_text.hpp"
#include "remote/alert_json.hpp"

namespace tocsin::remote {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1U << 20U;
constexpr const char* kComponent = "remote";

/// Any status 2xx means that the alerts were taken.
Result<void> check_response(const Result<net::HttpResponse>& response) {
  if (!response) return fail(response.error());
  if (response->status / 100 == 2) return {};
  const std::string_view reason = net::reason_phrase(response->status);
  return fail(Errc::kUnavailable, "bad response status {}{}{}", response->status, reason.empty() ? "" : " ", reason);
}

/// Source: Prometheus notifier/manager.go, relabelAlerts.
std::vector<model::AlertPtr> relabelled(std::span<const model::AlertPtr> alerts,
                                        const std::vector<config::RelabelConfig>& configs) {
  std::vector<model::AlertPtr> out;
  for (const model::AlertPtr& alert : alerts) {
    auto labels = config::relabel(alert->labels, configs);
    if (!labels) continue;
    if (*labels == alert->labels) {
      out.push_back(alert);
      continue;
    }
    auto changed = std::make_shared<model::Alert>(*alert);
    changed->labels = std::move(*labels);
    out.push_back(std::move(changed));
  }
  return out;
}

}  // namespace

void AlertmanagerQueue::configure(Endpoint endpoint) {
  check(endpoint.url == endpoint_.url, "BUG: the queue of another Alertmanager");
  endpoint_ = std::move(endpoint);
}

void AlertmanagerQueue::push(std::span<const model::AlertPtr> alerts) {
  if (closed_ || alerts.empty()) return;
  std::size_t dropped = 0;
  if (alerts.size() > options_.queue_capacity) {
    dropped = alerts.size() - options_.queue_capacity;
    alerts = alerts.subspan(dropped);
  }
  if (alerts_.size() + alerts.size() > options_.queue_capacity) {
    const std::size_t oldest = alerts_.size() + alerts.size() - options_.queue_capacity;
    alerts_.erase(alerts_.begin(), alerts_.begin() + static_cast<std::ptrdiff_t>(oldest));
    dropped += oldest;
  }
  alerts_.insert(alerts_.end(), alerts.begin(), alerts.end());
  count_dropped(dropped);
  if (sending_) return;
  sending_ = true;
  loop_.spawn("alertmanager queue", send_all(shared_from_this()));
}

void AlertmanagerQueue::count_dropped(std::uint64_t alerts) {
  if (alerts == 0) return;
  status_.dropped += alerts;
  if (std::exchange(overflowing_, true)) return;
  log::warn(kComponent, "alert notification queue full, dropping the oldest alerts",
            {{"alertmanager", url()}, {"count", alerts}, {"capacity", options_.queue_capacity}});
}

std::size_t AlertmanagerQueue::close() {
  closed_ = true;
  const std::size_t dropped = alerts_.size();
  status_.dropped += dropped;
  alerts_.clear();
  return dropped;
}

AlertmanagerStatus AlertmanagerQueue::status() const {
  AlertmanagerStatus out = status_;
  out.queue_length = alerts_.size();
  return out;
}

std::vector<model::AlertPtr> AlertmanagerQueue::next_batch() {
  const auto end = alerts_.begin() + static_cast<std::ptrdiff_t>(std::min(alerts_.size(), options_.batch_size));
  std::vector<model::AlertPtr> batch(alerts_.begin(), end);
  alerts_.erase(alerts_.begin(), end);
  if (alerts_.empty()) overflowing_ = false;
  return endpoint_.alert_relabel ? relabelled(batch, *endpoint_.alert_relabel) : batch;
}

net::HttpRequest AlertmanagerQueue::make_request(std::span<const model::AlertPtr> batch) const {
  net::HttpRequest request("POST", endpoint_.url);
  request.headers.set("Content-Type", "application/json");
  request.body = alerts_json(batch);
  return request;
}

net::SendOptions AlertmanagerQueue::make_options() const {
  net::SendOptions options;
  options.timeout = endpoint_.timeout;
  if (deadline_) options.timeout = std::min(options.timeout, std::max(*deadline_ - loop_.clock().mono(), Duration(1)));
  options.max_body_bytes = kMaxAnswerBytes;
  return options;
}

net::Task<void> AlertmanagerQueue::send_all(std::shared_ptr<AlertmanagerQueue> self) {
  while (!self->alerts_.empty()) {
    const std::vector<model::AlertPtr> batch = self->next_batch();
    if (batch.empty()) continue;
    const MonoTime began = self->loop_.clock().mono();
    const std::shared_ptr<net::HttpClient> client = self->endpoint_.client;
    const Result<net::HttpResponse> response = co_await client->send(self->make_request(batch), self->make_options());
    if (const Result<void> taken = check_response(response); taken) {
      self->delivered(batch.size(), self->loop_.clock().mono() - began);
    } else {
      self->failed(batch.size(), taken.error().message);
    }
  }
  self->sending_ = false;
}

void AlertmanagerQueue::delivered(std::size_t alerts, Duration latency) {
  status_.sent += alerts;
  status_.latency_sum_seconds += to_seconds(latency);
  ++status_.latency_count;
  for (std::size_t i = 0; i < kSendLatencyBounds.size(); ++i) {
    if (to_seconds(latency) <= kSendLatencyBounds[i]) ++status_.latency_buckets[i];
  }
  if (status_.last_error.empty()) return;
  status_.last_error.clear();
  log::info(kComponent, "alerts reach the Alertmanager again", {{"alertmanager", url()}});
}

void AlertmanagerQueue::failed(std::size_t alerts, std::string error) {
  status_.errors += alerts;
  status_.dropped += alerts;
  const bool news = status_.last_error.empty();
  status_.last_error = error.empty() ? "unknown error" : std::move(error);
  if (!news) return;
  log::warn(kComponent, "error sending alerts; said once until it works again",
            {{"alertmanager", url()}, {"count", alerts}, {"err", status_.last_error}});
}

}  // namespace tocsin::remote
