#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "notify/aws_credentials.hpp"
#include "notify/digest.hpp"
#include "notify/kinds.hpp"
#include "notify/urls.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxMessageBytes = 256U << 10U, kMaxSmsBytes = 1600;
constexpr Timestamp kSessionMargin = 60'000;  // a session is renewed so long before it ends

struct Rendered {
  net::HttpRequest request;  // not signed
  AwsAccess access;
};

/// At most so many bytes of whole runes.
std::string cut_bytes(const std::string& text, std::size_t n) {
  if (text.size() <= n) return text;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) --n;
  return text.substr(0, n);
}

class SnsReceiver final : public KindReceiver<config::SnsConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  net::Task<SendOutcome> attempt(NotificationPtr notification, AttemptTime time) override;

 private:
  // Thread: a worker.
  Result<Rendered> render(const Notification& n) const;
  Result<Params> params(const Notification& n, Expander& expand) const;
  Result<Params> destination(const Notification& n, Expander& expand) const;

  /// The role's keys, kept until a minute before they end.
  net::Task<SendOutcome> assume_role(AwsAccess access, AttemptTime time);

  AwsSession session_;  // Thread: the loop's
};

Error in_field(const Error& error, std::string_view field) {
  return Error(error).wrap(fmt::format("execute '{}' template", field));
}

Result<Params> SnsReceiver::destination(const Notification& n, Expander& expand) const {
  Params out;
  const auto add = [&](const char* name, const std::string& text, std::string_view field) -> Result<void> {
    if (text.empty()) return {};
    out.emplace_back(name, expand(text));
    if (expand.error()) return fail(in_field(*expand.error(), field));
    return {};
  };
  TOCSIN_OK(add("TopicArn", config_.topic_arn, "topic_arn"));
  if (!out.empty() && out.back().second.ends_with(".fifo")) {
    const std::string key = group_key_hash(n.group_key);
    out.emplace_back("MessageDeduplicationId", key);
    out.emplace_back("MessageGroupId", key);
  }
  TOCSIN_OK(add("PhoneNumber", config_.phone_number, "phone_number"));
  TOCSIN_OK(add("TargetArn", config_.target_arn, "target_arn"));
  return out;
}

Result<Params> SnsReceiver::params(const Notification& n, Expander& expand) const {
  Params attributes;
  for (const auto& [key, value] : config_.attributes) attributes.emplace_back(expand(key), expand(value));
  if (expand.error()) return fail(in_field(*expand.error(), "attributes"));
  TOCSIN_TRY(Params out, destination(n, expand));
  const std::string message = expand(config_.message);
  if (expand.error()) return fail(in_field(*expand.error(), "message"));
  if (!is_valid_utf8(message)) return fail(Errc::kInvalid, "non utf8 encoded message string");
  const std::string cut = cut_bytes(message, config_.phone_number.empty() ? kMaxMessageBytes : kMaxSmsBytes);
  if (cut.size() != message.size()) attributes.emplace_back("truncated", "true");
  out.emplace_back("Message", cut);
  if (!config_.subject.empty()) out.emplace_back("Subject", expand(config_.subject));
  if (expand.error()) return fail(in_field(*expand.error(), "subject"));
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const std::string entry = fmt::format("MessageAttributes.entry.{}.", i + 1);
    out.emplace_back(entry + "Name", attributes[i].first);
    out.emplace_back(entry + "Value.DataType", "String");
    out.emplace_back(entry + "Value.StringValue", attributes[i].second);
  }
  out.emplace_back("Action", "Publish");
  out.emplace_back("Version", "2010-03-31");
  return out;
}

Result<Rendered> SnsReceiver::render(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  Rendered out;
  TOCSIN_TRY(out.access, load_aws_access(fs(), config_.sigv4, config::process_environment()));
  keep_secret(out.access.credentials.secret_key.reveal());
  std::string url = expand(config_.api_url);
  if (expand.error()) return fail(in_field(*expand.error(), "api_url"));
  if (url.empty()) url = out.access.sns_url;
  TOCSIN_TRY(const Params form, params(n, expand));
  out.request = net::HttpRequest("POST", std::move(url));
  out.request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  out.request.body = form_encode(form);
  return out;
}

net::Task<SendOutcome> SnsReceiver::assume_role(AwsAccess access, AttemptTime time) {
  const auto self = shared_from_this();
  const Timestamp now = loop().clock().now();
  if (!session_.credentials.access_key.empty() && now < session_.expires - kSessionMargin) co_return delivered();
  Result<net::HttpRequest> request = assume_role_request(config_.sigv4, access, now);
  if (!request) co_return permanent(request.error().message);
  Exchange answer = co_await exchange(std::move(*request), time);
  if (!answer) co_return std::move(answer).error();
  if (answer->status / 100 != 2) co_return judge_status(*answer, xml_text(answer->body.view(), "Message"));
  Result<AwsSession> session = parse_assume_role(answer->body.view());
  if (!session) co_return retry(session.error().message, alerting::FailureReason::kAuthError);
  session_ = std::move(*session);
  keep_secret(session_.credentials.secret_key.reveal());
  keep_secret(session_.credentials.session_token.reveal());
  co_return delivered();
}

net::Task<SendOutcome> SnsReceiver::attempt(NotificationPtr notification, AttemptTime time) {
  const auto self = shared_from_this();
  std::function<Result<Rendered>()> work = [this, self, notification] { return render(*notification); };
  Result<Rendered> rendered = co_await on_worker(std::move(work));
  if (!rendered) co_return permanent(rendered.error().message, alerting::FailureReason::kClientError);
  if (!config_.sigv4.role_arn.empty()) {
    SendOutcome outcome = co_await assume_role(rendered->access, time);
    if (outcome.delivery != alerting::Delivery::kDelivered) co_return outcome;
    rendered->access.credentials = session_.credentials;
  }
  const auto signed_request = std::make_shared<Rendered>(std::move(*rendered));
  const Timestamp now = loop().clock().now();
  std::function<Result<void>()> sign = [signed_request, now] {
    return sign_v4(signed_request->request, signed_request->access.credentials, signed_request->access.region, "sns",
                   now);
  };
  if (const Result<void> done = co_await on_worker(std::move(sign)); !done) co_return permanent(done.error().message);
  Exchange answer = co_await exchange(std::move(signed_request->request), time);
  if (!answer) co_return std::move(answer).error();
  co_return judge_status(*answer, xml_text(answer->body.view(), "Message"));
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::SnsConfig config) {
  return std::make_shared<SnsReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
