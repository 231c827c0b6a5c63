#include "notify/http_receiver.hpp"

#include <algorithm>
#include <functional>

#include <boost/json.hpp>

#include "base/base64.hpp"
#include "base/duration.hpp"
#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "client/client.hpp"
#include "notify/message_data.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxAnswerBytes = 1U << 20U;
constexpr std::size_t kLongAnswerBytes = 16U << 10U;  // longer ones are judged by a worker
constexpr std::size_t kMaxDetailRunes = 512;          // of an answer's body in messages
constexpr std::size_t kMinSecretBytes = 6, kMaxSecrets = 64;

}  // namespace

std::string Expander::operator()(std::string_view text) {
  return error_ || text.empty() ? "" : kept(templates_.expand(text, data_, now_));
}

std::string Expander::html(std::string_view text) {
  return error_ || text.empty() ? "" : kept(templates_.expand_html(text, data_, now_));
}

std::string Expander::kept(Result<std::string> out) {
  if (out) return std::move(*out);
  error_ = std::move(out).error();
  return "";
}

HttpReceiver::HttpReceiver(Services services, std::shared_ptr<const Rendering> rendering, std::string_view integration,
                           const config::HttpNotifierConfig& config)
    : services_(services),
      rendering_(std::move(rendering)),
      integration_(integration),
      timeout_(config.timeout),
      client_(client::make_client(config.http, {services.loop, services.work, services.client, services.fs})) {
  const config::HttpClientConfig& http = config.http;
  keep_secret(http.password.reveal());
  keep_secret(base64_encode(http.username + ":" + http.password.reveal()));
  keep_secret(http.authorization_credentials.reveal());
}

tmpl::AmData HttpReceiver::data(const Notification& notification, std::size_t max_alerts) const {
  return message_data(*rendering_, notification, max_alerts);
}

Result<std::string> HttpReceiver::secret_or_file(const Secret& secret, const std::string& file,
                                                 std::string_view what) const {
  std::string text = secret.reveal();
  if (secret.empty() && !file.empty()) {
    auto content = services_.fs.read_file(file, 64U << 10U);
    if (!content) return fail(std::move(content).error().wrap(fmt::format("failed to read {} from file", what)));
    text = std::string(tmpl::trim_unicode(*content));
  }
  keep_secret(text);
  return text;
}

void HttpReceiver::keep_secret(const std::string& text) const {
  if (text.size() < kMinSecretBytes) return;
  const MutexLock lock(secrets_mutex_);
  // The one that is used each time.
  if (!secrets_.empty() && text == last_secret_) return;
  last_secret_ = text;
  const std::string in_query = query_escape(text);
  for (const std::string& form : {text, in_query, replace_all(in_query, "+", "%20")}) {
    if (std::find(secrets_.begin(), secrets_.end(), form) == secrets_.end()) secrets_.push_back(form);
  }
  while (secrets_.size() > kMaxSecrets) secrets_.pop_front();
}

std::string HttpReceiver::without_secrets(std::string text) const {
  const MutexLock lock(secrets_mutex_);
  for (const std::string& secret : secrets_) text = replace_all(std::move(text), secret, kSecretText);
  return text;
}

std::string HttpReceiver::truncated(std::string text, std::size_t max_runes, std::string_view what,
                                    const Notification& n) const {
  bool cut = false;
  text = tmpl::truncate_runes(text, max_runes, &cut);
  if (cut) {
    log::warn("notify", fmt::format("truncated {}", what),
              {{"integration", integration_}, {"group", n.group_key}, {"max_runes", max_runes}});
  }
  return text;
}

net::Task<Result<boost::json::value>> HttpReceiver::json_of(net::HttpResponse response) const {
  const std::shared_ptr<const HttpReceiver> self = shared_from_this();
  const auto kept = std::make_shared<const net::HttpResponse>(std::move(response));
  std::function<Result<boost::json::value>()> parse = [kept]() -> Result<boost::json::value> {
    const std::string_view body = kept->body.view();
    boost::json::error_code error;
    boost::json::value value = boost::json::parse({body.data(), body.size()}, error);
    if (error) return fail(Errc::kInvalid, "could not unmarshal JSON response: {}", error.message());
    return value;
  };
  if (kept->body.size() <= kLongAnswerBytes) co_return parse();
  co_return co_await on_worker(std::move(parse));
}

