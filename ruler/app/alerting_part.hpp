#pragma once
// The half that routes: state store, alerting, receivers, API v2. A ruler has one; `tocsin-ruler alertmanager` is
// nothing else.

#include <memory>
#include <string>

#include "alerting/alerting.hpp"
#include "app/flags.hpp"
#include "base/fs.hpp"
#include "net/runtime.hpp"
#include "net/smtp.hpp"
#include "notify/http_receiver.hpp"
#include "state/history.hpp"
#include "state/sqlite_store.hpp"
#include "telemetry/registry.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::app {

/// Thread: the loop's. The runtime must outlive close(), this object the runtime.
class AlertingPart {
 public:
  /// Locks the storage folder and reads the state; blocks for it.
  /// @param external_url  of links in notifications, without a slash at the end.
  static Result<std::unique_ptr<AlertingPart>> open(net::Runtime& runtime, const Flags& flags, std::string external_url,
                                                    Fs& fs);

  /// A reading of alertmanager.yml and its templates, null if there is none.
  struct Reading {
    std::shared_ptr<const config::AlertmanagerConfig> config;
    tmpl::AmTemplates templates;
  };
  using Loaded = Result<std::unique_ptr<Reading>>;
  /// Thread: any; blocks, and takes as long as the templates do.
  static Loaded load(Fs& fs, const Flags& flags);
  /// Puts what was read in force; on an error the former one stays. Logs the warnings.
  Result<void> apply(Loaded loaded);
  bool configured() const { return alerting_->config() != nullptr; }
  /// There is a file, or a channel in the environment: alerts are to be posted. Thread: any.
  bool has_receivers() const { return has_receivers_; }

  alerting::Alerting& alerting() { return *alerting_; }
  state::Store& store() { return *store_; }
  /// What is wrong with the alert state, in words for an operator; empty if nothing is.
  std::vector<std::string> troubles() const;
  void add_to(net::HttpRouter& router, net::Runtime& runtime);
  void add_metrics(telemetry::Registry& registry);
  /// Stops ticks; calls `done` when no delivery is under way, at the latest after `limit`.
  void stop(Duration limit, Job done) { alerting_->stop(limit, std::move(done)); }
  /// Writes what is queued and lets the folder go. When the loop has ended.
  void close();

 private:
  AlertingPart() = default;
  std::string config_file_, external_url_;
  bool has_receivers_ = false;
  Timestamp started_ = 0;
  bool show_schedule_ = true;
  config::MatcherMode matcher_mode_ = config::MatcherMode::kFallback;
  std::shared_ptr<const notify::Rendering> rendering_;  // of the configuration in force
  std::shared_ptr<tmpl::PlainTexts> plain_texts_ = std::make_shared<tmpl::PlainTexts>();
  bool plain_text_for_failures_ = true;  // --alertmanager.template-fallback
  bool reload_ok_ = true;
  Timestamp reloaded_at_ = 0;
  std::unique_ptr<Fs::Lock> lock_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<net::SmtpClient> smtp_;
  std::shared_ptr<state::History> history_;  // null: off
  std::unique_ptr<alerting::Alerting> alerting_;
};

}  // namespace tocsin::app
