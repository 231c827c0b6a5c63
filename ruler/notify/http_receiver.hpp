#pragma once
// What the integrations that speak HTTP share: render on a worker, send on the loop, judge the answer.

#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/clock.hpp"
#include "base/fs.hpp"
#include "base/result.hpp"
#include "base/thread_annotations.hpp"
#include "config/alertmanager_config.hpp"
#include "net/http.hpp"
#include "net/smtp.hpp"
#include "net/task.hpp"
#include "notify/receiver.hpp"
#include "template/alertmanager.hpp"

namespace tocsin::notify {

/// What every receiver needs. The references must outlive all receivers and their sends.
struct Services {
  net::TaskLoop& loop;
  WorkPool& work;
  net::HttpClient& client;
  net::SmtpClient& smtp;
  Fs& fs;
  /// Counts plain texts in the place of templates that fail; nullptr: nothing is sent then, as in Alertmanager.
  std::shared_ptr<tmpl::PlainTexts> plain_texts = nullptr;
};

/// Immutable; shared by the receivers of one configuration.
struct Rendering {
  tmpl::AmTemplates templates;
  std::string external_url;
};

/// A request that is ready, and what its answer is judged by.
struct Prepared {
  net::HttpRequest request;
  std::string channel;                 // Slack and its kin: for messages
  std::vector<net::HttpRequest> more;  // sent in turn, each after the one before was accepted
};

/// Expands texts until one fails; the first error stays.
class Expander {
 public:
  Expander(const tmpl::AmTemplates& templates, const tmpl::AmData& data, Timestamp now)
      : templates_(templates), data_(data), now_(now) {}
  /// "" if this or an earlier text failed.
  std::string operator()(std::string_view text);
  /// The text is a template of HTML.
  std::string html(std::string_view text);
  const std::optional<Error>& error() const { return error_; }

 private:
  std::string kept(Result<std::string> out);

  const tmpl::AmTemplates& templates_;
  const tmpl::AmData& data_;
  Timestamp now_;
  std::optional<Error> error_;
};

/// The time that one attempt has.
struct AttemptTime {
  MonoTime end{};
  bool is_own_timeout = false;  // the integration's `timeout` is over first, not the pipeline's deadline
};

/// What came of one request: an answer of any status, or the outcome that the failure means.
using Exchange = std::expected<net::HttpResponse, SendOutcome>;

/// Kinds that send one request (or a fixed row of them) give prepare(), and judge() if the status does not tell all.
/// Kinds that talk with the service (a token first; a search, then an update) override attempt().
/// Secrets that went through secret_or_file() or keep_secret() are taken out of every outcome's text, whatever the
/// service echoes.
/// Thread: construction and send() on the loop's; prepare() on a worker, or on the loop's if it is_quick(). Made as a
/// shared_ptr only: a send keeps it alive.
class HttpReceiver : public Receiver, public std::enable_shared_from_this<HttpReceiver> {
 public:
  /// @param integration  for messages: "webhook".
  HttpReceiver(Services services, std::shared_ptr<const Rendering> rendering, std::string_view integration,
               const config::HttpNotifierConfig& config);

  net::Task<SendOutcome> send(NotificationPtr notification, MonoTime deadline) final;

 protected:
  /// Thread: the loop's.
  virtual net::Task<SendOutcome> attempt(NotificationPtr notification, AttemptTime time);
  /// Thread: a worker. May read files. An error is permanent.
  virtual Result<Prepared> prepare(const Notification& notification) const;
  /// prepare() of this one reads no file and takes some microseconds: it is done on the loop's thread.
  virtual bool is_quick(const Notification&) const { return false; }
  /// Thread: the loop's, or a worker if the answer is long. Called for every answer. The default goes by the status.
  virtual SendOutcome judge(const Notification& notification, const Prepared& prepared,
                            const net::HttpResponse& response) const;

  /// One request and its answer. Thread: the loop's.
  net::Task<Exchange> exchange(net::HttpRequest request, AttemptTime time) const;
  /// Runs `work` on a worker. It must keep alive what it uses.
  template <typename F>
  auto on_worker(F work) const {
    return net::run_on(services_.loop, services_.work.lane(Lane::kRule), std::move(work));
  }

  const Rendering& rendering() const { return *rendering_; }
  const tmpl::AmTemplates& templates() const { return rendering_->templates; }
  /// The data that templates see; at most `max_alerts` alerts (0: all).
  tmpl::AmData data(const Notification& notification, std::size_t max_alerts = 0) const;
  /// The secret, or the trimmed content of the file as it is now. Thread: any.
  Result<std::string> secret_or_file(const Secret& secret, const std::string& file, std::string_view what) const;
  /// Takes the text, and its forms in URLs, out of later outcomes. Not if it has under 6 bytes: that would garble every
  /// message.
  void keep_secret(const std::string& text) const;
  std::string without_secrets(std::string text) const;
  /// The text cut to so many runes; a cut is logged.
  std::string truncated(std::string text, std::size_t max_runes, std::string_view what, const Notification& n) const;
  /// The answer's JSON; parsed by a worker if it is long. kInvalid "could not unmarshal JSON response: ...".
  net::Task<Result<boost::json::value>> json_of(net::HttpResponse response) const;
  Fs& fs() const { return services_.fs; }
  Loop& loop() const { return services_.loop; }

 private:
  SendOutcome judge_failure(const Error& error, const net::HttpRequest& request, AttemptTime time) const;

  Services services_;
  std::shared_ptr<const Rendering> rendering_;
  std::string integration_;
  Duration timeout_;
  std::shared_ptr<net::HttpClient> client_;  // as http_config says

  mutable Mutex secrets_mutex_;
  mutable std::deque<std::string> secrets_ TOCSIN_GUARDED_BY(secrets_mutex_);  // the latest 64
  mutable std::string last_secret_ TOCSIN_GUARDED_BY(secrets_mutex_);          // the latest of all
};

/// What most kinds start from.
template <typename Config>
class KindReceiver : public HttpReceiver {
 public:
  KindReceiver(const Services& services, std::shared_ptr<const Rendering> rendering, Config config)
      : HttpReceiver(services, std::move(rendering), Config::kKind, config), config_(std::move(config)) {}

 protected:
  Config config_;
};

/// POST with a JSON body (a newline is added, as Go's encoder does).
net::HttpRequest json_request(std::string url, std::string json);

/// 401 and 403, 429, 4xx, 5xx. Source: Alertmanager notify/util.go (GetFailureReasonFromStatusCode).
alerting::FailureReason reason_of_status(int status);

/// 2xx: delivered. 5xx and `retry_code`: retry. Others: permanent. The text is "unexpected status code 500: body".
/// Source: Alertmanager notify/util.go (Retrier).
SendOutcome judge_status(const net::HttpResponse& response, std::string_view details, int retry_code = 0);

/// Alertmanager's words for a template that fails.
inline Error templating_error(const Error& error) {
  return Error(error).wrap("templating error");
}

/// Templates of ALL texts in the tree; a rendered text that reads as YAML of another type becomes that type.
/// Source: Alertmanager template/template.go (DeepCopyWithTemplate).
tmpl::Value render_tree(const config::ValueTree& tree, Expander& expand);

}  // namespace tocsin::notify
