#include "notify/kinds.hpp"
#include "notify/urls.hpp"
#include "template/go_text.hpp"

namespace tocsin::notify {

namespace {

constexpr const char* kUrl = "https://api.pushover.net/1/messages.json";
// https://pushover.net/api#limits
constexpr std::size_t kMaxTitleRunes = 250, kMaxMessageRunes = 1024, kMaxUrlRunes = 512;

std::string seconds_of(Duration duration) {
  return fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

class PushoverReceiver final : public KindReceiver<config::PushoverConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;

 private:
  std::string message(const Notification& n, Expander& expand) const;
};

std::string PushoverReceiver::message(const Notification& n, Expander& expand) const {
  const std::string text = config_.html ? expand.html(config_.message) : expand(config_.message);
  const std::string cut = truncated(text, kMaxMessageRunes, "message", n);
  const std::string_view trimmed = tmpl::trim_unicode(cut);
  return trimmed.empty() ? "(no details)" : std::string(trimmed);  // Pushover refuses an empty one
}

Result<Prepared> PushoverReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  TOCSIN_TRY(const std::string token_text, secret_or_file(config_.token, config_.token_file, "token"));
  TOCSIN_TRY(const std::string user_text, secret_or_file(config_.user_key, config_.user_key_file, "user_key"));
  const std::string token = expand(token_text), user = expand(user_text);
  if (expand.error()) return fail(Errc::kInvalid, "failed to template the token or user_key of Pushover");
  keep_secret(token);
  keep_secret(user);
  Params params = {{"token", token}, {"user", user}};
  params.emplace_back("title", truncated(expand(config_.title), kMaxTitleRunes, "title", n));
  if (config_.html) params.emplace_back("html", "1");
  params.emplace_back("message", message(n, expand));
  if (config_.monospace) params.emplace_back("monospace", "1");
  params.emplace_back("url", truncated(expand(config_.url), kMaxUrlRunes, "URL", n));
  params.emplace_back("url_title", expand(config_.url_title));
  params.emplace_back("priority", expand(config_.priority));
  params.emplace_back("retry", seconds_of(config_.retry));
  params.emplace_back("expire", seconds_of(config_.expire));
  params.emplace_back("device", expand(config_.device));
  params.emplace_back("sound", expand(config_.sound));
  if (config_.ttl >= std::chrono::seconds(1)) params.emplace_back("ttl", seconds_of(config_.ttl));
  if (expand.error()) return fail(Error(*expand.error()));
  net::HttpRequest request("POST", with_query(kUrl, params));
  request.headers.set("Content-Type", "text/plain");
  return Prepared{std::move(request), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::PushoverConfig config) {
  return std::make_shared<PushoverReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
