#pragma once
// An Alertmanager's paths beside a ruler's: below /alertmanager/ of the ruler's addresses, and at the root of
// --alertmanager.listen-address, for who expects an Alertmanager at an address of its own.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/alerting_part.hpp"
#include "app/web.hpp"

namespace tocsin::app {

/// Thread: the loop's. What the constructor is given must outlive this.
/// API v2, /-/healthy, /-/ready and /metrics (the whole process') as everywhere. /-/reload reads alertmanager.yml
/// alone: always at an address of its own, as an Alertmanager does; below /alertmanager/ with --web.enable-lifecycle
/// only.
class AlertmanagerWeb {
 public:
  using ReloadFn = std::function<net::Task<Result<void>>()>;
  AlertmanagerWeb(net::Runtime& runtime, const Flags& flags, AlertingPart& alerting, Web& web, ReloadFn reload);

  /// Binds --alertmanager.listen-address, with TLS and users of --web.config.file; without an address does nothing.
  Result<void> listen(Fs& fs);
  net::Task<void> drain(Duration limit);
  void reopen_access_log();
  void close();

 private:
  void add_paths(net::HttpRouter& router, bool lifecycle);

  net::Runtime& runtime_;
  const Flags& flags_;
  AlertingPart& alerting_;
  Web& web_;
  ReloadFn reload_;
  net::HttpRouter below_, own_;
  std::unique_ptr<web::Server> server_;
};

}  // namespace tocsin::app
