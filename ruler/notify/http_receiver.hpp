#pragma once
// What the integrations that speak HTTP share: render on a worker, send on the loop, judge the answer.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/result.hpp"
#include "config/alertmanager_config.hpp"
#include "net/http.hpp"
#include "net/task.hpp"
#include "notify/receiver.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::notify {

/// What every receiver needs. The references must outlive all receivers and their sends.
struct Services {
  net::TaskLoop& loop;
  WorkPool& work;
  net::HttpClient& client;
  Fs& fs;
};

/// Immutable; shared by the receivers of one configuration.
struct Rendering {
  tmpl::AmTemplates templates;
  std::string external_url;
};

/// A request that is ready, and what its answer is judged by.
struct Prepared {
  net::HttpRequest request;
  std::string channel;  // Slack: for messages
};

/// Expands texts until one fails; the first error stays.
class Expander {
 public:
  Expander(const tmpl::AmTemplates& templates, const tmpl::AmData& data, Timestamp now)
      : templates_(templates), data_(data), now_(now) {}
  /// "" if this or an earlier text failed.
  std::string operator()(std::string_view text);
  const std::optional<Error>& error() const { return error_; }

 private:
  const tmpl::AmTemplates& templates_;
  const tmpl::AmData& data_;
  Timestamp now_;
  std::optional<Error> error_;
};

/// Thread: construction and send() on the loop's; prepare() on a worker. Made as a shared_ptr only: a send keeps it
/// alive.
class HttpReceiver : public Receiver, public std::enable_shared_from_this<HttpReceiver> {
 public:
  /// @param integration  for messages: "webhook".
  /// @param timeout      of one attempt; 0: only the deadline.
  HttpReceiver(Services services, std::shared_ptr<const Rendering> rendering, std::string integration, Duration timeout,
               config::HttpClientConfig http);

  net::Task<SendOutcome> send(NotificationPtr notification, MonoTime deadline) final;

 protected:
  /// Thread: a worker. May read files. An error is permanent.
  virtual Result<Prepared> prepare(const Notification& notification) const = 0;
  /// Thread: the loop's. Called for every answer.
  virtual SendOutcome judge(const Notification& notification, const Prepared& prepared,
                            const net::HttpResponse& response) const = 0;

  const tmpl::AmTemplates& templates() const { return rendering_->templates; }
  /// The data that templates see; at most `max_alerts` alerts (0: all).
  tmpl::AmData data(const Notification& notification, std::size_t max_alerts = 0) const;
  /// The secret, or the trimmed content of the file.
  Result<std::string> secret_or_file(const Secret& secret, const std::string& file, std::string_view what) const;

 private:
  SendOutcome judge_failure(const Error& error, const std::string& url, bool own_timeout) const;

  Services services_;
  std::shared_ptr<const Rendering> rendering_;
  std::string integration_;
  Duration timeout_;
  std::shared_ptr<net::HttpClient> client_;  // as http_config says
};

/// POST with a JSON body (a newline is added, as Go's encoder does).
net::HttpRequest json_request(std::string url, std::string json);

/// 2xx: delivered. 5xx and `retry_code`: retry. Others: permanent. The text is "unexpected status code 500: body".
/// Source: Alertmanager notify/util.go (Retrier).
SendOutcome judge_status(const net::HttpResponse& response, std::string_view details, int retry_code = 0);

/// Templates of ALL texts in the tree; a rendered text that reads as YAML of another type becomes that type.
/// Source: Alertmanager template/template.go (DeepCopyWithTemplate).
tmpl::Value render_tree(const config::ValueTree& tree, Expander& expand);

}  // namespace tocsin::notify
