#include <map>
#include <set>

#include "base/base64.hpp"
#include "base/json_string.hpp"
#include "base/strings.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr int kTooManyRequests = 429;

struct Rendered {
  std::vector<std::string> to;
  std::vector<net::HttpRequest> requests;  // one for each of `to`
};

std::string json_inside(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

/// Replaces {to} and {message}; what replaces one is not looked at again.
std::string fill_in(std::string_view text, const std::string& to, const std::string& message) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("{to}")) {
      out += to;
      text.remove_prefix(4);
    } else if (text.starts_with("{message}")) {
      out += message;
      text.remove_prefix(9);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

/// A request for each recipient. Who was reached is not told again by a further attempt at the same notification.
class SmsReceiver final : public KindReceiver<config::SmsConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  net::Task<SendOutcome> attempt(NotificationPtr notification, AttemptTime time) override;

 private:
  // Thread: a worker.
  Result<Rendered> render(const Notification& n) const;
  Result<net::HttpRequest> twilio(const std::string& to, const std::string& message, Expander& expand) const;
  Result<net::HttpRequest> gateway(const std::string& to, const std::string& message, Expander& expand) const;

  struct Progress {
    std::weak_ptr<const Notification> notification;
    std::set<std::string> reached;
  };
  std::map<const Notification*, Progress> progress_;  // of failed attempts. Thread: the loop's
};

Result<net::HttpRequest> SmsReceiver::twilio(const std::string& to, const std::string& message,
                                             Expander& expand) const {
  const config::TwilioConfig& c = *config_.twilio;
  TOCSIN_TRY(const std::string token, secret_or_file(c.auth_token, c.auth_token_file, "auth_token"));
  const std::string user = c.api_key_sid.empty() ? c.account_sid : c.api_key_sid;
  const std::string login = base64_encode(user + ":" + token);
  keep_secret(login);
  Params form = {{"To", to}, {"Body", message}};
  if (c.from.empty()) {
    form.emplace_back("MessagingServiceSid", c.messaging_service_sid);
  } else {
    form.emplace_back("From", expand(c.from));
  }
  net::HttpRequest request("POST",
                           join_path(c.api_url, fmt::format("2010-04-01/Accounts/{}/Messages.json", c.account_sid)));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.headers.set("Authorization", "Basic " + login);
  request.body = form_encode(form);
  return request;
}

Result<net::HttpRequest> SmsReceiver::gateway(const std::string& to, const std::string& message,
                                              Expander& expand) const {
  const config::SmsGatewayConfig& c = *config_.gateway;
  TOCSIN_TRY(const std::string url_text, secret_or_file(c.url, c.url_file, "url"));
  const std::string url = expand(url_text);
  net::HttpRequest request(c.method, "");
  for (const auto& [name, value] : c.headers) {
    const std::string text = expand(value.reveal());
    keep_secret(text);
    request.headers.set(name, text);
  }
  if (expand.error()) return fail(Errc::kInvalid, "failed to template the URL or headers of the SMS gateway");
  keep_secret(url);
  request.target = fill_in(url, query_escape(to), query_escape(message));
  if (c.method == "GET") return request;
  request.headers.set("Content-Type", c.content_type);
  const bool json = c.content_type.find("json") != std::string::npos;
  const bool form = c.content_type.find("form-urlencoded") != std::string::npos;
  const auto encoded = [&](const std::string& text) {
    return json ? json_inside(text) : form ? query_escape(text) : text;
  };
  request.body = fill_in(expand(c.body), encoded(to), encoded(message));
  return request;
}

Result<Rendered> SmsReceiver::render(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  const std::string text = expand(config_.message);
  const std::string message = truncated(std::string(tmpl::trim_unicode(text)), config_.max_length, "message", n);
  Rendered out;
  for (const std::string& number : config_.to) {
    const std::string to = expand(number);
    if (to.empty()) continue;
    TOCSIN_TRY(net::HttpRequest request, config_.twilio ? twilio(to, message, expand) : gateway(to, message, expand));
    out.to.push_back(to);
    out.requests.push_back(std::move(request));
  }
  if (expand.error()) return fail(templating_error(*expand.error()));
  if (out.to.empty()) return fail(Errc::kInvalid, "no recipient is left after templating");
  return out;
}

net::Task<SendOutcome> SmsReceiver::attempt(NotificationPtr notification, AttemptTime time) {
  const auto self = shared_from_this();
  std::function<Result<Rendered>()> work = [this, self, notification] { return render(*notification); };
  Result<Rendered> rendered = co_await on_worker(std::move(work));
  if (!rendered) co_return permanent(rendered.error().message);
  std::erase_if(progress_, [](const auto& entry) { return entry.second.notification.expired(); });
  std::set<std::string> reached = progress_[notification.get()].reached;
  progress_.erase(notification.get());
  SendOutcome outcome;
  for (std::size_t i = 0; i < rendered->to.size(); ++i) {
    if (reached.contains(rendered->to[i])) continue;
    Exchange answer = co_await exchange(std::move(rendered->requests[i]), time);
    SendOutcome one = answer ? judge_status(*answer, answer->body.view(), kTooManyRequests) : std::move(answer).error();
    if (one.delivery == alerting::Delivery::kDelivered) {
      reached.insert(rendered->to[i]);
    } else if (outcome.delivery != alerting::Delivery::kRetry) {
      outcome = std::move(one);  // the others are told all the same
    }
  }
  if (outcome.delivery != alerting::Delivery::kDelivered) progress_[notification.get()] = {notification, reached};
  co_return outcome;
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SmsConfig config) {
  return std::make_shared<SmsReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
