#include "ctl/notify_test.hpp"

#include <cstdio>
#include <vector>

#include <fmt/ranges.h>

#include "alerting/notification.hpp"
#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/version.hpp"
#include "config/alertmanager_config.hpp"
#include "ctl/alertmanager_api.hpp"
#include "net/runtime.hpp"
#include "notify/receivers.hpp"

namespace tocsin::ctl {
namespace {

using alerting::Delivery;
using alerting::DeliveryResult;
using alerting::Integration;
using alerting::Notification;

model::AlertPtr test_alert(const NotifyTestArgs& args, Timestamp now, bool resolved) {
  auto alert = std::make_shared<model::Alert>();
  alert->labels = {{"alertname", "TocsinTest"}, {"severity", "info"}, {"test", "true"}};
  alert->annotations = {{"summary", args.summary}};
  alert->starts_at = now;
  alert->updated_at = now;
  if (resolved) alert->ends_at = now;
  alert->generator_url = args.external_url;
  return alert;
}

/// Sends to one integration after the other, firing first; each message waits for the one before.
class TestRun {
 public:
  TestRun(net::Runtime& runtime, const NotifyTestArgs& args, const std::vector<Integration>& integrations)
      : runtime_(runtime), args_(args), integrations_(integrations) {}

  void start() {
    runtime_.loop().post([this] { next(); });
    runtime_.run();
  }
  bool failed() const { return failed_; }

 private:
  void next() {
    if (at_ == integrations_.size()) return runtime_.stop();
    const Integration& integration = integrations_[at_];
    Clock& clock = runtime_.loop().clock();
    auto notification = std::make_shared<Notification>();
    notification->receiver = args_.receiver;
    notification->integration = integration.name;
    notification->index = integration.index;
    notification->group_key = fmt::format("{{}}:{{alertname=\"TocsinTest\"}}:{}", began_);
    notification->group_labels = {{"alertname", "TocsinTest"}};
    notification->alerts.push_back({test_alert(args_, began_, resolving_), resolving_});
    notification->reason = resolving_ ? alerting::NotifyReason::kAllResolved : alerting::NotifyReason::kFirst;
    notification->now = clock.now();
    notification->repeat_interval = std::chrono::hours(4);
    notification->receiver_data = data_;
    integration.notify(std::move(notification), clock.mono() + args_.timeout,
                       [this](DeliveryResult result) { told(std::move(result)); });
  }

  void told(DeliveryResult result) {
    const Integration& integration = integrations_[at_];
    const std::string what =
        fmt::format("{}[{}]{}", integration.name, integration.index, resolving_ ? " resolved" : "");
    const bool delivered = result.delivery == Delivery::kDelivered;
    if (delivered) {
      fmt::print("{}: delivered\n", what);
      for (const auto& [key, value] : result.receiver_data) fmt::print("  {}: {}\n", key, value);
    } else {
      failed_ = true;
      fmt::print(stderr, "{}: FAILED ({}): {}\n", what,
                 result.delivery == Delivery::kRetry ? "would be tried again" : "would not work later either",
                 result.error);
    }
    data_ = std::move(result.receiver_data);
    const bool resolve_next = delivered && args_.resolve && !resolving_ && integration.send_resolved;
    resolving_ = resolve_next;
    if (!resolve_next) {
      ++at_;
      data_.clear();
    }
    runtime_.loop().post([this] { next(); });
  }

  net::Runtime& runtime_;
  const NotifyTestArgs& args_;
  const std::vector<Integration>& integrations_;
  const Timestamp began_ = system_clock().now();
  std::size_t at_ = 0;
  bool resolving_ = false, failed_ = false;
  std::map<std::string, std::string> data_;
};

Result<bool> run(const NotifyTestArgs& args) {
  config::AlertmanagerParseOptions parse;
  parse.load.expand_env = args.expand_env;
  TOCSIN_TRY(const auto config, config::load_alertmanager_config(posix_fs(), args.config_file, parse));
  net::RuntimeOptions options;
  options.work_threads = 1;
  const auto runtime = net::make_runtime(options);
  net::HttpClientOptions client_options;
  client_options.user_agent = "Alertmanager/" + std::string(version());
  client_options.work = &runtime->work();
  const auto client = net::make_http_client(runtime->loop(), client_options);
  const auto smtp = net::make_smtp_client(runtime->loop(), {&runtime->work(), nullptr});
  TOCSIN_TRY(const auto receivers,
             notify::make_receivers(*config, args.external_url,
                                    notify::Services{runtime->loop(), runtime->work(), *client, *smtp, posix_fs()}));
  const auto found = receivers.find(args.receiver);
  if (found == receivers.end()) {
    std::vector<std::string> names;
    for (const auto& [name, integrations] : receivers) names.push_back(name);
    return fail(Errc::kNotFound, "{}: there is no receiver {}; there are {}", args.config_file, args.receiver,
                fmt::join(names, ", "));
  }
  if (found->second.empty()) {
    return fail(Errc::kInvalid, "{}: receiver {} has no integration", args.config_file, args.receiver);
  }
  TestRun test(*runtime, args, found->second);
  test.start();
  return !test.failed();
}

}  // namespace

int notify_test(const NotifyTestArgs& args) {
  const auto good = run(args);
  if (!good) return complain(good.error());
  return *good ? 0 : 1;
}

}  // namespace tocsin::ctl
