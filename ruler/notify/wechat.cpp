#include <boost/json.hpp>

#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr Duration kTokenLife = std::chrono::hours(2);

struct Texts {
  std::string token_url;  // holds the secret
  std::string body;
};

/// The token is gone: WeChat's error codes 40001, 40014 and 42001.
/// https://developer.work.weixin.qq.com/document/path/90313
bool is_token_error(std::int64_t code) {
  return code == 40001 || code == 40014 || code == 42001;
}

/// Asks for an access token first, and again when it is two hours old or refused.
class WechatReceiver final : public KindReceiver<config::WechatConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  net::Task<SendOutcome> attempt(NotificationPtr notification, AttemptTime time) override;

 private:
  /// Thread: a worker.
  Result<Texts> render(const Notification& n) const;
  /// What came of asking for a token; on success token_ has it.
  net::Task<SendOutcome> fetch_token(std::string url, AttemptTime time);
  SendOutcome judge_code(const Result<boost::json::value>& answer);

  // Thread: the loop's.
  std::string token_;
  MonoTime token_at_{};
};

Result<Texts> WechatReceiver::render(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  TOCSIN_TRY(const std::string secret_text, secret_or_file(config_.api_secret, config_.api_secret_file, "api_secret"));
  const std::string secret = expand(secret_text);
  if (expand.error()) return fail(Errc::kInvalid, "failed to template WeChat's api_secret");
  keep_secret(secret);
  Texts texts;
  texts.token_url = with_query(append_path(config_.api_url, "gettoken"),
                               {{"corpsecret", secret}, {"corpid", expand(config_.corp_id)}});
  const bool markdown = config_.message_type == "markdown";
  const std::string content = tmpl::JsonObject().text("content", expand(config_.message)).take();
  const std::string none = R"({"content":""})";
  tmpl::JsonObject json;
  json.raw("text", markdown ? none : content).text_if("touser", expand(config_.to_user));
  json.text_if("toparty", expand(config_.to_party)).text_if("totag", expand(config_.to_tag));
  json.text_if("agentid", expand(config_.agent_id)).text("safe", "0").text("msgtype", config_.message_type);
  texts.body = json.raw("markdown", markdown ? content : none).take();
  if (expand.error()) return fail(templating_error(*expand.error()));
  return texts;
}

net::Task<SendOutcome> WechatReceiver::fetch_token(std::string url, AttemptTime time) {
  const auto self = shared_from_this();
  Exchange answer = co_await exchange(net::HttpRequest("GET", std::move(url)), time);
  if (!answer) co_return std::move(answer).error();
  if (answer->status / 100 != 2) co_return judge_status(*answer, answer->body.view());
  const Result<boost::json::value> json = co_await json_of(std::move(*answer));
  if (!json) co_return permanent(json.error().message);
  const auto* token = json->is_object() ? json->as_object().if_contains("access_token") : nullptr;
  token_ = token != nullptr && token->is_string() ? std::string(token->as_string()) : "";
  if (token_.empty()) co_return permanent(fmt::format("invalid APISecret for CorpID: {}", config_.corp_id));
  keep_secret(token_);
  token_at_ = loop().clock().mono();
  co_return delivered();
}

SendOutcome WechatReceiver::judge_code(const Result<boost::json::value>& answer) {
  if (!answer || !answer->is_object()) return retry(answer ? "not an answer of WeChat" : answer.error().message);
  const auto* code = answer->as_object().if_contains("errcode");
  const std::int64_t number = code != nullptr && code->is_int64() ? code->as_int64() : 0;
  if (number == 0) return delivered();
  const auto* text = answer->as_object().if_contains("errmsg");
  std::string why = text != nullptr && text->is_string() ? std::string(text->as_string()) : "";
  why = fmt::format("{} (errcode {})", tmpl::truncate_runes(why, 512), number);
  if (!is_token_error(number)) return permanent(std::move(why), alerting::FailureReason::kClientError);
  token_.clear();
  return retry(std::move(why), alerting::FailureReason::kAuthError);
}

net::Task<SendOutcome> WechatReceiver::attempt(NotificationPtr notification, AttemptTime time) {
  const auto self = shared_from_this();
  std::function<Result<Texts>()> work = [this, self, notification] { return render(*notification); };
  Result<Texts> texts = co_await on_worker(std::move(work));
  if (!texts) co_return permanent(texts.error().message);
  if (token_.empty() || loop().clock().mono() - token_at_ > kTokenLife) {
    SendOutcome outcome = co_await fetch_token(std::move(texts->token_url), time);
    if (outcome.delivery != alerting::Delivery::kDelivered) co_return outcome;
  }
  std::string url = with_query(append_path(config_.api_url, "message/send"), {{"access_token", token_}});
  Exchange answer = co_await exchange(json_request(std::move(url), std::move(texts->body)), time);
  if (!answer) co_return std::move(answer).error();
  if (answer->status != 200) {
    co_return retry(fmt::format("unexpected status code {}", answer->status), reason_of_status(answer->status));
  }
  const Result<boost::json::value> json = co_await json_of(std::move(*answer));
  co_return judge_code(json);
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering, config::WechatConfig config) {
  return std::make_shared<WechatReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
