#include "remote/alertmanager_sender.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/thread_annotations.hpp"
#include "client/client.hpp"
#include "discovery/discoverer_set.hpp"
#include "remote/alertmanager_targets.hpp"

namespace tocsin::remote {
namespace {

constexpr Duration kStopPause = std::chrono::milliseconds(10);

/// One section of alerting.alertmanagers, over its reloads.
struct Section {
  config::AlertmanagerTarget config;
  std::shared_ptr<net::HttpClient> client;
  std::shared_ptr<const std::vector<config::RelabelConfig>> alert_relabel;
  std::unique_ptr<discovery::DiscovererSet> discovery;
  std::string complaint;  // what was wrong with its targets when they were last looked at
};

}  // namespace

/// Thread: the loop's, but for post().
class AlertmanagerSender::Core : public std::enable_shared_from_this<Core> {
 public:
  using Queues = std::vector<std::shared_ptr<AlertmanagerQueue>>;

  Core(Services services, SenderOptions options) : services_(services), options_(options), loop_(services.loop) {}

  net::TaskLoop& loop() { return loop_; }
  const SenderOptions& options() const { return options_; }
  const Queues& queues() const { return queues_; }
  const std::vector<std::string>& dropped_urls() const { return dropped_urls_; }
  void apply(const std::vector<config::AlertmanagerTarget>& targets);
  void post(std::vector<model::AlertPtr> alerts) TOCSIN_EXCLUDES(mutex_);
  /// Hands what was posted to the queues.
  void deliver() TOCSIN_EXCLUDES(mutex_);
  bool busy() const {
    return std::any_of(queues_.begin(), queues_.end(), [](const auto& queue) { return queue->busy(); });
  }
  void refuse() TOCSIN_EXCLUDES(mutex_);
  /// Looks for nobody any more, and drops what waits.
  void close();

 private:
  void configure(Section& section, const config::AlertmanagerTarget& target);
  std::unique_ptr<discovery::DiscovererSet> make_discovery(std::size_t index);
  /// The queues of the Alertmanagers that are known now.
  void use_what_is_found();
  std::vector<Endpoint> found_endpoints();
  void take(Section& section, const discovery::TargetGroup& group, std::vector<Endpoint>& out);
  void use(std::vector<Endpoint> endpoints);
  void close_queues();
  static void close(AlertmanagerQueue& queue);

  const Services services_;
  const SenderOptions options_;
  net::TaskLoop& loop_;
  std::vector<Section> sections_;
  std::vector<std::string> dropped_urls_;
  Queues queues_;

  Mutex mutex_;
  std::deque<model::AlertPtr> inbox_ TOCSIN_GUARDED_BY(mutex_);
  std::uint64_t inbox_dropped_ TOCSIN_GUARDED_BY(mutex_) = 0;  // since the last delivery
  bool delivery_posted_ TOCSIN_GUARDED_BY(mutex_) = false;
  bool refusing_ TOCSIN_GUARDED_BY(mutex_) = false;
};

void AlertmanagerSender::Core::apply(const std::vector<config::AlertmanagerTarget>& targets) {
  if (sections_.size() > targets.size()) sections_.resize(targets.size());
  while (sections_.size() < targets.size()) {
    Section section;
    section.discovery = make_discovery(sections_.size());
    sections_.push_back(std::move(section));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) configure(sections_[i], targets[i]);
  use_what_is_found();
}

void AlertmanagerSender::Core::configure(Section& section, const config::AlertmanagerTarget& target) {
  if (!section.client || section.config.http != target.http) {
    section.client = client::make_client(target.http, {loop_, services_.work, services_.client, services_.fs});
  }
  section.config = target;
  section.alert_relabel.reset();
  if (!target.alert_relabel_configs.empty()) {
    section.alert_relabel = std::make_shared<const std::vector<config::RelabelConfig>>(target.alert_relabel_configs);
  }
  section.discovery->apply(target.discovery);
}

std::unique_ptr<discovery::DiscovererSet> AlertmanagerSender::Core::make_discovery(std::size_t index) {
  discovery::Services services{loop_, services_.work, services_.client, services_.fs};
  services.config_name = fmt::format("config-{}", index);  // Prometheus' name
  return std::make_unique<discovery::DiscovererSet>(std::move(services), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->use_what_is_found();
  });
}

void AlertmanagerSender::Core::use_what_is_found() {
  dropped_urls_.clear();
  use(found_endpoints());
}

std::vector<Endpoint> AlertmanagerSender::Core::found_endpoints() {
  std::vector<Endpoint> out;
  for (Section& section : sections_) {
    const std::string last_complaint = std::exchange(section.complaint, "");
    for (const auto& group : section.discovery->groups()) take(section, *group, out);
    if (section.complaint.empty() || section.complaint == last_complaint) continue;
    log::warn("remote", "creating Alertmanagers failed", {{"err", section.complaint}});
  }
  return out;
}

void AlertmanagerSender::Core::take(Section& section, const discovery::TargetGroup& group, std::vector<Endpoint>& out) {
  auto urls = alertmanagers_of(group, section.config);
  if (!urls) {
    section.complaint = urls.error().message;
    return;
  }
  std::ranges::move(urls->dropped, std::back_inserter(dropped_urls_));
  for (std::string& url : urls->active) {
    if (std::ranges::any_of(out, [&](const Endpoint& known) { return known.url == url; })) continue;
    out.push_back({std::move(url), section.config.timeout, section.client, section.alert_relabel});
  }
}

void AlertmanagerSender::Core::use(std::vector<Endpoint> endpoints) {
  Queues next;
  for (Endpoint& endpoint : endpoints) {
    const auto old = std::find_if(queues_.begin(), queues_.end(),
                                  [&](const auto& queue) { return queue && queue->url() == endpoint.url; });
    if (old == queues_.end()) {
      next.push_back(std::make_shared<AlertmanagerQueue>(loop_, options_, std::move(endpoint)));
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
  if (inbox_.size() > options_.queue_capacity) {
    const std::size_t oldest = inbox_.size() - options_.queue_capacity;
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

void AlertmanagerSender::Core::close() {
  sections_.clear();
  close_queues();
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

AlertmanagerSender::AlertmanagerSender(Services services, SenderOptions options)
    : core_(std::make_shared<Core>(services, options)) {}

AlertmanagerSender::~AlertmanagerSender() {
  core_->refuse();
  core_->close();
}

void AlertmanagerSender::apply(const std::vector<config::AlertmanagerTarget>& targets) {
  core_->apply(targets);
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
  if (!core->options().drain_on_stop) {
    core->close();
    co_return;
  }
  for (const auto& queue : core->queues()) queue->set_deadline(deadline);
  core->deliver();
  while (core->busy() && core->loop().clock().mono() < deadline) {
    co_await net::sleep_for(core->loop(), std::min(kStopPause, deadline - core->loop().clock().mono()));
  }
  core->close();
}

std::vector<AlertmanagerStatus> AlertmanagerSender::status() const {
  std::vector<AlertmanagerStatus> out;
  for (const auto& queue : core_->queues()) out.push_back(queue->status());
  return out;
}

std::vector<std::string> AlertmanagerSender::dropped_urls() const {
  return core_->dropped_urls();
}

}  // namespace tocsin::remote
