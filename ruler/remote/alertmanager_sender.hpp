#pragma once
// Alerts of the rules for the Alertmanagers of prometheus.yml (alerting.alertmanagers), as Prometheus' notifier sends
// them: POST <scheme>://<target><path_prefix>/api/v2/alerts.

#include <memory>
#include <string>
#include <vector>

#include "config/prometheus_config.hpp"
#include "model/alert.hpp"
#include "net/http.hpp"
#include "net/task.hpp"
#include "remote/alertmanager_queue.hpp"

namespace tocsin::remote {

/// The addresses of a configuration, in its order; of equal URLs the first counts. The labels __scheme__ and
/// __alerts_path__ of a static configuration win over scheme and path_prefix.
/// Source: Prometheus notifier/alertmanager.go.
std::vector<Endpoint> endpoints_of(const std::vector<config::AlertmanagerTarget>& targets);

/// One queue per Alertmanager; each gets every alert. External labels and relabelling are the caller's.
/// Thread: the loop's, but for post(). `loop` and `client` must outlive the loop's tasks: a request under way ends
/// after the sender is gone.
class AlertmanagerSender {
 public:
  AlertmanagerSender(net::TaskLoop& loop, net::HttpClient& client);
  ~AlertmanagerSender();
  AlertmanagerSender(const AlertmanagerSender&) = delete;
  AlertmanagerSender& operator=(const AlertmanagerSender&) = delete;

  /// Alertmanagers that stay keep their queue and counters; the queues of those that go are dropped.
  void apply(const std::vector<config::AlertmanagerTarget>& targets);

  /// Never blocks. At most kQueueCapacity alerts wait for the loop; the oldest are dropped. Thread: any.
  void post(std::vector<model::AlertPtr> alerts);

  /// Takes no more alerts and sends what waits until the limit, then drops the rest.
  net::Task<void> stop(Duration limit);

  /// In the order of the configuration.
  std::vector<AlertmanagerStatus> status() const;

 private:
  class Core;
  static net::Task<void> stop_core(std::shared_ptr<Core> core, Duration limit);
  std::shared_ptr<Core> core_;  // also of the jobs that post() leaves on the loop
};

}  // namespace tocsin::remote
