#include <charconv>

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "notify/kinds.hpp"
#include "template/go_json.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr std::size_t kMaxMessageRunes = 4096;
// HTML cannot be cut anywhere; the text is Alertmanager's, tabs included.
constexpr std::string_view kTooLong =
    "Alertmanager notification could not be sent: message length exceeds Telegram limits.\n"
    "\t\t\tPlease check the template used for producing the message content.";

class TelegramReceiver final : public KindReceiver<config::TelegramConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;
  SendOutcome judge(const Notification& n, const Prepared& prepared, const net::HttpResponse& response) const override;

 private:
  std::string message(const Notification& n, Expander& expand) const;
  Result<std::string> chat_id() const;
};

std::string TelegramReceiver::message(const Notification& n, Expander& expand) const {
  if (config_.parse_mode != "HTML") return truncated(expand(config_.message), kMaxMessageRunes, "message", n);
  std::string text = expand.html(config_.message);
  return tmpl::rune_count(text) > kMaxMessageRunes ? std::string(kTooLong) : text;
}

Result<std::string> TelegramReceiver::chat_id() const {
  if (config_.chat_id_file.empty()) return fmt::format("{}", config_.chat_id);
  TOCSIN_TRY(const std::string content, fs().read_file(config_.chat_id_file, 4096));
  const std::string_view text = tmpl::trim_unicode(content);
  std::int64_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) return std::string(text);
  return fail(Errc::kInvalid, "could not parse chat_id from {}", config_.chat_id_file);
}

Result<Prepared> TelegramReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  const std::string text = message(n, expand);
  if (expand.error()) return fail(Error(*expand.error()));
  TOCSIN_TRY(const std::string token, secret_or_file(config_.bot_token, config_.bot_token_file, "bot_token"));
  TOCSIN_TRY(const std::string chat, chat_id());
  tmpl::JsonObject json;  // all values are texts, as Alertmanager's library sends them
  json.text("chat_id", chat);
  if (config_.disable_notifications) json.text("disable_notification", "true");
  json.text("disable_web_page_preview", "true");
  if (config_.message_thread_id != 0) {
    json.text("message_thread_id", fmt::format("{}", config_.message_thread_id));
  }
  json.text_if("parse_mode", config_.parse_mode).text("text", text);
  return Prepared{json_request(config_.api_url + "/bot" + token + "/sendMessage", json.take()), "", {}};
}

/// All failures are tried again, as in Alertmanager.
SendOutcome TelegramReceiver::judge(const Notification&, const Prepared&, const net::HttpResponse& response) const {
  const std::string_view body = response.body.view();
  boost::json::error_code error;
  const boost::json::value answer = boost::json::parse({body.data(), body.size()}, error);
  if (error || !answer.is_object()) {
    return retry(fmt::format("unexpected status code {}: not an answer of Telegram", response.status),
                 reason_of_status(response.status));
  }
  const boost::json::object& object = answer.as_object();
  if (const auto* ok = object.if_contains("ok"); ok != nullptr && ok->is_bool() && ok->as_bool()) return delivered();
  const auto* code = object.if_contains("error_code");
  const auto* description = object.if_contains("description");
  const int status = code != nullptr && code->is_int64() ? static_cast<int>(code->as_int64()) : response.status;
  const std::string why =
      description != nullptr && description->is_string() ? std::string(description->as_string()) : "";
  return retry(fmt::format("telegram: {} ({})", tmpl::truncate_runes(why, 512), status), reason_of_status(status));
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::TelegramConfig config) {
  return std::make_shared<TelegramReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
