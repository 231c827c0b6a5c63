#include "notify/http_receiver.hpp"

#include <algorithm>
#include <functional>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "client/client.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxAnswerBytes = 1U << 20U;
constexpr std::size_t kMaxDetailRunes = 512;  // of an answer's body in messages

}  // namespace

std::string Expander::operator()(std::string_view text) {
  if (error_ || text.empty()) return "";
  auto out = templates_.expand(text, data_, now_);
  if (out) return std::move(*out);
  error_ = std::move(out).error();
  return "";
}

HttpReceiver::HttpReceiver(Services services, std::shared_ptr<const Rendering> rendering, std::string integration,
                           Duration timeout, config::HttpClientConfig http)
    : services_(services),
      rendering_(std::move(rendering)),
      integration_(std::move(integration)),
      timeout_(timeout),
      client_(client::make_client(std::move(http), {services.loop, services.work, services.client, services.fs})) {}

tmpl::AmData HttpReceiver::data(const Notification& notification, std::size_t max_alerts) const {
  tmpl::AmInput input;
  input.receiver = notification.receiver;
  input.reason = std::string(alerting::notify_reason_text(notification.reason));
  input.group_labels = notification.group_labels;
  input.route_labels = notification.route_labels;
  input.external_url = rendering_->external_url;
  for (const alerting::NotifiedAlert& item : notification.alerts) {
    if (max_alerts != 0 && input.alerts.size() == max_alerts) break;
    input.alerts.push_back({item.alert, item.resolved});
  }
  std::vector<std::string> failures;
  tmpl::AmData data = templates().data(input, notification.now, &failures);
  for (const std::string& failure : failures) {
    log::error("notify", "failed to render a route label", {{"group", notification.group_key}, {"err", failure}});
  }
  return data;
}

Result<std::string> HttpReceiver::secret_or_file(const Secret& secret, const std::string& file,
                                                 std::string_view what) const {
  if (!secret.empty() || file.empty()) return secret.reveal();
  auto content = services_.fs.read_file(file, 64U << 10U);
  if (!content) return fail(std::move(content).error().wrap(fmt::format("failed to read {} from file", what)));
  return std::string(tmpl::trim_unicode(*content));
}

net::Task<SendOutcome> HttpReceiver::send(NotificationPtr notification, MonoTime deadline) {
  const std::shared_ptr<const HttpReceiver> self = shared_from_this();
  std::function<Result<Prepared>()> render = [self, notification] { return self->prepare(*notification); };
  Result<Prepared> prepared = co_await net::run_on(services_.loop, services_.work.lane(Lane::kRule), std::move(render));
  if (!prepared) co_return permanent(prepared.error().message);
  const Duration left = deadline - services_.loop.clock().mono();
  if (left <= Duration::zero()) {
    co_return retry("context deadline exceeded", alerting::FailureReason::kContextDeadline);
  }
  const bool own_timeout = timeout_ > Duration::zero() && timeout_ < left;
  net::SendOptions options;
  options.timeout = own_timeout ? timeout_ : left;
  options.max_body_bytes = kMaxAnswerBytes;
  const std::string url = prepared->request.target;
  const Result<net::HttpResponse> response = co_await client_->send(std::move(prepared->request), std::move(options));
  if (!response) co_return judge_failure(response.error(), url, own_timeout);
  co_return judge(*notification, *prepared, *response);
}

/// Transport errors may go away, so they are tried again. The URL may be a secret and is taken out.
SendOutcome HttpReceiver::judge_failure(const Error& error, const std::string& url, bool own_timeout) const {
  std::string message = fmt::format("Post \"<redacted>\": {}",
                                    url.empty() ? error.message : replace_all(error.message, url, "<redacted>"));
  if (error.code != Errc::kTimeout) return retry(std::move(message));
  if (own_timeout) {
    message += fmt::format(": configured {} timeout reached ({})", integration_, format_go_duration(timeout_));
  }
  return retry(std::move(message), alerting::FailureReason::kContextDeadline);
}

net::HttpRequest json_request(std::string url, std::string json) {
  net::HttpRequest request("POST", std::move(url));
  request.headers.set("Content-Type", "application/json");
  request.body = std::move(json);
  request.body += '\n';
  return request;
}

SendOutcome judge_status(const net::HttpResponse& response, std::string_view details, int retry_code) {
  const int status = response.status;
  if (status / 100 == 2) return delivered();
  std::string message = fmt::format("unexpected status code {}", status);
  if (!details.empty()) message += fmt::format(": {}", tmpl::truncate_runes(details, kMaxDetailRunes));
  const auto reason = status / 100 == 5   ? alerting::FailureReason::kServerError
                      : status / 100 == 4 ? alerting::FailureReason::kClientError
                                          : alerting::FailureReason::kOther;
  const bool again = status / 100 == 5 || (retry_code != 0 && status == retry_code);
  return again ? retry(std::move(message), reason) : permanent(std::move(message), reason);
}

}  // namespace tocsin::notify
