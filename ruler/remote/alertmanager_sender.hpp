#pragma once
// Alerts of the rules for the Alertmanagers of prometheus.yml (alerting.alertmanagers), as Prometheus' notifier sends
// them: POST <scheme>://<target><path_prefix>/api/v2/alerts.

#include <memory>
#include <string>
#include <vector>

#include "base/fs.hpp"
#include "config/prometheus_config.hpp"
#include "model/alert.hpp"
#include "net/http.hpp"
#include "net/task.hpp"
#include "remote/alertmanager_queue.hpp"

namespace tocsin::remote {

/// What the sender needs. The references must outlive the loop's tasks: a request under way ends after the sender is
/// gone.
struct Services {
  net::TaskLoop& loop;
  WorkPool& work;
  net::HttpClient& client;
  Fs& fs;
};

/// One queue per Alertmanager that discovery finds, of equal URLs the first; each gets every alert, relabelled as its
/// section says. External labels and the relabelling of all are the caller's. Thread: the loop's, but for post().
class AlertmanagerSender {
 public:
  explicit AlertmanagerSender(Services services, SenderOptions options = {});
  ~AlertmanagerSender();
  AlertmanagerSender(const AlertmanagerSender&) = delete;
  AlertmanagerSender& operator=(const AlertmanagerSender&) = delete;

  /// Alertmanagers that stay keep their queue and counters; the queues of those that go are dropped.
  void apply(const std::vector<config::AlertmanagerTarget>& targets);

  /// Never blocks. At most the queue's capacity of alerts wait for the loop; the oldest are dropped. Thread: any.
  void post(std::vector<model::AlertPtr> alerts);

  /// Takes no more alerts and sends what waits until the limit (not at all if options say so), then drops the rest.
  net::Task<void> stop(Duration limit);

  /// In the order of the configuration.
  std::vector<AlertmanagerStatus> status() const;
  /// URLs that relabel_configs dropped, in the order of the configuration.
  std::vector<std::string> dropped_urls() const;

 private:
  class Core;
  static net::Task<void> stop_core(std::shared_ptr<Core> core, Duration limit);
  std::shared_ptr<Core> core_;  // also of the jobs that post() leaves on the loop
};

}  // namespace tocsin::remote