net::Task<SendOutcome> HttpReceiver::send(NotificationPtr notification, MonoTime deadline) {
  const std::shared_ptr<const HttpReceiver> self = shared_from_this();
  AttemptTime time{deadline, false};
  if (const MonoTime own = services_.loop.clock().mono() + timeout_; timeout_ > Duration::zero() && own < deadline) {
    time = {own, true};
  }
  SendOutcome outcome = co_await attempt(std::move(notification), time);
  if (!outcome.error.empty()) outcome.error = without_secrets(std::move(outcome.error));
  co_return outcome;
}

net::Task<SendOutcome> HttpReceiver::attempt(NotificationPtr notification, AttemptTime time) {
  const std::shared_ptr<const HttpReceiver> self = shared_from_this();
  Result<Prepared> rendered;
  if (is_quick(*notification)) {
    rendered = prepare(*notification);
  } else {
    std::function<Result<Prepared>()> render = [self, notification] { return self->prepare(*notification); };
    rendered = co_await on_worker(std::move(render));
  }
  if (!rendered) co_return permanent(rendered.error().message);
  fault_point(FaultPoint::kRendered);
  const auto prepared = std::make_shared<Prepared>(std::move(*rendered));
  std::vector<net::HttpRequest> requests = std::move(prepared->more);
  requests.insert(requests.begin(), std::move(prepared->request));
  SendOutcome outcome;
  for (net::HttpRequest& request : requests) {
    Exchange answer = co_await exchange(std::move(request), time);
    if (!answer) co_return std::move(answer).error();
    const auto response = std::make_shared<const net::HttpResponse>(std::move(*answer));
    std::function<SendOutcome()> verdict = [self, notification, prepared, response] {
      return self->judge(*notification, *prepared, *response);
    };
    const bool is_long = response->body.size() > kLongAnswerBytes;
    outcome = is_long ? co_await on_worker(std::move(verdict)) : verdict();
    if (outcome.delivery != alerting::Delivery::kDelivered) break;
  }
  co_return outcome;
}

Result<Prepared> HttpReceiver::prepare(const Notification&) const {
  return fail(Errc::kInternal, "BUG: {} prepares no request", integration_);
}

SendOutcome HttpReceiver::judge(const Notification&, const Prepared&, const net::HttpResponse& response) const {
  return judge_status(response, response.body.view());
}

net::Task<Exchange> HttpReceiver::exchange(net::HttpRequest request, AttemptTime time) const {
  const std::shared_ptr<const HttpReceiver> self = shared_from_this();
  const Duration left = time.end - services_.loop.clock().mono();
  const net::HttpRequest sent(request.method, request.target);  // for messages
  if (left <= Duration::zero()) {
    co_return std::unexpected(judge_failure(Error(Errc::kTimeout, "context deadline exceeded"), sent, time));
  }
  net::SendOptions options;
  options.timeout = left;
  options.max_body_bytes = kMaxAnswerBytes;
  fault_point(FaultPoint::kAttemptBegun);
  Result<net::HttpResponse> response = co_await client_->send(std::move(request), std::move(options));
  fault_point(FaultPoint::kAnswerReceived);
  if (!response) co_return std::unexpected(judge_failure(response.error(), sent, time));
  co_return std::move(*response);
}

/// Transport errors may go away, so they are tried again. The URL may be a secret and is taken out.
SendOutcome HttpReceiver::judge_failure(const Error& error, const net::HttpRequest& request, AttemptTime time) const {
  const std::string& url = request.target;
  const std::string method = request.method.substr(0, 1) + to_lower(std::string_view(request.method).substr(1));
  std::string message = fmt::format("{} \"<redacted>\": {}", method,
                                    url.empty() ? error.message : replace_all(error.message, url, "<redacted>"));
  if (error.code != Errc::kTimeout) return retry(std::move(message));
  if (time.is_own_timeout) {
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

alerting::FailureReason reason_of_status(int status) {
  using alerting::FailureReason;
  if (status == 401 || status == 403) return FailureReason::kAuthError;
  if (status == 429) return FailureReason::kRateLimited;
  if (status / 100 == 4) return FailureReason::kClientError;
  return status / 100 == 5 ? FailureReason::kServerError : FailureReason::kOther;
}

SendOutcome judge_status(const net::HttpResponse& response, std::string_view details, int retry_code) {
  const int status = response.status;
  if (status / 100 == 2) return delivered();
  std::string message = fmt::format("unexpected status code {}", status);
  if (!details.empty()) message += fmt::format(": {}", tmpl::truncate_runes(details, kMaxDetailRunes));
  const auto reason = reason_of_status(status);
  const bool again = status / 100 == 5 || (retry_code != 0 && status == retry_code);
  return again ? retry(std::move(message), reason) : permanent(std::move(message), reason);
}

}  // namespace tocsin::notify
