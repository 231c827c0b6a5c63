#include "base/log.hpp"
#include "config/go_url.hpp"
#include "notify/kinds.hpp"
#include "template/go_json.hpp"

namespace tocsin::notify {

namespace {

// Discord's limits: https://discord.com/developers/docs/resources/channel#embed-object-embed-limits
constexpr std::size_t kMaxTitleRunes = 256, kMaxDescriptionRunes = 4096, kMaxContentRunes = 2000;
constexpr std::uint64_t kRed = 0x992D22, kGreen = 0x2ECC71;

class DiscordReceiver final : public KindReceiver<config::DiscordConfig> {
 public:
  using KindReceiver::KindReceiver;

 protected:
  Result<Prepared> prepare(const Notification& n) const override;

 private:
  std::string avatar(const Notification& n) const;
};

std::string DiscordReceiver::avatar(const Notification& n) const {
  if (config_.avatar_url.empty() || config::parse_go_url(config_.avatar_url)) return config_.avatar_url;
  log::warn("notify", "bad avatar url", {{"integration", "discord"}, {"group", n.group_key}});
  return "";
}

Result<Prepared> DiscordReceiver::prepare(const Notification& n) const {
  const tmpl::AmData alerts = data(n);
  Expander expand(templates(), alerts, n.now);
  tmpl::JsonObject embed;
  embed.text("title", truncated(expand(config_.title), kMaxTitleRunes, "title", n));
  embed.text("description", truncated(expand(config_.message), kMaxDescriptionRunes, "message", n));
  embed.number("color", n.firing() ? kRed : kGreen);
  const std::string content = truncated(expand(config_.content), kMaxContentRunes, "content", n);
  if (expand.error()) return fail(Error(*expand.error()));
  TOCSIN_TRY(std::string url, secret_or_file(config_.webhook_url, config_.webhook_url_file, "webhook_url"));
  tmpl::JsonObject json;
  json.text("content", content).raw("embeds", "[" + embed.take() + "]");
  json.text_if("username", config_.username).text_if("avatar_url", avatar(n));
  return Prepared{json_request(std::move(url), json.take()), "", {}};
}

}  // namespace

std::shared_ptr<Receiver> make_receiver(const Services& services, RenderingPtr rendering,
                                        config::DiscordConfig config) {
  return std::make_shared<DiscordReceiver>(services, std::move(rendering), std::move(config));
}

}  // namespace tocsin::notify
