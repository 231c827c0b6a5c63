#include "remote/alertmanager_sender.hpp"

#include <algorithm>
#include <deque>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "base/thread_annotations.hpp"

namespace tocsin::remote {
namespace {

constexpr std::string_view kAlertsPath = "/api/v2/alerts";
constexpr Duration kStopPause = std::chrono::milliseconds(10);

/// The prefix without empty elements, and the path of the API.
std::string alerts_path(std::string_view prefix) {
  std::string out;
  for (const std::string_view element : split(prefix, '/')) {
    if (!element.empty()) out.append("/").append(element);
  }
  return out.append(kAlertsPath);
}

std::string url_of(const config::AlertmanagerTarget& target, const model::Labels& labels, std::string_view address) {
  const std::string_view scheme = labels.has("__scheme__") ? labels.get("__scheme__") : target.scheme;
  std::string path =
      labels.has("__alerts_path__") ? std::string(labels.get("__alerts_path__")) : alerts_path(target.path_prefix);
  if (!path.starts_with('/')) path.insert(0, "/");
  return fmt::format("{}://{}{}", scheme, address, path);
}

}  // namespace

std::vector<Endpoint> endpoints_of(const std::vector<config::AlertmanagerTarget>& targets) {
  std::vector<Endpoint> out;
  for (const config::AlertmanagerTarget& target : targets) {
    for (const config::StaticConfig& group : target.discovery.statics) {
      for (const std::string& address : group.targets) {
        std::string url = url_of(target, group.labels, address);
        const bool known = std::any_of(out.begin(), out.end(), [&](const Endpoint& e) { return e.url == url; });
        if (!known) out.push_back({std::move(url), target.timeout, target.http});
      }
    }
  }
  return out;
}

/// Thread: the loop's, but for post().
class AlertmanagerSender::Core : public std::enable_shared_from_this<Core> {
 public:
  using Queues = std::vector<std::shared_ptr<AlertmanagerQueue>>;

  Core(net::TaskLoop& loop, net::HttpClient& client) : loop_(loop), client_(client) {}

  net::TaskLoop& loop() { return loop_; }
  const Queues& queues() const { return queues_; }
  void apply(std::vector<Endpoint> endpoints);
  void post(std::vector<model::AlertPtr> alerts) TOCSIN_EXCLUDES(mutex_);
  /// Hands what was posted to the queues.
  void deliver() TOCSIN_EXCLUDES(mutex_);
  bool busy() const {
    return std::any_of(queues_.begin(), queues_.end(), [](const auto& queue) { return queue->busy(); });
  }
  void refuse() TOCSIN_EXCLUDES(mutex_);
  void close_queues();

 private:
  static void close(AlertmanagerQueue& queue);

  net::TaskLoop& loop_;
  net::HttpClient& client_;
  Queues queues_;

  Mutex mutex_;
  std::deque<model::AlertPtr> inbox_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t inbox_dropped_ TOCSIN_GUARDED_BY(mutex_) = 0;  // since the last delivery
  bool delivery_posted_ TOCSIN_GUARDED_BY(mutex_) = false;
  bool refusing_ TOCSIN_GUARDED_BY(mutex_) = false;
};

void AlertmanagerSender::Core::apply(std::vector<Endpoint> endpoints) {
  Queues next;
  for (Endpoint& endpoint : endpoints) {
    const auto old = std::find_if(queues_.begin(), queues_.end(),
                                  [&](const auto& queue) { return queue && queue->url() == endpoint.url; });
    if (old == queues_.end()) {
      next.push_back(std::make_shared<AlertmanagerQueue>(loop_, client_, std::move(endpoint)));
      continue;
    }
    (*old)->configure(std::move(endpoint));
    next.push_back(std::move(*old));
  }
  std::erase(queues_, nullptr);
  close_queues();
  queues_ = std::move(next);
}

void AlertmanagerSender::Core::post(std::vector<model::AlertPtr> alerts) {
  if (alerts.empty()) return;
  const MutexLock lock(mutex_);
  if (refusing_) return;
  inbox_.insert(inbox_.end(), std::make_move_iterator(alerts.begin()), std::make_move_iterator(alerts.end()));
  if (inbox_.size() > kQueueCapacity) {
    const std::size_t oldest = inbox_.size() - kQueueCapacity;
    inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(oldest));
    inbox_dropped_ += oldest;
  }
  if (std::exchange(delivery_posted_, true)) return;
  loop_.post([self = shared_from_this()] { self->deliver(); });
}

void AlertmanagerSender::Core::deliver() {
  std::deque<model::AlertPtr> inbox;
  std::uint64_t dropped = 0;
  {
    const MutexLock lock(mutex_);
    inbox.swap(inbox_);
    dropped = std::exchange(inbox_dropped_, 0);
    delivery_posted_ = false;
  }
  const std::vector<model::AlertPtr> alerts(std::make_move_iterator(inbox.begin()),
                                            std::make_move_iterator(inbox.end()));
  for (const auto& queue : queues_) {
    queue->count_dropped(dropped);
    queue->push(alerts);
  }
}

void AlertmanagerSender::Core::refuse() {
  const MutexLock lock(mutex_);
  refusing_ = true;
}

void AlertmanagerSender::Core::close_queues() {
  for (const auto& queue : queues_) close(*queue);
}

void AlertmanagerSender::Core::close(AlertmanagerQueue& queue) {
  const std::size_t dropped = queue.close();
  if (dropped == 0) return;
  log::warn("remote", "alerts were not sent: the Alertmanager is not used any more",
            {{"alertmanager", queue.url()}, {"count", dropped}});
}

AlertmanagerSender::AlertmanagerSender(net::TaskLoop& loop, net::HttpClient& client)
    : core_(std::make_shared<Core>(loop, client)) {}

AlertmanagerSender::~AlertmanagerSender() {
  core_->refuse();
  core_->close_queues();
}

void AlertmanagerSender::apply(const std::vector<config::AlertmanagerTarget>& targets) {
  core_->apply(endpoints_of(targets));
}

void AlertmanagerSender::post(std::vector<model::AlertPtr> alerts) {
  core_->post(std::move(alerts));
}

net::Task<void> AlertmanagerSender::stop(Duration limit) {
  return stop_core(core_, limit);
}

net::Task<void> AlertmanagerSender::stop_core(std::shared_ptr<Core> core, Duration limit) {
  const MonoTime deadline = core->loop().clock().mono() + limit;
  core->refuse();
  for (const auto& queue : core->queues()) queue->set_deadline(deadline);
  core->deliver();
  while (core->busy() && core->loop().clock().mono() < deadline) {
    co_await net::sleep_for(core->loop(), std::min(kStopPause, deadline - core->loop().clock().mono()));
  }
  core->close_queues();
}

std::vector<AlertmanagerStatus> AlertmanagerSender::status() const {
  std::vector<AlertmanagerStatus> out;
  for (const auto& queue : core_->queues()) out.push_back(queue->status());
  return out;
}

}  // namespace tocsin::remote
